"""Tokens, watched wallets and fixed amounts as spot: whatever bytes a node serves,
a leg is exactly what they say or refused by name."""

import pathlib
import struct
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from test_book import AUTHORITY_KEY, PAYER_KEY, World
from venue_core import *

TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
ATA_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
WRAPPED = unbase58("So11111111111111111111111111111111111111112")
MINT, WATCHED = bytes([5] * 32), bytes([6] * 32)
TOKEN, WATCH, FIXED = range(3)
U64 = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1]))
I64 = st.integers(-(2**63), 2**63 - 1)


def ata(owner, mint):
    seeds = [owner, unbase58(TOKEN_PROGRAM), mint]
    return bytes(Pubkey.find_program_address(seeds, Pubkey.from_string(ATA_PROGRAM))[0])


def holding(mint, owner, amount, state=1, size=165):
    raw = bytearray(max(size, 165))
    raw[0:32], raw[32:64] = mint, owner
    struct.pack_into("<Q", raw, 64, amount)
    raw[108] = state
    return bytes(raw[:size])


def mint_bytes(decimals, initialised=1, size=82):
    raw = bytearray(size)
    raw[44], raw[45] = decimals, initialised
    return bytes(raw)


def world(*legs, accounts=(), lamports=()):
    """A book with these legs on top of the 10 SOL deposit; the assessment, or (code, words)."""
    w = World("velocity")
    w.settle()
    spec = w.ffi.new("ek_hedge_legs *", [0, 1, 1, 0, 0])
    for kind, what in legs:
        leg = w.lib.ek_legs_add(spec)
        leg.kind = kind
        if kind == FIXED:
            leg.amount_base_e9 = what
            continue
        w.ffi.buffer(w.ffi.addressof(leg.key))[:] = what
        check((w.lib.ek_plan_add_token if kind == TOKEN else w.lib.ek_plan_add_watch)(w.plan, key(what)))
    w.accounts.update(dict(accounts))
    w.lamports.update(dict(lamports))
    book = w.load()
    out, fault = w.ffi.new("ek_assessment *"), w.ffi.new("ek_fault *")
    code = w.lib.ek_assess(book, spec, out, fault)
    if code != E.OK:
        return code, w.ffi.string(fault.text).decode()
    return [w.lib.ek_assessed_leg(out, i) for i in range(len(legs))], out.spot_base_e9 - 10 * 10**9


def test_a_book_that_is_used_again_forgets_everything():
    """The agent reads every tick into the same book:
    a token account or a watched wallet that is gone holds nothing, whatever was there before."""
    w = World("velocity")
    check(w.lib.ek_plan_add_token(w.plan, key(MINT)))
    check(w.lib.ek_plan_add_watch(w.plan, key(WATCHED)))
    w.settle()
    dirty = w.ffi.new("ek_book *")
    w.ffi.memmove(dirty, b"\xaa" * w.ffi.sizeof("ek_book"), w.ffi.sizeof("ek_book"))
    w.lib.ek_book_begin(dirty, w.plan, 1)
    assert dirty.n_tokens == 1 and dirty.n_watches == 1
    assert dirty.tokens[0].amount == 0 and bytes(dirty.tokens[0].mint.bytes) == MINT
    assert dirty.watches[0].lamports == 0 and dirty.watches[0].is_system == 0
    assert (dirty.n_perps, dirty.n_spots, dirty.n_oracles, dirty.have) == (0, 0, 0, 0)


def token_owner():
    return unbase58(TOKEN_PROGRAM)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_the_token_account_is_the_associated_one(mint):
    w = World("velocity")
    before = w.plan.n
    check(w.lib.ek_plan_add_token(w.plan, key(mint)))
    check(w.lib.ek_plan_add_token(w.plan, key(mint)))  # once is enough
    items = [bytes(w.plan.items[i].key.bytes) for i in range(before, w.plan.n)]
    assert items == ([ata(AUTHORITY_KEY, mint)] if mint == WRAPPED else [ata(AUTHORITY_KEY, mint), mint])


@settings(max_examples=80, deadline=None)
@given(U64, st.integers(0, 18))
@example(2**64 - 1, 18)
@example(999_999_999, 18)
def test_a_token_counts_exactly_in_its_own_decimals(amount, decimals):
    got = world(
        (TOKEN, MINT),
        accounts={
            ata(AUTHORITY_KEY, MINT): (token_owner(), holding(MINT, AUTHORITY_KEY, amount)),
            MINT: (token_owner(), mint_bytes(decimals)),
        }.items(),
    )
    want = amount * 10**9 // 10**decimals
    if want + 10 * 10**9 >= 2**63:
        assert got[0] == E.OVERFLOW
    else:
        assert got == ([want], want)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**62), st.integers(0, 2**62), st.integers(-(2**62), 2**62))
