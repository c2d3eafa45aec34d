"""A book in profit that cannot expand: the venue counts open profit as no initial margin. It is settled
first, once, and what the pool cannot pay is said. On the real program and on the embedded chain."""

import base64
import re

import pytest

from harness import real_program_missing

E9, E6 = 10**9, 10**6
real = [
    pytest.mark.real_program,
    pytest.mark.skipif(
        real_program_missing() is not None, reason="real program: %s" % real_program_missing()
    ),
]
BOTH = ["velocity", pytest.param("program", marks=real)]
PRICE = 76.34075573
OPEN = dict(
    hedge__max_leverage="20", gates__max_cost_bps="200", gates__min_health_pct="1", hedge__cooldown_seconds=0
)


def borrowed(chain):
    """The quote market has lent enough to take a repayment: the fixture's real one had lent two dollars."""
    if chain.kind != "program":
        return
    account = chain.rpc("getAccountInfo", chain.ctl("state")["spot_market_usdt"], {"encoding": "base64"})
    d = bytearray(base64.b64decode(account["value"]["data"][0]))
    d[312:328] = (10**14).to_bytes(16, "little")
    chain.ctl(
        "set_account", pubkey=chain.ctl("state")["spot_market_usdt"], data=base64.b64encode(bytes(d)).decode()
    )


def poor(chains, binary, kind, sol=11.5, hedged=0.9, share=0.985, entry=2 * PRICE, **options):
    """Borrowed against nearly all of the SOL, the short far in profit."""
    chain = chains(
        kind, binary, tick_ms=100 if kind == "program" else 20, sol=sol, perp=-1, usdt=1, **options
    )
    borrowed(chain)
    chain.ctl("set_user", sol=sol, usdt=-round(sol * PRICE * 0.8 * share, 2))
    chain.ctl("set_user", perp=-round(sol * hedged, 2), entry_price=entry)
    return chain


def kinds(chain):
    names = ("settle_pnl", "place_and_take_perp_order", "place_perp_order")
    return [
        ix["decoded"]["name"]
        for t in chain.landed()
        for ix in t["instructions"]
        if ix.get("decoded", {}).get("name") in names
    ]


def settled(chain):
    return chain.account()["perp_positions"][0]["settled_pnl"]


@pytest.mark.parametrize("kind", BOTH)
def test_profit_is_settled_and_the_hedge_follows(chains, agents, binary, kind):
    chain = poor(chains, binary, kind)
    agent = agents(binary, chain, **OPEN)
    r = agent.once()
    assert r.status["status"] == "executed_live", r
    assert kinds(chain) == ["settle_pnl", "place_and_take_perp_order"]
    said = re.search(r"Margin is short while \$([\d.,]+) of profit is open: settling it first", r.err)
    paid = re.search(r"\$([\d.,]+) of open profit is settled into the deposit", r.err)
    assert said and paid and "could not pay" not in r.err, r.err
    profit = 10.35 * PRICE
    assert abs(float(paid[1].replace(",", "")) - profit) < 1
    assert abs(settled(chain) / E6 - profit) < 1
    assert abs(chain.perp() + 11.5 * E9) < 2 * 10**7


@pytest.mark.parametrize("kind", BOTH)
def test_without_a_pool_it_is_said_and_not_tried_again(chains, agents, binary, kind):
    chain = poor(chains, binary, kind)
    set_pool(chain, 0)
    agent = agents(binary, chain, **OPEN)
    live = agent.start()
    live.until("blocked", seconds=20)
    live.until("blocked", since=2, seconds=20)
    live.stop()
    assert "settling the open profit was refused: the venue's pool has nothing to pay it from" in live.log
    assert live.log.count("settling it first") == 1 and kinds(chain) == []
    reason = live.last(status="blocked")["reason"]
    assert reason.startswith("Free collateral") and "of open profit counts for nothing" in reason, reason
    assert int(agent.record()["failures_in_row"]) == 0


@pytest.mark.parametrize("kind", BOTH)
def test_what_the_pool_cannot_pay_is_said(chains, agents, binary, kind):
    chain = poor(chains, binary, kind)
    set_pool(chain, 300)
    r = agents(binary, chain, **OPEN).once()
    assert kinds(chain)[0] == "settle_pnl", r
    assert abs(settled(chain) / E6 - 300) < 1
    rest = r"of open profit is settled into the deposit; the venue's pool could not pay the other \$4[89]\d"
    assert re.search(rest, r.err), r.err
    assert r.status["status"] in ("executed_live", "blocked")


@pytest.mark.parametrize("pool", [1300, 0])
@pytest.mark.parametrize("kind", BOTH)
def test_a_market_that_falls_by_forty_per_cent(chains, agents, binary, kind, pool):
    """In steps, with half a SOL more in the wallet after each. Where profits can be settled the hedge follows
    all the way down; where they cannot it stops."""
    chain = poor(chains, binary, kind, hedged=1, share=0.9, entry=PRICE)
    set_pool(chain, pool)
    agent = agents(binary, chain, **OPEN, hedge__spot="venue:SOL, wallet:SOL")
    wallet = 1
    stands = []
    for step in range(1, 9):
        wallet += 0.5
        chain.ctl("set_lamports", pubkey=chain.authority, lamports=int(wallet * E9))
        price = PRICE * (1 - 0.05 * step)
        chain.ctl("reprice", price=price) if kind == "program" else level(chain, price)
        s = agent.once().status
        stands.append(s["status"])
        if s["status"] != "executed_live":
            break
        assert abs(chain.perp() + 11.5 * E9 + wallet * E9) < 0.02 * E9, (step, s)
    if pool:
        assert stands == ["executed_live"] * 8 and "settle_pnl" in kinds(chain)
    else:
        assert stands[-1] == "blocked" and s["reason"].startswith("Free collateral"), (stands, s)


def level(chain, price):
    """The embedded chain's market, long at another price."""
    chain.ctl("set_price", price=price)
    chain.ctl("warp", slots=1, seconds=400)


@pytest.mark.parametrize("kind", BOTH)
def test_a_large_profit_is_settled_after_an_hour(chains, agents, binary, kind):
    """Nothing else to do: only where the operator names an amount, and only beyond it."""
    if kind == "program":
        pytest.skip("an hour is an hour there")
    chain = chains("velocity", binary, sol=10, perp=-1, usdt=1000, speed=1000)
    chain.ctl("set_user", perp=-10, entry_price=2 * PRICE)
    agent = agents(binary, chain, order__settle_profit_usd="500", agent__loop_interval_seconds="60")
    live = agent.start("--speed", "1000")
    live.told("of open profit is settled into the deposit", seconds=30)
    live.stop()
    assert kinds(chain) == ["settle_pnl"] and "has been open for an hour" in live.log
    assert settled(chain) > 700 * E6


def set_pool(chain, usd):
    """What the market can pay profits from."""
    key = chain.ctl("state")["perp_market"]
    account = chain.rpc("getAccountInfo", key, {"encoding": "base64"})
    d = bytearray(base64.b64decode(account["value"]["data"][0]))
    d[344:360] = int(usd * E9).to_bytes(16, "little")
    chain.ctl("set_account", pubkey=key, data=base64.b64encode(bytes(d)).decode())
