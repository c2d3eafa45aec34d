"""The core's venues, accounts, book, margin and orders for the Python tests: the headers themselves are the
binding (cffi in ABI mode), so a struct here can never differ from the one in C.

`core()` gives (ffi, lib). Helpers turn core values into Python ones;
a refusal raises Refused with the core's code and the fault's text."""

import base64
import enum
import functools
import json
import os
import pathlib
import re
import subprocess

import cffi
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADERS = (
    "types wide fixed side venue account fault plan book tx margin stress assess taker_fee depth cost order "
    "order_wire order_margin settle vault interest ring rolling price_memory ledger loss policy"
).split()
SHARED = pathlib.Path(os.environ.get("EK_SHARED") or ROOT.parent / "shared")


class E(enum.IntEnum):
    (
        OK,
        SHORT,
        RANGE,
        OVERFLOW,
        SYNTAX,
        FULL,
        DISCRIMINATOR,
        OWNER,
        MISSING,
        UNSUPPORTED,
        CHECKSUM,
        VERSION,
        CRYPTO,
        RPC,
        MISMATCH,
        LENGTH,
    ) = range(16)


class Refused(Exception):
    def __init__(self, code, text=""):
        self.code = E(code)
        self.text = text
        super().__init__(f"{self.code.name} {text}")


STATE, USER, USER_STATS, CLOCK, AUTHORITY, PAYER, PERP_MARKET, SPOT_MARKET, ORACLE = range(9)
INITIAL, MAINTENANCE = 0, 1


def _library():
    path = os.environ.get("EK_CORE_SO") or ROOT / "build" / "libevenkeelcore.so"
    if not pathlib.Path(path).exists():
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        sources = sorted(map(str, (ROOT / "CSources/EvenkeelCore").rglob("*.c")))
        subprocess.run(
            [
                "gcc",
                "-std=gnu11",
                "-O2",
                "-fPIC",
                "-shared",
                "-D_GNU_SOURCE",
                f"-I{ROOT}/CSources/EvenkeelCore/include",
                *sources,
                "-lsodium",
                "-o",
                str(path),
            ],
            check=True,
        )
    return str(path)


@functools.cache
def core():
    ffi = cffi.FFI()
    for name in HEADERS:
        text = next((ROOT / "CSources/EvenkeelCore").rglob(f"ek_{name}.h")).read_text()
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        numbers = re.findall(r"^#define\s+(EK_\w+)\s+(\d+)u?\s*$", text, flags=re.M)
        text = re.sub(r"^#.*$", "", text, flags=re.M)
        ffi.cdef("".join(f"#define {k} {v}\n" for k, v in numbers) + text)
    return ffi, ffi.dlopen(_library())


def check(code, fault=None):
    if code != E.OK:
        raise Refused(code, core()[0].string(fault.text).decode() if fault is not None else "")


def venue(name):
    ffi, lib = core()
    v = lib.ek_venue_by_name(name.encode(), len(name))
    assert v != ffi.NULL
    return v


# ---- numbers
def wide(n):
    ffi, _ = core()
    r = ffi.new("ek_i128 *")
    n &= (1 << 128) - 1
    r.lo, hi = n & (2**64 - 1), n >> 64
    r.hi = hi - 2**64 if hi >= 2**63 else hi
    return r[0]


def number(w):
    """ek_i128 or ek_u128 -> int"""
    return (w.hi << 64) + w.lo


# ---- keys, names, plain copies of structs
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def unbase58(text):
    n = 0
    for ch in text:
        n = n * 58 + ALPHABET.index(ch)
    body = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return b"\0" * (len(text) - len(text.lstrip("1"))) + body


def base58(raw):
    n, text = int.from_bytes(raw, "big"), ""
    while n:
        n, r = divmod(n, 58)
        text = ALPHABET[r] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def key(value):
    ffi, _ = core()
    k = ffi.new("ek_key *")
    ffi.buffer(k)[:] = unbase58(value) if isinstance(value, str) else bytes(value)
    return k