def test_the_legs_add_up(token, watched, fixed):
    got = world(
        (TOKEN, WRAPPED),
        (WATCH, WATCHED),
        (FIXED, fixed),
        accounts={
            ata(AUTHORITY_KEY, WRAPPED): (token_owner(), holding(WRAPPED, AUTHORITY_KEY, token)),
            WATCHED: (bytes(32), b""),
        }.items(),
        lamports={WATCHED: watched}.items(),
    )
    total = token + watched + fixed
    if -(2**63) <= total + 10 * 10**9 < 2**63:
        assert got == ([token, watched, fixed], total)
    else:
        assert got[0] == E.OVERFLOW and "sum" in got[1]


def test_what_does_not_exist_holds_nothing():
    assert world((TOKEN, WRAPPED), (WATCH, WATCHED)) == ([0, 0], 0)
    # ... but a mint that does not exist is a mistake in the config
    code, text = world((TOKEN, MINT))
    assert code == E.MISSING and base58(MINT)[:4] in text


def test_what_is_no_token_account_is_refused_by_name():
    at = ata(AUTHORITY_KEY, WRAPPED)
    good = (token_owner(), holding(WRAPPED, AUTHORITY_KEY, 7))
    bad = {
        "another owner": ((token_owner(), holding(WRAPPED, PAYER_KEY, 7)), E.MISMATCH),
        "another mint": ((token_owner(), holding(MINT, AUTHORITY_KEY, 7)), E.MISMATCH),
        "not initialised": ((token_owner(), holding(WRAPPED, AUTHORITY_KEY, 7, state=0)), E.MISMATCH),
        "no such state": ((token_owner(), holding(WRAPPED, AUTHORITY_KEY, 7, state=3)), E.MISMATCH),
        "short": ((token_owner(), holding(WRAPPED, AUTHORITY_KEY, 7, size=164)), E.SHORT),
        "long": ((token_owner(), holding(WRAPPED, AUTHORITY_KEY, 7) + b"\0"), E.SHORT),
        "empty": ((token_owner(), b""), E.SHORT),
        "Token-2022": ((unbase58(TOKEN_2022), good[1]), E.OWNER),
    }
    assert world((TOKEN, WRAPPED), accounts={at: good}.items()) == ([7], 7)
    frozen = (token_owner(), holding(WRAPPED, AUTHORITY_KEY, 7, state=2))
    assert world((TOKEN, WRAPPED), accounts={at: frozen}.items()) == ([7], 7), "frozen is still the owner's"
    for name, (account, code) in bad.items():
        got = world((TOKEN, WRAPPED), accounts={at: account}.items())
        assert got[0] == code and "token" in got[1], name
    mints = {
        "Token-2022": ((unbase58(TOKEN_2022), mint_bytes(6)), E.OWNER),
        "short": ((token_owner(), mint_bytes(6, size=81)), E.SHORT),
        "not initialised": ((token_owner(), mint_bytes(6, 0)), E.MISMATCH),
        "too fine": ((token_owner(), mint_bytes(19)), E.MISMATCH),
    }
    for name, (account, code) in mints.items():
        accounts = {ata(AUTHORITY_KEY, MINT): (token_owner(), holding(MINT, AUTHORITY_KEY, 7)), MINT: account}
        assert world((TOKEN, MINT), accounts=accounts.items())[0] == code, name


def test_a_watched_program_is_no_wallet():
    got = world(
        (WATCH, WATCHED), accounts={WATCHED: (token_owner(), b"x")}.items(), lamports={WATCHED: 5}.items()
    )
    assert got[0] == E.OWNER and base58(WATCHED)[:4] in got[1]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=100), st.sampled_from([TOKEN_PROGRAM, TOKEN_2022]))
def test_noise_in_a_token_account_never_becomes_spot(data, mint, program):
    got = world(
        (TOKEN, MINT),
        accounts={ata(AUTHORITY_KEY, MINT): (unbase58(program), data), MINT: (token_owner(), mint)}.items(),
    )
    assert got[0] in (E.OWNER, E.SHORT, E.MISMATCH) and got[1]


def test_at_most_eight_of_each():
    w = World("velocity")
    for i in range(8):
        check(w.lib.ek_plan_add_token(w.plan, key(bytes([100 + i] * 32))))
        check(w.lib.ek_plan_add_watch(w.plan, key(bytes([200 + i] * 32))))
    assert w.lib.ek_plan_add_token(w.plan, key(bytes([99] * 32))) == E.FULL
    assert w.lib.ek_plan_add_watch(w.plan, key(bytes([99] * 32))) == E.FULL
    spec = w.ffi.new("ek_hedge_legs *")
    assert all(w.lib.ek_legs_add(spec) for _ in range(8)) and not w.lib.ek_legs_add(spec)
