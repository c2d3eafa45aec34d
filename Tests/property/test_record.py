"""The state record: a second writer of the format in Python, damage of every kind, and torn writes."""
import ctypes as c
import hashlib
import random
import struct

import pytest
from hypothesis import given, settings, strategies as st

SLOT, FILE = 8192, 16384
OK, SHORT, RANGE, SYNTAX, MISSING, CHECKSUM, VERSION, MISMATCH = 0, 1, 2, 4, 8, 10, 11, 14

# Field by field, as the header's structs stand: (format, largest) or (format, (lowest, largest)).
I64, U64, FLAG, POSITIVE = ("q", None), ("Q", None), ("B", 1), ("q", (0, 2**63 - 1))
MOMENT = [I64, U64]
PAPER = [FLAG, I64, I64, I64] + MOMENT + [I64, ("I", None), U64]
LAST = [("B", 2), ("B", 9), FLAG, U64, POSITIVE, I64, U64, U64, I64, I64, I64, ("64s", None)]
MARKET = {1: MOMENT + [I64, ("I", None), POSITIVE, U64, I64] + PAPER + LAST}
MARKET[2] = MOMENT + [I64, ("I", None), POSITIVE, U64, I64] + PAPER + [POSITIVE] + LAST + [I64] * 7
HEAD = [("H", None), FLAG, FLAG, FLAG]
COUNTS = {1: [("I", None)] + [U64] * 4 + [I64, FLAG, I64, I64, I64], 2: [("I", None)] + [U64] * 4 + [I64, FLAG, FLAG] + [I64] * 10}
FACTS = [("H", None)] + [("I", None)] * 4 + [U64] + [I64] * 8 + [U64, I64, U64, I64, I64] + [U64] * 4
LIMITS = {"B": (0, 255), "H": (0, 2**16 - 1), "I": (0, 2**32 - 1), "Q": (0, 2**64 - 1), "q": (-(2**63), 2**63 - 1)}


class Writer:
    """A record's payload from a seed: every field anywhere in its range, its ends more often than chance would have it.
    (A strategy a field would be a hundred times slower.)"""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def fields(self, spec):
        return b"".join(struct.pack("<" + form, self.value(form, limit)) for form, limit in spec)

    def value(self, form, limit):
        if form == "64s":
            return self.r.randbytes(64)
        low, high = limit if isinstance(limit, tuple) else (0, limit) if limit is not None else LIMITS[form]
        return self.r.choice([low, high, self.r.randint(low, high), self.r.randint(low, high)])

    def name(self):
        return "".join(self.r.choices("ABCXYZabcxyz019-", k=self.r.randint(1, 15))).encode().ljust(16, b"\0")

    def ticket(self, n_markets):
        r, open_ = self.r, n_markets > 0 and self.r.random() < 0.7
        head = (r.randint(1, 5), r.randint(1, 3), r.randrange(n_markets)) if open_ else (0, 0, r.randint(0, 255))
        out = struct.pack("<3B", *head) + self.fields([("B", 2), FLAG, FLAG, FLAG, ("B", 255), ("B", 9)] + FACTS) + r.randbytes(32)
        if not open_:
            return out + bytes(64) + b"\0\0"
        tx = r.randbytes(r.choice([1, 1232, r.randint(1, 1232)]))
        return out + b"\1" + r.randbytes(63) + struct.pack("<H", len(tx)) + tx

    def payload(self, version=2):
        n = self.r.choice([0, 1, 2, 8, self.r.randint(0, 8)])
        out = self.name() + self.r.randbytes(32) + self.fields(HEAD) + struct.pack("<BB", n, self.r.randint(1, 255)) + self.fields(COUNTS[version])
        for index in self.r.sample(range(65536), n):
            out += self.name() + struct.pack("<H", index) + self.fields(MARKET[version])
        return out + self.ticket(n)


def payloads():
    return st.integers(0, 2**32 - 1).map(lambda seed: Writer(seed).payload())


def seal(payload, generation, version=2):
    body = b"EVENKEEL" + struct.pack("<IIQ", version, len(payload), generation) + payload
    body = body.ljust(SLOT - 32, b"\0")
    return body + hashlib.blake2b(body, digest_size=32).digest()


class Record:
    """The C record as an opaque block."""

    def __init__(self, core):
        core.ek_record_size.restype = c.c_size_t
        self.core, self.block = core, c.create_string_buffer(core.ek_record_size())

    def decode(self, image):
        return self.core.ek_record_decode(image, c.c_size_t(len(image)), self.block)

    def encode(self):
        out = c.create_string_buffer(SLOT)
        return self.core.ek_record_encode(self.block, out), out.raw

    def pick(self, image):
        slot, errs = c.c_int(), (c.c_int32 * 2)()
        err = self.core.ek_record_pick(image, c.c_size_t(len(image)), self.block, c.byref(slot), errs)
        return err, slot.value, list(errs)

    @property
    def generation(self):
        return int.from_bytes(self.block.raw[:8], "little")


