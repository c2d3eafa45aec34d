"""The agent against the real Velocity program (svmnode.py on its ELF):
what the embedded chain models is here the program's own word."""

import base64
import random
import struct
import time

import pytest
from solders.pubkey import Pubkey

from harness import real_program_missing, together, wait_for
from harness.liar import Liar
import localnet_client as lc
from test_history import corrections
from test_parts import slipped, whole
from test_statuses import Later

E9 = 10**9
STEP = 10_000_000

pytestmark = [
    pytest.mark.real_program,
    pytest.mark.skipif(
        real_program_missing() is not None, reason="real program: %s" % real_program_missing()
    ),
]


@pytest.fixture
def program(chains, agents, binary):
    """A chain with the real program and an agent on it: program(seed=.., {chain options}, agent__key=...)."""

    def make(chain=None, seed=8, **settings):
        c = chains("program", binary, **{"tick_ms": 100, **(chain or {})})
        return c, agents(binary, c, seed=seed, **settings)

    return make


def corrected(chain, agent, before):
    """One correction of the whole drift, floored to the step."""
    r = agent.once()
    s = r.status
    assert r.code == 0 and s["status"] == "executed_live", r
    net = int(s["spot_base_e9"]) + before
    size = abs(net) // STEP * STEP
    assert round(s["correction_size"] * E9) == size and s["action_taken"] == (
        "EXPAND_SHORT" if net > 0 else "REDUCE_SHORT"
    )
    assert chain.perp() == before + (size if net < 0 else -size)
    assert abs(int(s["after"]["perp_base_e9"]) + int(s["after"]["spot_base_e9"])) < STEP
    oracle = int(s["oracle_price_e6"]) / 1e6
    assert abs(s["correction_price"] / oracle - 1) <= 0.005, s["correction_price"]
    (landed,) = chain.landed()
    assert landed["result"]["err"] is None and landed["signature"] == s["tx_signature"]
    ((name, p, condition),) = chain.orders_sent()
    assert p["reduce_only"] == (1 if net < 0 else 0) and p["base_asset_amount"] == size
    return s, landed


BOOKS = [
    (10, -9, 1000),
    (10, -11, 1000),
    (3.21, -2.5, 400),
    (0.5, -0.7, 50),
    (25, -20, 2500),
    (12.34567, -15, 1500),
]


@pytest.mark.parametrize("price", [20, 76.34075, 150, 400])
def test_books_and_prices(program, price):
    """Expand and reduce over books and prices; the compute limit asked for is enough and not wasteful."""
    for sol, perp, usdt in BOOKS:
        chain, agent = program({"sol": sol, "usdt": usdt * price / 76})
        chain.ctl("reprice", price=price)
        chain.ctl("set_user", perp=perp)
        s, landed = corrected(chain, agent, round(perp * E9))
        (limit,) = [
            ix["decoded"]["units"]
            for ix in landed["instructions"]
            if ix["decoded"]["name"] == "set_compute_unit_limit"
        ]
        used = landed["result"]["cu"]
        assert used <= limit <= used * 3 // 2, (used, limit)
        assert agent.once().status["status"] == "balanced"
        chain.close()


def test_books_by_seed(program):
    """A dozen books and prices from a seed, one after the other on one chain."""
    rng = random.Random(7)
    chain, agent = program(hedge__cooldown_seconds=0, hedge__max_trades_per_day=100)
    done = 0
    for _ in range(12):
        price = round(rng.uniform(15, 400), 3)
        sol = rng.randrange(30, 1500) / 100
        perp = -round(sol * rng.choice([0.6, 0.85, 0.97, 1.05, 1.3]) * 100) / 100
        chain.ctl("reprice", price=price)
        chain.ctl("set_user", sol=sol, perp=perp, usdt=sol * price * 2)
        if done:  # no market moves like that: the operator says so
            assert agent.said("signer", "price", price).code == 0
        s = agent.once().status
        assert s["status"] == "executed_live", (price, sol, perp, s)
        assert abs(chain.perp() + int(s["spot_base_e9"])) < STEP
        done += 1
    assert len(chain.landed()) == done == 12


@pytest.mark.parametrize("seed", [7, 8])
def test_authority_and_delegate_sign(program, seed):
    chain, agent = program({"perp": -9}, seed=seed)
    s, landed = corrected(chain, agent, -9 * E9)
    who = chain.authority if seed == 7 else chain.delegate
    assert landed["signers"] == [who] and landed["fee_payer"] == who


def test_a_stranger_may_not(program):
    chain, agent = program({"perp": -9})
    chain.ctl("set_user", delegate="11111111111111111111111111111111")
    r = agent.once()
    assert r.code == 10 and r.status["status"] == "observe_only" and chain.sends() == []


