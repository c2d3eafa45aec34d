"""The state file's image once more, written from the tables of docs/architecture.md and without the program's
code: format 3 read and written, formats 1 and 2 written."""

import hashlib
import struct

SLOT, FRAME, KEPT, MUST_KNOW = 8192, 24, 1024, 0x8000
ROOM = SLOT - FRAME - 32

# (field, form, limit): the limit is the largest number, or (smallest, largest); None: all the form holds.
I64, U64, U32, U16 = ("q", None), ("Q", None), ("I", None), ("H", None)
FLAG, POSITIVE, SOME = ("B", 1), ("q", (0, 2**63 - 1)), ("Q", (1, 2**64 - 1))


def fields(**named):
    return [(name, *what) for name, what in named.items()]


NAME, KEY, SIGNATURE = ("16s", None), ("32s", None), ("64s", None)
IDENTITY = fields(venue=NAME, authority=KEY, sub_account=U16)
SWITCHES = fields(mode=("B", 2), paused=FLAG, breaker_open=FLAG, failures_in_row=U32)
COUNTS = fields(
    next_user_order_id=("B", (1, 255)),
    max_slot_seen=U64,
    fee_lamports=U64,
    ticks=U64,
    corrections=U64,
    start_unix_s=I64,
)
TICKET = fields(
    state=("B", 5),
    kind=("B", 3),
    market=("B", 255),
    action=("B", 2),
    direction=("B", 1),
    reduce_only=FLAG,
    drift_known=FLAG,
    user_order_id=("B", 255),
    outcome=("B", 9),
    perp_index=U16,
    attempts=U32,
    next_order_id_before=U32,
    target_order_id=U32,
    tolerance_ppm=U32,
    size_base_e9=U64,
    worst_price_e6=I64,
    oracle_price_e6=I64,
    position_before=I64,
    quote_before=I64,
    quote_entry_before=I64,
    spot_before=I64,
    net_before=I64,
    drift_before_ppm=I64,
    book_slot=U64,
    max_ts=I64,
    last_valid_block_height=U64,
    journalled_unix_s=I64,
    sent_unix_s=I64,
    sent_slot=U64,
    landed_slot=U64,
    filled_base_e9=U64,
    fee_lamports=U64,
    blockhash=KEY,
    signature=SIGNATURE,
)
MARKET = fields(name=NAME, perp_index=U16, last_unix_s=I64, last_slot=U64, corrections=U64, fees_own_e6=I64)
DAY = fields(
    day_start=I64,
    trades=U32,
    notional_e6=POSITIVE,
    paper_day_start=I64,
    paper_trades=U32,
    paper_notional_e6=POSITIVE,
)
LAST = fields(
    action=("B", 2),
    outcome=("B", 9),
    mode=FLAG,
    size_base_e9=U64,
    price_e6=POSITIVE,
    fee_e6=I64,
    fee_lamports=U64,
    slot=U64,
    unix_s=I64,
    drift_before_ppm=I64,
    drift_after_ppm=I64,
    signature=SIGNATURE,
)
PAPER = fields(
    active=FLAG, base_e9=I64, quote_e6=I64, fees_e6=I64, last_unix_s=I64, last_slot=U64, corrections=U64
)
VAULT = fields(
    known=FLAG,
    mode=FLAG,
    unix_s=I64,
    start_unix_s=I64,
    equity_e6=I64,
    funding_mark_e6=I64,
    fees_mark_e6=I64,
    network_mark_e6=I64,
    deposits_mark_e6=I64,
    flows_e6=I64,
    funding_e6=I64,
    fees_e6=I64,
    network_e6=I64,
    interest_e6=I64,
    yield_e6=I64,
)
PART = fields(
    spot_base_e9=I64,
    outside_base_e9=I64,
    perp_base_e9=I64,
    spot_price_e6=I64,
    perp_price_e6=I64,
    basis_e6=I64,
    delta_e6=I64,
    slippage_e6=I64,
    slippage_due_e6=I64,
)
PROOF = fields(slot=U64, next_order_id=U32, slot_us=U32)
CLUSTER = fields(clustered=FLAG)
BALANCE = fields(market_index=U16, balance_type=FLAG, scaled_balance_e9=U64, amount=I64)
BALANCES = fields(at_unix_s=I64) + [
    (f"{name}_{i}", how, limit) for i in range(8) for name, how, limit in BALANCE
]
RATE = fields(pool=KEY, lamports=SOME, supply=SOME, epoch=U64)

