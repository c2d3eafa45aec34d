"""STATUS as machines read it: exact integers as strings, their relations, drift to the last digit;
and the other faces of it."""

import json
import re

import pytest

E9 = 10**9
EXACT = [
    "spot_base_e9",
    "venue_spot_base_e9",
    "wallet_spot_base_e9",
    "perp_base_e9",
    "net_delta_base_e9",
    "drift_ppm",
    "total_collateral_e6",
    "initial_margin_e6",
    "maintenance_margin_e6",
    "free_collateral_e6",
    "oracle_price_e6",
]
ALWAYS = [
    "status",
    "action_taken",
    "correction_size",
    "tx_signature",
    "drift_pct",
    "net_delta",
    "after",
    "positions",
    "mode",
    "venue",
    "market",
    "reason",
    "slot",
    "time",
    "gates",
]


def truncated(net, spot):
    """net / spot in parts per million, toward zero."""
    q = abs(net) * 10**6 // abs(spot)
    return q if (net < 0) == (spot < 0) else -q


@pytest.mark.parametrize("venue", ["velocity", "drift"])
@pytest.mark.parametrize(
    "sol,perp,wallet",
    [(10, -9.85, 1), (10, -10.1, 0.5), (3.333333333, -3.34, 0.777777777), (123.456789, -100, 0.123456789)],
)
def test_the_numbers_agree(bench, each_binary, agents, chains, venue, sol, perp, wallet):
    chain = chains(venue, each_binary, sol=sol, perp=perp, wallet_sol=wallet, usdt=5000)
    agent = agents(
        each_binary,
        chain,
        hedge__spot="venue:SOL, wallet:SOL",
        agent__mode="paper",
        hedge__drift_tolerance_pct="50",
    )
    r = agent.once()
    message = json.loads(r.out)
    s = r.status
    assert message["type"] == "STATUS" and s["status"] == "balanced" and r.code == 0, r
    for key in ALWAYS:
        assert key in s, key
    n = {}
    for key in EXACT:
        assert isinstance(s[key], str) and re.fullmatch(r"-?\d+", s[key]), (key, s[key])
        n[key] = int(s[key])
    for key in ("correction_size", "drift_pct", "net_delta", "health_pct", "leverage"):
        assert isinstance(s[key], (int, float)), key
    assert n["perp_base_e9"] == round(perp * E9) and n["wallet_spot_base_e9"] == round(wallet * E9)
    assert 0 <= round(sol * E9) - n["venue_spot_base_e9"] <= 1
    assert n["spot_base_e9"] == n["venue_spot_base_e9"] + n["wallet_spot_base_e9"]
    assert n["net_delta_base_e9"] == n["spot_base_e9"] + n["perp_base_e9"]
    assert n["drift_ppm"] == truncated(n["net_delta_base_e9"], n["spot_base_e9"])
    assert (
        round(s["drift_pct"] * 10**4) == n["drift_ppm"]
        and round(s["net_delta"] * E9) == n["net_delta_base_e9"]
    )
    assert n["free_collateral_e6"] == n["total_collateral_e6"] - n["initial_margin_e6"]
    assert 0 < n["maintenance_margin_e6"] < n["initial_margin_e6"]
    price = n["oracle_price_e6"]
    assert price == chain.ctl("state")["sol_price_1e6"]
    notional = abs(perp) * price
    assert s["leverage"] == pytest.approx(
        notional / (5000e6 + sol * price), rel=0.01
    )  # the quote asset is a few bps off 1
    assert 0 < s["health_pct"] <= 100
    (p,) = s["positions"]
    assert p["market"] == "SOL-PERP" and p["side"] == "SHORT" and p["size"] == perp
    # 0.9 of 123 SOL is more than 1.03 of 100: no price liquidates that one.
    assert p["liq_price"] is None if sol > 100 else p["liq_price"] > p["oracle_price"]
    assert (
        p["liq_distance_pct"] is None
        if sol > 100
        else abs(p["liq_distance_pct"] - (p["liq_price"] / p["oracle_price"] - 1) * 100) < 0.001
    )
    assert p["entry_price"] == pytest.approx(price / 1e6, abs=1e-5) and p["pnl"] == pytest.approx(0, abs=0.01)
    assert s["mode"] == "paper" and s["venue"] == venue and s["market"] == "SOL-PERP"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", s["time"]) and s["slot"] > 438_000_000
    names = [g["name"] for g in s["gates"]]
    assert len(names) == len(set(names)) >= 10 and all(
        set(g) >= {"name", "ok", "value", "limit"} for g in s["gates"]
    )


