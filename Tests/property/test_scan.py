"""The account scanner against CPython's json: what a node could send in any spelling,
and what it never should."""

import base64
import json
import random

import pytest
from hypothesis import given, settings, strategies as st

from solana_core import E, Solana
from test_json import spell

# A seed is drawn, not every choice: ten times the examples in the same time.
rngs = st.integers(0, 2**64 - 1).map(random.Random)
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def solana(core):
    return Solana(core)


def key_text(rng):
    key = bytes(rng.choice((0, 0, 0, 5, 31, 32))) + rng.randbytes(32)
    key = key[:32]
    zeros = len(key) - len(key.lstrip(b"\0"))
    n, out = int.from_bytes(key, "big"), ""
    while n:
        n, d = divmod(n, 58)
        out = ALPHABET[d] + out
    return key, "1" * zeros + out


noise = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.text(max_size=6), st.integers(0, 2**64).map(lambda n: ("number", str(n)))
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(st.tuples(st.sampled_from(["data", "owner", "slot", "value", "x"]), inner), max_size=3).map(
            lambda m: ("object", m)
        ),
    ),
    max_leaves=6,
)


def shuffled(rng, members, extra):
    members = members + extra
    rng.shuffle(members)
    return ("object", members)


def make(rng, accounts, extra, single=False):
    """An answer as a value for `spell`, with unknown members mixed in everywhere;
    and what must be read from it."""

    def more():
        return [(f"{name}{i}", v) for i, (name, v) in enumerate(extra) if rng.random() < 0.3]

    out, expect = [], []
    for size in accounts:
        if size is None:
            out.append(None)
            expect.append(None)
            continue
        data, lamports, executable = (
            rng.randbytes(size),
            rng.choice((0, 1, rng.randrange(2**64), 2**64 - 1)),
            rng.random() < 0.5,
        )
        owner, text = (
            rng.choice(expect)[0:2]
            if expect and expect[-1] and rng.random() < 0.4 and all(expect)
            else key_text(rng)
        )
        text_data = base64.b64encode(data).decode()
        members = [
            ("data", [("raw", text_data), "base64"]),
            ("owner", text),
            ("lamports", ("number", str(lamports))),
            ("executable", executable),
            ("rentEpoch", ("number", "18446744073709551615")),
            ("space", ("number", str(size))),
        ]
        out.append(shuffled(rng, members, more()))
        expect.append((owner, text, lamports, executable, data))
    slot, ident = rng.randrange(2**64), rng.randrange(2**64)
    context = shuffled(rng, [("slot", ("number", str(slot)))], more())
    result = shuffled(rng, [("context", context), ("value", out[0] if single else out)], more())
    return (
        shuffled(rng, [("jsonrpc", "2.0"), ("id", ("number", str(ident))), ("result", result)], more()),
        slot,
        ident,
        expect,
    )


def spelled(rng, v):
    """spell(), but the base64 text itself never with escapes: those are refused on purpose."""
    if isinstance(v, tuple) and v[0] == "raw":
        return '"' + v[1] + '"'
    if isinstance(v, list):
        return "[" + ",".join(spelled(rng, x) for x in v) + "]"
    if isinstance(v, tuple) and v[0] == "object":
        return "{" + ",".join(spell(rng, k) + ":" + spelled(rng, x) for k, x in v[1]) + "}"
    return spell(rng, v)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 200)), max_size=10),
    st.lists(st.tuples(st.sampled_from(["a", "zz", "errors", "dat"]), noise), max_size=4),
    rngs,
    st.booleans(),
)
def test_any_spelling_of_an_answer(solana, accounts, extra, rng, single):
    single = single and len(accounts) == 1
    value, slot, ident, expect = make(rng, accounts, extra, single)
    text = spelled(rng, value).encode()
    code, res, accs = solana.scan(text)
    assert (code, res.slot, res.id, res.count, res.is_error, res.has_id) == (
        E.OK,
        slot,
        ident,
        len(expect),
        0,
        1,
    )
    for acc, want in zip(accs, expect):
        assert bool(acc.present) == (want is not None)
        if want is None:
            assert acc.lamports == 0 and acc.data_b64.len == 0
            continue
        owner, _, lamports, executable, data = want
        found = text[acc.data_b64.off : acc.data_b64.off + acc.data_b64.len]
        assert (bytes(acc.owner), acc.lamports, bool(acc.executable)) == (owner, lamports, executable)
        assert solana.unbase64(found, len(data)) == data


