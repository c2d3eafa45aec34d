"""The state record: a second writer of the format in Python (record_format.py), damage of every kind, torn
writes, records of later and of older programs."""

import ctypes as c
import pathlib
import random
import re
import struct

import pytest
from hypothesis import given, settings, strategies as st

import record_format as form
from record_format import KEPT, MUST_KNOW, ROOM, SECTIONS, SLOT, seal

FILE = 2 * SLOT
OK, SHORT, RANGE, SYNTAX, MISSING, CHECKSUM, VERSION, MISMATCH = 0, 1, 2, 4, 8, 10, 11, 14
GOLDEN = pathlib.Path(__file__).parent / "golden/state-0.1-open-ticket.bin"
LIMITS = {
    "B": (0, 255),
    "H": (0, 2**16 - 1),
    "I": (0, 2**32 - 1),
    "Q": (0, 2**64 - 1),
    "q": (-(2**63), 2**63 - 1),
}


class Writer:
    """A record from a seed: every field anywhere in its range, its ends more often than chance would have it.
    (A strategy a field would be a hundred times slower.)"""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def values(self, spec, **fixed):
        return {name: fixed[name] if name in fixed else self.value(how, limit) for name, how, limit in spec}

    def value(self, how, limit):
        if how == "16s":
            return self.name()
        if how.endswith("s"):
            return self.r.randbytes(int(how[:-1]))
        low, high = limit if isinstance(limit, tuple) else (0, limit) if limit is not None else LIMITS[how]
        return self.r.choice([low, high, self.r.randint(low, high), self.r.randint(low, high)])

    def name(self):
        return "".join(self.r.choices("ABCXYZabcxyz019-", k=self.r.randint(1, 15))).encode().ljust(16, b"\0")

    def ticket(self, n_markets):
        r = self.r
        if n_markets > 0 and r.random() < 0.7:
            tx = r.randbytes(r.choice([1, 1232, r.randint(1, 1232)]))
            head = {"state": r.randint(1, 5), "kind": r.randint(1, 3), "market": r.randrange(n_markets)}
            return self.values(form.TICKET, **head, signature=b"\1" + r.randbytes(63)), tx
        return self.values(form.TICKET, state=0, kind=0, signature=bytes(64)), b""

    def kept(self, last=max(SECTIONS)):
        """Sections of a later program, not more than are kept."""
        out = b""
        for tag in sorted(self.r.sample(range(last + 1, MUST_KNOW), self.r.choice([0, 0, 1, 3]))):
            one = form.section(tag, self.r.randbytes(self.r.choice([0, 1, 200, KEPT - 4])))
            out += one if len(out + one) <= KEPT else b""
        return out

    def record(self):
        r = self.r
        n = r.choice([0, 1, 2, 8, r.randint(0, 8)])
        record = {
            name: [self.values(spec) for _ in range(n)] if table else self.values(spec)
            for name, table, spec, _ in SECTIONS.values()
            if spec
        }
        for row, index in zip(record["markets"], r.sample(range(65536), n)):
            row["perp_index"] = index
        pools = sorted({r.randbytes(32) for _ in range(r.choice([0, 1, 16, r.randint(0, 16)]))})
        record["rates"] = [self.values(form.RATE, pool=pool) for pool in pools]
        record["ticket"], record["transaction"] = self.ticket(n)
        record["kept"] = self.kept()
        return record


def records():
    return st.integers(0, 2**32 - 1).map(lambda seed: Writer(seed).record())


def payloads():
    return records().map(form.payload)


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


@given(records(), st.integers(1, 2**64 - 1))
@settings(max_examples=300, deadline=None)
def test_round_trip_against_a_second_writer(record, written, generation):
    image = seal(form.payload(written), generation)
    assert record.decode(image) == OK
    assert record.generation == generation
    err, out = record.encode()
    assert (err, out) == (OK, image)
    assert form.read(form.opened(out)[2]) == written


def test_the_table_in_the_docs_has_the_bytes_of_every_section():
    """Field by field as this writer has them: the number of bits, signed or not, and the whole length."""
    text = (pathlib.Path(__file__).parents[2] / "docs/architecture.md").read_text()
    table = text.split("### The sections of format 3")[1].split("\n\n")[2].splitlines()[2:]
    assert len(table) == len(SECTIONS)
    names = {"B": "u8", "H": "u16", "I": "u32", "Q": "u64", "q": "i64"}
    for row, (tag, (_, is_table, spec, _)) in zip(table, SECTIONS.items()):
        number, head, what = (cell.strip() for cell in row.strip("|").split("|"))
        assert int(number) == tag and ("table" in head) == is_table
        if spec is None:
            continue
        assert int(re.search(r"(\d+)(?: bytes)?$", head)[1]) == form.size(spec), head
        what = re.sub(r"eight times \((.*)\)", lambda m: (m[1] + " ") * 8, what)
        if "the same three" in what:
            what = what.replace("the same three", " ".join(re.findall(r"\b[ui]\d+\b", what)))
        told = re.findall(r"\b[ui]\d+\b|\(\d+ …", what)
        assert told == ["(%s …" % how[:-1] if how.endswith("s") else names[how] for _, how, _ in spec], head


