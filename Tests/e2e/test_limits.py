"""Bounds that hold whatever the chain says: fees, sizes, sides; accounts with more than the two markets;
landing with an error."""

import pytest

from harness.liar import Liar

E9 = 10**9


@pytest.mark.parametrize(
    "offered,cap", [(0, 200_000), (1_000_000, 200_000), (10**12, 200_000), (10**12, 0), (2**63 - 1, 1_000)]
)
def test_the_priority_fee_is_capped(bench, offered, cap):
    """What others offer is followed up to max_priority_fee_lamports, however mad it is."""
    if offered > 9 * 10**15:
        chain, agent = bench(chain={"perp": -9}, order__max_priority_fee_lamports=cap)
        liar = Liar(chain)
        liar.tell(
            "getRecentPrioritizationFees",
            lambda turn: turn.altered(lambda a: [f.update(prioritizationFee=offered) for f in a["result"]]),
        )
        agent.set(rpc__url=liar.url)
    else:
        chain, agent = bench(chain={"perp": -9, "prio_fee": offered}, order__max_priority_fee_lamports=cap)
        liar = None
    s = agent.once().status
    assert s["status"] == "executed_live", s
    (t,) = chain.landed()
    fee = t["result"]["fee"]
    assert 5000 <= fee <= 5000 + cap, fee
    (price,) = [
        ix["decoded"]["micro_lamports"]
        for ix in t["instructions"]
        if ix["decoded"]["name"] == "set_compute_unit_price"
    ]
    assert price <= offered and (fee > 5000) == (offered > 0 and cap > 0)
    assert int(agent.record()["fee_lamports_total"]) == fee
    if liar:
        liar.close()


def test_a_long_perp_is_closed_before_a_short_is_opened(bench):
    """Spot 10, perp +1: the sale of 11 crosses zero, so it goes in two: 1 reduce-only, then 10.
    The first starts no cooldown."""
    chain, agent = bench(chain={"perp": 1})
    s = agent.once().status
    assert (
        s["status"] == "executed_live" and s["action_taken"] == "EXPAND_SHORT" and s["correction_size"] == 1
    ), s
    assert chain.perp() == 0
    s = agent.once().status
    assert s["status"] == "executed_live" and s["correction_size"] == 10 and chain.perp() == -10 * E9
    assert [p["reduce_only"] for _, p, _ in chain.orders_sent()] == [1, 0]


def test_a_reduction_never_flips(bench):
    """Spot falls to 0.5 with a short of 10: bought back to -0.5, not beyond;
    a spot of nothing closes it and stops there."""
    chain, agent = bench(chain={"sol": 0.5, "perp": -10}, hedge__cooldown_seconds=0)
    s = agent.once().status
    assert s["action_taken"] == "REDUCE_SHORT" and s["correction_size"] == 9.5 and chain.perp() == -E9 // 2
    chain.ctl("set_user", sol=0)
    s = agent.once().status
    assert s["correction_size"] == 0.5 and chain.perp() == 0
    assert agent.once().status["status"] == "balanced"
    assert all(p["reduce_only"] == 1 for _, p, _ in chain.orders_sent())


def test_never_more_than_max_trade_size(bench):
    chain, agent = bench(
        chain={"sol": 30, "perp": -10}, hedge__max_trade_size="7.005", hedge__max_trades_per_day=2
    )
    sizes = [agent.once().status["correction_size"] for _ in range(2)]
    assert sizes == [7, 7]
    r = agent.once()
    assert r.code == 10 and "2 corrections today, the limit is 2" in r.err and len(chain.landed()) == 2


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_another_sub_account(bench, venue):
    chain, agent = bench(venue, chain={"perp": -9, "sub_account": 3}, account__sub_account=3)
    s = agent.once().status
    assert s["status"] == "executed_live" and chain.perp() == -10 * E9
    agent.set(account__sub_account=0)
    r = agent.once()  # another account: not with this state file
    assert r.code == 11 and r.out == "" and "belongs to sub-account 3" in r.err, r
    agent.state.unlink()
    r = agent.once()
    assert (
        r.code in (10, 11) and r.status["status"] in ("error", "observe_only") and len(chain.landed()) == 1
    ), r


def test_the_take_fails_when_it_lands(bench):
    """Simulated well, but the vAMM is paused when it lands: 6289 on the chain.
    What follows is one auction order, not two corrections."""
    chain, agent = bench(chain={"perp": -9, "tick_ms": 20}, order__fill_timeout_seconds=30)
    liar = Liar(chain)
    changed = []

    def pause_first(turn):
        if not changed:
            chain.ctl("market", perp_paused=2)
            changed.append(1)
        answer = turn.truth
        return answer

    liar.tell("sendTransaction", pause_first)

    def open_again(turn):
        if changed and len(chain.live_orders()) == 1:
            chain.ctl("market", perp_paused=0)
        return turn.truth

    liar.tell("getMultipleAccounts", open_again)
    agent.set(rpc__url=liar.url)
    r = agent.once()
    first = chain.landed()[0]
    assert first["result"]["err"] == {"InstructionError": [2, {"Custom": 6289}]}, first
    assert r.status["status"] in ("executed_live", "error"), r
    if r.status["status"] == "error":
        assert r.code == 11 and "PlaceAndTakeOrderSuccessConditionFailed" in r.err
        r = agent.once()
        assert r.status["status"] == "executed_live", r
    assert chain.moves() == [(-9 * E9, -10 * E9)]
    liar.close()


def test_a_wallet_that_holds_spot(bench):
    """wallet:SOL counts the authority's whole SOL, and not the delegate's."""
    chain, agent = bench(chain={"sol": 5, "wallet_sol": 3, "perp": -8}, hedge__spot="venue:SOL, wallet:SOL")
    assert agent.once().status["status"] == "balanced"
    chain.ctl("set_lamports", pubkey=chain.delegate, lamports=90 * E9)
    assert agent.once().status["status"] == "balanced"
    chain.ctl("set_lamports", pubkey=chain.authority, lamports=4 * E9)
    s = agent.once().status
    assert (
        s["status"] == "executed_live"
        and s["correction_size"] == 1
        and int(s["wallet_spot_base_e9"]) == 4 * E9
    )
