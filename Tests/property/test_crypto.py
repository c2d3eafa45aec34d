"""Digests against hashlib, signatures against themselves, the on-curve rule against Python's integers."""

import hashlib

import pytest
from hypothesis import given, settings, strategies as st

from solana_core import E, Refused, Solana

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


@pytest.fixture(scope="module")
def solana(core):
    return Solana(core)


def decompresses(data):
    """x^2 = (y^2 - 1) / (d y^2 + 1) has a root; the sign bit and non-canonical y do not matter."""
    y = int.from_bytes(data, "little") % 2**255 % P
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    return x2 == 0 or pow(x2, (P - 1) // 2, P) == 1


@given(st.binary(max_size=700))
def test_digests(solana, data):
    assert solana.digest("ek_sha256", data) == hashlib.sha256(data).digest()
    assert solana.digest("ek_blake2b_256", data) == hashlib.blake2b(data, digest_size=32).digest()


@given(st.binary(min_size=32, max_size=32))
def test_on_curve_random(solana, data):
    assert solana.on_curve(data) == decompresses(data)


def test_on_curve_where_carries_and_reductions_happen(solana):
    values = {
        v + d
        for v in (0, 1, P, 2 * P, 2**255, 2**51, 2**102, 2**153, 2**204, 2**254, P // 2)
        for d in range(-40, 41)
    }
    values |= {2**k + d for k in range(256) for d in (-1, 0, 1)} | {2**255 - 2**k for k in range(255)}
    for v in sorted(x for x in values if 0 <= x < 2**256):
        data = v.to_bytes(32, "little")
        assert solana.on_curve(data) == decompresses(data), hex(v)


@given(
    st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.integers(0, 511), st.integers(0, 2399)
)
def test_signatures(solana, seed, msg, sig_bit, msg_bit):
    pub, secret = solana.keypair(seed)
    sig = solana.sign(secret, msg)
    assert secret == seed + pub and solana.verify(sig, msg, pub)
    bent = bytearray(sig)
    bent[sig_bit // 8] ^= 1 << sig_bit % 8
    assert not solana.verify(bytes(bent), msg, pub)
    if msg:
        bent = bytearray(msg)
        bent[msg_bit // 8 % len(msg)] ^= 1 << msg_bit % 8
        assert not solana.verify(sig, bytes(bent), pub)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=33), max_size=17), st.binary(min_size=32, max_size=32))
def test_pda_is_the_definition(solana, seeds, program):
    def address(all_seeds):
        return hashlib.sha256(b"".join(all_seeds) + program + b"ProgramDerivedAddress").digest()

    fits = all(len(s) <= 32 for s in seeds)
    if fits and len(seeds) <= 15:
        bump = next(b for b in range(255, 0, -1) if not decompresses(address([*seeds, bytes([b])])))
        assert solana.find_pda(seeds, program) == (address([*seeds, bytes([bump])]), bump)
    else:
        with pytest.raises(Refused):
            solana.find_pda(seeds, program)