# --- records of older programs


def without_what_is_new(written):
    proof, cluster = form.unpack(form.PROOF, b""), form.unpack(form.CLUSTER, b"")
    vault = dict(written["vault"], network_e6=0, interest_e6=0, yield_e6=0)
    parts = [dict(part, slippage_e6=0, slippage_due_e6=0) for part in written["parts"]]
    balances = form.unpack(form.BALANCES, b"")
    new = dict(vault=vault, parts=parts, balances=balances)
    return dict(written, proof=proof, cluster=cluster, rates=[], kept=b"", **new)


@given(records(), st.integers(1, 2**64 - 1), st.sampled_from([1, 2]))
@settings(max_examples=300, deadline=None)
def test_older_formats_load_and_are_written_as_3(record, written, generation, version):
    """The open ticket included; what the older format does not have is zero."""
    assert record.decode(seal(form.old_payload(written, version), generation, version)) == OK
    if version == 1:
        written["vault"] = form.unpack(form.VAULT, b"")
        written["parts"] = [form.unpack(form.PART, b"") for _ in written["parts"]]
        for day in written["days"]:
            day["paper_notional_e6"] = 0
    err, image = record.encode()
    written = without_what_is_new(written)
    assert err == OK and form.opened(image) == (3, generation, form.payload(written))
    assert record.decode(image) == OK and record.encode() == (OK, image)


def test_a_file_that_version_0_1_wrote(record):
    """Its very bytes, with an order on its way in both slots."""
    golden = GOLDEN.read_bytes()
    assert len(golden) == FILE and record.pick(golden) == (OK, 0, [OK, OK]) and record.generation == 77
    err, image = record.encode()
    assert err == OK
    version, generation, payload = form.opened(image)
    assert (version, generation) == (3, 77)
    found = form.read(payload)
    assert seal(form.old_payload(found, 2), 77, 2) == golden[:SLOT]
    assert found["ticket"]["state"] == 2 and found["ticket"]["signature"] == b"\x22" * 64
    assert len(found["transaction"]) == 485 and found == without_what_is_new(found)


@given(records(), st.integers(-3, 3), st.sampled_from([1, 2]))
@settings(max_examples=100, deadline=None)
def test_an_old_payload_must_end_where_its_fields_end(record, written, more, version):
    payload = form.old_payload(written, version)
    body = payload + bytes(more) if more > 0 else payload[: len(payload) + more]
    assert record.decode(seal(body, 5, version)) == (OK if more == 0 else RANGE)


# --- records of later programs