def plain(x):
    """A core struct as dicts, lists, ints and bytes; keys as base58 text."""
    ffi, _ = core()
    if not isinstance(x, ffi.CData):
        return x
    t = ffi.typeof(x)
    if t.kind == "array":
        return ffi.string(x).decode("utf-8", "replace") if t.item.cname == "char" else [plain(v) for v in x]
    if t.cname == "ek_key":
        return base58(bytes(x.bytes))
    if t.cname in ("ek_i128", "ek_u128"):
        return number(x)
    if t.kind == "struct":
        return {name: plain(getattr(x, name)) for name, _ in t.fields}
    return x


# ---- decoders
def exact(data):
    """A buffer of exactly that size on the heap: a read past its end is a read past an allocation."""
    return core()[0].new("uint8_t[]", bytes(data)) if data else core()[0].NULL


def decode(v, kind, data, *source):
    ffi, lib = core()
    out = ffi.new(f"ek_{kind} *")
    check(
        getattr(lib, f"ek_decode_{kind}")(
            *([v] if v is not None else []), *source, exact(data), len(data), out
        )
    )
    return out


def b64(text):
    return base64.b64decode(text)


# ---- books
class Book:
    def __init__(self, v, slot=0, now=None):
        self.ffi, self.lib = core()
        self.b = self.ffi.new("ek_book *")
        self.fault = self.ffi.new("ek_fault *")
        self.lib.ek_book_reset(self.b, v, slot)
        if now is not None:
            self.put(CLOCK, slot.to_bytes(8, "little") + bytes(24) + now.to_bytes(8, "little", signed=True))

    def put(self, role, data, k=None):
        check(
            self.lib.ek_book_put_account(
                self.b, role, key(k) if k is not None else self.ffi.NULL, exact(data), len(data)
            )
        )
        return self

    def margin(self, kind, strict):
        out = self.ffi.new("ek_margin *")
        check(self.lib.ek_margin_calc(self.b, kind, int(strict), out, self.fault), self.fault)
        return plain(out[0])

    def margin_if_placed(self, order):
        out, kind = self.ffi.new("ek_margin *"), self.ffi.new("int *")
        check(self.lib.ek_margin_if_placed(self.b, order, kind, out, self.fault), self.fault)
        return kind[0], plain(out[0])

    def assess(self, perp=0, spot=1, venue=1, wallet=0, extra=0):
        legs = self.ffi.new("ek_hedge_legs *", [perp, spot, venue, wallet, extra])
        out = self.ffi.new("ek_assessment *")
        check(self.lib.ek_assess(self.b, legs, out, self.fault), self.fault)
        return plain(out[0])


def order(**fields):
    """ek_order_params from keywords; an optional field that is given sets its has_ flag."""
    ffi, _ = core()
    o = ffi.new("ek_order_params *")
    o.market_type = 1
    flags = {
        "max_ts": "has_max_ts",
        "trigger_price_e6": "has_trigger_price",
        "oracle_offset_e6": "has_oracle_offset",
        "auction_duration": "has_auction_duration",
        "auction_start_e6": "has_auction_start",
        "auction_end_e6": "has_auction_end",
        "builder_index": "has_builder",
        "builder_fee_tenth_bps": "has_builder_fee",
    }
    for name, value in fields.items():
        if value is None:
            continue
        if name in flags:
            setattr(o, flags[name], 1)
        setattr(o, name, value)
    return o


def metas(ix):
    return [(base58(bytes(m.key.bytes)), bool(m.signer), bool(m.writable)) for m in ix.metas[0 : ix.n_metas]]


def data_of(ix):
    return bytes(ix.data[0 : ix.data_len])


# ---- shared vectors
@functools.cache
def _vectors(name):
    return json.loads((SHARED / "vectors" / name).read_text())


def vectors(name):
    """The golden file, or a skip that names what is absent."""
    if not (SHARED / "vectors" / name).exists():
        pytest.skip(f"shared vectors/{name} is not here")
    return _vectors(name)
