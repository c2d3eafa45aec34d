"""Stress as the whole program shows it: what `status` names happens when it is done on the chain; `assess`,
page and metrics say the same."""

import json
import socket
import urllib.request

import pytest

from harness import wait_for

FRAGILE = {"perp": -10, "usdt": -500}  # health is about 25 %


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def said(agent):
    out = agent.command("status", "-c", agent.config, "--json").out
    return json.loads(out)["data"] if out else None


def health_of(agent, slot):
    """The first look at a slot after this one."""
    s = wait_for(lambda: (d := said(agent)) and d["slot"] > slot and "health_pct" in d and d, 10, "a look")
    return s["health_pct"], s["slot"]


@pytest.fixture
def fragile(bench):
    chain, agent = bench(
        chain=FRAGILE, hedge__max_leverage="100", agent__mode="paper", agent__loop_interval_seconds="0.2"
    )
    agent.start()
    wait_for(lambda: (said(agent) or {}).get("stress"), 10, "stress")
    return chain, agent


def test_what_restores_the_warning_level_restores_it(fragile):
    chain, agent = fragile
    s = said(agent)
    st = s["stress"]
    assert s["health_level"] == "warning" and 20 < s["health_pct"] < 50 and st["warning_pct"] == 50
    assert st["health50"]["up"]["price_e6"] == st["price_e6"] and st["health50"]["up"]["move_pct"] == 0
    usdt = int(st["collateral_e6"]) / 1e6
    quote = st["price_e6"]
    chain.ctl("set_user", usdt=-500 + usdt * 0.99)
    low, slot = health_of(agent, s["slot"] + 2)
    assert low < 50
    chain.ctl("set_user", usdt=-500 + usdt * 1.01)
    assert health_of(agent, slot + 2)[0] >= 50
    assert said(agent)["stress"]["collateral_e6"] == "0" and quote == said(agent)["stress"]["price_e6"]
    text = agent.said("status").out
    assert " stress    health 50 % $" in text and " gap       +10 % " in text and "restore" not in text


def test_the_price_named_for_liquidation_liquidates(fragile):
    chain, agent = fragile
    s = said(agent)
    up = s["stress"]["liquidation"]["up"]
    price = int(up["price_e6"]) / 1e6
    assert price == pytest.approx(int(s["stress"]["price_e6"]) / 1e6 * (1 + up["move_pct"] / 100), rel=1e-5)
    restore = agent.said("status").out.split(" restore   ")[1]
    assert restore.startswith("health 50.0 % again by a deposit of $")
    chain.ctl("set_price", price=price * 0.999)
    near, slot = health_of(agent, s["slot"] + 2)
    assert 0 < near < 1
    chain.ctl("set_price", price=price * 1.001)
    assert health_of(agent, slot + 2)[0] == 0
    s = said(agent)["stress"]
    assert s["liquidation"]["up"] == {"price_e6": s["price_e6"], "move_pct": 0.0}
    assert all(g["liquidated"] and int(g["free_e6"]) < 0 for g in s["gaps"])


def test_assess_page_and_metrics_say_the_same(bench):
    port = free_port()
    chain, agent = bench(
        chain={"perp": -10, "usdt": 200}, agent__mode="paper", web__listen="127.0.0.1:%d" % port
    )
    agent.start()
    saved = agent.home / "read.json"
    wait_for(
        lambda: said(agent) and agent.command("status", "-c", agent.config, "--accounts", saved).code == 0,
        20,
        "a read is saved",
    )
    r = agent.command("assess", saved, "-c", agent.config, "--json")
    a = json.loads(r.out)["data"]
    assert r.code == 0 and a["stress"]["slot"] == a["slot"]
    assert a["stress"]["liquidation"]["up"]["price_e6"] == a["liq_price_e6"]
    words = agent.command("assess", saved, "-c", agent.config).out
    assert " stress    health 50 % $" in words and "   liquidation $" in words and " gap       +10 %" in words

    def get(path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5) as answer:
            return answer.read().decode()

    page = json.loads(get("/api/status"))["data"]["stress"]
    assert set(page) == set(a["stress"])
    assert [g["rise_pct"] for g in page["gaps"]] == [10, 20, 50]
    near = float(page["health50"]["up"]["move_pct"]) / 100
    lines = [x for x in get("/metrics").splitlines() if x.startswith("evenkeel_stress_price_ratio{")]
    moves = {x.split("} ")[0].split("{")[1]: float(x.split("} ")[1]) for x in lines}
    assert moves['market="SOL-PERP",to="health50",side="up"'] == pytest.approx(near, abs=1e-3)
    assert set(moves) == {
        'market="SOL-PERP",to="%s",side="up"' % k for k in ("health50", "health20", "liquidation")
    }


def test_one_that_runs_shows_it_a_minute_old_at_most(bench):
    """With every tick the same, until the position changes."""
    chain, agent = bench(chain={"perp": -10}, agent__mode="paper", agent__loop_interval_seconds="0.1")
    running = agent.start()
    wait_for(lambda: len(running.lines) > 12, 20, "ticks")
    slots = {x["stress"]["slot"] for x in running.lines}
    assert len(slots) == 1 and len({x["slot"] for x in running.lines}) > 3
    assert said(agent)["stress"]["slot"] > max(slots)
    chain.ctl("set_user", perp=-9.5)
    wait_for(lambda: running.lines[-1]["stress"]["slot"] > max(slots), 10, "computed anew")
