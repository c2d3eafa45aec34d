"""The decision's arithmetic against Python's exact integers: drift, direction, size, cooldown."""

import ctypes as c

import pytest
from hypothesis import assume, example, given, settings, strategies as st

OK, RANGE, OVERFLOW = 0, 2, 3
I64 = st.integers(-(2**63), 2**63 - 1)
# The size a book has, and now and then the ends of the type.
AMOUNT = st.one_of(st.integers(-(10**15), 10**15), st.integers(-100, 100), I64)
BALANCED, DUST, COOLDOWN, CORRECT = range(4)
NONE, EXPAND, REDUCE = range(3)


class Rules(c.Structure):
    _fields_ = [
        ("tolerance_ppm", c.c_uint32),
        ("cooldown_s", c.c_uint32),
        ("slot_ms", c.c_uint32),
        ("min_trade", c.c_uint64),
        ("max_trade", c.c_uint64),
        ("step", c.c_uint64),
        ("market_min", c.c_uint64),
    ]


class Moment(c.Structure):
    _fields_ = [("unix_s", c.c_int64), ("slot", c.c_uint64)]


class Decision(c.Structure):
    _fields_ = [
        ("verdict", c.c_uint8),
        ("action", c.c_uint8),
        ("direction", c.c_uint8),
        ("reduce_only", c.c_uint8),
        ("capped", c.c_uint8),
        ("size", c.c_uint64),
        ("cooldown_left_s", c.c_int64),
    ]


@pytest.fixture(scope="module")
def hedge(core):
    core.ek_decide.argtypes = [
        c.POINTER(Rules),
        c.c_int64,
        c.c_int64,
        c.c_int,
        c.c_int64,
        Moment,
        Moment,
        c.POINTER(Decision),
    ]
    core.ek_drift.argtypes = [c.c_int64, c.c_int64] + [c.c_void_p] * 3
    core.ek_drift_after.argtypes = [c.c_int64, c.c_int64, c.c_uint8, c.c_uint64] + [c.c_void_p] * 3
    core.ek_cooldown_left.argtypes = [c.POINTER(Rules), Moment, Moment]
    core.ek_cooldown_left.restype = c.c_int64
    core.ek_hedge_rules_check.argtypes = [c.POINTER(Rules), c.POINTER(c.c_uint64)]
    return core


def drift(hedge, spot, perp):
    net, ppm, known = c.c_int64(), c.c_int64(), c.c_int()
    err = hedge.ek_drift(spot, perp, c.byref(net), c.byref(ppm), c.byref(known))
    return (err, net.value, ppm.value, known.value) if err == OK else (err, None, None, None)