@pytest.fixture(scope="module")
def record(core):
    return Record(core)


@given(payloads(), st.integers(1, 2**64 - 1))
@settings(max_examples=300, deadline=None)
def test_round_trip_against_a_second_writer(record, payload, generation):
    image = seal(payload, generation)
    assert record.decode(image) == OK
    assert record.generation == generation
    assert record.encode() == (OK, image)


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**64 - 1))
@settings(max_examples=200, deadline=None)
def test_a_file_of_version_1_loads_and_is_written_as_2(record, seed, generation):
    assert record.decode(seal(Writer(seed).payload(1), generation, 1)) == OK
    err, image = record.encode()
    assert err == OK and struct.unpack_from("<I", image, 8) == (2,) and record.generation == generation
    assert record.decode(image) == OK and record.encode() == (OK, image)


@given(payloads(), st.integers(0, SLOT * 8 - 1))
@settings(max_examples=300, deadline=None)
def test_any_flipped_bit_is_seen(record, payload, bit):
    image = bytearray(seal(payload, 5))
    image[bit // 8] ^= 1 << bit % 8
    assert record.decode(bytes(image)) == (SYNTAX if bit < 64 else CHECKSUM)


@given(payloads(), st.integers(0, SLOT - 1))
@settings(max_examples=100, deadline=None)
def test_any_truncation_is_seen(record, payload, n):
    assert record.decode(seal(payload, 5)[:n]) == SHORT
    image = seal(payload, 5)[:n] + bytes(SLOT - n)  # a file that was preallocated and lost its end
    assert record.decode(image) in (MISSING, SYNTAX, CHECKSUM)


@given(payloads(), st.integers(0, 4000), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_what_decodes_encodes_to_the_same_bytes(record, payload, at, change):
    """A forged field is refused, or it is a record like any other: nothing is read that is not written back."""
    forged = bytearray(payload)
    forged[at % len(forged)] ^= change
    image = seal(bytes(forged), 5)
    err = record.decode(image)
    assert err in (OK, RANGE)
    if err == OK:
        assert record.encode() == (OK, image)


@given(payloads(), st.integers(-3, 3))
@settings(max_examples=100, deadline=None)
def test_payload_must_end_where_its_fields_end(record, payload, more):
    body = payload + bytes(more) if more > 0 else payload[:len(payload) + more]
    assert record.decode(seal(body, 5)) == (OK if more == 0 else RANGE)


@given(payloads(), payloads(), st.integers(1, 2**63), st.integers(0, 1), st.integers(0, SLOT), st.sampled_from([1, 512, 4096]))
@settings(max_examples=300, deadline=None)
def test_torn_writes_leave_the_other_slot(record, old, new, generation, slot, cut, sector):
    """Any prefix of the new image over the older slot, and any set of sectors of it: the newest whole record loads."""
    current, stale = seal(old, generation + 1), seal(new, generation)
    image = [stale, current] if slot == 0 else [current, stale]
    written = seal(new, generation + 2)
    cut -= cut % sector
    torn = written[:cut] + image[slot][cut:]
    image[slot] = torn
    err, picked, errs = record.pick(b"".join(image))
    assert err == OK
    assert errs[1 - slot] == OK
    if torn == written:
        assert (picked, record.generation) == (slot, generation + 2)
    else:
        assert (picked, record.generation) == (1 - slot, generation + 1)


@given(payloads(), payloads(), st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1))
@settings(max_examples=200, deadline=None)
def test_the_higher_generation_is_picked(record, a, b, ga, gb):
    err, slot, errs = record.pick(seal(a, ga) + seal(b, gb))
    if ga == gb and a != b:
        assert (err, slot) == (MISMATCH, -1)
    else:
        assert (err, slot, errs) == (OK, 1 if gb > ga else 0, [OK, OK])
        assert record.generation == max(ga, gb)


@given(payloads(), st.binary(max_size=600), st.integers(3, 2**32 - 1), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_newer_version_is_never_replaced_by_its_past(record, old, unknown, version, first):
    newer, past = seal(unknown, 9, version), seal(old, 8)
    err, slot, errs = record.pick(newer + past if first else past + newer)
    assert (err, slot) == (VERSION, -1)


@given(st.binary(max_size=FILE))
@settings(max_examples=200, deadline=None)
def test_noise_is_never_a_record(record, noise):
    err, slot, errs = record.pick(noise)
    assert err != OK and slot == -1
    assert OK not in errs
