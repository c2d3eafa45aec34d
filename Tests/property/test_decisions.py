"""What the agent's own machine does with books, rules and troubles of any kind: the real decision code on the
embedded chain, in process (Tests/probe), judged here by its effects alone: what was signed, what was sent,
what became of the position."""

import json
import os
import pathlib
import subprocess

import pytest
from hypothesis import HealthCheck, assume, event, given, note, settings
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("EK_PROBE") or ROOT / "bin" / "evenkeel-probe")
E9, E6 = 10**9, 10**6
CORRECT = 3


class Probe:
    def __init__(self):
        if not BINARY.exists():
            pytest.fail("%s is not built: `make bin/evenkeel-probe`" % BINARY)
        self.process = subprocess.Popen(
            [str(BINARY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tick(self, case):
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "trouble" not in answer, answer
        return Tick(case, answer)


@pytest.fixture(scope="module")
def probe():
    p = Probe()
    yield p
    p.process.stdin.close()
    assert p.process.wait(20) == 0


class Tick:
    """One tick's outcome, its numbers as integers."""

    def __init__(self, case, a):
        self.case, self.a, self.rules = case, a, case["rules"]
        self.sent, self.closed, self.status = a["sent"], a["closed"], a["status"]
        self.net, self.size, self.spot = int(a["net_e9"]), int(a["size_e9"]), int(a["spot_e9"])
        self.step, self.least = int(a["step_e9"]), int(a["least_e9"])
        self.before, self.after = (self.perp(a[k]) for k in ("before", "after"))
        self.moved = self.after["base_asset_amount"] - self.before["base_asset_amount"]

    @staticmethod
    def perp(state):
        return next(
            (p for p in state["account"]["perp_positions"] if p["market_index"] == 0),
            {"base_asset_amount": 0, "quote_asset_amount": 0},
        )


# --- what a case is made of


def troubles():
    """Each closes something, or might: (name, what is added to the case)."""
    op = lambda **o: {"ops": [o]}  # noqa: E731
    rule = lambda **r: {"rules": r}  # noqa: E731
    flag = lambda k: st.just({k: 1})  # noqa: E731
    return st.one_of(
        flag("kill"),
        flag("breaker"),
        flag("paused"),
        flag("disk_full"),
        flag("signer_refuses"),
        st.just(rule(foreign=1)),
        st.integers(0, 255).map(lambda v: op(op="market", exchange_status=v)),
        st.integers(0, 4).map(lambda v: op(op="market", perp_status=v)),
        st.integers(0, 255).map(lambda v: op(op="market", perp_paused=v)),
        st.sampled_from([0, 1, 2, 4, 8, 16, 32, 64, 128]).map(lambda v: op(op="set_user", status=v)),
        st.integers(0, 60).map(lambda v: op(op="oracle_lag", slots=v)),
        st.integers(0, 100).map(lambda v: {"blockhash_late_slots": v}),
        st.integers(0, 3000).map(lambda v: op(op="set_user", equity_floor=v)),
        st.sampled_from([0, 1, 2]).map(lambda v: rule(max_latency_ms=v)),
        st.integers(0, 2 * 10**9).map(lambda v: rule(gas_reserve_lamports=v)),
        st.integers(0, 1).map(lambda v: rule(max_trades_per_day=v)),
        st.integers(1, 5000).map(lambda v: rule(max_notional_day_e6=v * E6)),
        st.integers(0, 10_000).map(lambda v: rule(min_health_bp=v)),
        st.integers(0, 3000).map(lambda v: rule(equity_floor_e6=v * E6)),
        st.integers(0, 40).map(lambda v: rule(max_oracle_age_slots=v)),
        st.integers(1, 10_000).map(lambda v: rule(max_cost_ppm=v, force_drift_ppm=10**9)),
    )


@st.composite
def cases(draw, trouble=2, leverage=st.integers(1_000, 100_000)):
    price = draw(st.integers(15, 400))
    sol = (
        draw(
            st.sampled_from([(300, 30_000)] * 4 + [(0, 300), (-3_000, 0)]).flatmap(lambda r: st.integers(*r))
        )
        * E6
    )
    held = (
        draw(st.integers(0, 3000)) * sol // 1000
        if draw(st.integers(0, 3))
        else draw(st.integers(-30_000, 10_000)) * E6
    )
    perp = -held // 10**7 * 10**7
    worth = max(sol, -perp, E9) * price // E9
    cash = draw(
        st.sampled_from([(worth // 2, 3 * worth)] * 4 + [(-worth // 2, worth // 2)]).flatmap(
            lambda r: st.integers(*r)
        )
    )
    case = {
        "venue": draw(st.sampled_from(["velocity", "velocity", "drift"])),
        "sol_e9": sol,
        "perp_e9": perp,
        "wallet_lamports": draw(
            st.sampled_from([(10**8, 2 * E9)] * 8 + [(0, 10**8)]).flatmap(lambda r: st.integers(*r))
        ),
        "ops": [{"op": "reprice", "price": price}, {"op": "set_user", "usdt": cash}],
        "rules": {
            "tolerance_ppm": draw(st.integers(100, 200_000)),
            "cooldown_s": draw(st.integers(60, 3600)),
            "min_trade_e9": draw(st.sampled_from([0, 0, 1, 5, 50, 200])) * 10**7,
            "max_trade_e9": draw(st.integers(200, 30_000)) * 10**7,
            "max_leverage_e4": draw(leverage),
            "min_health_bp": 0,
            "max_cost_ppm": 10**6,
        },
    }
    for t in draw(st.lists(troubles(), max_size=trouble)):
        for k, v in t.items():
            case[k] = case["ops"] + v if k == "ops" else {**case["rules"], **v} if k == "rules" else v
    return case


few = settings(
    max_examples=int(os.environ.get("EK_DECISIONS", "400")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def reasons_not_to(t):
    """Judged from the case, not from the gates: why nothing may be sent."""
    case, chain, out = t.case, {}, []
    for o in case["ops"]:
        chain.update(o)
    shrinking = t.a["reduce_only"] == 1
    r = {"max_oracle_age_slots": 25, "max_trades_per_day": 24, **t.rules}
    for k in ("kill", "breaker", "paused", "disk_full", "signer_refuses"):
        out += [k] * case.get(k, 0)
    out += ["foreign"] * r.get("foreign", 0)
    exchange, status, paused, user = (
        chain.get(k, d)
        for k, d in (("exchange_status", 0), ("perp_status", 1), ("perp_paused", 0), ("status", 0))
    )
    if exchange & 8 or exchange & 114 == 114:
        out.append("exchange")
    if (
        t.case["venue"] == "velocity"
        and (status in (0, 3, 4) or (status == 2 and not shrinking))
        or paused & 4
        or paused & 128
    ):
        out.append("market")
    # The flag of a liquidation alone is judged by the simulation.
    if user & 2 or user & ~0x1F or (user & 4 and not shrinking):
        out.append("user")
    if chain.get("slots", 0) > r["max_oracle_age_slots"] + 1:
        out.append("oracle age")
    if case.get("blockhash_late_slots", 0) > 55:
        out.append("blockhash")
    if r.get("max_latency_ms", 2000) < 1:
        out.append("latency")
    if r["max_trades_per_day"] < 1:
        out.append("trades")
    return out


@few
@given(cases())
def test_no_gate_failure_ever_yields_an_order(probe, case):
    """Neither by the machine's own gates nor by what is wrong with the case itself: no order, no signature,
    no move."""
    t = probe.tick(case)
    note(t.a)
    why = reasons_not_to(t)
    event("sent" if t.sent else "held: %s" % (why or t.closed or [t.status]))
    if t.closed or why:
        assert t.sent == 0 and t.moved == 0, (why, t.closed)
        assert t.a["signed"] == 0 or (why and set(why) <= {"disk_full", "signer_refuses"}), (
            "asked to sign with a closed gate"
        )
    if t.sent:
        assert not t.closed and not why and t.a["verdict"] == CORRECT


@few
@given(cases(trouble=0, leverage=st.integers(1_000, 30_000)))
def test_leverage_after_the_order_is_never_above_the_limit(probe, case):
    """From the chain's own account: notional at the oracle price against the
    equity of the book that was decided on."""
    t = probe.tick(case)
    note(t.a)
    if t.moved == 0 or t.a["reduce_only"]:
        event("no order that adds")
        assert t.moved == 0 or abs(t.after["base_asset_amount"]) < abs(t.before["base_asset_amount"])
        return
    event("an order that adds")
    price = t.a["before"]["sol_price_1e6"] / E6
    cash = next(o["usdt"] for o in case["ops"] if "usdt" in o)
    worth = (
        cash * (1.01 if cash > 0 else 0.99)
        + case["sol_e9"] / E9 * price
        + t.before["base_asset_amount"] / E9 * price
        + t.before["quote_asset_amount"] / E6
    )
    assert abs(t.after["base_asset_amount"]) / E9 * price * 10_000 <= case["rules"]["max_leverage_e4"] * (
        worth + 0.05
    )


@few
@given(cases(trouble=0))
def test_post_trade_net_delta_is_under_one_step_and_what_a_cap_left(probe, case):
    """The position moves against the net delta by whole steps;
    afterwards |net delta| is under one step and what a cap left."""
    t = probe.tick(case)
    note(t.a)
    assert t.net == t.spot + t.before["base_asset_amount"]
    if t.moved == 0:
        event("held")
        return
    event("%s, capped %d" % (t.status, t.a["capped"]))
    r = t.rules
    assert (t.moved < 0) == (t.net > 0) and abs(t.moved) % t.step == 0 and abs(t.moved) <= t.size
    assert max(r["min_trade_e9"], t.least, t.step) <= t.size <= min(r["max_trade_e9"], abs(t.net))
    assert abs(t.net) * E6 > r["tolerance_ppm"] * abs(t.spot) or t.spot == 0
    if t.status == "executed_live":
        left = abs(t.net + t.moved)
        capped = abs(t.net) - t.size if t.a["capped"] else 0
        assert abs(t.moved) == t.size and left < t.step + capped and left < abs(t.net)


@few
@given(cases(trouble=0), st.integers(0, 7200))
def test_no_correction_inside_the_cooldown(probe, case, ago):
    case["success_seconds_ago"] = ago
    t = probe.tick(case)
    note(t.a)
    if ago < case["rules"]["cooldown_s"] - 1:
        event("inside")
        assert t.sent == 0 and t.moved == 0 and t.status != "executed_live"
    else:
        event("outside, sent" if t.sent else "outside")


def test_the_properties_are_not_empty(probe):
    """The plain case is corrected, and each trouble alone is what stops it."""
    plain = {
        "venue": "velocity",
        "sol_e9": 9 * E9,
        "perp_e9": -8 * E9,
        "ops": [],
        "rules": {
            "tolerance_ppm": 10_000,
            "cooldown_s": 60,
            "max_cost_ppm": 10**6,
            "min_trade_e9": 0,
            "max_trade_e9": 50 * E9,
            "max_leverage_e4": 50_000,
        },
    }
    assert probe.tick(plain).status == "executed_live"
    for trouble in (
        {"kill": 1},
        {"breaker": 1},
        {"paused": 1},
        {"disk_full": 1},
        {"signer_refuses": 1},
        {"success_seconds_ago": 10},
        {"rules": {**plain["rules"], "max_leverage_e4": 1000}},
        {"ops": [{"op": "market", "exchange_status": 8}]},
        {"blockhash_late_slots": 60},
    ):
        t = probe.tick({**plain, **trouble})
        assert t.sent == 0 and t.moved == 0, trouble
