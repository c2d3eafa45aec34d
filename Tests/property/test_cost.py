"""The expected cost of a correction and the next funding rate,
against Python's exact integers and recorded results of the real program."""

import pathlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from test_margin import oracle, one_short
from venue_core import *

LONG, SHORT = 0, 1


def toward_zero(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def next_rate(name, mark, orc, clamp, slope, tier):
    spread = mark - orc
    dead = orc * clamp // 10000 if name == "velocity" else 0
    drawn = max(0, abs(spread) - dead)
    premium = drawn * slope // 10**6 if name == "velocity" else drawn
    rate = (premium if spread >= 0 else -premium) + orc // {"velocity": 3333, "drift": 5000}[name]
    most = orc // {0: 33, 1: 33, 2: 20}.get(tier, 10)
    return toward_zero(max(-most, min(most, rate)) * 1000, 24)


def predicted(b, name):
    ffi, lib = core()
    out = ffi.new("int64_t *")
    check(lib.ek_funding_next(venue(name), ffi.addressof(b.b.perps[0]), 0, out))
    return out[0]


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(["velocity", "drift"]),
    orc=st.integers(1, 10**12),
    gap=st.integers(-200_000, 200_000),
    clamp=st.integers(0, 1000),
    slope=st.integers(0, 3 * 10**6),
    tier=st.integers(0, 5),
)
def test_the_next_funding_rate(name, orc, gap, clamp, slope, tier):
    b = one_short(name)
    m = b.b.perps[0]
    mark = max(1, orc + orc * gap // 10**6)
    m.mark_twap_e6, m.oracle_twap_e6, m.funding_clamp_bps, m.funding_slope_e6, m.contract_tier = (
        mark,
        orc,
        clamp,
        slope,
        tier,
    )
    assert predicted(b, name) == next_rate(name, mark, orc, clamp, slope, tier)


# mark and oracle average as the program stored them, clamp, slope, tier, and the rate that it set from them
PROGRAM = [
    (76250390, 76340755, 5, 1000000, 1, -1220458),
    (72541965, 76500422, 5, 333333, 4, -53490916),
    (76264616, 76887376, 17, 333333, 3, -5872875),
    (76199850, 75648496, 0, 1000000, 1, 23918750),
    (81305124, 76686159, 100, 333333, 3, 54460041),
    (76276192, 75974313, 0, 500000, 3, 7238875),
    (76293116, 76200816, 17, 1500000, 4, 952583),
]


@pytest.mark.parametrize("mark,orc,clamp,slope,tier,rate", PROGRAM)
def test_the_next_funding_rate_is_the_programs(mark, orc, clamp, slope, tier, rate):
    b = one_short()
    m = b.b.perps[0]
    m.mark_twap_e6, m.oracle_twap_e6, m.funding_clamp_bps, m.funding_slope_e6, m.contract_tier = (
        mark,
        orc,
        clamp,
        slope,
        tier,
    )
    assert predicted(b, "velocity") == rate


def test_no_averages_no_rate():
    ffi, lib = core()
    b = one_short()
    out = ffi.new("int64_t *")
    for mark, orc in [(0, 1), (1, 0), (1, -1), (2**63, 1)]:
        b.b.perps[0].mark_twap_e6, b.b.perps[0].oracle_twap_e6 = mark, orc
        assert lib.ek_funding_next(venue("velocity"), ffi.addressof(b.b.perps[0]), 0, out) == E.RANGE


@settings(max_examples=400, deadline=None)
@given(
    side=st.sampled_from([LONG, SHORT]),
    size=st.integers(10**6, 10**15),
    price=st.integers(1, 10**11),
    spread=st.integers(0, 50_000),
    slip=st.integers(0, 200_000),
    lamports=st.integers(0, 10**10),
    sol=st.one_of(st.just(0), st.integers(1, 10**9)),
    rate=st.integers(-(10**12), 10**12),
    horizon=st.integers(0, 10**7),
    volume=st.sampled_from([0, 2 * 10**12, 10**13, 2 * 10**14]),
)
def test_expected_cost(side, size, price, spread, slip, lamports, sol, rate, horizon, volume):
    ffi, lib = core()
    b = one_short()
    m = b.b.perps[0]
    ffi.buffer(ffi.addressof(m.oracle))[:] = oracle(b, 1, price)
    b.b.have |= 1 << STATE | 1 << USER_STATS
    b.b.stats.has_volume, b.b.stats.taker_volume_30d_e6, b.b.stats.maker_volume_30d_e6 = 1, volume, 0
    nums = [42, 36, 33, 30, 27, 24]
    for i, n in enumerate(nums):
        b.b.state.perp_tiers[i].fee_num, b.b.state.perp_tiers[i].fee_den = n, 120_000
    m.fee_adjustment_pct, b.b.user.margin_mode = 0, 0
    bid = price * (10**6 - spread) // 10**6
    m.bid_twap_e6, m.ask_twap_e6, m.funding_period_s = bid, price, 3600
    q = ffi.new(
        "ek_cost_question *",
        dict(
            perp_index=0,
            direction=side,
            size_base_e9=size,
            max_slippage_ppm=slip,
            network_lamports=lamports,
            sol_price_e6=sol,
            rate_e9=rate,
            horizon_s=horizon,
        ),
    )
    out = ffi.new("ek_cost *")
    err = lib.ek_cost_expected(b.b, q, out)
    notional = size * price // 10**9
    if notional == 0:
        assert err == E.RANGE
        return
    assert err == E.OK
    tier = {0: 0, 2 * 10**12: 1, 10**13: 2, 2 * 10**14: 5}[volume]
    fee = -(-notional * nums[tier] // 120_000)
    half = min(slip, -(-(price - bid) * 500_000 // bid) if 0 < bid < price else 0)
    slippage = -(-notional * half // 10**6)
    network = -(-lamports * sol // 10**9)
    funding = toward_zero(toward_zero(rate * size, 10**12) * horizon, 3600) * (1 if side == SHORT else -1)
    net = fee + slippage + network - funding
    assert (out.notional_e6, out.fee_e6, out.slippage_e6, out.network_e6, out.funding_e6) == (
        notional,
        fee,
        slippage,
        network,
        funding,
    )
    assert out.cost_ppm == (-(-net * 10**6 // notional) if net > 0 else 0)


@settings(max_examples=200, deadline=None)
@given(
    notional=st.integers(1, 2**63 - 1),
    lost=st.integers(0, 2**63 - 1),
    network=st.integers(0, 2**63 - 1),
    funding=st.integers(-(2**63), 2**63 - 1),
)
def test_cost_ratio_at_the_extremes(notional, lost, network, funding):
    ffi, lib = core()
    out = ffi.new("uint64_t *")
    net = lost + network - funding
    want = -(-net * 10**6 // notional) if net > 0 else 0
    err = lib.ek_cost_ratio(notional, lost, network, funding, out)
    assert err == (E.OK if want < 2**64 else err) and (err != E.OK or out[0] == want)
    assert want < 2**64 or err != E.OK
