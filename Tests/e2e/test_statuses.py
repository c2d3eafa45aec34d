"""Every status of docs/interface.md, each reached on purpose, with its exit code (run --once)."""

import threading

import pytest

from harness import wait_for
from harness.liar import Liar

E9 = 10**9


class Later:
    """A `run --once` that goes on while the test acts on the chain."""

    def __init__(self, agent, *words, **given):
        self.run = self.error = None
        self.thread = threading.Thread(target=self._go, args=(agent, words, given), daemon=True)
        self.thread.start()

    def _go(self, agent, words, given):
        try:
            self.run = agent.once(*words, **given)
        except BaseException as e:
            self.error = e

    def end(self, seconds=40):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), "still running"
        if self.error:
            raise self.error
        return self.run


def ended(run, code, status, *words):
    assert run.code == code and run.status["status"] == status, run
    for w in words:
        assert w in run.err, "%r is not in\n%s" % (w, run.err)
    return run.status


def gate(status, name):
    return next(g for g in status["gates"] if g["name"] == name)


def held_back(chain, run, name, *words):
    """Blocked by exactly one gate; nothing was sent, nothing simulated."""
    s = ended(run, 10, "blocked", "[REBALANCER] Rebalance blocked by validation: ", *words)
    assert [g["name"] for g in s["gates"] if not g["ok"]] == [name], s["gates"]
    assert s["correction_size"] == 0 and s["tx_signature"] is None and s["after"] is None
    assert chain.sends() == []
    return gate(s, name)


# --- at rest


def test_balanced(bench):
    chain, agent = bench(chain={"perp": -10})
    s = ended(agent.once(), 0, "balanced")
    assert s["action_taken"] == "NONE" and s["correction_size"] == 0 and s["tx_signature"] is None
    assert chain.sends() == []


@pytest.mark.parametrize(
    "chain_options,settings",
    [
        ({"perp": -9.7}, {"hedge__min_trade_size": "0.5"}),  # under the configured minimum
        ({"sol": 0.3, "perp": -0.295}, {}),  # under the market's step
        ({"sol": 1, "perp": -0.95}, {"hedge__min_trade_size": "0.055"}),
    ],
)  # raised to the step above: 0.06
def test_dust(bench, chain_options, settings):
    chain, agent = bench(chain=chain_options, **settings)
    s = ended(agent.once(), 0, "dust")
    assert s["correction_size"] == 0 and chain.sends() == []


def test_cooldown_from_now(bench):
    chain, agent = bench(chain={"perp": -9})
    ended(agent.once(), 0, "executed_live")
    chain.ctl("set_user", perp=-9)
    s = ended(agent.once(), 0, "cooldown", "[REBALANCER] Cooldown active (")
    assert 1795 <= s["cooldown_left_seconds"] <= 1800 and s["action_taken"] == "NONE"
    assert len(chain.landed()) == 1


def test_a_capped_step_starts_no_cooldown(bench):
    chain, agent = bench(chain={"perp": -7}, hedge__max_trade_size="1")
    sizes = [ended(agent.once(), 0, "executed_live")["correction_size"] for _ in range(3)]
    assert sizes == [1, 1, 1] and chain.perp() == -10 * E9
    assert agent.record()["markets"][0]["trades_today"] == 3
    chain.ctl("set_user", perp=-9)
    ended(agent.once(), 0, "cooldown")


# --- blocked, gate by gate


def test_blocked_by_leverage_but_a_reduction_is_not(bench):
    book = {"sol": 0, "wallet_sol": 70, "usdt": 1000}
    chain, agent = bench(chain={**book, "perp": -65}, hedge__spot="wallet:SOL")
    g = held_back(chain, agent.once(), "leverage", "Leverage would exceed 5.0x")
    assert g["limit"] == "5.0x"
    chain.ctl("set_user", perp=-75)  # 5.7x already, shrinking
    s = ended(agent.once(), 0, "executed_live")
    assert s["action_taken"] == "REDUCE_SHORT" and s["correction_size"] == 5 and s["leverage"] > 5


