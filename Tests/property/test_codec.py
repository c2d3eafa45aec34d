"""base58, base64 and shortvec against Python's integers and base64 module."""

import base64
import binascii
import random

import pytest
from hypothesis import given, settings, strategies as st

from solana_core import E, Refused, Solana

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Zero bytes in front are what base58 gets wrong first: mix them in on purpose.
blobs = st.builds(lambda z, b: bytes(z) + b, st.integers(0, 40), st.binary(max_size=88))
digits = st.builds(lambda z, t: "1" * z + t, st.integers(0, 44), st.text(ALPHABET, max_size=100))


@pytest.fixture(scope="module")
def solana(core):
    return Solana(core)


def spelled(data):
    zeros = len(data) - len(data.lstrip(b"\0"))
    n, out = int.from_bytes(data, "big"), ""
    while n:
        n, d = divmod(n, 58)
        out = ALPHABET[d] + out
    return "1" * zeros + out


def meant(text):
    zeros = len(text) - len(text.lstrip("1"))
    n = 0
    for ch in text:
        n = n * 58 + ALPHABET.index(ch)
    return bytes(zeros) + n.to_bytes((n.bit_length() + 7) // 8, "big")


@given(blobs)
def test_base58_encode(solana, data):
    text = solana.base58(data)
    assert text == spelled(data)


@given(digits)
def test_base58_decode(solana, text):
    data = meant(text)
    for size, fixed, back in ((32, solana.key, solana.key_text), (64, solana.sig, solana.sig_text)):
        if len(data) == size:
            assert fixed(text) == data and back(data) == text
        else:
            with pytest.raises(Refused):
                fixed(text)


@given(st.one_of(st.binary(max_size=120), digits.map(str.encode)), st.integers(0, 255), st.integers(0, 119))
def test_base58_refuses_every_other_character(solana, text, byte, place):
    text = text[:place] + bytes([byte]) + text[place:]
    good = all(chr(b) in ALPHABET for b in text)
    for call in (solana.key, solana.sig):
        try:
            call(text)
            assert good
        except Refused as refused:
            assert refused.code == E.SYNTAX


@given(st.integers(0, 2**256 - 1), st.integers(0, 256))
def test_fixed_forms_at_the_edges_of_limbs(solana, n, shift):
    for v in (
        n >> shift,
        (1 << shift) % 2**256,
        (2**256 - 1) ^ (1 << shift) % 2**256,
        58 ** (shift % 44),
        58 ** (shift % 44) - 1,
    ):
        key = v.to_bytes(32, "big")
        assert solana.key_text(key) == spelled(key) and solana.key(spelled(key)) == key
        sig = (v << 256 | n).to_bytes(64, "big")
        assert solana.sig_text(sig) == spelled(sig) and solana.sig(spelled(sig)) == sig


def test_keys_of_one_more_than_the_largest_are_refused(solana):
    for size, call in ((32, solana.key), (64, solana.sig)):
        largest = b"\xff" * size
        assert call(spelled(largest)) == largest
        for more in (0, 1, 57, 58**5, 58**20):
            n = 2 ** (8 * size) + more
            with pytest.raises(Refused):
                call(spelled(n.to_bytes(size + 1, "big")))


@given(st.binary(max_size=600))
def test_base64_round_trip(solana, data):
    text = solana.base64(data)
    assert text == base64.b64encode(data)
    assert solana.unbase64(text, len(data)) == data
    if data:
        with pytest.raises(Refused) as refused:
            solana.unbase64(text, len(data) - 1)
        assert refused.value.code == E.FULL


def accepts(text):
    """Strict RFC 4648 by Python: valid, and the only spelling of its bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return data if base64.b64encode(data) == text else None


@settings(max_examples=500)
@given(
    st.binary(max_size=90),
    st.lists(
        st.tuples(st.integers(0, 130), st.sampled_from(list(b"=AZaz09+/-_ \n\x00\x80")), st.booleans()),
        max_size=3,
    ),
)
def test_base64_is_as_strict_as_the_rfc(solana, data, changes):
    text = bytearray(base64.b64encode(data))
    for place, byte, insert in changes:
        place = min(place, len(text))
        text[place : place if insert else place + 1] = bytes([byte])
    expect = accepts(bytes(text))
    try:
        assert solana.unbase64(bytes(text)) == expect
    except Refused as refused:
        assert refused.code == E.SYNTAX and expect is None


def test_base64_every_single_character_in_every_place(solana):
    base = bytearray(base64.b64encode(random.Random(5).randbytes(24)))
    for place in range(len(base)):
        for byte in range(256):
            text = bytes(base[:place]) + bytes([byte]) + bytes(base[place + 1 :])
            try:
                got = solana.unbase64(text)
            except Refused:
                got = None
            assert got == accepts(text), (place, byte)


@given(st.integers(0, 65535), st.binary(max_size=4))
def test_shortvec(solana, value, tail):
    expect, v = b"", value
    while v > 127:
        expect, v = expect + bytes([v & 127 | 128]), v >> 7
    expect += bytes([v])
    assert solana.shortvec(value) == expect
    assert solana.unshortvec(expect + tail) == (value, len(expect))