def truncated(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


@given(AMOUNT, AMOUNT)
@example(-(2**63), 0)
@example(-(2**63), 2**63 - 1)
@example(1, 2**63 - 2)
@example(-1, -(2**63) + 1)
@example(-(2**63), -(2**63))
@settings(max_examples=1000)
def test_drift_is_exact_for_any_amounts(hedge, spot, perp):
    err, net, ppm, known = drift(hedge, spot, perp)
    if not -(2**63) <= spot + perp < 2**63:
        assert err == OVERFLOW
        return
    assert (err, net) == (OK, spot + perp)
    assert known == (0 if spot == 0 and perp != 0 else 1)
    want = 0 if spot == 0 else truncated(net * 10**6, abs(spot))
    assert ppm == max(-(2**63), min(2**63 - 1, want))


rules = st.builds(
    lambda tolerance, cooldown, slot_ms, step, market_min, min_trade, max_trade: Rules(
        tolerance, cooldown, slot_ms, min_trade, max_trade, step, market_min
    ),
    st.integers(0, 500_000),
    st.integers(0, 2_592_000),
    st.sampled_from([0, 200, 400, 450]),
    st.sampled_from([1, 10, 1000, 10_000_000, 7_000_003]),
    st.sampled_from([0, 1, 10_000_000, 25_000_000]),
    st.one_of(st.integers(0, 10**10), st.just(5_000_000)),
    st.one_of(st.integers(10**9, 10**13), st.just(2**64 - 1)),
)
moments = st.builds(Moment, st.integers(1_500_000_000, 2_000_000_000), st.integers(1, 10**9))
NEVER = Moment(0, 0)
NOW = Moment(1_800_000_000, 438_000_000)


def smallest(r):
    floor = max(r.min_trade, r.market_min, r.step)
    return -(-floor // r.step) * r.step


def decided(hedge, r, spot, perp, now=NOW, last=NEVER):
    err, net, ppm, known = drift(hedge, spot, perp)
    assume(err == OK)
    d = Decision()
    err = hedge.ek_decide(r, net, ppm, known, perp, now, last, d)
    if r.max_trade // r.step * r.step < smallest(r):
        assert err == RANGE
        assume(False)
    assert err == OK
    return net, ppm, known, d


@given(rules, AMOUNT, AMOUNT)
@settings(max_examples=1000)
def test_direction_is_always_against_net_delta(hedge, r, spot, perp):
    net, ppm, known, d = decided(hedge, r, spot, perp)
    if d.verdict == BALANCED:
        assert (d.action, d.size) == (NONE, 0)
    else:
        assert d.action == (EXPAND if net > 0 else REDUCE)
        assert d.direction == (1 if net > 0 else 0)
        assert net != 0


@given(rules, AMOUNT, AMOUNT)
@settings(max_examples=1000)
def test_size_is_whole_steps_within_the_drift_and_the_cap(hedge, r, spot, perp):
    net, ppm, known, d = decided(hedge, r, spot, perp)
    assert d.size % r.step == 0
    assert d.size <= abs(net)
    assert d.size <= r.max_trade
    full = abs(net) // r.step * r.step
    if d.verdict == CORRECT:
        assert d.size >= smallest(r)
        assert (d.capped != 0) == (d.size < full)
        after = perp - d.size if net > 0 else perp + d.size
        # between where it was and -spot: never on the spot's side
        assert min(perp, -spot) <= after <= max(perp, -spot)
        if not d.capped:
            assert abs(spot + after) < r.step
        if d.reduce_only:
            assert abs(after) < abs(perp) and after * perp >= 0
        else:
            assert (perp >= 0 if net < 0 else perp <= 0) or d.size > abs(perp)


@given(rules, AMOUNT, AMOUNT)
@settings(max_examples=1000)
def test_balanced_exactly_within_the_tolerance(hedge, r, spot, perp):
    net, ppm, known, d = decided(hedge, r, spot, perp)
    inside = net == 0 or (known == 1 and abs(ppm) <= r.tolerance_ppm)
    assert (d.verdict == BALANCED) == inside


@given(rules, AMOUNT, AMOUNT)
@settings(max_examples=1000)
def test_no_correction_under_the_minimum(hedge, r, spot, perp):
    net, ppm, known, d = decided(hedge, r, spot, perp)
    if d.verdict != BALANCED:
        assert (d.verdict == DUST) == (abs(net) // r.step * r.step < smallest(r))


@given(rules, AMOUNT, AMOUNT, st.integers(0, 5_000_000), st.integers(0, 12_000_000))
@settings(max_examples=1000)
def test_no_correction_inside_the_cooldown(hedge, r, spot, perp, seconds, slots):
    last = Moment(NOW.unix_s - seconds, NOW.slot - slots)
    net, ppm, known, d = decided(hedge, r, spot, perp, NOW, last)
    slot_ms = r.slot_ms or 400
    inside = seconds < r.cooldown_s or slots * slot_ms < r.cooldown_s * 1000
    if d.verdict == CORRECT:
        assert not inside
    if d.verdict == COOLDOWN:
        assert inside and d.cooldown_left_s > 0
    if d.verdict != BALANCED:
        assert (d.cooldown_left_s > 0) == inside


@given(rules, moments, moments)
@settings(max_examples=1000)
def test_cooldown_left_survives_clock_steps(hedge, r, now, last):
    left = hedge.ek_cooldown_left(r, now, last)
    slot_ms = r.slot_ms or 400
    by_slots = max(0, r.cooldown_s * 1000 - max(0, now.slot - last.slot) * slot_ms)
    wall = r.cooldown_s - (now.unix_s - last.unix_s) if now.unix_s >= last.unix_s else 0
    # at least what either clock says, never more than one whole cooldown
    assert max(wall, by_slots / 1000) <= left <= r.cooldown_s
    # the slots alone end it when the wall says nothing, and to the slot
    if now.unix_s < last.unix_s:
        whole = -(-r.cooldown_s * 1000 // slot_ms)
        assert (left == 0) == (max(0, now.slot - last.slot) >= whole)


@given(rules, st.integers(1, 10**6), st.integers(0, 10**6))
def test_cooldown_left_never_grows_as_time_passes(hedge, r, step_s, start):
    last = Moment(NOW.unix_s, NOW.slot)
    before = hedge.ek_cooldown_left(r, Moment(NOW.unix_s + start, NOW.slot + start * 2), last)
    after = hedge.ek_cooldown_left(
        r, Moment(NOW.unix_s + start + step_s, NOW.slot + (start + step_s) * 2), last
    )
    assert after <= before


@given(rules, st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
@settings(max_examples=1000)
def test_repeated_corrections_end_balanced(hedge, r, spot, perp):
    """Step after step (each filled whole) leads to a book within the tolerance
    or a remainder under the smallest order."""
    smallest_order = smallest(r)
    assume(abs(spot + perp) <= 200 * r.max_trade)
    for _ in range(210):
        net, ppm, known, d = decided(hedge, r, spot, perp)
        if d.verdict in (BALANCED, DUST):
            break
        assert d.verdict == CORRECT
        out, ppm_after, known_after = c.c_int64(), c.c_int64(), c.c_int()
        assert (
            hedge.ek_drift_after(
                spot, net, d.direction, d.size, c.byref(out), c.byref(ppm_after), c.byref(known_after)
            )
            == OK
        )
        perp += d.size if d.direction == 0 else -d.size
        assert (out.value, ppm_after.value, known_after.value) == drift(hedge, spot, perp)[1:]
        assert abs(out.value) < abs(net)
    else:
        pytest.fail("still correcting")
    assert d.verdict == BALANCED or abs(spot + perp) // r.step * r.step < smallest_order


@given(rules)
def test_rules_that_never_trade_are_refused(hedge, r):
    out = c.c_uint64()
    err = hedge.ek_hedge_rules_check(r, out)
    if r.max_trade // r.step * r.step < smallest(r):
        assert err == RANGE
    else:
        assert (err, out.value) == (OK, smallest(r))
    r.step = 0
    assert hedge.ek_hedge_rules_check(r, out) == RANGE
