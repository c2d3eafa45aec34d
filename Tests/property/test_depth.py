"""ek_depth.h over books that were recorded and then changed at random, up to the ends of the fields' types:
equal to the exact integers of depth_reference.py, or a refusal where those refuse too or where a sum leaves
the numbers that the core works with."""

import json
import pathlib
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import depth_books as books
import depth_reference as ref
from venue_core import *

ROWS = json.loads((TESTS / "conformance" / "depth.json").read_text())["rows"]
BUY, SELL = 0, 1
SUMS = ["base", "quote", "concentration", "min_base", "max_base", "sqrt_k", "peg", "terminal"]


def core_says(of, row, want=None):
    ffi, lib = core()
    b = Book(venue("velocity"), of["slot"], of["now"])
    for role, data in zip((STATE, PERP_MARKET, ORACLE), books.accounts(row)):
        b.put(role, data, ref.ORACLE_KEY)
    out = ffi.new("ek_depth *")
    err = E(lib.ek_depth_within(b.b, 0, of["sell"], of["worst"], of["want"] if want is None else want, out))
    return err, (out.fill_base_e9, out.quote_e6, bool(out.at_once), out.bound_e6)


def reference_says(of, row, want=None):
    state, market, oracle = books.accounts(row)
    asked = not of["sell"], of["worst"], of["want"] if want is None else want
    try:
        exchange = ref.oracle(oracle, of["slot"])
        return ref.depth(ref.market(market), of["slot"], of["now"], exchange, ref.guards(state), *asked)
    except (ref.Unknown, ZeroDivisionError):
        return None


