"""Reduced before the line where the venue refuses even that: by the smallest size, once, and not opened again
before the account is well above the line."""

import re

import pytest

from harness import real_program_missing

E9 = 10**9
PRICE = 76.34075573
real = [
    pytest.mark.real_program,
    pytest.mark.skipif(
        real_program_missing() is not None, reason="real program: %s" % real_program_missing()
    ),
]
BOTH = ["velocity", pytest.param("program", marks=real)]
OPEN = dict(
    hedge__max_leverage="50", gates__max_cost_bps="5", gates__min_health_pct="5", hedge__cooldown_seconds=0
)


def thin(chains, binary, kind, usdt=-895):
    """20 SOL and a short of 20 with most of its collateral owed: health about 32 %."""
    chain = chains(kind, binary, tick_ms=100 if kind == "program" else 20, sol=20, perp=-20, usdt=100)
    chain.ctl("set_user", usdt=usdt)
    return chain


@pytest.mark.parametrize("kind", BOTH)
def test_it_reduces_to_the_line_and_holds(chains, agents, binary, kind):
    chain = thin(chains, binary, kind)
    agent = agents(binary, chain, gates__deleverage_below_health_pct="33", **OPEN)
    assert agents(binary, chain, **OPEN).once().status["health_pct"] < 33
    r = agent.once()
    s = r.status
    assert s["status"] == "executed_live" and s["action_taken"] == "REDUCE_SHORT", r
    said = re.search(
        r"DELEVERAGE: health is ([\d.]+) %.*closing ([\d.]+) of -20.000000 SOL-PERP; sell as much SOL", r.err
    )
    assert said and abs(chain.perp() / E9 + 20 - float(said[2])) < 0.02, r.err
    ((_, p, _),) = chain.orders_sent()
    assert p["reduce_only"] == 1 and p["direction"] == 0
    # The perp is short of the spot now: it is not sold again, and the reason says how much spot is to go.
    r = agent.once()
    assert r.code == 10 and len(chain.landed()) == 1, r
    assert 33 <= r.status["health_pct"] <= 34.5
    assert r.status["reason"].startswith("Health after the correction would be "), r
    assert re.search(r"sell [\d.]+ SOL of spot to be neutral, or deposit collateral$", r.status["reason"]), r
    # The owner deposits: with room to spare the hedge is whole again.
    chain.ctl("set_user", usdt=500)
    agent.set(gates__max_cost_bps="100")
    assert agent.once().status["status"] == "executed_live"
    assert abs(chain.perp() + 20 * E9) < 0.02 * E9


def test_it_is_off_by_itself(chains, agents, binary):
    chain = thin(chains, binary, "velocity")
    assert agents(binary, chain, **OPEN).once().status["status"] == "balanced" and chain.landed() == []


def test_nothing_is_sold_twice_while_the_price_wavers(chains, agents, binary):
    chain = thin(chains, binary, "velocity")
    agent = agents(binary, chain, gates__deleverage_below_health_pct="33", **OPEN)
    agent.once()
    done = len(chain.landed())
    for by in (0.999, 1.001, 0.9995, 1.0005):
        chain.ctl("set_price", price=PRICE * by)
        chain.ctl("warp", slots=1, seconds=400)
        agent.once()
    assert len(chain.landed()) <= done + 2