# tag: (name, is it a table, fields, needed). `transaction` is bytes alone.
SECTIONS = {
    1: ("identity", False, IDENTITY, True),
    2: ("switches", False, SWITCHES, True),
    3: ("counts", False, COUNTS, True),
    4: ("ticket", False, TICKET, True),
    5: ("transaction", False, None, False),
    6: ("markets", True, MARKET, True),
    7: ("days", True, DAY, True),
    8: ("last", True, LAST, False),
    9: ("paper", True, PAPER, False),
    10: ("vault", False, VAULT, False),
    11: ("parts", True, PART, False),
    12: ("proof", False, PROOF, False),
    13: ("cluster", False, CLUSTER, False),
    14: ("rates", True, RATE, False),
    15: ("balances", False, BALANCES, False),
}


def size(spec):
    return sum(struct.calcsize("<" + form) for _, form, _ in spec)


def pack(spec, values):
    return b"".join(struct.pack("<" + form, values[name]) for name, form, _ in spec)


def unpack(spec, data):
    """What is longer is cut off, what is shorter is zero."""
    data = data[: size(spec)].ljust(size(spec), b"\0")
    values = struct.unpack("<" + "".join(form for _, form, _ in spec), data)
    return dict(zip((name for name, _, _ in spec), values))


def section(tag, body):
    return struct.pack("<HH", tag, len(body)) + body


def body(tag, content):
    _, table, spec, _ = SECTIONS[tag]
    if spec is None:
        return content
    if not table:
        return pack(spec, content)
    return struct.pack("<HH", size(spec), len(content)) + b"".join(pack(spec, row) for row in content)


def payload(record):
    """Format 3, as the program writes it: every section, then what was kept."""
    known = (section(tag, body(tag, record[name])) for tag, (name, *_) in SECTIONS.items())
    return b"".join(known) + record["kept"]


def split(data):
    """[(tag, body)] of a payload."""
    out, at = [], 0
    while at < len(data):
        tag, n = struct.unpack_from("<HH", data, at)
        out.append((tag, data[at + 4 : at + 4 + n]))
        at += 4 + n
    return out


def rows(spec, content):
    if not content:
        return []
    row, n = struct.unpack_from("<HH", content)
    return [unpack(spec, content[4 + i * row : 4 + (i + 1) * row]) for i in range(n)]


def read(data):
    """A payload of format 3, missing sections and all, as a record."""
    found = dict(split(data))
    record = {"kept": b"".join(section(tag, found[tag]) for tag in sorted(found) if tag not in SECTIONS)}
    for tag, (name, table, spec, _) in SECTIONS.items():
        content = found.get(tag, b"")
        record[name] = content if spec is None else (rows if table else unpack)(spec, content)
        if table and name != "rates":  # a row for every market
            record[name] += [unpack(spec, b"")] * (len(record["markets"]) - len(record[name]))
    return record


def old_payload(record, version):
    """Format 1 or 2: one row of fields, without what these formats do not have."""
    r, n = record, len(record["markets"])
    s, c = r["switches"], r["counts"]
    out = pack(IDENTITY, r["identity"]) + struct.pack("<3B", s["mode"], s["paused"], s["breaker_open"])
    out += struct.pack("<BBI", n, c["next_user_order_id"], s["failures_in_row"])
    out += pack(COUNTS[1:], c) + (pack(VAULT[:-3], r["vault"]) if version > 1 else bytes(25))
    for m, d, p, last, part in zip(r["markets"], r["days"], r["paper"], r["last"], r["parts"]):
        out += pack(MARKET[:4], m) + pack(DAY[:3], d) + pack(MARKET[4:], m)
        out += pack(PAPER[:6], p) + pack(DAY[3:5], d) + pack(PAPER[6:], p)
        out += (pack(DAY[5:], d) if version > 1 else b"") + pack(LAST, last)
        out += pack(PART[:-2], part) if version > 1 else b""
    return out + pack(TICKET, r["ticket"]) + struct.pack("<H", len(r["transaction"])) + r["transaction"]


def seal(content, generation, version=3):
    """The slot around a payload."""
    image = b"EVENKEEL" + struct.pack("<IIQ", version, len(content), generation) + content
    image = image.ljust(SLOT - 32, b"\0")
    return image + hashlib.blake2b(image, digest_size=32).digest()


def opened(slot):
    """(version, generation, payload) of a slot that is whole; None otherwise."""
    if slot[:8] != b"EVENKEEL" or hashlib.blake2b(slot[:-32], digest_size=32).digest() != slot[-32:]:
        return None
    version, n, generation = struct.unpack_from("<IIQ", slot, 8)
    return version, generation, slot[FRAME : FRAME + n]