def strict(text):
    """The same rules in Python over json: (slot, [None or (lamports, owner text, base64 text)])
    or None for every kind of refusal."""

    def no_twice(pairs):
        return ("object", pairs)

    def member(v, name, need=True):
        if not (isinstance(v, tuple) and v[0] == "object"):
            raise ValueError("kind")
        found = [x for k, x in v[1] if k == name]
        if len(found) > 1 or (need and not found):
            raise ValueError(name)
        return found[0] if found else ...

    def integer(v):
        if not (isinstance(v, tuple) and v[0] == "int") or not 0 <= int(v[1]) < 2**64 or v[1].startswith("-"):
            raise ValueError("integer")
        return int(v[1])

    def constant(name):
        raise ValueError(name)

    try:
        root = json.loads(
            text.decode(),
            object_pairs_hook=no_twice,
            parse_int=lambda n: ("int", n),
            parse_float=lambda n: ("float", n),
            parse_constant=constant,
        )
        if member(root, "error", False) is not ...:
            return None
        ident = member(root, "id", False)
        if ident is not ... and ident is not None:
            integer(ident)
        result = member(root, "result")
        slot, value = integer(member(member(result, "context"), "slot")), member(result, "value")
        out = []
        for acc in value if isinstance(value, list) else [value]:
            if acc is None:
                out.append(None)
                continue
            data, executable = member(acc, "data"), member(acc, "executable", False)
            if not (
                isinstance(data, list) and len(data) == 2 and isinstance(data[0], str) and data[1] == "base64"
            ):
                return None
            if executable is not ... and not isinstance(executable, bool):
                return None
            owner = member(acc, "owner")
            if not isinstance(owner, str):
                return None
            out.append((integer(member(acc, "lamports")), owner, data[0]))
        return slot, out
    except ValueError:
        return None


PIECES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"1",
    b"-",
    b".5",
    b"e",
    b" ",
    b"\\",
    b"\\u0061",
    b'"data"',
    b'"slot":1,',
    b'"owner"',
    b'"error":{},',
    b'"value":[],',
    b"\x80",
    b"base64",
    b"true",
    b"",
    b"\\/",
]


@settings(max_examples=1500, deadline=None)
@given(
    rngs,
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(PIECES), st.integers(0, 8)), min_size=1, max_size=3
    ),
)
def test_bent_answers_are_read_as_python_reads_them_or_refused(solana, rng, changes):
    value, _, _, _ = make(
        rng, [rng.randrange(12), None, rng.randrange(12)], [("x", [("object", [("data", None)])])]
    )
    text = spelled(rng, value).encode()
    for place, piece, cut in changes:
        place %= len(text) + 1
        text = text[:place] + piece + text[place + cut :]
    code, res, accs = solana.scan(text)
    if code != E.OK:
        return
    want = strict(text)
    assert want is not None, text
    got = [
        None
        if not a.present
        else (
            a.lamports,
            solana.key_text(bytes(a.owner)),
            text[a.data_b64.off : a.data_b64.off + a.data_b64.len].decode(),
        )
        for a in accs[: res.count]
    ]
    assert (res.slot, got) == want, text


def test_undamaged_answers_with_escaped_owner_and_names_are_all_read(solana):
    """The refusals above must not be laziness: everything the strict Python reader takes is taken,
    save escaped base64 text."""
    rng, taken = random.Random(11), 0
    for _ in range(1500):
        value, _, _, _ = make(rng, [rng.randrange(9) for _ in range(rng.randrange(4))], [])
        text = bytearray(spelled(rng, value).encode())
        if rng.random() < 0.7:
            place = rng.randrange(len(text))
            text[place : place + rng.randrange(2)] = rng.choice((b" ", b"1", b"\n", b"a", b"\\u0031", b","))
        text = bytes(text)
        code, _, _ = solana.scan(text)
        want = strict(text)
        if want is None or code == E.OK:
            taken += code == E.OK
            continue
        bad_owner = any(a and not _is_key(solana, a[1]) for a in want[1])
        assert bad_owner or code == E.UNSUPPORTED and b"\\" in text, (code, text)
    assert taken > 400


def _is_key(solana, text):
    from solana_core import Refused

    try:
        solana.key(text.encode())
        return True
    except Refused:
        return False


def test_error_answers(solana):
    for code_value in (-32016, -32005, 0, 2**63 - 1, -(2**63)):
        text = json.dumps(
            {
                "jsonrpc": "2.0",
                "error": {"message": 'é " x', "code": code_value, "data": {"code": 1}},
                "id": 9,
            }
        ).encode()
        code, res, _ = solana.scan(text)
        assert (code, res.error_code, res.id, res.is_error) == (E.RPC, code_value, 9, 1)
        raw = text[res.error_message.off : res.error_message.off + res.error_message.len]
        assert json.loads(b'"' + raw + b'"') == 'é " x'
    for bad in ({"error": {"code": 2**63}}, {"error": {"code": 1}, "result": None}, {"error": []}, {"id": 1}):
        assert solana.scan(json.dumps(bad).encode())[0] not in (E.OK, E.RPC)


def test_more_accounts_than_room(solana):
    text = b'{"result":{"context":{"slot":1},"value":[' + b",".join([b"null"] * 9) + b"]}}"
    assert solana.scan(text, cap=9)[0] == E.OK
    assert solana.scan(text, cap=8)[0] == E.FULL