@pytest.mark.parametrize("perp", [-9.876543, -10.123457])
def test_drift_exactly_at_the_tolerance_is_balanced(bench, perp):
    chain, agent = bench(chain={"perp": perp}, agent__mode="paper", hedge__drift_tolerance_pct="50")
    ppm = abs(int(agent.once().status["drift_ppm"]))
    assert ppm > 10_000
    agent.set(hedge__drift_tolerance_pct="%d.%04d" % divmod(ppm, 10_000))
    assert agent.once().status["status"] == "balanced"
    agent.set(hedge__drift_tolerance_pct="%d.%04d" % divmod(ppm - 1, 10_000))
    assert agent.once().status["status"] == "executed_paper"


@pytest.mark.parametrize("venue", ["velocity", "drift"])
@pytest.mark.parametrize("perp,action", [(-2, "REDUCE_SHORT"), (2, "EXPAND_SHORT")])
def test_without_spot_the_perp_is_closed(bench, venue, perp, action):
    chain, agent = bench(venue, chain={"sol": 0, "perp": perp})
    r = agent.once()
    s = r.status
    assert (
        r.code == 0
        and s["status"] == "executed_live"
        and s["action_taken"] == action
        and s["correction_size"] == 2
    ), r
    assert s["drift_pct"] is None and s["drift_ppm"] is None and s["net_delta"] == perp
    assert s["positions"][0]["side"] == ("SHORT" if perp < 0 else "LONG")
    assert chain.perp() == 0 and chain.orders_sent()[0][1]["reduce_only"] == 1
    s = agent.once().status
    assert s["status"] == "balanced" and s["positions"] == []


def test_spot_that_is_borrowed(bench):
    """Negative spot: the book owes SOL, the level perp is long. The sale or purchase is named by its side."""
    chain, agent = bench(chain={"sol": -1, "perp": 0.5, "usdt": 5000})
    s = agent.once().status
    assert s["status"] == "executed_live" and s["action_taken"] == "REDUCE_SHORT", s
    assert s["correction_size"] == pytest.approx(0.5, abs=0.011) and int(s["spot_base_e9"]) < 0
    assert s["positions"][0]["side"] == "LONG"


def test_text_for_people(bench):
    chain, agent = bench(chain={"perp": -9})
    r = agent.command("run", "-c", agent.config, "--once")
    assert (
        r.code == 0
        and "executed_live" in r.out
        and "SOL-PERP on velocity (live)" in r.out
        and "{" not in r.out
    )
    assert "gates     all" in r.out and "health" in r.out
    r = agent.command("run", "-c", agent.config, "--once")
    assert "balanced" in r.out and "EXPAND_SHORT 1.0000 @ $76." in r.out


@pytest.mark.parametrize("form", ["logfmt", "json", "plain"])
def test_log_forms(bench, form):
    chain, agent = bench(chain={"perp": -9})
    r = agent.once("--log", form)
    lines = r.err.splitlines()
    assert lines and r.status["status"] == "executed_live"
    if form == "logfmt":
        assert all(
            re.match(r'time=\S+ level=(err|warn|info|debug) tick=\d+( ticket=\S+)? msg="', x) for x in lines
        ), r.err
    elif form == "json":
        assert {json.loads(x)["level"] for x in lines} <= {"err", "warn", "info", "debug"}
        assert any(
            json.loads(x)["msg"].startswith("[REBALANCER] Rebalance executed: EXPAND_SHORT 1.000000")
            for x in lines
        )
    else:
        assert any(
            "[REBALANCER] LIVE MODE: Executing EXPAND_SHORT for 1.000000 SOL" in x and "msg=" not in x
            for x in lines
        )