def lawful(of):
    """Values that go together, near those that were recorded."""
    r = random.Random(of["seed"])
    for name in r.sample(list(ref.FIELDS), 12):
        if name not in (*SUMS, "net", "status", "tier", "tick", "step"):
            o, size, signed = ref.FIELDS[name]
            top = 2 ** (8 * size - bool(signed)) - 1
            of[name] = max(-top * signed, min(top, int(of[name] * r.uniform(0.5, 2)) + r.randrange(2)))
    root, tilt = int(of["sqrt_k"] * r.uniform(0.5, 2)), r.uniform(-0.01, 0.01)
    m = {"concentration": of["concentration"], "net": of["net"]}
    empty = int(root * (1 + tilt))
    ref.set_curve(m, root, empty - of["net"], root * root // (empty - of["net"]))
    of.update(m, peg=max(1, int(of["price"] * (1 + r.uniform(-0.01, 0.01)) * m["base"] / m["quote"])))


def wild(of):
    r = random.Random(of["seed"])
    for name in r.sample(list(ref.FIELDS), r.randrange(1, 5)):
        o, size, signed = ref.FIELDS[name]
        bits = 8 * size - bool(signed)
        of[name] = r.choice([0, 1, 2**bits - 1, r.randrange(2**bits), r.randrange(2 ** min(bits, 40))])
        if signed and r.random() < 0.5:
            of[name] = -of[name] - 1
    of["tier"], of["status"] = of["tier"] % 6, of["status"] % 5  # others are not decoded at all


def case(index, seed, change):
    row = list(ROWS[index % len(ROWS)])
    of = dict(zip(books.COLUMNS, row), seed=seed)
    change(of)
    return of, [of[k] for k in books.COLUMNS]


@settings(max_examples=1500, deadline=None)
@given(index=st.integers(0, 10**6), seed=st.integers(0, 2**32))
def test_near_books(index, seed):
    of, row = case(index, seed, lawful)
    err, found = core_says(of, row)
    known = reference_says(of, row)
    assert err != E.OVERFLOW and (found if err == E.OK else None) == known


@settings(max_examples=3000, deadline=None)
@given(index=st.integers(0, 10**6), seed=st.integers(0, 2**32))
def test_any_numbers(index, seed):
    of, row = case(index, seed, wild)
    err, found = core_says(of, row)
    if err != E.OVERFLOW:
        assert (found if err == E.OK else None) == reference_says(of, row)


@settings(max_examples=400, deadline=None)
@given(
    index=st.integers(0, 10**6),
    seed=st.integers(0, 2**32),
    more=st.floats(0, 0.05),
    want=st.integers(10**8, 10**13),
)
def test_a_wider_price_never_fills_less(index, seed, more, want):
    of, row = case(index, seed, lawful)
    err, near = core_says(of, row, want)
    of["worst"] = int(of["worst"] * (1 - more if of["sell"] else 1 + more))
    err_far, far = core_says(of, row, want)
    # what cannot fill at all refuses only who is not past the quote
    assert err == err_far or (err, err_far, near[0]) == (E.OK, E.RANGE, 0)
    if err_far == E.OK:
        assert near[0] <= far[0] <= want and far[0] % of["step"] == 0
        # the quote of what fits is the same whatever the price
        if near[0] == far[0]:
            assert near[1] == far[1]


def a_book():
    """One that fills by a price of its own slot."""
    known = (dict(zip(books.COLUMNS, row)) for row in ROWS)
    of = next(o for o in known if o["fill_base"] and o["posted"] == o["slot"])
    return of, [of[k] for k in books.COLUMNS]


@pytest.mark.parametrize(
    "field,value,err",
    [
        ("paused", 2, E.UNSUPPORTED), ("paused", 4, E.UNSUPPORTED), ("paused", 64, E.OK),
        ("status", 0, E.UNSUPPORTED), ("status", 2, E.OK), ("status", 3, E.UNSUPPORTED),
        ("exchange_status", 4, E.UNSUPPORTED), ("exchange_status", 8, E.UNSUPPORTED),
        ("exchange_status", 128, E.OK), ("revenue", -10**12, E.UNSUPPORTED), ("volatile", 0, E.UNSUPPORTED),
        ("posted", 1, E.UNSUPPORTED), ("conf", 10**9, E.UNSUPPORTED), ("sqrt_k", 0, E.UNSUPPORTED),
        ("sqrt_k", 1 << 59, E.OVERFLOW), ("step", 0, E.RANGE), ("tick", 0, E.RANGE), ("worst", 0, E.RANGE),
        ("want", 1, E.RANGE), ("fill_fraction", 0, E.RANGE), ("concentration", 10**6, E.RANGE),
        ("quote", 0, E.RANGE), ("twap", 2**61, E.OVERFLOW),
    ],
)  # fmt: skip
def test_what_is_not_known(field, value, err):
    of, _ = a_book()
    of[field] = value
    if field == "posted":
        of["mm_slot"] = 1
    assert core_says(of, [of[k] for k in books.COLUMNS])[0] == err


def test_what_is_missing():
    ffi, lib = core()
    of, row = a_book()
    state, market, oracle = books.accounts(row)
    out = ffi.new("ek_depth *")
    ask = lambda b, index=0, side=BUY: E(lib.ek_depth_within(b.b, index, side, of["worst"], of["want"], out))
    b = Book(venue("velocity"), of["slot"], of["now"])
    assert ask(b) == E.MISSING
    b.put(PERP_MARKET, market)
    assert ask(b) == E.MISSING
    b.put(STATE, state)
    assert ask(b) == E.MISSING
    b.put(ORACLE, oracle, ref.ORACLE_KEY)
    assert ask(b, side=of["sell"]) == E.OK and ask(b, index=1) == E.MISSING and ask(b, side=2) == E.RANGE
    b.b.state.slot_duration_ms = 250  # a newer program
    assert ask(b, side=of["sell"]) == E.UNSUPPORTED
    b.b.state.slot_duration_ms, b.b.perps[0].expiry_ts = 0, of["now"]
    assert ask(b, side=of["sell"]) == E.UNSUPPORTED
    clock = Book(venue("velocity"), of["slot"])
    clock.put(PERP_MARKET, market).put(STATE, state).put(ORACLE, oracle, ref.ORACLE_KEY)
    assert ask(clock) == E.MISSING


def test_drift_is_not_known():
    ffi, lib = core()
    b = Book(venue("drift"), 1, 1)
    b.b.n_perps = 1
    b.b.have |= 1 << STATE
    assert lib.ek_depth_within(b.b, 0, SELL, 1, 10**9, ffi.new("ek_depth *")) == E.UNSUPPORTED
