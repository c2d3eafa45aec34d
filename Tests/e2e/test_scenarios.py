"""The three scenarios of the design, end to end: 10 spot / -9 perp -> short 1; 10 / -11 -> buy 1 reduce-only;
a fresh success -> the cooldown. On both venues' embedded chain with both builds, and on the real program."""

import re

import pytest

E9 = 10**9
STEP = 10_000_000
TAKE_ALL = 25602  # low byte 2: all or nothing; second byte 100: the whole auction counted as elapsed

BACKENDS = ["velocity", "drift", pytest.param("program", marks=pytest.mark.real_program)]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def stepped(spot, perp):
    """The correction that 10 SOL of deposit and a perp need: the net delta floored to the market's step."""
    return abs(spot + perp) // STEP * STEP


def the_order(chain):
    """The one order that was sent, whatever its form."""
    sent = chain.orders_sent()
    assert len(sent) == 1, sent
    return sent[0]


def check_form(chain, order, oracle, direction, size, reduce_only):
    name, p, condition = order
    assert p["market_type"] == 1 and p["market_index"] == 0 and p["direction"] == direction
    assert (
        p["base_asset_amount"] == size
        and p["reduce_only"] == reduce_only
        and p["post_only"] == 0
        and p["bit_flags"] == 0
    )
    assert p["user_order_id"] != 0
    bound = oracle * 5 // 1000  # max_slippage_pct 0.5
    if chain.kind == "drift":
        assert name == "place_perp_order" and p["order_type"] == 4 and p["max_ts"] is not None
        worst = p["oracle_price_offset"]
        assert worst == p["auction_end_price"]
        assert (0 < worst <= bound) if direction == 0 else (-bound <= worst < 0)
    else:
        assert name == "place_and_take_perp_order" and condition == TAKE_ALL and p["order_type"] == 0
        assert (
            (oracle < p["price"] <= oracle + bound)
            if direction == 0
            else (oracle - bound <= p["price"] < oracle)
        )


@pytest.mark.parametrize(
    "perp,action,direction,reduce_only,words",
    [(-9, "EXPAND_SHORT", 1, 0, "expanding short by"), (-11, "REDUCE_SHORT", 0, 1, "reducing short by")],
)
def test_a_drifted_book_is_brought_back(
    backend, each_binary, chains, agents, perp, action, direction, reduce_only, words
):
    chain = chains(backend, each_binary, perp=perp)
    agent = agents(each_binary, chain)
    before = chain.perp()
    oracle = chain.ctl("state")["sol_price_1e6"]
    r = agent.once()
    assert r.code == 0, r
    s = r.status
    spot = int(s["spot_base_e9"])
    assert 0 <= 10 * E9 - spot < 10  # deposit in scaled units: the interest index rounds down
    size = stepped(spot, before)
    assert s["status"] == "executed_live" and s["action_taken"] == action and s["mode"] == "live"
    assert round(s["correction_size"] * E9) == size
    assert chain.perp() == before + (size if direction == 0 else -size)
    assert chain.moves() == [(before, chain.perp())]
    assert int(s["perp_base_e9"]) == before and int(s["after"]["perp_base_e9"]) == chain.perp()
    assert abs(s["after"]["drift_pct"]) <= 1.0
    check_form(chain, the_order(chain), oracle, direction, size, reduce_only)
    landed = chain.landed()
    assert (
        len(landed) == 1
        and landed[0]["signature"] == s["tx_signature"]
        and landed[0]["result"]["err"] is None
    )
    assert landed[0]["signers"] == [chain.delegate] and landed[0]["fee_payer"] == chain.delegate
    assert chain.live_orders() == []
    said = "%.6f" % (size / E9)
    assert re.search(r"\[REBALANCER\] Net delta [+-]\d+\.\d{6} SOL - %s %s" % (words, said), r.err), r.err
    assert "[REBALANCER] LIVE MODE: Executing %s for %s SOL" % (action, said) in r.err
    assert re.search(
        r"\[REBALANCER\] Rebalance executed: %s %s SOL-PERP @ \$\d+\.\d\d" % (action, said), r.err
    ), r.err
    assert "[REBALANCER] Transaction: %s" % s["tx_signature"] in r.err
    again = agent.once()  # inside the tolerance now: nothing more is done
    assert again.code == 0 and again.status["status"] == "balanced" and again.status["action_taken"] == "NONE"
    assert len(chain.landed()) == 1


def test_cooldown_after_a_success(backend, each_binary, chains, agents, clock_shim):
    """A success 600 s ago on both clocks, the wall's and the chain's: of 1800 s, 1200 remain."""
    chain = chains(backend, each_binary, perp=-9)
    agent = agents(each_binary, chain, hedge__cooldown_seconds=1800)
    assert agent.once().status["status"] == "executed_live"
    sent = len(chain.sends())
    held = chain.perp() / E9
    chain.ctl("set_user", perp=held + 1)  # a new drift of one SOL
    chain.ctl("warp", slots=1500, seconds=600)
    r = agent.once(env=clock_shim(600))
    assert r.code == 0 and r.status["status"] == "cooldown", r
    left = r.status["cooldown_left_seconds"]
    assert 1190 <= left <= 1200, left
    assert "[REBALANCER] Cooldown active (%ds remaining)" % left in r.err
    assert r.status["reason"] == "Cooldown active (%ds remaining)" % left
    assert len(chain.sends()) == sent and r.status["tx_signature"] is None
    # The later end of the two clocks holds: an hour more on the wall alone changes nothing for the slots,
    # and the other way round.
    assert agent.once(env=clock_shim(4200)).status["status"] == "cooldown"
    chain.ctl("warp", slots=3000, seconds=1200)
    assert agent.once(env=clock_shim(600)).status["status"] == "cooldown"
    assert len(chain.sends()) == sent
    over = agent.once(env=clock_shim(1900))
    assert over.status["status"] == "executed_live", over


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_a_cooldown_under_a_clock_that_was_ahead_holds_once(binary, chains, agents, clock_shim, mode):
    """The clock was two hours ahead at the success and is set right. Runs of one tick: the cooldown holds
    for its length, and not again when the clock reaches the stamp."""
    chain = chains("velocity", binary, perp=-9)
    agent = agents(binary, chain, agent__mode=mode, hedge__cooldown_seconds=600)
    done = "executed_live" if mode == "live" else "executed_paper"
    assert agent.once(env=clock_shim(7200)).status["status"] == done
    chain.ctl("set_user", perp=chain.perp() / E9 + 2)
    r = agent.once()
    assert r.status["status"] == "cooldown" and r.status["cooldown_left_seconds"] <= 600, r
    chain.ctl("warp", slots=750, seconds=300)
    r = agent.once(env=clock_shim(300))
    assert r.status["status"] == "cooldown" and r.status["cooldown_left_seconds"] <= 310, r
    chain.ctl("warp", slots=800, seconds=320)
    r = agent.once(env=clock_shim(7210))
    assert r.status["status"] == done, r
