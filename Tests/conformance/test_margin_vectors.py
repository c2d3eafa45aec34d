"""Margin equal to the unit to what the real programs printed: 200 Drift scenarios,
150 + 23 Velocity refusals."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import margin_reference as ref
from stress_reference import Account, health_bp, judge, stress
from venue_core import *


BEING_LIQUIDATED = 1  # a flag of the account's status byte


def put_oracles(b, sol, quote):
    """The SOL oracle stands in for whichever accounts the perp and the SOL spot market name."""
    b.put(ORACLE, quote, bytes(b.b.spots[0].oracle.bytes))
    for k in {bytes(b.b.perps[0].oracle.bytes), bytes(b.b.spots[1].oracle.bytes)}:
        b.put(ORACLE, sol, k)
    return b


def totals(m):
    return m["total_collateral_e6"], m["requirement_e6"]


def reference(b, kind, strict):
    """The sheets' formulas on the decoded accounts, so that the property tests stand on proven ground."""
    ffi, lib = core()
    out, prices = ffi.new("ek_oracle **"), {}
    for i in range(b.b.n_spots):
        check(lib.ek_book_spot_oracle(b.b, b.b.spots[i].market_index, out))
        prices["spot", b.b.spots[i].market_index] = out[0].price_e6
    check(lib.ek_book_perp_oracle(b.b, b.b.perps[0].market_index, out))
    prices["perp", b.b.perps[0].market_index] = out[0].price_e6
    markets = lambda array, n: {m["market_index"]: m for m in map(plain, array[0:n])}
    return ref.margin(
        plain(b.b.user),
        markets(b.b.spots, b.b.n_spots),
        markets(b.b.perps, b.b.n_perps),
        prices,
        kind == INITIAL,
        strict,
    )


def drift_book(s):
    b = Book(venue("drift"), s["slot"], s["now"])
    b.put(USER, b64(s["user"]["base64"]))
    for role, name in ((PERP_MARKET, "perp_markets"), (SPOT_MARKET, "spot_markets")):
        for m in s[name]:
            b.put(role, b64(m["base64"]))
    return put_oracles(b, b64(s["oracle_accounts"]["SOL"]), b64(s["oracle_accounts"]["USDC"]))


def test_drift_scenarios():
    """Field `program`: four pairs of totals, free collateral, health and unsettled funding."""
    scenarios = vectors("margin-drift.json")["scenarios"]
    wrong, flagged = [], 0
    for s in scenarios:
        b = drift_book(s)
        for name, kind, strict in (
            ("initial", INITIAL, 0),
            ("initial_strict", INITIAL, 1),
            ("maintenance", MAINTENANCE, 0),
            ("maintenance_strict", MAINTENANCE, 1),
        ):
            m, want = b.margin(kind, strict), s["program"][name]
            free = max(0, totals(m)[0] - totals(m)[1])
            if (*totals(m), free) != (
                want["total_collateral"],
                want["margin_requirement"],
                want["free_collateral"],
            ):
                wrong.append((s["id"], name, totals(m), want, s["tags"]))
            assert totals(m) == reference(b, kind, strict)
        ffi, lib = core()
        maintenance = ffi.new("ek_margin *")
        check(lib.ek_margin_calc(b.b, MAINTENANCE, 0, maintenance, b.fault))
        # The field's client says whole percent, rounded half up, and 0 for a flagged account whatever it
        # holds. The flag outlives a liquidation, so ours says what the numbers say: the flag is a gate.
        health_pct = (lib.ek_health_bp(ffi.addressof(b.b, "user"), maintenance) + 50) // 100
        if b.b.user.status & BEING_LIQUIDATED:
            flagged += 1
            collateral, requirement = (
                s["program"]["maintenance"][k] for k in ("total_collateral", "margin_requirement")
            )
            by_numbers = max(0, collateral - requirement) * 10000 // max(1, collateral)
            assert (health_pct, s["program"]["health"]) == ((by_numbers + 50) // 100, 0), s["id"]
        else:
            assert health_pct == s["program"]["health"], s["id"]
        paid = sum(s["program"]["funding_payment"].values())
        assert b.margin(MAINTENANCE, 0)["unsettled_funding_e6"] == paid, s["id"]
    assert len(scenarios) >= 200 and flagged >= 10 and not wrong, (flagged, len(wrong), wrong[:5])


def test_stress_of_the_drift_scenarios():
    """The unmoved book is the program's own totals; from there the sheets' formulas, which give these totals
    to the unit, judge each price, deposit and size."""
    found = {}
    for s in vectors("margin-drift.json")["scenarios"]:
        b = drift_book(s)
        total, need = (s["program"]["maintenance"][k] for k in ("total_collateral", "margin_requirement"))
        perp = b.b.perps[0].market_index
        spot = b.b.spots[1].market_index
        a = Account(b, perp, spot)
        assert a.margin() == (total, need), s["id"]
        got = stress(b, perp, spot)
        assert got["health_bp"] == health_bp(total, need) and got["slot"] == s["slot"]
        for name in judge(a, got):
            found[name] = found.get(name, 0) + 1
    wanted = ("health50 up", "health20 up", "liquidation up", "health50 now", "collateral", "reduction")
    assert min(found.get(w, 0) for w in wanted) >= 5, found


def velocity_book(c, accounts, slot=0, now=0):
    b = Book(venue("velocity"), slot, now)
    raw = lambda name: b64(accounts[c[name]] if c[name].startswith("#") else c[name])
    b.put(USER, raw("user")).put(PERP_MARKET, raw("perp_market")).put(SPOT_MARKET, raw("spot_usdt")).put(
        SPOT_MARKET, raw("spot_sol")
    )
    return put_oracles(b, raw("oracle_sol"), raw("oracle_usdt"))


def test_velocity_totals_after_the_order_was_written():
    cases = vectors("velocity.json")["margin"]
    wrong = []
    for c in cases:
        b, kind = velocity_book(c, {}), {"initial": INITIAL, "maintenance": MAINTENANCE}[c["kind"]]
        got, want = totals(b.margin(kind, c["strict"])), (c["total_collateral"], c["margin_requirement"])
        assert reference(b, kind, c["strict"]) == want
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
        kind, m = b.margin_if_placed(
            order(
                order_type=o["order_type"],
                direction=o["direction"],
                base_e9=o["base"],
                reduce_only=o["reduce_only"],
            )
        )
        got = ["initial", "maintenance"][kind], *totals(m)
        want = c["kind"], int(c["total_collateral"]), int(c["margin_requirement"])
        if got != want:
            wrong.append((c["index"], c["tags"], got, want))
    assert len(golden["cases"]) >= 150 and not wrong, (len(wrong), wrong[:5])
