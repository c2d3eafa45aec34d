"""The history's records: a second reader and writer of the format in Python, and damage of every kind."""

import hashlib
import pathlib
import struct
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import *

SAMPLE = [
    ("seq", "I"),
    ("slot", "Q"),
    ("unix_s", "q"),
    ("market", "B"),
    ("mode", "B"),
    ("status", "B"),
    ("flags", "B"),
    ("health_bp", "H"),
    ("leverage_e2", "H"),
    ("drift_ppm", "i"),
    ("funding_hourly_ppb", "i"),
] + [
    (n, "q")
    for n in (
        "equity_e6 collateral_e6 flows_e6 funding_e6 fees_e6 spot_base_e9 perp_base_e9".split()
        + "spot_price_e6 perp_price_e6 basis_e6 delta_e6".split()
        + "network_e6 interest_e6 yield_e6 slippage_e6".split()
    )
]
CORRECTION = [
    ("seq", "I"),
    ("slot", "Q"),
    ("unix_s", "q"),
    ("market", "16s"),
    ("action", "B"),
    ("outcome", "B"),
    ("mode", "B"),
    ("size_base_e9", "Q"),
    ("price_e6", "q"),
    ("oracle_price_e6", "q"),
    ("fee_e6", "q"),
    ("fee_lamports", "Q"),
    ("drift_before_ppm", "q"),
    ("drift_after_ppm", "q"),
    ("spot_base_e9", "q"),
    ("perp_base_e9", "q"),
    ("signature", "64s"),
    ("landing", "I"),
]
LIMITS = {
    "B": (0, 255),
    "H": (0, 2**16 - 1),
    "I": (1, 2**32 - 1),
    "i": (-(2**31), 2**31 - 1),
    "Q": (0, 2**64 - 1),
    "q": (-(2**63), 2**63 - 1),
}
MINUTES, QUARTERS, CORRECTIONS = range(3)
OLD = 3  # added to a ring: of a file of version 1, whose samples end before network_e6
SIZE, A_PAGE, CAPACITY = 160, 25, 1475


def seal(ring, body, size):
    body = body.ljust(size - 4, b"\0")
    return hashlib.blake2b(bytes([ring + 1]) + body, digest_size=32).digest()[:4] + body


def values(spec):
    def one(form):
        if form == "16s":
            return st.text("ABCXYZ-", max_size=15).map(lambda t: t.encode().ljust(16, b"\0"))
        return st.binary(min_size=64, max_size=64) if form == "64s" else st.integers(*LIMITS[form])

    return st.tuples(*[one(form) for _, form in spec])


def pack(spec, row):
    return struct.pack("<" + "".join(form for _, form in spec), *row)


def given_struct(kind, spec, row):
    ffi, _ = core()
    return ffi.new("%s *" % kind, {n: (list(v) if form == "64s" else v) for (n, form), v in zip(spec, row)})


@settings(max_examples=300, deadline=None)
@given(values(SAMPLE), st.sampled_from([MINUTES, QUARTERS]))
def test_a_sample_round_trips_against_a_second_writer(row, ring):
    ffi, lib = core()
    out, back = ffi.new("uint8_t[160]"), ffi.new("ek_sample *")
    lib.ek_sample_encode(ring, given_struct("ek_sample", SAMPLE, row), out)
    assert bytes(out) == seal(ring, pack(SAMPLE, row), SIZE)
    check(lib.ek_sample_decode(ring, out, SIZE, back))
    assert tuple(getattr(back, n) for n, _ in SAMPLE) == row
    place = (row[0] - 1) % lib.ek_ring_capacity(ring)
    assert (
        lib.ek_ring_seq_at(ring, place, out, SIZE) == row[0]
        and lib.ek_ring_seq_at(ring, (place + 1) % lib.ek_ring_capacity(ring), out, SIZE) == 0
    )
    page, at = divmod(place, A_PAGE)
    assert lib.ek_ring_place(ring, row[0]) == lib.ek_ring_offset(ring) + 4096 * page + SIZE * at


@settings(max_examples=300, deadline=None)
@given(values(SAMPLE[:-4]), st.sampled_from([MINUTES, QUARTERS]))
def test_a_sample_of_version_1_is_read_and_what_came_later_is_0(row, ring):
    ffi, lib = core()
    image, back = seal(ring, pack(SAMPLE[:-4], row), 128), ffi.new("ek_sample *")
    check(lib.ek_sample_decode(OLD + ring, image, 128, back))
    assert tuple(getattr(back, n) for n, _ in SAMPLE) == row + (0, 0, 0, 0)
    place = (row[0] - 1) % lib.ek_ring_capacity(OLD + ring)
    assert lib.ek_ring_seq_at(OLD + ring, place, image, 128) == row[0]
    assert lib.ek_ring_place(OLD + ring, row[0]) == lib.ek_ring_offset(OLD + ring) + 128 * place
    assert lib.ek_sample_decode(ring, image.ljust(SIZE, b"\0"), SIZE, back) == E.CHECKSUM


@settings(max_examples=300, deadline=None)
@given(values(CORRECTION))
def test_a_correction_round_trips_against_a_second_writer(row):
    ffi, lib = core()
    out, back = ffi.new("uint8_t[256]"), ffi.new("ek_ring_correction *")
    lib.ek_ring_correction_encode(given_struct("ek_ring_correction", CORRECTION, row), out)
    assert bytes(out) == seal(CORRECTIONS, pack(CORRECTION, row), 256)
    check(lib.ek_ring_correction_decode(out, 256, back))
    assert all(
        bytes(ffi.buffer(getattr(back, n))) == v if form in ("16s", "64s") else getattr(back, n) == v
        for (n, form), v in zip(CORRECTION, row)
    )


@settings(max_examples=300, deadline=None)
@given(values(SAMPLE), st.integers(0, SIZE * 8 - 1))
def test_any_flipped_bit_of_a_sample_is_seen(row, bit):
    ffi, lib = core()
    image = bytearray(seal(MINUTES, pack(SAMPLE, row), SIZE))
    image[bit // 8] ^= 1 << bit % 8
    assert lib.ek_sample_decode(MINUTES, bytes(image), SIZE, ffi.new("ek_sample *")) == E.CHECKSUM
    assert lib.ek_ring_seq_at(MINUTES, (row[0] - 1) % CAPACITY, bytes(image), SIZE) == 0


@settings(max_examples=200, deadline=None)
@given(values(SAMPLE), values(SAMPLE), st.integers(0, SIZE))
def test_a_torn_sample_is_no_sample(old, new, cut):
    """Any prefix of the new record over the old one: the old, the new, or nothing."""
    ffi, lib = core()
    a, b = seal(MINUTES, pack(SAMPLE, old), SIZE), seal(MINUTES, pack(SAMPLE, new), SIZE)
    torn = b[:cut] + a[cut:]
    out = ffi.new("ek_sample *")
    err = lib.ek_sample_decode(MINUTES, torn, SIZE, out)
    assert (err == E.OK) == (torn in (a, b))
