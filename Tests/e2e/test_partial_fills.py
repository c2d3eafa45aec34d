"""A venue that has not the whole size at the worst price: what it has is taken at once, the rest is gone
with the transaction."""

import re

import pytest

from harness import real_program_missing

E9 = 10**9
STEP = 10_000_000
PART = 1 | 100 << 8  # at least a part; the whole auction counted as elapsed
BIG = dict(
    hedge__max_trade_size="600",
    hedge__max_leverage="20",
    gates__max_cost_bps="200",
    gates__max_notional_per_day="0",
)


def part_taken(chain, agent, spot):
    """One tick that fills a part; what the account, the order and the record say of it."""
    r = agent.once()
    s = r.status
    assert r.code == 11 and s["status"] == "partial" and s["reason"].startswith("Part of the order"), r
    filled = -chain.perp()
    assert 0 < filled < spot * E9 and filled % STEP == 0
    assert round(s["correction_size"] * E9) == filled and int(s["after"]["perp_base_e9"]) == -filled
    (sent,) = chain.orders_sent()
    name, p, condition = sent
    assert name == "place_and_take_perp_order" and condition == PART
    assert (p["order_type"], p["bit_flags"]) == (1, 1)
    assert spot * E9 - 2 * STEP < p["base_asset_amount"] <= spot * E9
    assert chain.live_orders() == []  # nothing is left resting
    oracle = int(s["oracle_price_e6"]) / 1e6
    assert oracle * 0.995 <= s["correction_price"] <= oracle * 1.005
    assert agent.record()["corrections_total"] == "1" and int(agent.record()["failures_in_row"]) == 0
    return filled


def test_what_is_there_is_taken(chains, agents, binary):
    chain = chains("velocity", binary, sol=100, perp=0, usdt=100000, tick_ms=20)
    chain.ctl("model", liquidity=30)
    agent = agents(binary, chain, **BIG)
    assert part_taken(chain, agent, 100) == 30 * E9
    chain.ctl("model", liquidity=1000)
    r = agent.once()  # no cooldown holds up the rest
    assert r.status["status"] == "executed_live" and chain.perp() == -100 * E9, r


def test_a_reduction_in_parts(chains, agents, binary):
    chain = chains("velocity", binary, sol=20, perp=-100, usdt=100000, tick_ms=20)
    chain.ctl("model", liquidity=30)
    agent = agents(binary, chain, **BIG)
    s = agent.once().status
    assert s["status"] == "partial" and chain.perp() == -70 * E9
    ((_, p, condition),) = chain.orders_sent()
    assert (p["reduce_only"], p["direction"], condition) == (1, 0, PART)


def test_all_or_an_auction_where_it_is_not_wanted(chains, agents, binary):
    chain = chains("velocity", binary, sol=100, perp=0, usdt=100000, tick_ms=20)
    chain.ctl("model", liquidity=30)
    agent = agents(binary, chain, order__partial_fills="no", order__fill_timeout_seconds=1, **BIG)
    agent.once()
    ((name, _, _),) = chain.orders_sent()
    assert name == "place_perp_order"


def test_nothing_there_is_an_auction(chains, agents, binary):
    chain = chains("velocity", binary, sol=100, perp=0, usdt=100000, tick_ms=20)
    chain.ctl("model", liquidity=0)
    agent = agents(binary, chain, order__fill_timeout_seconds=1, **BIG)
    r = agent.once()
    ((name, _, _),) = chain.orders_sent()
    assert name == "place_perp_order", r
    assert r.status["status"] in ("unfilled", "partial"), r


def test_the_day_counts_each_part(chains, agents, binary):
    chain = chains("velocity", binary, sol=100, perp=0, usdt=100000, tick_ms=20)
    agent = agents(binary, chain, hedge__max_trades_per_day=2, **BIG)
    for filled in (10, 20):
        chain.ctl("model", liquidity=filled)
        assert agent.once().status["status"] == "partial"
    r = agent.once()
    assert r.code == 10 and "2 corrections today, the limit is 2" in r.err and len(chain.landed()) == 2


@pytest.mark.real_program
@pytest.mark.skipif(real_program_missing() is not None, reason="real program: %s" % real_program_missing())
@pytest.mark.parametrize("sol", [400, 250])
def test_the_real_vamm_gives_a_part(chains, agents, binary, sol):
    """The curve is known: the order is cut to what it has, and that fills."""
    chain = chains("program", binary, tick_ms=100, sol=sol, perp=0, usdt=sol * 76)
    agent = agents(binary, chain, **BIG)
    r = agent.once()
    filled = -chain.perp()
    assert r.status["status"] == "executed_live" and 0 < filled < sol * E9, r
    told = re.search(r"the venue has ([\d.]+) of [\d.]+ SOL inside the worst price: taking that", r.err)
    ((name, p, condition),) = chain.orders_sent()
    assert (name, condition, p["order_type"]) == ("place_and_take_perp_order", PART, 1)
    assert p["base_asset_amount"] == filled == round(float(told[1]) * E9)
    assert chain.live_orders() == [] and agent.record()["corrections_total"] == "1"
    r = agent.once()
    assert r.status["status"] in ("partial", "unfilled", "executed_live"), r
    assert -chain.perp() >= filled


@pytest.mark.real_program
@pytest.mark.skipif(real_program_missing() is not None, reason="real program: %s" % real_program_missing())
def test_a_curve_that_moved_gives_less(chains, agents, binary):
    """The cut order is for what the curve had; what it has when it lands is what fills."""
    chain = chains("program", binary, tick_ms=100, sol=400, perp=0, usdt=400 * 76)
    agent = agents(binary, chain, order__max_slippage_pct="0.4", **BIG)
    r = agent.once()
    assert r.status["status"] in ("executed_live", "partial") and chain.perp() < 0, r
    assert chain.live_orders() == []
