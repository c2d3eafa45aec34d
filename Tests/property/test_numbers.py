"""ek_wide and ek_fixed against Python's exact integers, in the native and the two-word build."""

import decimal
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import cffi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import E, ROOT, number

CORE = ROOT / "CSources/EvenkeelCore"


# The formulas add and subtract by inline functions whose errors stick (ek_calc.h):
# here as functions that can be called.
CALC = """#include "../../CSources/EvenkeelCore/base/ek_calc.h"
#define TWO(name) ek_err calc_##name(ek_i128 a, ek_i128 b, ek_i128 *out); \\
    ek_err calc_##name(ek_i128 a, ek_i128 b, ek_i128 *out) { \\
        ek_calc c = {EK_OK}; \\
        *out = ek_w_##name(&c, a, b); \\
        return c.err; \\
    }
TWO(add)
TWO(sub)
ek_err calc_abs(ek_i128 a, ek_i128 *out);
ek_err calc_abs(ek_i128 a, ek_i128 *out) { ek_calc c = {EK_OK}; *out = ek_w_abs(&c, a); return c.err; }
int calc_cmp(ek_i128 a, ek_i128 b);
int calc_cmp(ek_i128 a, ek_i128 b) { return ek_w_cmp(a, b); }
"""
CALC_H = (
    "ek_err calc_add(ek_i128, ek_i128, ek_i128 *); ek_err calc_sub(ek_i128, ek_i128, ek_i128 *); "
    "ek_err calc_abs(ek_i128, ek_i128 *); int calc_cmp(ek_i128, ek_i128);"
)


def load(flags):
    """Only the modules under test, so that the two-word twin runs on a machine that has __int128."""
    with tempfile.TemporaryDirectory() as d:
        so = pathlib.Path(d) / "numbers.so"
        calc = pathlib.Path(d) / "calc.c"
        calc.write_text(CALC.replace("../../CSources/EvenkeelCore", str(CORE)))
        subprocess.run(
            [
                "gcc",
                "-std=gnu11",
                "-O1",
                "-fsanitize=undefined",
                "-fno-sanitize-recover=all",
                "-static-libubsan",
                "-fPIC",
                "-shared",
                *flags,
                f"-I{CORE}/include",
                str(CORE / "base/ek_wide.c"),
                str(CORE / "base/ek_fixed.c"),
                str(calc),
                "-o",
                str(so),
            ],
            check=True,
        )
        ffi = cffi.FFI()
        for name in ("types", "wide", "fixed"):
            text = re.sub(r"/\*.*?\*/", "", (CORE / f"include/base/ek_{name}.h").read_text(), flags=re.S)
            ffi.cdef(
                re.sub(r"^#.*$", "", text, flags=re.M).replace("const char *ek_err_text(ek_err code);", "")
            )
        ffi.cdef(CALC_H)
        return ffi, ffi.dlopen(str(so))


@pytest.fixture(scope="module", params=[[], ["-DEK_NO_INT128"]], ids=["native", "two-word"])
def lib(request):
    return load(request.param)


LOW, HIGH = -(2**127), 2**127 - 1
EDGES = [
    0,
    1,
    -1,
    LOW,
    LOW + 1,
    HIGH,
    HIGH - 1,
    2**64,
    2**64 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    2**126,
    -(2**64),
]
WIDE = st.one_of(
    st.sampled_from(EDGES), st.integers(LOW, HIGH), st.integers(-(2**66), 2**66), st.integers(-1000, 1000)
)
I64 = st.one_of(
    st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 10**9, 10**6]),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-1000, 1000),
)
U64 = st.one_of(
    st.sampled_from([0, 1, 2**64 - 1, 2**63, 2**32]), st.integers(0, 2**64 - 1), st.integers(0, 1000)
)


def pack(ffi, n):
    w = ffi.new("ek_i128 *")
    w.lo, w.hi = n & (2**64 - 1), n >> 64
    return w[0]


def trunc(a, b):
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def expect(ffi, code, out, exact, low, high):
    """exact None: refused as RANGE."""
    if exact is None:
        assert code == E.RANGE
    elif low <= exact <= high:
        assert code == E.OK and (number(out[0]) if ffi.typeof(out).item.kind == "struct" else out[0]) == exact
    else:
        assert code == E.OVERFLOW