@pytest.mark.parametrize(
    "perp,fraction,status,code",
    [
        (-9, 1, "executed_live", 0),
        (-11, 1, "executed_live", 0),
        (-9, 0.4, "partial", 11),
        (-9, 0, "unfilled", 11),
    ],
)
def test_auction_fallback(program, perp, fraction, status, code):
    """The vAMM's fills are paused: the take fails in simulation,
    an order with price bound and short life is placed and watched."""
    chain, agent = program({"perp": perp}, order__fill_timeout_seconds=25)
    chain.ctl("market", perp_paused=2)
    going = Later(agent, seconds=60)
    order = wait_for(chain.live_orders, 15, "the order is on the book")[0]
    ((name, p, _),) = chain.orders_sent()
    oracle = chain.ctl("state")["sol_price_1e6"]
    assert name == "place_perp_order" and p["order_type"] == 0 and abs(p["price"] - oracle) <= oracle // 200
    assert p["reduce_only"] == order["reduce_only"] == (1 if perp < -10 else 0)
    assert 0 < p["max_ts"] - chain.ctl("state")["ts"] <= 25
    if fraction:
        got = chain.ctl("fill", order_id=order["order_id"], fraction=fraction, price=oracle / 1e6)
        assert got["filled"] and got["mode"] == "bytes", got
    r = going.end(60)
    s = r.status
    assert r.code == code and s["status"] == status, r
    size = (
        order["base_asset_amount"]
        if fraction == 1
        else int(order["base_asset_amount"] * fraction) // STEP * STEP
    )
    assert round(s["correction_size"] * E9) == size and abs(chain.perp() - round(perp * E9)) == size
    assert len(chain.orders_sent()) == 1
    if status == "executed_live":
        assert agent.once().status["status"] == "balanced"


@pytest.mark.parametrize("perp,paused", [(-9, 0), (-11, 0)])
def test_the_keeper_fills_the_fallback(program, perp, paused):
    """The same, but the program's own keeper fill ends it, at its own auction price."""
    chain, agent = program({"perp": perp}, order__fill_timeout_seconds=60)
    chain.ctl("market", perp_paused=2)
    going = Later(agent, seconds=60)
    order = wait_for(chain.live_orders, 15, "the order is on the book")[0]
    chain.ctl("market", perp_paused=paused)
    got = chain.ctl("fill", order_id=order["order_id"], mode="program", max_slots=100)
    assert got["filled"], got
    r = going.end(60)
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert abs(chain.perp() - round(perp * E9)) == order["base_asset_amount"]
    assert abs(r.status["correction_price"] / (int(r.status["oracle_price_e6"]) / 1e6) - 1) <= 0.0051


def test_faults_of_sending(program):
    """Dropped, delayed, executed but 500 or closed: one correction each, by the program's own count."""

    def one(case):
        kind, more = case
        chain, agent = program({"perp": -9})
        chain.fault(kind, **more)
        r = agent.once(seconds=60)
        assert r.code == 0 and r.status["status"] == "executed_live", r
        assert chain.moves() == [(-9 * E9, -10 * E9 + STEP)], chain.moves()
        assert len(chain.orders_sent()) == 1 and len(chain.landed()) == 1
        assert agent.once().status["status"] == "balanced"

    together(
        [
            ("drop_send", {"n": 2}),
            ("delay_send", {"n": 1, "slots": 20}),
            ("delay_send", {"n": 3, "slots": 60}),
            ("exec_http_error", {"n": 1, "status": 500}),
            ("exec_http_error", {"n": 1, "status": 503}),
            ("exec_close", {"n": 1}),
        ],
        one,
        at_once=2,
    )


def test_a_send_that_never_lands(program):
    chain, agent = program({"perp": -9, "tick_ms": 40})
    chain.fault("drop_send", n=1000)
    r = agent.once(seconds=120)  # 150 blocks, of up to 400 ms
    assert r.code == 11 and r.status["status"] == "error" and "proven expired" in r.err, r
    assert chain.perp() == -9 * E9
    chain.ctl("clear_faults")
    assert agent.once().status["status"] == "executed_live"
    assert len(chain.landed()) == 1