@given(records(), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_longer_sections_and_rows_are_read_for_what_is_known(record, written, seed):
    r, body = random.Random(seed), b""
    for tag, content in form.split(form.payload(written)):
        more = r.choice([0, 0, 1, 7]) if tag in SECTIONS and tag != 5 else 0
        if tag in SECTIONS and SECTIONS[tag][1]:
            row, n = struct.unpack_from("<HH", content)
            longer = b"".join(content[4 + i * row : 4 + (i + 1) * row] + r.randbytes(more) for i in range(n))
            content = struct.pack("<HH", row + more, n) + longer
        else:
            content += r.randbytes(more)
        body += form.section(tag, content)
    assert record.decode(seal(body, 5)) == OK
    assert record.encode() == (OK, seal(form.payload(written), 5))


@given(records(), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_what_is_missing_or_shorter_is_zero(record, written, seed):
    """Only in what may be missing. Refused: one that ends inside of a number, and one that must be there."""
    r, body, refused = random.Random(seed), b"", False
    for tag, content in form.split(form.payload(written)):
        if tag not in SECTIONS or tag == 5:
            body += form.section(tag, content)
            continue
        _, table, spec, needed = SECTIONS[tag]
        sizes = [form.size(spec[:i]) for i in range(len(spec) + 1)]
        what = r.choice(["whole"] * (20 if needed else 2) + ["missing", "shorter", "cut"])
        if what == "missing":
            refused |= needed
            continue
        inside = [i for i in range(sizes[-1]) if i not in sizes] or sizes[-1:]
        keep = r.choice({"whole": sizes[-1:], "shorter": sizes[:-1], "cut": inside}[what])
        if table:
            row, n = struct.unpack_from("<HH", content)
            refused |= keep < row and (needed or n > 0 and (what == "cut" or tag == 14 and keep < sizes[3]))
            rows = b"".join(content[4 + i * row : 4 + i * row + keep] for i in range(n))
            content = struct.pack("<HH", keep, n) + rows
        else:
            refused |= keep < len(content) and (needed or what == "cut")
            content = content[:keep]
        body += form.section(tag, content)
    err = record.decode(seal(body, 5))
    assert err == (RANGE if refused else OK)
    if not refused:
        assert record.encode() == (OK, seal(form.payload(form.read(body)), 5))


@given(records(), st.integers(max(SECTIONS) + 1, 0xFFFF), st.integers(0, 1500))
@settings(max_examples=300, deadline=None)
def test_an_unknown_section_is_kept_or_the_file_is_newer(record, written, tag, n):
    """Byte for byte, as long as it may be unknown and fits; else nothing is read, so nothing gets lost."""
    written["kept"] = form.section(tag, random.Random(n).randbytes(n))
    image = seal(form.payload(written), 5)
    if tag < MUST_KNOW and n + 4 <= KEPT:
        assert record.decode(image) == OK and record.encode() == (OK, image)
    else:
        assert record.decode(image) == VERSION


@given(records(), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_tags_ascend_and_come_once(record, written, seed):
    r = random.Random(seed)
    parts = form.split(form.payload(written))
    i, j = r.sample(range(len(parts)), 2)
    parts[i], parts[j] = r.choice([(parts[j], parts[i]), (parts[i], parts[i])])
    body = b"".join(form.section(tag, content) for tag, content in parts)
    assert record.decode(seal(body[:ROOM], 5)) == RANGE


@given(payloads(), st.integers(-5, 5))
@settings(max_examples=100, deadline=None)
def test_a_payload_must_end_where_a_section_ends(record, payload, more):
    body = payload + bytes(more) if more > 0 else payload[: len(payload) + more]
    err = record.decode(seal(body, 5))
    ends = {len(payload)}
    for tag, content in reversed(form.split(payload)):
        ends.add(min(ends) - 4 - len(content))
    assert err == (OK if more == 0 or more < 0 and len(body) in ends else RANGE)


# --- damage


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
    if image != seal(payload, 5):  # what is lost may have been zeros
        assert record.decode(image) in (MISSING, SYNTAX, CHECKSUM)


@given(payloads(), st.integers(0, ROOM), st.integers(1, 255))
@settings(max_examples=500, deadline=None)
def test_a_forged_byte_is_refused_or_a_record(record, payload, at, change):
    """What is read is written as a second writer would write what it reads."""
    forged = bytearray(payload)
    forged[at % len(forged)] ^= change
    err = record.decode(seal(bytes(forged), 5))
    assert err in (OK, RANGE, VERSION)
    if err == OK:
        assert record.encode() == (OK, seal(form.payload(form.read(bytes(forged))), 5))


@given(
    payloads(),
    payloads(),
    st.integers(1, 2**63),
    st.integers(0, 1),
    st.integers(0, SLOT),
    st.sampled_from([1, 512, 4096]),
)
@settings(max_examples=300, deadline=None)
def test_torn_writes_leave_the_other_slot(record, old, new, generation, slot, cut, sector):
    """Any prefix of the new image over the older slot, in bytes or sectors: the newest whole record loads."""
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


@given(records(), records(), st.integers(1, 2**63), st.integers(0, 1), st.integers(0, SLOT))
@settings(max_examples=200, deadline=None)
def test_torn_writes_of_the_first_save_over_an_old_file(record, old, new, generation, slot, cut):
    """Format 3 over one slot of format 2: the older file loads until the new slot is whole."""
    image = [seal(form.old_payload(old, 2), generation + (1 - slot == i), 2) for i in (0, 1)]
    written = seal(form.payload(new), generation + 2)
    image[slot] = torn = written[:cut] + image[slot][cut:]
    err, picked, errs = record.pick(b"".join(image))
    assert (err, errs[1 - slot]) == (OK, OK)
    new_one, old_one = (slot, generation + 2), (1 - slot, generation + 1)
    assert (picked, record.generation) == (new_one if torn == written else old_one)


@given(payloads(), payloads(), st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1))
@settings(max_examples=200, deadline=None)
def test_the_higher_generation_is_picked(record, a, b, ga, gb):
    err, slot, errs = record.pick(seal(a, ga) + seal(b, gb))
    if ga == gb and a != b:
        assert (err, slot) == (MISMATCH, -1)
    else:
        assert (err, slot, errs) == (OK, 1 if gb > ga else 0, [OK, OK])
        assert record.generation == max(ga, gb)


@given(payloads(), st.binary(max_size=600), st.integers(4, 2**32 - 1), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_newer_version_is_never_replaced_by_its_past(record, old, unknown, version, first, section_only):
    newer = seal(old + form.section(MUST_KNOW, unknown), 9) if section_only else seal(unknown, 9, version)
    past = seal(old, 8)
    err, slot, errs = record.pick(newer + past if first else past + newer)
    assert (err, slot) == (VERSION, -1)


@given(st.binary(max_size=FILE))
@settings(max_examples=200, deadline=None)
def test_noise_is_never_a_record(record, noise):
    err, slot, errs = record.pick(noise)
    assert err != OK and slot == -1
    assert OK not in errs
