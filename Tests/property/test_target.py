"""The decision with a hedge ratio and a target, and the order of several markets,
against Python's exact integers."""

import ctypes as c
import pathlib
import sys

import pytest
from hypothesis import assume, example, given, settings, strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from test_hedge import (
    AMOUNT,
    BALANCED,
    CORRECT,
    Decision,
    I64,
    NEVER,
    NOW,
    OK,
    OVERFLOW,
    RANGE,
    rules,
    smallest,
    truncated,
)
from test_hedge import hedge  # noqa: F401  (the fixture)

ONE = 1_000_000
RATIO = st.one_of(st.just(ONE), st.integers(0, 2 * ONE), st.sampled_from([0, 1, ONE - 1, ONE + 1, 2 * ONE]))
TARGET = st.one_of(st.just(0), st.integers(-(10**15), 10**15))
MAX, MIN = 2**63 - 1, -(2**63)


@pytest.fixture(scope="module")
def aimed(hedge):  # noqa: F811
    hedge.ek_drift_to.argtypes = [c.c_int64, c.c_int64, c.c_uint32, c.c_int64] + [c.c_void_p] * 3
    hedge.ek_risk_e6.argtypes = [c.c_int64, c.c_int64, c.c_uint32, c.c_int64]
    hedge.ek_risk_e6.restype = c.c_int64
    return hedge


def drift_to(core, spot, perp, ratio, target):
    net, ppm, known = c.c_int64(), c.c_int64(), c.c_int()
    err = core.ek_drift_to(spot, perp, ratio, target, c.byref(net), c.byref(ppm), c.byref(known))
    return (err, net.value, ppm.value, known.value) if err == OK else (err, None, None, None)


def aim(spot, ratio, target):
    return -truncated(spot * ratio, ONE) + target


@given(AMOUNT, AMOUNT, RATIO, st.one_of(TARGET, I64))
@example(MIN, 0, ONE, 0)
@example(MAX, MAX, 2 * ONE, MAX)
@example(-1, 0, ONE - 1, 0)
@settings(max_examples=400)
def test_net_delta_to_the_target_is_exact_for_any_amounts(aimed, spot, perp, ratio, target):
    err, net, ppm, known = drift_to(aimed, spot, perp, ratio, target)
    want = perp - aim(spot, ratio, target)
    if not MIN <= want <= MAX:
        assert err == OVERFLOW
        return
    assert (err, net) == (OK, want)
    assert known == (1 if spot != 0 or net == 0 else 0)
    assert ppm == (0 if spot == 0 else max(MIN, min(MAX, truncated(net * ONE, abs(spot)))))


@given(AMOUNT, AMOUNT)
@settings(max_examples=500)
def test_ratio_100_and_target_0_change_nothing(aimed, spot, perp):
    net, ppm, known = c.c_int64(), c.c_int64(), c.c_int()
    err = aimed.ek_drift(spot, perp, c.byref(net), c.byref(ppm), c.byref(known))
    plain = (err, net.value, ppm.value, known.value) if err == OK else (err, None, None, None)
    assert drift_to(aimed, spot, perp, ONE, 0) == plain


def decided(core, r, spot, perp, ratio, target):
    err, net, ppm, known = drift_to(core, spot, perp, ratio, target)
    assume(err == OK)
    assume(r.max_trade // r.step * r.step >= smallest(r))
    d = Decision()
    assert core.ek_decide(r, net, ppm, known, perp, NOW, NEVER, d) == OK
    return net, ppm, known, d


@given(rules, AMOUNT, AMOUNT, RATIO, TARGET)
@settings(max_examples=500)
def test_a_correction_goes_towards_the_target_and_never_past_it(aimed, r, spot, perp, ratio, target):
    net, ppm, known, d = decided(aimed, r, spot, perp, ratio, target)
    if d.verdict != CORRECT:
        return
    goal = aim(spot, ratio, target)
    assert d.direction == (1 if net > 0 else 0), "always against net delta"
    after = perp - d.size if net > 0 else perp + d.size
    assert min(perp, goal) <= after <= max(perp, goal)
    assert abs(after - goal) < abs(net)
    if d.reduce_only:
        assert abs(after) < abs(perp) and after * perp >= 0
    if not d.capped:
        assert abs(after - goal) < r.step, "post-trade |net delta| is under one step"
    else:
        assert abs(after - goal) == abs(net) - d.size, "or what the cap left over"


@given(rules, AMOUNT, AMOUNT, RATIO, TARGET)
@settings(max_examples=400)
def test_balanced_exactly_within_the_tolerance_of_the_target(aimed, r, spot, perp, ratio, target):
    net, ppm, known, d = decided(aimed, r, spot, perp, ratio, target)
    assert (d.verdict == BALANCED) == (net == 0 or (known == 1 and abs(ppm) <= r.tolerance_ppm))


@given(
    rules,
    st.integers(-(10**12), 10**12),
    st.integers(-(10**12), 10**12),
    RATIO,
    st.integers(-(10**12), 10**12),
)
@settings(max_examples=60, deadline=None)
def test_step_by_step_the_perp_arrives_at_the_target(aimed, r, spot, perp, ratio, target):
    goal = aim(spot, ratio, target)
    assume(abs(perp - goal) <= 200 * r.max_trade)
    for _ in range(210):
        net, ppm, known, d = decided(aimed, r, spot, perp, ratio, target)
        if d.verdict != CORRECT:
            break
        after, ppm_after, known_after = c.c_int64(), c.c_int64(), c.c_int()
        assert (
            aimed.ek_drift_after(
                spot, net, d.direction, d.size, c.byref(after), c.byref(ppm_after), c.byref(known_after)
            )
            == OK
        )
        perp += d.size if d.direction == 0 else -d.size
        assert (OK, after.value, ppm_after.value, known_after.value) == drift_to(
            aimed, spot, perp, ratio, target
        )
    else:
        pytest.fail("still correcting")
    assert d.verdict == BALANCED or abs(perp - goal) // r.step * r.step < smallest(r)


@given(AMOUNT, AMOUNT, st.integers(0, 500_000), st.one_of(st.integers(1, 10**12), I64))
@settings(max_examples=400)
def test_risk_is_what_lies_beyond_the_tolerance_at_the_oracle_price(aimed, spot, net, tolerance, price):
    got = aimed.ek_risk_e6(spot, net, tolerance, price)
    beyond = abs(net) * ONE - abs(spot) * tolerance
    want = 0 if beyond <= 0 or price <= 0 else min(MAX, -(-beyond * price // 10**15))
    assert got == want


@given(AMOUNT, AMOUNT, st.integers(1, 500_000), st.integers(1, 10**12))
@settings(max_examples=400)
def test_risk_is_zero_exactly_inside_the_tolerance(aimed, spot, net, tolerance, price):
    assume(spot != 0)
    ppm = max(MIN, min(MAX, truncated(net * ONE, abs(spot))))
    if aimed.ek_risk_e6(spot, net, tolerance, price) == 0:
        assert abs(ppm) <= tolerance
    if abs(ppm) > tolerance:
        assert aimed.ek_risk_e6(spot, net, tolerance, price) > 0