@pytest.mark.parametrize("trouble", ["freeze", "flap", "behind"])
def test_a_node_that_is_not_there_yet(program, trouble):
    """Reads that stand still, a replica at an older book, a node that calls itself behind: one correction,
    then level."""
    chain, agent = program({"perp": -9}, agent__loop_interval_seconds="0.5", hedge__cooldown_seconds=0)
    if trouble == "freeze":
        chain.fault("delay_send", n=1, slots=10)
    elif trouble == "flap":
        chain.ctl("snapshot")
        chain.ctl("warp", slots=5)
        chain.ctl("flap", every=2)
    else:
        chain.ctl("behind", slots=40)
    running = agent.start()
    if trouble == "freeze":
        wait_for(lambda: chain.calls("sendTransaction"), 10, "sent")
        chain.ctl("freeze")
        wait_for(lambda: chain.perp() != -9 * E9, 20, "landed unseen")
        time.sleep(3)
        assert {x["status"] for x in running.lines} <= {"pending"}
        chain.ctl("unfreeze")
    elif trouble == "behind":
        held = running.until("blocked")
        assert "behind by 40 slots" in held["reason"] and chain.sends() == []
        chain.ctl("behind", slots=0)
    running.until("balanced", seconds=40)
    time.sleep(2)
    assert running.stop() == 143
    assert chain.moves() == [(-9 * E9, -10 * E9 + STEP)] and len(chain.landed()) == 1, chain.moves()


def test_the_programs_refusal_by_name(program):
    """The book is read before a withdrawal, the simulation runs after it: InsufficientCollateral, not 0x1773;
    nothing is sent."""
    chain, agent = program({"perp": -9})
    node = Liar(chain)
    agent.set(rpc__url=node.url)

    def withdraw_first(turn):
        if node.count("simulateTransaction") == 2:  # the first one is the probe
            chain.ctl("set_user", usdt=-700)
        return turn.truth

    node.tell("simulateTransaction", withdraw_first)
    r = agent.once()
    node.close()
    assert r.code == 11 and r.status["status"] == "error", r
    assert "simulation refused the order: InsufficientCollateral (6003)" in r.err and "0x1773" not in r.err
    assert chain.sends() == []


def test_near_the_maintenance_line(program):
    """Between maintenance and initial: an expansion is blocked before it is sent,
    a reduction goes through at the program."""
    chain, agent = program(
        {"sol": 10, "usdt": 0, "perp": -9.5}, hedge__max_leverage="90", gates__min_health_pct="0"
    )
    price = chain.ctl("state")["sol_price_1e6"] / 1e6
    chain.ctl(
        "set_user", usdt=-(10 * price * 0.9 - 9.5 * price * 0.04)
    )  # maintenance 3 % met, initial 5 % not
    r = agent.once()
    assert (
        r.code == 10
        and r.status["status"] == "blocked"
        and "Free collateral after the correction would be -$" in r.err
    ), r
    assert int(r.status["free_collateral_e6"]) < 0 and chain.sends() == []
    chain.ctl("set_user", perp=-10.4, usdt=-(10 * price * 0.9 - 10.4 * price * 0.04))
    s, _ = corrected(chain, agent, -10_400_000_000)
    assert s["action_taken"] == "REDUCE_SHORT"


class Owner(lc.Node):
    """Somebody who trades by hand on a chain that runs already."""

    def __init__(self, chain):
        self.url, self.drift = chain.url, chain.venue == "drift"
        self.program = Pubkey.from_string(
            chain.rpc("getAccountInfo", chain.user, {"encoding": "base64"})["value"]["owner"]
        )
        self.keys = self.ctl("state")


def test_a_reduction_leaves_room_for_orders_that_rest(program):
    """Near the line, with an order of the owner's own on the closing side:
    the correction takes no more than that leaves of the position, and is accepted."""
    chain, agent = program(
        {"sol": 10, "usdt": 5000, "perp": -14},
        hedge__max_leverage="90",
        gates__min_health_pct="0",
        hedge__cooldown_seconds=0,
    )
    price = chain.ctl("state")["sol_price_1e6"] / 1e6
    owner = Owner(chain)
    sent = owner.send(
        [owner.place(kind=1, side=0, base=12 * E9, price=int(price * 0.8) * 10**6, reduce=1, uid=7)]
    )
    assert "result" in sent, sent
    wait_for(chain.live_orders, 10, "the owner's order rests")
    chain.ctl("set_user", usdt=-(10 * price * 0.9 - 14 * price * 0.04))
    s = agent.once().status
    assert s["status"] == "executed_live" and s["correction_size"] == 2 and chain.perp() == -12 * E9, s
    assert [o["user_order_id"] for o in chain.live_orders()] == [7]


