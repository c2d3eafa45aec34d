"""Margin equal to the unit to what the real programs printed: 200 Drift scenarios, 150 + 23 Velocity refusals."""
import sys, pathlib
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import *


def drift_book(s):
    b = Book(venue("drift"), s["slot"], s["now"])
    b.put(USER, b64(s["user"]["base64"]))
    raw = [b64(m["base64"]) for m in s["perp_markets"]], [b64(m["base64"]) for m in s["spot_markets"]]
    for m in raw[0]:
        b.put(PERP_MARKET, m)
    for m in raw[1]:
        b.put(SPOT_MARKET, m)
    return b


def test_drift_scenarios():
    scenarios = vectors("margin-drift.json")["scenarios"]
    wrong = []
    for s in scenarios:
        b = drift_book(s)
        accounts = s["oracle_accounts"]
        sol, usdc = b64(accounts["SOL"]), b64(accounts["USDC"])
        b.put(ORACLE, usdc, bytes(b.b.spots[0].oracle.bytes))
        for k in {bytes(b.b.perps[0].oracle.bytes), bytes(b.b.spots[1].oracle.bytes)}:
            b.put(ORACLE, sol, k)
        p = s["program"]
        for name, kind, strict in [("initial", INITIAL, 0), ("initial_strict", INITIAL, 1), ("maintenance", MAINTENANCE, 0), ("maintenance_strict", MAINTENANCE, 1)]:
            m = b.margin(kind, strict)
            got = m["total_collateral_e6"], m["requirement_e6"]
            want = p[name]["total_collateral"], p[name]["margin_requirement"]
            if got != want: wrong.append((s["id"], name, got, want, s["tags"]))
    assert not wrong, wrong[:5]


def velocity_book(c, accounts, slot=0, now=0):
    b = Book(venue("velocity"), slot, now)
    raw = lambda name: b64(accounts[c[name]] if c[name].startswith("#") else c[name])
    b.put(USER, raw("user")).put(PERP_MARKET, raw("perp_market")).put(SPOT_MARKET, raw("spot_usdt")).put(SPOT_MARKET, raw("spot_sol"))
    b.put(ORACLE, raw("oracle_usdt"), bytes(b.b.spots[0].oracle.bytes))
    for k in {bytes(b.b.perps[0].oracle.bytes), bytes(b.b.spots[1].oracle.bytes)}:
        b.put(ORACLE, raw("oracle_sol"), k)
    return b


def test_velocity_totals_after_the_order_was_written():
    cases = vectors("velocity.json")["margin"]
    wrong = []
    for c in cases:
        m = velocity_book(c, {}).margin({"initial": INITIAL, "maintenance": MAINTENANCE}[c["kind"]], c["strict"])
        got, want = (m["total_collateral_e6"], m["requirement_e6"]), (c["total_collateral"], c["margin_requirement"])
        if got != want:
            wrong.append((c["label"], got, want))
    assert len(cases) >= 23 and not wrong, wrong


def test_velocity_orders_as_the_program_judged_them():
    """Raw accounts and an order in; the type of margin and both totals out."""
    golden = vectors("margin-velocity.json")
    wrong = []
    for c in golden["cases"]:
        b = velocity_book(c, golden["accounts"], c["slot"], c["unix_time"])
        o = c["order"]
        kind, m = b.margin_if_placed(order(order_type=o["order_type"], direction=o["direction"], base_e9=o["base"], reduce_only=o["reduce_only"]))
        got = ["initial", "maintenance"][kind], m["total_collateral_e6"], m["requirement_e6"]
        want = c["kind"], int(c["total_collateral"]), int(c["margin_requirement"])
        if got != want:
            wrong.append((c["index"], c["tags"], got, want))
    assert len(golden["cases"]) >= 150 and not wrong, (len(wrong), wrong[:5])
