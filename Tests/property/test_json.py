"""The JSON reader against CPython's: same verdict, same values, for documents made,
bent and spelled at random."""

import json
import random

import pytest
from hypothesis import given, settings, strategies as st

from solana_core import E, Refused, Solana

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "1E5", "0e0", "1.5e-7", "-0.0", "18446744073709551615"]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), text, numbers.map(lambda n: ("number", n))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.lists(st.tuples(text, inner), max_size=5).map(lambda m: ("object", m))
    ),
    max_leaves=25,
)
# A seed is drawn, not every choice: ten times the examples in the same time.
rngs = st.integers(0, 2**64 - 1).map(random.Random)


@pytest.fixture(scope="module")
def solana(core):
    return Solana(core)


def spell_text(rng, s):
    """One of the many spellings of a string."""
    out = ['"']
    for ch in s:
        units = ch.encode("utf-16-be")
        escape = "".join(
            "\\u" + f"{int.from_bytes(units[i : i + 2], 'big'):04{rng.choice('xX')}}"
            for i in range(0, len(units), 2)
        )
        short = {
            '"': '\\"',
            "\\": "\\\\",
            "/": "\\/",
            "\b": "\\b",
            "\f": "\\f",
            "\n": "\\n",
            "\r": "\\r",
            "\t": "\\t",
        }.get(ch)
        ways = [escape] if rng.random() < 0.3 else []
        ways += [short] if short else []
        ways += [ch] if ch >= " " and ch not in '"\\' else []
        out.append(rng.choice(ways or [escape]))
    return "".join(out) + '"'


def spell(rng, v):
    """One of the many spellings of a value; white space anywhere it may stand."""

    def gap():
        return "".join(rng.choice(" \t\r\n") for _ in range(rng.choice((0, 0, 0, 1, 2))))

    if isinstance(v, str):
        return gap() + spell_text(rng, v) + gap()
    if isinstance(v, list):
        return gap() + "[" + (",".join(spell(rng, x) for x in v) or gap()) + "]" + gap()
    if isinstance(v, tuple) and v[0] == "number":
        return gap() + v[1] + gap()
    if isinstance(v, tuple):
        members = (gap() + spell_text(rng, k) + gap() + ":" + spell(rng, x) for k, x in v[1])
        return gap() + "{" + (",".join(members) or gap()) + "}" + gap()
    return gap() + {None: "null", True: "true", False: "false"}[v] + gap()


@settings(max_examples=300)
@given(values, rngs)
def test_what_is_written_is_read(solana, value, rng):
    assert solana.json(spell(rng, value).encode()) == value


def no_constant(name):
    raise ValueError(name)


def lone_surrogate(v):
    if isinstance(v, str):
        return any("\ud800" <= ch <= "\udfff" for ch in v)
    if isinstance(v, list):
        return any(lone_surrogate(x) for x in v)
    return (
        isinstance(v, tuple)
        and v[0] == "object"
        and any(lone_surrogate(k) or lone_surrogate(x) for k, x in v[1])
    )


def by_python(data):
    """CPython's verdict and values, in the reader's shape; None when it refuses. Stricter than CPython in
    three known points: no byte order mark, no NaN or Infinity, no half of a surrogate pair."""
    try:
        got = json.loads(
            data.decode("utf-8"),
            parse_int=lambda n: ("number", n),
            parse_float=lambda n: ("number", n),
            parse_constant=no_constant,
            object_pairs_hook=lambda pairs: ("object", pairs),
        )
    except ValueError:  # JSONDecodeError and UnicodeDecodeError are both
        return None
    return None if lone_surrogate(got) else ("read", got)


def same_verdict(solana, data):
    try:
        got = ("read", solana.json(data))
    except Refused as refused:
        assert refused.code == E.SYNTAX
        got = None
    assert got == by_python(data), data


@settings(max_examples=600)
@given(
    values,
    rngs,
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.sampled_from(
                [
                    b"",
                    b'"',
                    b"\\",
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b",",
                    b":",
                    b"0",
                    b"-",
                    b".",
                    b"e",
                    b"u",
                    b"\\u",
                    b"\\ud83d",
                    b"\\udE00",
                    b" ",
                    b"\n",
                    b"\0",
                    b"\x1f",
                    b"\x7f",
                    b"\x80",
                    b"\xbf",
                    b"\xc0",
                    b"\xc3",
                    b"\xe0",
                    b"\xed\xa0\x80",
                    b"\xf0",
                    b"\xf4\x90",
                    b"\xff",
                    b"\xef\xbb\xbf",
                    b"true",
                    b"nul",
                ]
            ),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_bent_documents_get_pythons_verdict(solana, value, rng, changes):
    data = spell(rng, value).encode()
    for place, piece, cut in changes:
        place %= len(data) + 1
        data = data[:place] + piece + data[place + cut :]
    same_verdict(solana, data)


def test_every_short_document_of_a_small_alphabet(solana):
    """All strings of up to five of these pieces: 15 + 15^2 + ... verdicts, no luck needed."""
    pieces = [b"[", b"]", b"{", b"}", b",", b":", b'"', b'"a"', b"1", b"0", b"-", b".", b"e", b"null", b" "]
    layer = [b""]
    for _ in range(4):
        layer = [a + b for a in layer for b in pieces]
        for data in layer:
            same_verdict(solana, data)
    rng = random.Random(3)
    for _ in range(20000):
        same_verdict(solana, b"".join(rng.choices(pieces, k=rng.randrange(5, 12))))


@given(st.integers(-(2**66), 2**66))
def test_integers(solana, n):
    import ctypes as c
    from solana_core import Json

    text, root, u, i = str(n).encode(), Json(), c.c_uint64(), c.c_int64()
    assert solana.core.ek_json_root(text, len(text), c.byref(root)) == 0
    code = solana.core.ek_json_u64(root, c.byref(u))
    assert code == (E.OK if 0 <= n < 2**64 else E.RANGE) and (code or u.value == n)
    code = solana.core.ek_json_i64(root, c.byref(i))
    assert code == (E.OK if -(2**63) <= n < 2**63 else E.RANGE) and (code or i.value == n)


def test_depth(solana):
    for open_, close in ((b"[", b"]"), (b'{"k":', b"}"), (b'[{"k":', b"}]")):
        per = open_.count(b"[") + open_.count(b"{")
        for n in (64 // per, 64 // per + 1):
            data = open_ * n + b"1" + close * n
            if n * per <= 64:
                solana.json(data)
            else:
                with pytest.raises(Refused) as refused:
                    solana.json(data)
                assert refused.value.code == E.RANGE