@settings(max_examples=400, deadline=None)
@given(a=WIDE, b=WIDE)
def test_wide(lib, a, b):
    ffi, c = lib
    x, y, out = pack(ffi, a), pack(ffi, b), ffi.new("ek_i128 *")
    run = lambda f, exact: expect(ffi, f(x, y, out), out, exact, LOW, HIGH)
    run(c.calc_add, a + b)
    run(c.calc_sub, a - b)
    run(c.ek_wide_mul, a * b)
    run(c.ek_wide_div_trunc, trunc(a, b) if b else None)
    run(c.ek_wide_div_floor, a // b if b else None)
    run(c.ek_wide_div_ceil, -(-a // b) if b else None)
    expect(ffi, c.ek_wide_neg(x, out), out, -a, LOW, HIGH)
    expect(ffi, c.calc_abs(x, out), out, abs(a), LOW, HIGH)
    assert c.ek_wide_cmp(x, y) == c.calc_cmp(x, y) == (a > b) - (a < b)
    assert c.ek_wide_sign(x) == (a > 0) - (a < 0)
    small, unsigned = ffi.new("int64_t *"), ffi.new("uint64_t *")
    expect(ffi, c.ek_wide_to_i64(x, small), small, a, -(2**63), 2**63 - 1)
    expect(ffi, c.ek_wide_to_u64(x, unsigned), unsigned, a, 0, 2**64 - 1)
    expect(ffi, c.ek_wide_isqrt(x, unsigned), unsigned, math.isqrt(a) if a >= 0 else None, 0, 2**64 - 1)
    text = ffi.new("char[41]")
    assert c.ek_wide_print(x, text) == len(str(a)) and ffi.string(text).decode() == str(a)


@settings(max_examples=200, deadline=None)
@given(n=st.one_of(st.integers(0, 2**63), st.integers(0, 2**32)), off=st.integers(-1, 1))
def test_square_roots_at_perfect_squares(lib, n, off):
    ffi, c = lib
    value = n * n + off
    out = ffi.new("uint64_t *")
    expect(
        ffi,
        c.ek_wide_isqrt(pack(ffi, value), out),
        out,
        math.isqrt(value) if value >= 0 else None,
        0,
        2**64 - 1,
    )


@settings(max_examples=400, deadline=None)
@given(a=U64, b=U64, d=U64)
def test_unsigned(lib, a, b, d):
    ffi, c = lib
    assert number(c.ek_wide_umul(a, b)) == a * b
    out = ffi.new("uint64_t *")
    for name, exact in [("add", a + b), ("sub", a - b), ("mul", a * b)]:
        expect(ffi, getattr(c, f"ek_{name}_u64")(a, b, out), out, exact, 0, 2**64 - 1)
    for name, exact in [("floor", a * b // d if d else None), ("ceil", -(-a * b // d) if d else None)]:
        expect(ffi, getattr(c, f"ek_mul_div_{name}_u64")(a, b, d, out), out, exact, 0, 2**64 - 1)


@settings(max_examples=400, deadline=None)
@given(a=I64, b=I64, d=I64)
def test_signed(lib, a, b, d):
    ffi, c = lib
    out = ffi.new("int64_t *")
    for name, exact in [("add", a + b), ("sub", a - b), ("mul", a * b)]:
        expect(ffi, getattr(c, f"ek_{name}_i64")(a, b, out), out, exact, -(2**63), 2**63 - 1)
    for name, exact in [("floor", a * b // d if d else None), ("ceil", -(-a * b // d) if d else None)]:
        expect(ffi, getattr(c, f"ek_mul_div_{name}_i64")(a, b, d, out), out, exact, -(2**63), 2**63 - 1)
    assert c.ek_abs_i64(a) == abs(a)


def parse(lib, text, decimals):
    ffi, c = lib
    out = ffi.new("int64_t *", 77)
    code = c.ek_parse_decimal(ffi.new("char[]", text), len(text), decimals, out)
    assert code == E.OK or out[0] == 77  # untouched on a refusal
    return out[0] if code == E.OK else E(code)


@settings(max_examples=400, deadline=None)
@given(v=I64, decimals=st.integers(0, 18), shown=st.integers(0, 19))
def test_decimals_round_trip(lib, v, decimals, shown):
    ffi, c = lib
    text = ffi.new("char[32]")
    n = c.ek_print_decimal(v, decimals, shown, text, 32)
    got = ffi.string(text).decode()
    assert len(got) == n and parse(lib, got.encode(), decimals) == v
    whole, _, fraction = got.lstrip("-").partition(".")
    assert len(fraction) >= min(shown, decimals) and int(whole + fraction.ljust(decimals, "0")) == abs(v)
    assert len(fraction) == min(shown, decimals) or not fraction.endswith("0")
    assert (
        c.ek_print_decimal(v, decimals, shown, text, n) == 0
        and c.ek_print_decimal(v, decimals, shown, text, n + 1) == n
    )


@settings(max_examples=600, deadline=None)
@given(
    text=st.one_of(
        st.text("0123456789.-+e ", max_size=24),
        st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    ),
    decimals=st.integers(0, 18),
)
def test_parse_is_exact_or_refuses(lib, text, decimals):
    got = parse(lib, text.encode(), decimals)
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        assert got == E.SYNTAX
        return
    with decimal.localcontext(prec=80):
        exact = decimal.Decimal(text).scaleb(decimals)
    if exact != exact.to_integral_value():
        assert got in (E.RANGE, E.OVERFLOW)
    elif -(2**63) <= exact < 2**63:
        assert got == int(exact) and not isinstance(got, E)
    else:
        assert got in (E.OVERFLOW, E.RANGE)


def test_written_examples(lib):
    assert parse(lib, b"0.005", 9) == 5_000_000
    for bad in (
        b"",
        b"-",
        b".5",
        b"5.",
        b"+1",
        b" 1",
        b"1 ",
        b"1e3",
        b"0x1",
        b"1.2.3",
        b"--1",
        b"1,5",
        b"nan",
    ):
        assert parse(lib, bad, 9) == E.SYNTAX
    assert parse(lib, b"0.0050000000", 9) == 5_000_000 and parse(lib, b"0.0050000001", 9) == E.RANGE
    assert parse(lib, b"9223372036854775807", 0) == 2**63 - 1 and parse(lib, b"-9223372036854775808", 0) == -(
        2**63
    )
    assert parse(lib, b"9223372036854775808", 0) == E.OVERFLOW and parse(lib, b"1", 19) == E.RANGE