def test_blocked_by_oracle_age(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("oracle_lag", slots=40)
    g = held_back(chain, agent.once(), "oracle_age", "The oracle price is ", "more than 25 slots")
    assert g["value"] in ("40 slots", "41 slots") and g["limit"] == "25 slots"
    chain.ctl("oracle_lag", slots=20)
    ended(agent.once(), 0, "executed_live")


def test_blocked_by_oracle_divergence(bench):
    chain, agent = bench(chain={"perp": -9, "tick_ms": 200})
    chain.ctl("set_price", price=80)
    held_back(chain, agent.once(), "oracle_divergence")


def test_blocked_by_oracle_confidence(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("set_price", conf=4.0)
    held_back(chain, agent.once(), "oracle_confidence")


@pytest.mark.parametrize("bits", [8, 255])
def test_blocked_by_a_paused_exchange(bench, bits):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("market", exchange_status=bits)
    held_back(chain, agent.once(), "exchange", "The exchange is paused (status %d)" % bits)


def test_blocked_by_the_market(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("market", perp_paused=4)
    held_back(chain, agent.once(), "market")
    chain.ctl("market", perp_paused=0, perp_status=2)
    held_back(chain, agent.once(), "market", "reduce-only")
    chain.ctl("set_user", perp=-11)  # a reduction goes through
    ended(agent.once(), 0, "executed_live")


def test_blocked_by_the_gas_reserve(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("set_lamports", pubkey=chain.delegate, lamports=10_000_000)
    g = held_back(chain, agent.once(), "gas_reserve", "The fee payer holds 0.0100 SOL, needs 0.0202 SOL")
    assert g["value"] == "0.0100 SOL" and g["limit"] == "0.0202 SOL"


def test_blocked_by_trades_a_day(bench):
    chain, agent = bench(chain={"perp": -9}, hedge__cooldown_seconds=0, hedge__max_trades_per_day=1)
    ended(agent.once(), 0, "executed_live")
    chain.ctl("set_user", perp=-9)
    s = ended(agent.once(), 10, "blocked", "1 corrections today, the limit is 1")
    assert not gate(s, "trades_today")["ok"] and len(chain.landed()) == 1


def test_blocked_by_health_but_a_reduction_is_not(bench):
    chain, agent = bench(chain={"perp": -9}, gates__min_health_pct="99.9")
    held_back(chain, agent.once(), "health", "Health is ")
    chain.ctl("set_user", perp=-11)
    ended(agent.once(), 0, "executed_live")


def test_blocked_by_free_collateral(bench):
    chain, agent = bench(
        chain={"sol": 0, "wallet_sol": 300, "usdt": 1000, "perp": -250},
        hedge__spot="wallet:SOL",
        hedge__max_leverage="90",
    )
    held_back(chain, agent.once(), "free_collateral", "Free collateral after the correction would be ")


def test_the_cost_gate_gives_way_to_a_large_drift(bench):
    chain, agent = bench(chain={"perp": -9.5}, gates__max_cost_bps="1")
    s = ended(agent.once(), 10, "blocked", "The correction would cost ")
    assert [g["name"] for g in s["gates"] if not g["ok"]] == ["cost"] and chain.sends() == []
    chain.ctl("set_user", perp=-8)  # drift 20 %, force_drift_pct 10
    ended(agent.once(), 0, "executed_live")


def test_blocked_by_latency(bench):
    chain, agent = bench(chain={"perp": -9}, rpc__max_latency_ms=100)
    chain.fault("slow", ms=400, n=20, methods=["getMultipleAccounts"])
    held_back(chain, agent.once(), "latency", "The RPC node took ")


def test_blocked_by_someone_elses_use_of_our_order_ids(bench):
    """An open order with an id of this agent's range that the state file does not know: lost state,
    or a second agent."""
    chain, agent = bench(
        "drift", chain={"perp": -9, "keeper_latency": 100000}, order__fill_timeout_seconds=600
    )
    first = agent.start()
    first.until("pending")
    assert len(chain.live_orders()) == 1
    first.kill()
    agent.state.unlink()
    held = agent.once()
    s = ended(held, 10, "blocked", "another agent on this account")
    assert not gate(s, "own_order")["ok"] and len(chain.orders_sent()) == 1


@pytest.mark.parametrize("floor", ["config", "venue"])
def test_blocked_by_the_equity_floor(bench, floor):
    """A correction that adds risk waits; one that only reduces goes through."""
    chain, agent = bench(
        chain={"perp": -9}, **({"gates__equity_floor_usd": 1_000_000} if floor == "config" else {})
    )
    if floor == "venue":
        chain.ctl("set_user", equity_floor=1_000_000)
    held_back(chain, agent.once(), "equity_floor", "under the floor of $1000000.00")
    chain.ctl("set_user", perp=-11)
    ended(agent.once(), 0, "executed_live")


def test_blocked_by_the_notional_of_the_day(bench):
    chain, agent = bench(chain={"perp": -9}, gates__max_notional_per_day=100, hedge__cooldown_seconds=0)
    s = ended(agent.once(), 0, "executed_live")
    assert (
        70 < float(gate(s, "notional_today")["value"][1:]) < 100
        and gate(s, "notional_today")["limit"] == "$100.00"
    )
    chain.ctl("set_user", perp=-9)
    s = ended(agent.once(), 10, "blocked", "Corrections today would come to", "more than $100.00")
    assert [g["name"] for g in s["gates"] if not g["ok"]] == ["notional_today"] and len(
        chain.orders_sent()
    ) == 1


def test_observe_only_on_another_cluster(bench):
    """The chain shows mainnet-beta's genesis hash; devnet is configured."""
    chain, agent = bench(chain={"perp": -9}, rpc__cluster="devnet")
    s = ended(agent.once(), 10, "observe_only")
    assert "no RPC endpoint is a node of the configured cluster" in s["reason"] and chain.sends() == []
    assert not gate(s, "cluster")["ok"]


def test_the_right_cluster_is_no_obstacle(bench):
    chain, agent = bench(chain={"perp": -9}, rpc__cluster="mainnet")
    ended(agent.once(), 0, "executed_live")


# --- observe_only


def test_observe_only_while_the_breaker_is_open(bench):
    chain, agent = bench(chain={"perp": -9}, gates__max_failures=2)
    node = Liar(chain)  # the program refuses what increases risk: 6358
    agent.set(rpc__url=node.url)
    node.tell(
        "simulateTransaction",
        lambda turn: turn.altered(
            lambda a: a["result"]["value"].update(err={"InstructionError": [2, {"Custom": 6358}]})
        ),
    )
    for n in (1, 2):
        s = ended(
            agent.once(),
            11,
            "error",
            "Rebalance execution failed: simulation refused the order: EquityBelowFloor (6358)",
        )
        assert s["correction_size"] == 0 and s["totals"]["failures_in_row"] == n
    assert "breaker opened after 2 failures in a row" in agent.once().err or agent.record()["breaker_open"]
    s = ended(agent.once(), 10, "observe_only")
    assert "breaker" in s["reason"] and chain.sends() == []
    node.honest()
    ended(agent.once(), 10, "observe_only")  # stays open until resume
    running = agent.start()
    running.until("observe_only")
    assert agent.said("resume").code == 0
    running.until("executed_live")
    running.stop()
    node.close()


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_observe_only_for_an_isolated_position(bench, venue):
    chain, agent = bench(venue, chain={"perp": -9})
    offset = 424 + 79 if venue == "velocity" else 424 + 95
    chain.ctl("poke", pubkey=chain.user, offset=offset, hex="01")
    s = ended(agent.once(), 10, "observe_only")
    assert "isolated" in s["reason"].lower() and chain.sends() == []


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_observe_only_for_another_pool(bench, venue):
    chain, agent = bench(venue, chain={"perp": -9})
    chain.ctl("poke", pubkey=chain.user, offset=4475 if venue == "velocity" else 4356, hex="01")
    s = ended(agent.once(), 10, "observe_only")
    assert "pool" in s["reason"].lower() and chain.sends() == []


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_observe_only_for_an_unknown_oracle_source(bench, venue):
    chain, agent = bench(venue, chain={"perp": -9})
    offset = 673 if venue == "velocity" else 926
    chain.ctl("poke", pubkey=chain.ctl("state")["perp_market"], offset=offset, hex="63")
    ended(agent.once(), 10, "observe_only")
    assert chain.sends() == []


def test_observe_only_for_an_unknown_layout(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.fault("wrong_discriminator", pubkey=chain.user, n=50)
    s = ended(agent.once(), 10, "observe_only")
    assert s["drift_pct"] is None and chain.sends() == []


def test_observe_only_for_a_key_that_may_not_act(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("set_user", delegate=chain.user)
    s = ended(agent.once(), 10, "observe_only")
    assert chain.delegate in s["reason"] and "authorise it as delegate" in s["reason"] and chain.sends() == []


# --- paused


def test_paused_is_kept_over_a_restart(bench):
    chain, agent = bench(chain={"perp": -10})
    running = agent.start()
    running.until("balanced")
    assert agent.said("pause").out.startswith("Paused")
    assert running.stop() == 143
    chain.ctl("set_user", perp=-9)
    s = ended(agent.once(), 0, "paused")
    assert s["action_taken"] == "NONE" and chain.sends() == []
    running = agent.start()
    running.until("paused")
    assert agent.said("resume").code == 0
    running.until("executed_live")


# --- executed


def test_executed_on_paper(bench):
    """No key, no signer: nothing is ever sent or simulated, and the ledger makes the next tick balanced."""
    chain, agent = bench(chain={"perp": -9}, agent__mode="paper", account__keypair=None)
    agent.key.unlink()
    s = ended(
        agent.once(), 0, "executed_paper", "Rebalance executed on paper: EXPAND_SHORT 1.000000 SOL-PERP @ $"
    )
    oracle = int(s["oracle_price_e6"])
    assert s["correction_price"] * 10**6 == pytest.approx(
        oracle * 0.995, abs=2
    )  # worse by the whole slippage
    assert s["tx_signature"] is None and s["mode"] == "paper"
    s = ended(agent.once(), 0, "balanced")
    assert int(s["perp_base_e9"]) == -10 * E9 and chain.perp() == -9 * E9
    assert (
        chain.sends() == []
        and chain.calls("simulateTransaction") == 0
        and chain.calls("sendTransaction") == 0
    )
    assert agent.record()["markets"][0]["paper"]["base_e9"] == "-1000000000"
    assert agent.record()["corrections_total"] == "0"
    chain.ctl("set_user", perp=-7)
    ended(agent.once(), 0, "cooldown")


def test_paper_overrides_live(bench):
    chain, agent = bench(chain={"perp": -9})
    ended(agent.once("--paper"), 0, "executed_paper")
    assert chain.sends() == []
    s = ended(agent.once(), 0, "executed_live")  # the live book never saw the paper fill
    assert s["correction_size"] == 1


# --- pending, error, partial, unfilled


def test_pending_is_bounded_and_the_next_run_resolves_it(bench):
    """Sends that vanish on a chain that stands still: --once ends by its bound, the ticket stays;
    the next run finishes it."""
    chain, agent = bench(chain={"perp": -9}, order__fill_timeout_seconds=60)
    node = Liar(chain)
    agent.set(rpc__url=node.url)
    chain.fault("drop_send", n=1000)

    def stop_the_chain(turn):
        chain.ctl("tick", ms=0)  # two looks need a chain that moves; it stands still once the order is out
        return turn.truth

    node.tell("sendTransaction", stop_the_chain)
    s = ended(agent.once("--speed", "20"), 11, "pending")
    node.honest()
    signature = s["tx_signature"]
    assert signature and s["ticket"]["state"] == "sent" and s["correction_size"] == 1
    assert agent.record()["ticket"]["signature"] == signature
    chain.ctl("clear_faults")
    chain.ctl("tick", ms=50)
    s = ended(agent.once(), 0, "executed_live", "found an open ticket in the state file")
    assert (
        s["tx_signature"] == signature and s["action_taken"] == "EXPAND_SHORT" and s["correction_size"] == 1
    )
    assert len(chain.orders_sent()) == 1 and len(chain.landed()) == 1
    assert agent.record()["ticket"] is None
    ended(agent.once(), 0, "balanced")
    node.close()


def test_error_when_it_never_lands(bench):
    """Dropped until the blockhash is past: proven expired, cooldown untouched, the next run trades."""
    chain, agent = bench(chain={"perp": -9, "tick_ms": 20})
    chain.fault("drop_send", n=1000)
    s = ended(agent.once(), 11, "error", "proven expired by block height")
    assert s["correction_size"] == 0 and chain.perp() == -9 * E9
    assert agent.record()["markets"][0]["last_success_unix_s"] == 0
    chain.ctl("clear_faults")
    s = ended(agent.once(), 0, "executed_live")
    assert len(chain.landed()) == 1


def test_error_when_no_node_answers(agents, binary):
    agent = agents(
        binary,
        None,
        agent__mode="paper",
        account__keypair=None,
        account__authority="11111111111111111111111111111112",
    )
    s = ended(agent.once(), 11, "error", "RPC connection refused")
    assert s["drift_pct"] is None and s["positions"] == []


@pytest.mark.parametrize(
    "fraction,code,status", [(0.5, 11, "partial"), (None, 11, "unfilled"), (1, 0, "executed_live")]
)
def test_an_auction_order_to_its_end(bench, fraction, code, status):
    """Drift: the order rests; it is filled by half, whole or not at all, and chain time ends it."""
    chain, agent = bench(
        "drift", chain={"perp": -9, "keeper_latency": 100000}, order__fill_timeout_seconds=12
    )
    going = Later(agent)
    order = wait_for(chain.live_orders, 10, "the order is on the book")[0]
    assert order["max_ts"] != 0
    if fraction:
        filled = chain.ctl("fill", order_id=order["order_id"], fraction=fraction, price=76.0)
        assert filled["filled"]
    s = ended(going.end(), code, status)
    size = {0.5: 0.5, None: 0, 1: 1}[fraction]
    assert s["correction_size"] == size and chain.perp() == -9 * E9 - round(size * E9)
    assert len(chain.orders_sent()) == 1 and s["tx_signature"] == chain.landed()[0]["signature"]
    if status != "executed_live":
        assert int(chain.ctl("state")["ts"]) > order["max_ts"]
        assert agent.record()["markets"][0]["last_success_unix_s"] == 0  # neither starts the cooldown
    else:
        assert s["correction_price"] == pytest.approx(76.0, abs=0.001)


def test_take_falls_back_to_a_watched_auction_order(bench):
    """Velocity: the venue cannot fill the whole size at once;
    a price-bounded order with a short life is placed and watched."""
    chain, agent = bench(
        chain={"perp": -9, "take_fail": 100, "keeper_latency": 100000}, order__fill_timeout_seconds=20
    )
    going = Later(agent)
    order = wait_for(chain.live_orders, 10, "the order is on the book")[0]
    oracle = chain.ctl("state")["sol_price_1e6"]
    ((name, p, _),) = chain.orders_sent()
    assert name == "place_perp_order" and p["order_type"] == 0 and oracle * 995 // 1000 <= p["price"] < oracle
    assert 0 < p["max_ts"] - chain.ctl("state")["ts"] <= 20
    chain.ctl("fill", order_id=order["order_id"], price=76.1)
    s = ended(going.end(), 0, "executed_live", "placing a price-bounded auction order instead")
    assert s["correction_size"] == 1 and s["correction_price"] == pytest.approx(76.1, abs=0.001)