def test_under_the_maintenance_line_there_is_an_alarm(program):
    """The program refuses even a reducing order there: nothing is sent, a person is called,
    and it is over when collateral comes."""
    chain, agent = program(
        {"sol": 10, "usdt": 0, "perp": -9.5}, hedge__max_leverage="90", gates__min_health_pct="10"
    )
    price = chain.ctl("state")["sol_price_1e6"] / 1e6
    chain.ctl("set_user", perp=-10.4, usdt=-(10 * price * 0.9 - 10.4 * price * 0.02))
    r = agent.once()
    assert (
        r.code == 10
        and r.status["status"] == "blocked"
        and "ALARM: the venue refuses even a reducing order" in r.err
    ), r
    assert (
        r.status["health_level"] == "critical"
        and "deposit collateral" in r.status["alarm"]
        and chain.sends() == []
    )
    chain.ctl("set_user", perp=-10.4, usdt=-(10 * price * 0.9 - 10.4 * price * 0.04))
    s, _ = corrected(chain, agent, -10_400_000_000)
    assert s["action_taken"] == "REDUCE_SHORT" and s["alarm"] is None


def test_the_vault_says_what_a_fill_cost(program):
    """Fees equal what the program counted, to the unit, and the parts add up."""
    chain, agent = program({"perp": -9})
    r = agent.once()
    assert r.status["status"] == "executed_live", r
    total = whole(agent.once().status)
    size, price = r.status["correction_size"], r.status["correction_price"]
    assert abs(-total["fees"] - size * price * 1e6 * 42 / 120_000) < 2
    assert total["funding"] == 0 and total["slippage"] < 0


def test_a_round_trip_is_fees_and_slippage(program):
    """Sold and bought back: what the program took beyond the oracle is slippage, basis about nothing."""
    chain, agent = program({"perp": -9}, hedge__cooldown_seconds=0)
    expected, perp = 0, -9 * E9
    for sol in (10, 9):
        chain.ctl("set_user", sol=sol)
        s = agent.once().status
        assert s["status"] == "executed_live", s
        size = chain.perp() - perp
        perp += size
        quote = round(s["correction_price"] * 1e6) * abs(size) / E9
        expected += slipped({"base_e9": size, "quote_e6": quote}, int(s["oracle_price_e6"]))
    total = whole(agent.once().status)
    assert abs(total["slippage"] - expected) <= 4 and total["slippage"] < 0
    # Profit and loss is held in the quote coin; the oracle may have moved by a tick until the fill.
    assert abs(total["basis"]) <= -(total["slippage"] + total["fees"]) // 500, total
    assert total["fees"] == -fees_paid(chain)


def fees_paid(chain):
    """UserStats' total of fees, in 1e-6 quote."""
    owner = Pubkey.from_string(
        chain.rpc("getAccountInfo", chain.user, {"encoding": "base64"})["value"]["owner"]
    )
    stats = Pubkey.find_program_address([b"user_stats", bytes(Pubkey.from_string(chain.authority))], owner)[0]
    return struct.unpack_from(
        "<Q",
        base64.b64decode(chain.rpc("getAccountInfo", str(stats), {"encoding": "base64"})["value"]["data"][0]),
        72,
    )[0]


def test_the_record_keeps_the_fee_the_program_took(program):
    """Told from the User alone, equal to what UserStats counted: growing, shrinking, crossing zero; a take,
    and an order a keeper filled."""
    chain, agent = program(
        {"perp": -9, "tick_ms": 50}, hedge__cooldown_seconds=0, hedge__max_trades_per_day=100
    )
    taken = []
    for perp in (-9, -11.3, 0, -9.5, -10.4):
        chain.ctl("set_user", perp=perp)
        before = fees_paid(chain)
        assert agent.once().status["status"] == "executed_live"
        taken.append(fees_paid(chain) - before)
    for perp in (-9, -11):
        chain.ctl("set_user", perp=perp)
        chain.ctl("market", perp_paused=2)
        before = fees_paid(chain)
        going = Later(agent, seconds=60)
        order = wait_for(chain.live_orders, 15, "the order is on the book")[0]
        chain.ctl("market", perp_paused=0)
        assert chain.ctl("fill", order_id=order["order_id"], mode="program", max_slots=100)["filled"]
        assert going.end(60).status["status"] == "executed_live"
        taken.append(fees_paid(chain) - before)
    rows = corrections(agent)
    assert [r["fee"] for r in rows] == taken and min(taken) > 0 and all(r["landing"] > 0 for r in rows)


def test_killed_at_any_moment(program):
    chain, agent = program(
        {"perp": -9, "tick_ms": 50}, agent__loop_interval_seconds="0.3", hedge__cooldown_seconds=0
    )
    rng = random.Random(5)
    for _ in range(4):
        for _ in range(3):
            running = agent.start()
            time.sleep(rng.uniform(0.01, 0.5))
            running.kill()
        running = agent.start()
        running.until("balanced", seconds=40)
        assert running.stop() == 143
        assert chain.perp() == -10 * E9 + STEP and chain.live_orders() == []
        chain.ctl("set_user", perp=-9)
    moves = [(a, b) for a, b in chain.moves() if b < a]
    assert len(moves) == 4 == len(chain.landed()), chain.moves()
