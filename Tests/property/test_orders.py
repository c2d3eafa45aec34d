"""Worst prices, fees, what is refused before it is signed, and the order in the margin,
against exact integers."""
import pathlib
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from test_margin import fill, one_short, reference
from venue_core import *

LONG, SHORT = 0, 1


def worst(price, ppm, direction, tick):
    ffi, lib = core()
    out = ffi.new("uint64_t *")
    check(lib.ek_worst_price(price, ppm, direction, tick, out))
    return out[0]


@settings(max_examples=500, deadline=None)
@given(price=st.one_of(st.integers(1, 10**12), st.integers(1, 2**63 - 1)), ppm=st.integers(0, 999_999),
       direction=st.sampled_from([LONG, SHORT]),
       tick=st.one_of(st.sampled_from([1, 100, 1000, 10**6]), st.integers(1, 10**9)))
def test_worst_price_is_the_last_tick_inside_the_bound(price, ppm, direction, tick):
    if direction == SHORT:
        bound = -(-price * (10**6 - ppm) // 10**6)
        want = -(-bound // tick) * tick
        ok = 0 < want <= price
    else:
        bound = price * (10**6 + ppm) // 10**6
        want = bound // tick * tick
        ok = want >= price
        if bound >= 2**63:
            with pytest.raises(Refused):
                worst(price, ppm, direction, tick)
            return
    if not ok:
        with pytest.raises(Refused) as refused:
            worst(price, ppm, direction, tick)
        assert refused.value.code == E.RANGE
        return
    got = worst(price, ppm, direction, tick)
    assert got == want and got % tick == 0
    assert got >= bound if direction == SHORT else got <= bound


def test_worst_price_refuses_nonsense():
    for args in [(0, 5000, 0, 1000), (-1, 5000, 0, 1000), (10**8, 10**6, 1, 1000), (10**8, 5000, 0, 0),
                 (10**8, 5000, 2, 1000), (10**8, 10, 1, 10**9)]:
        with pytest.raises(Refused) as refused:
            worst(*args)
        assert refused.value.code == E.RANGE
    assert worst(145_230_000, 5000, SHORT, 1000) == 144_504_000
    assert worst(145_230_000, 5000, LONG, 1000) == 145_956_000


VOLUMES = st.one_of(st.sampled_from([2 * 10**12, 2 * 10**12 - 1, 10**13, 2 * 10**13, 8 * 10**13,
                                     2 * 10**14 - 1, 2 * 10**14]), st.integers(0, 2**48))
TIERS = [(2 * 10**12, 1), (10 * 10**12, 2), (20 * 10**12, 3), (80 * 10**12, 4), (200 * 10**12, 5)]


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(["velocity", "drift"]), quote=st.integers(0, 2**50), num=st.integers(0, 1000),
       den=st.integers(1, 200_000), adjust=st.integers(-150, 150), maker=st.one_of(st.just(0), VOLUMES),
       taker=st.one_of(VOLUMES, st.just(2**64 - 1)), mode=st.sampled_from([0, 0, 1, 2]))
def test_taker_fee(name, quote, num, den, adjust, maker, taker, mode):
    ffi, lib = core()
    b = one_short(name)
    x = b.b
    x.have |= 1 << STATE | 1 << USER_STATS
    for i in range(10):
        x.state.perp_tiers[i].fee_num, x.state.perp_tiers[i].fee_den = num + 10 - i, den
    x.perps[0].fee_adjustment_pct, x.user.margin_mode = adjust, mode
    x.stats.has_volume, x.stats.maker_volume_30d_e6, x.stats.taker_volume_30d_e6 = 1, maker, taker
    tier = max([t for limit, t in TIERS if maker + taker >= limit], default=0) if mode == 0 else 0
    fee = -(-quote * (num + 10 - tier) // den) * (2 if mode else 1)
    fee = max(0, fee - fee * -adjust // 100) if adjust < 0 else fee + -(-fee * adjust // 100)
    out = ffi.new("uint64_t *")
    check(lib.ek_taker_fee(x, 0, quote, out))
    assert out[0] == fee


# quote, 30-day volume as taker and as maker (as stored, however old), fee adjustment in percent,
# and the fee the real program took
PROGRAM_FEES = [
    (7618236, 0, 0, 0, 2667), (7618236, 10**12, 0, 0, 2667),
    (7618236, 2 * 10**12, 0, 0, 2286), (7618236, 9 * 10**12, 0, 0, 2286),
    (7618236, 10**13, 0, 0, 2096), (7618236, 19 * 10**12, 0, 0, 2096),
    (7618236, 2 * 10**13, 0, 0, 1905), (7618236, 79 * 10**12, 0, 0, 1905),
    (7618236, 8 * 10**13, 0, 0, 1715), (7618236, 199 * 10**12, 0, 0, 1715),
    (7618236, 2 * 10**14, 0, 0, 1524),
    (7618236, 0, 4 * 10**12, 0, 2286), (7618236, 0, 250 * 10**12, 0, 1524),
    (7618203, 4 * 10**12, 0, -100, 0), (7618154, 4 * 10**12, 0, -50, 1143),
    (7618120, 4 * 10**12, 0, -7, 2126), (7618087, 4 * 10**12, 0, 7, 2447),
    (7618037, 4 * 10**12, 0, 50, 3429),
]


@pytest.mark.parametrize("quote,taker,maker,adjust,fee", PROGRAM_FEES)
def test_the_taker_fee_is_the_programs(quote, taker, maker, adjust, fee):
    ffi, lib = core()
    b = one_short()
    b.b.have |= 1 << STATE | 1 << USER_STATS
    for i, n in enumerate([42, 36, 33, 30, 27, 24]):
        b.b.state.perp_tiers[i].fee_num, b.b.state.perp_tiers[i].fee_den = n, 120_000
    b.b.stats.has_volume, b.b.stats.taker_volume_30d_e6, b.b.stats.maker_volume_30d_e6 = 1, taker, maker
    b.b.perps[0].fee_adjustment_pct, b.b.user.margin_mode = adjust, 0
    out = ffi.new("uint64_t *")
    check(lib.ek_taker_fee(b.b, 0, quote, out))
    assert out[0] == fee


def test_fee_of_the_fixture_and_its_refusals():
    ffi, lib = core()
    b = one_short()
    out = ffi.new("uint64_t *")
    assert lib.ek_taker_fee(b.b, 0, 10**6, out) == E.MISSING  # no State
    b.b.have |= 1 << STATE
    assert lib.ek_taker_fee(b.b, 0, 10**6, out) == E.RANGE    # tier with denominator 0
    b.b.state.perp_tiers[0].fee_num, b.b.state.perp_tiers[0].fee_den = 42, 120_000
    check(lib.ek_taker_fee(b.b, 0, 7_618_285, out))
    assert out[0] == 2667                                     # docs/venues.md: 7,618,285 - 7,615,618
    check(lib.ek_taker_fee(b.b, 0, 10**9, out))
    assert out[0] == 350_000
    assert lib.ek_taker_fee(b.b, 9, 1, out) == E.MISSING


# price 100, position short 10, step 0.01, minimum 0.01; slippage 1 %
GOOD = dict(base_e9=10**9, direction=SHORT, price_e6=99_000_000)
BUY = dict(base_e9=10**9, direction=LONG, price_e6=101_000_000)
OFFSET = dict(base_e9=10**9, direction=SHORT, order_type=4, oracle_offset_e6=-1_000_000)
CHECKS = [
    (GOOD, None), (BUY, None), (OFFSET, None), (dict(GOOD, order_type=1), None),
    (dict(BUY, reduce_only=1, base_e9=10 * 10**9), None),
    (dict(OFFSET, direction=LONG, oracle_offset_e6=1_000_000, auction_duration=10, auction_start_e6=0,
          auction_end_e6=1_000_000), None),
    (dict(GOOD, max_ts=1_700_000_030), None),
    (dict(GOOD, base_e9=0), "size 0"), (dict(GOOD, base_e9=2**64 - 1), "out of range"),
    (dict(GOOD, base_e9=10**9 + 1), "step"),
    (dict(BUY, reduce_only=1, base_e9=10 * 10**9 + 10**7), "larger than the position"),
    (dict(GOOD, reduce_only=1), "own side"),
    (dict(GOOD, price_e6=98_999_999), "slippage"), (dict(BUY, price_e6=101_000_001), "slippage"),
    (dict(GOOD, price_e6=0), "without a worst price"),
    (dict(GOOD, price_e6=2**64 - 1), "without a worst price"),
    (dict(GOOD, oracle_offset_e6=-1), "oracle offset"),
    (dict(GOOD, auction_end_e6=98_000_000), "auction end"),
    (dict(GOOD, auction_start_e6=98_000_000), "auction start"),
    (dict(OFFSET, price_e6=1), "absolute price"),
    (dict(base_e9=10**9, direction=SHORT, order_type=4), "worst offset"),
    (dict(OFFSET, oracle_offset_e6=-1_000_001), "slippage"),
    (dict(OFFSET, auction_end_e6=-100_000_000), "auction end"),
    (dict(OFFSET, direction=LONG, oracle_offset_e6=100_000_000), "slippage"),
    (dict(OFFSET, direction=LONG, oracle_offset_e6=1_000_000, auction_start_e6=100_000_000), "auction start"),
    (dict(GOOD, max_ts=1_700_000_000), "expired"), (dict(GOOD, market_type=0), "not a perp"),
    (dict(GOOD, direction=2), "not a perp"),
]


@pytest.mark.parametrize("fields, words", CHECKS)
def test_order_check(fields, words):
    ffi, lib = core()
    b = one_short()
    b.b.clock.unix_timestamp = 1_700_000_000
    code = lib.ek_order_check(b.b, order(**fields), 10_000, b.fault)
    if words is None:
        assert code == E.OK, b.fault.text
    else:
        assert code == E.RANGE and words in ffi.string(b.fault.text).decode()


def test_order_check_needs_a_market_and_a_kind_it_knows():
    ffi, lib = core()
    b = one_short()
    assert lib.ek_order_check(b.b, order(**GOOD, market_index=9), 10_000, b.fault) == E.MISSING
    assert lib.ek_order_check(b.b, order(**GOOD, order_type=2), 10_000, b.fault) == E.UNSUPPORTED
    assert lib.ek_order_check(b.b, order(**GOOD), 10**6, b.fault) == E.RANGE
    b.b.perps[0].min_order_base_e9 = 2 * 10**9
    assert lib.ek_order_check(b.b, order(**GOOD), 10_000, b.fault) == E.RANGE
    # the venue lets a reduction be small
    assert lib.ek_order_check(b.b, order(**BUY, reduce_only=1), 10_000, b.fault) == E.OK


NOW = 1_700_000_000


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**63), name=st.sampled_from(["velocity", "drift"]))
def test_margin_with_the_order_in_it(seed, name):
    """Expired orders out, the new one in, the type by the program's rule:
    then the plain margin of the changed account."""
    r = random.Random(seed)
    b, prices = fill(r, name)
    ffi, lib = core()
    b.put(CLOCK, bytes(32) + NOW.to_bytes(8, "little"))
    u = b.b.user
    for i in range(r.randrange(6)):
        o = u.orders[r.randrange(32)]
        if u.n_perps == 0:
            break
        p = u.perps[r.randrange(u.n_perps)]
        o.status, o.market_type, o.market_index = r.choice([1, 1, 1, 2]), 1, p.market_index
        o.order_type, o.direction = r.choice([0, 1, 2, 3, 4]), r.randrange(2)
        o.max_ts, o.base_e9 = r.choice([0, NOW - 1, NOW, NOW + 1]), r.randrange(1, 10**12)
        o.base_filled_e9 = r.randrange(o.base_e9)
    # the counters hold what the live orders hold, and something more
    live = [o for o in u.orders if o.status == 1]
    u.n_live_orders = len(live)
    held = {}
    for o in live:
        if o.order_type not in (2, 3):
            held.setdefault(o.market_index, [0, 0])[o.direction] += o.base_e9 - o.base_filled_e9
    for i in range(u.n_perps):
        p = u.perps[i]
        bids, asks = held.get(p.market_index, (0, 0))
        p.open_bids_e9, p.open_asks_e9 = bids + r.choice([0, 10**9]), -asks - r.choice([0, 10**9])
        p.open_orders = sum(o.market_index == p.market_index for o in live)
    new = order(order_type=r.choice([0, 1, 2, 3, 4]), direction=r.randrange(2), market_index=r.randrange(4),
                reduce_only=r.randrange(2), base_e9=r.choice([10**7, 10**7 + 5, r.randrange(10**7, 10**13)]))

    want = Book(b.b.venue)
    ffi.buffer(want.b)[:] = ffi.buffer(b.b)[:]
    w = want.b.user
    for o in w.orders:
        if o.status == 1 and o.order_type not in (2, 3) and 0 < o.max_ts < NOW:
            p = next(p for p in w.perps if p.market_index == o.market_index)
            if o.direction == LONG:
                p.open_bids_e9 -= o.base_e9 - o.base_filled_e9
            else:
                p.open_asks_e9 += o.base_e9 - o.base_filled_e9
            p.open_orders -= 1
    slot = next((i for i in range(w.n_perps) if w.perps[i].market_index == new.market_index), None)
    if slot is None:
        slot = w.n_perps
        w.n_perps += 1
        w.perps[slot].market_index = new.market_index
    p, size = w.perps[slot], new.base_e9 // 10**7 * 10**7
    open_side = p.open_bids_e9 if new.direction == LONG else -p.open_asks_e9
    closing = p.base_e9 < 0 if new.direction == LONG else p.base_e9 > 0
    kind = MAINTENANCE if new.reduce_only or (closing and open_side + size <= abs(p.base_e9)) else INITIAL
    if new.order_type not in (2, 3):
        if new.direction == LONG:
            p.open_bids_e9 += size
        else:
            p.open_asks_e9 -= size
    p.open_orders += 1

    got_kind, m = b.margin_if_placed(new)
    assert got_kind == kind
    assert (m["total_collateral_e6"], m["requirement_e6"]) == reference(want, prices, kind, 1)


def test_margin_with_an_order_that_cannot_be():
    b = one_short()
    b.b.have &= ~(1 << CLOCK)
    with pytest.raises(Refused) as refused:
        b.margin_if_placed(order(base_e9=10**9))
    assert refused.value.code == E.MISSING
    b.put(CLOCK, bytes(40))
    for o, code in [(order(base_e9=10**7 - 1), E.RANGE), (order(base_e9=2**63 + 10**7), E.RANGE),
                    (order(base_e9=10**9, market_index=8), E.MISSING),
                    (order(base_e9=10**9, market_type=0), E.RANGE)]:
        with pytest.raises(Refused) as refused:
            b.margin_if_placed(o)
        assert refused.value.code == code
    b.b.user.n_perps = 8
    for i in range(8):
        b.b.user.perps[i].market_index = 1
    with pytest.raises(Refused) as refused:
        b.margin_if_placed(order(base_e9=10**9))
    assert refused.value.code == E.FULL
