"""An account that carries the flag of a liquidation: the flag outlives it, so the numbers and the simulation
tell, on the embedded chain and on the real program."""

import pytest

E9 = 10**9
BEING_LIQUIDATED, BANKRUPT = 1, 2
KINDS = ["velocity", pytest.param("program", marks=pytest.mark.real_program)]


@pytest.fixture(params=KINDS)
def flagged(request, chains, agents, binary):
    def make(perp, borrowed_usdt=None, status=BEING_LIQUIDATED, **settings):
        c = chains(request.param, binary, tick_ms=100)
        a = agents(
            binary,
            c,
            gates__max_cost_bps=500,
            gates__min_health_pct="0",
            hedge__max_leverage="90",
            **settings,
        )
        price = c.ctl("state")["sol_price_1e6"] / 1e6
        usdt = 2000 if borrowed_usdt is None else -borrowed_usdt(price)
        c.ctl("set_user", sol=10, usdt=usdt, perp=perp, status=status)
        return c, a

    return make


def user_gate(status):
    return next(g for g in status["gates"] if g["name"] == "user")


@pytest.mark.parametrize("perp", [-9, -11])
def test_a_healthy_account_is_let_go(flagged, perp):
    chain, agent = flagged(perp)
    r = agent.once()
    assert r.status["status"] == "executed_live" and abs(chain.perp() + 10 * E9) < E9 // 50, r
    gate = user_gate(r.status)
    assert gate["ok"] is True and gate["value"] == "flagged as being liquidated, above maintenance", gate
    assert "flagged as being liquidated but stands above maintenance" in r.err
    assert float(r.status["health_pct"]) > 50
    assert chain.account()["status"] == 0
    assert user_gate(agent.once().status)["value"] == "normal"


def test_under_maintenance_it_stays_blocked(flagged):
    chain, agent = flagged(-10.4, lambda price: 10 * price * 0.9 - 10.4 * price * 0.02)
    r = agent.once()
    assert r.code == 10 and r.status["status"] == "blocked", r
    assert r.status["reason"].startswith("The account is being liquidated") and r.status["health_pct"] == 0
    assert chain.sends() == [] and agent.record()["failures_in_row"] == 0


def test_between_maintenance_and_the_venues_buffer_it_is_blocked_and_no_failure(flagged):
    """Maintenance is met, the buffer on top that the program wants before it lets an account go is not."""
    chain, agent = flagged(-10.4, lambda price: 10 * price * 0.9 - 10.4 * price * 0.064)
    r = agent.once()
    assert r.code == 10 and r.status["status"] == "blocked", r
    assert "the venue takes no order from it yet" in r.status["reason"] and user_gate(r.status)["ok"] is False
    assert "deposit collateral" in r.status["alarm"]
    assert chain.sends() == [] and agent.record()["failures_in_row"] == 0
    price = chain.ctl("state")["sol_price_1e6"] / 1e6
    borrowed = 10 * price * 0.9 - 10.4 * price * 0.066
    chain.ctl("set_user", usdt=-borrowed, perp=-10.4, status=BEING_LIQUIDATED)
    assert agent.once().status["status"] == "executed_live" and chain.account()["status"] == 0


def test_bankrupt_is_a_stop(flagged):
    chain, agent = flagged(-9, status=BANKRUPT)
    r = agent.once()
    assert r.code == 10 and r.status["status"] == "blocked" and "bankrupt" in r.status["reason"], r
    assert r.status["health_pct"] == 0 and chain.sends() == []
