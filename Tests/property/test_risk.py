"""What follows from margin: assessment, liquidation price, leverage and health,
against exact integers and a book worked by hand."""

import pathlib
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from test_margin import one_short, oracle, set_wide
from venue_core import *


def test_what_an_assessment_says_about_the_market():
    b = one_short()
    x, m = b.b, b.b.perps[0]
    x.slot = 1000
    x.oracles[1].value.conf_e6, x.oracles[1].value.posted_slot = 7, 990
    m.last_funding_rate_e9, m.last_funding_rate_long_e9, m.last_funding_rate_short_e9 = (
        5,
        1_165_333,
        -1_165_333,
    )
    (
        m.last_funding_oracle_twap_e6,
        m.funding_period_s,
        m.mark_twap_e6,
        m.last_fill_price_e6,
        m.oracle_twap_5min_e6,
    ) = 76_170_544, 3600, 101, 0, 42
    a = b.assess()
    assert (
        a["oracle_conf_e6"],
        a["oracle_age_slots"],
        a["spot_age_slots"],
        a["oracle_twap_5min_e6"],
        a["mark_price_e6"],
    ) == (7, 10, 10, 42, 101)
    # docs/venues.md: -1,165,333 is -0.00153 % an hour, -13.4 % a year
    assert (
        a["funding_rate_e9"] == -1_165_333
        and a["funding_hourly_ppb"] == -15298
        and a["funding_annual_ppm"] == -134019
    )
    x.oracles[1].value.posted_slot = 1001
    m.last_fill_price_e6 = 99
    a = b.assess()
    assert a["oracle_age_slots"] == 0 and a["mark_price_e6"] == 99
    x.user.perps[0].base_e9 = 10**9
    assert b.assess()["funding_rate_e9"] == 1_165_333
    m.funding_period_s, m.last_funding_oracle_twap_e6 = 7200, 0
    assert b.assess()["funding_hourly_ppb"] == 1_165_333 * 10**6 // 2 // 100_000_000


def test_a_book_under_water():
    b = one_short()
    b.b.user.perps[0].quote_e6 = -600 * 10**6
    a = b.assess()
    assert (
        a["equity_e6"] == -100_000_000
        and a["leverage_infinite"]
        and a["liquidatable"]
        and a["health_bp"] == 0
    )
    assert a["liq_price_e6"] == a["oracle_price_e6"] and a["free_collateral_e6"] < 0


def test_a_spot_leg_with_its_own_oracle_moves_in_proportion():
    ffi, lib = core()
    b = one_short()
    apart = one_short()
    ffi.buffer(ffi.addressof(apart.b.spots[1].oracle))[:] = oracle(
        apart, 2, 200_000_000
    )  # the same asset, quoted at twice the price
    apart.b.user.spots[1].scaled_balance_e9 //= 2
    apart.b.spots[1].oracle_twap_5min_e6 = 200_000_000
    want, got, alone = (ffi.new("ek_liq_price *") for _ in range(3))
    check(lib.ek_liquidation_price(b.b, 0, 1, want, b.fault))
    check(lib.ek_liquidation_price(apart.b, 0, 1, got, apart.fault))
    check(lib.ek_liquidation_price(apart.b, 0, 0xFFFF, alone, apart.fault))
    assert abs(got.up_e6 - want.up_e6) <= 1
    # without the leg only the short moves: 1400 + 1000 - 10.3 p
    assert abs(alone.up_e6 - 2_400_000_000 / 10.3) < 2


def at_price(b, price):
    """Maintenance surplus with the shared SOL oracle at another price."""
    e = b.b.oracles[1]
    was, e.value.price_e6 = e.value.price_e6, price
    m = b.margin(MAINTENANCE, 0)
    e.value.price_e6 = was
    return m["total_collateral_e6"] - m["requirement_e6"]


@settings(max_examples=120, deadline=None)
@given(
    base=st.integers(-200, 200),
    spot=st.integers(-50, 200),
    quote=st.integers(-8000, 8000),
    cash=st.integers(-3000, 9000),
    bids=st.integers(0, 50),
)
def test_liquidation_price_is_the_first_price_under_the_line(base, spot, quote, cash, bids):
    b = one_short()
    u = b.b.user
    for p, amount in ((u.spots[0], cash), (u.spots[1], spot)):
        p.scaled_balance_e9, p.balance_type = abs(amount) * 10**9 or 1, int(amount < 0)
    set_wide(b.b.spots[0].cumulative_borrow_interest_e10, 10**10)
    set_wide(b.b.spots[1].cumulative_borrow_interest_e10, 10**10)
    u.perps[0].base_e9, u.perps[0].quote_e6, u.perps[0].open_bids_e9 = (
        base * 10**9,
        quote * 10**6 or 1,
        bids * 10**9,
    )
    now = b.b.oracles[1].value.price_e6
    ffi, lib = core()
    out = ffi.new("ek_liq_price *")
    check(lib.ek_liquidation_price(b.b, 0, 1, out, b.fault), b.fault)
    up, down = out.up_e6, out.down_e6
    if at_price(b, now) < 0:
        assert (up, down, out.price_e6) == (now, now, now)
        return
    if up:
        assert up > now and at_price(b, up) < 0 <= at_price(b, up - 1)
    else:
        assert at_price(b, now * 1000) >= 0
    if down:
        assert 0 < down < now and at_price(b, down) < 0 <= at_price(b, down + 1)
    else:
        assert at_price(b, 1) >= 0
    wanted = (down, up) if base > 0 else (up, down)
    assert out.price_e6 == (wanted[0] or wanted[1])
    # the whole way between is safe
    for k in range(1, 20):
        assert at_price(b, now + (max(up - 1, now) - now) * k // 20) >= 0
        assert at_price(b, now - (now - max(down + 1, 1) if down else now - 1) * k // 20) >= 0


@settings(max_examples=200, deadline=None)
@given(base=st.integers(-(10**12), 10**12), delta=st.integers(-(10**12), 10**12), cash=st.integers(1, 10**6))
def test_leverage_after(base, delta, cash):
    b = one_short()
    ffi, lib = core()
    u = b.b.user
    u.perps[0].base_e9, u.perps[0].quote_e6 = base, -(base // 10)
    u.spots[0].scaled_balance_e9 = cash * 10**9
    m = b.margin(MAINTENANCE, 0)
    equity = m["assets_e6"] + m["perp_pnl_e6"] - m["liabilities_e6"]
    notional = abs(base + delta) * 100_000_000 // 10**9
    out = ffi.new("uint32_t *")
    code = lib.ek_leverage_after(b.b, 0, delta, out, b.fault)
    if notional == 0:
        assert code == E.OK and out[0] == 0
    elif equity <= 0:
        assert code == E.RANGE and "infinite" in ffi.string(b.fault.text).decode()
    else:
        assert code == E.OK and out[0] == min(-(-notional * 10000 // equity), 2**32 - 1)


@settings(max_examples=200, deadline=None)
@given(
    coll=st.integers(-(10**20), 10**20),
    req=st.integers(0, 10**20),
    status=st.sampled_from([0, 0, 0, 1, 2, 3, 4]),
)
def test_health(coll, req, status):
    ffi, lib = core()
    u, m = ffi.new("ek_user *"), ffi.new("ek_margin *")
    u.status = status
    set_wide(m.total_collateral_e6, coll)
    set_wide(m.requirement_e6, req)
    if status & 2:
        want = 0
    elif req == 0 and coll >= 0:
        want = 10000
    elif coll <= 0 or req >= coll:
        want = 0
    else:
        want = (coll - req) * 10000 // coll
    assert lib.ek_health_bp(u, m) == want
