"""Against solders (the Solana SDK itself): program addresses, base58, signatures, compiled messages,
signed transactions, and which bytes are refused."""

import random

import pytest

from solana_core import E, Refused, Solana

pytest.importorskip("solders", reason="solders is not installed")
from solders.address_lookup_table_account import AddressLookupTableAccount  # noqa: E402
from solders.hash import Hash  # noqa: E402
from solders.instruction import AccountMeta, Instruction  # noqa: E402
from solders.keypair import Keypair  # noqa: E402
from solders.message import Message, MessageV0, to_bytes_versioned  # noqa: E402
from solders.pubkey import Pubkey  # noqa: E402
from solders.signature import Signature  # noqa: E402
from solders.transaction import VersionedTransaction  # noqa: E402


@pytest.fixture(scope="module")
def solana(core):
    return Solana(core)


def test_ten_thousand_program_addresses(solana):
    rng = random.Random(20261122)
    for _ in range(10000):
        program = rng.randbytes(32)
        seeds = [
            rng.randbytes(rng.choice((0, 1, 2, 4, 8, 31, 32, rng.randrange(33))))
            for _ in range(rng.choice((0, 1, 2, 2, 3, 3, rng.randrange(16))))
        ]
        key, bump = Pubkey.find_program_address(seeds, Pubkey(program))
        assert solana.find_pda(seeds, program) == (bytes(key), bump)


def test_on_curve(solana):
    rng, on = random.Random(7), 0
    for i in range(5000):
        key = rng.randbytes(32) if i % 3 else bytes(Keypair.from_seed(rng.randbytes(32)).pubkey())
        assert solana.on_curve(key) == Pubkey(key).is_on_curve()
        on += solana.on_curve(key)
    assert 2900 < on < 3800


def test_base58(solana):
    rng = random.Random(58)
    for _ in range(5000):
        key = bytes(rng.randrange(33)) + rng.randbytes(32)
        key = key[:32] if rng.random() < 0.3 else rng.randbytes(32)
        sig = rng.randbytes(64)
        assert solana.key_text(key) == str(Pubkey(key)) and solana.key(str(Pubkey(key))) == key
        assert solana.sig_text(sig) == str(Signature(sig)) and solana.sig(str(Signature(sig))) == sig


def test_signatures(solana):
    rng = random.Random(25519)
    for _ in range(500):
        seed, msg = rng.randbytes(32), rng.randbytes(rng.randrange(600))
        pair = Keypair.from_seed(seed)
        pub, secret = solana.keypair(seed)
        assert (pub, secret) == (bytes(pair.pubkey()), bytes(pair))
        sig = bytes(pair.sign_message(msg))
        assert solana.sign(secret, msg) == sig and solana.verify(sig, msg, pub)


def some_instructions(rng, keys, signers):
    """Instructions over few keys, so that the same ones come back with other flags;
    in both libraries' terms."""
    ours, theirs = [], []
    programs = rng.sample(keys, k=min(2, len(keys)))
    for _ in range(rng.randrange(6)):
        metas = []
        for _ in range(rng.randrange(16)):
            key = rng.choice(keys + signers)
            metas.append((key, key in signers and rng.random() < 0.9, rng.random() < 0.5))
        program, data = rng.choice(programs), rng.randbytes(rng.choice((0, 1, 9, 40, 127, 128, 200)))
        ours.append((program, metas, data))
        theirs.append(Instruction(Pubkey(program), data, [AccountMeta(Pubkey(k), s, w) for k, s, w in metas]))
    return ours, theirs


def seen_as_solders_sees(seen, msg):
    header = msg.header
    assert seen["header"] == (
        header.num_required_signatures,
        header.num_readonly_signed_accounts,
        header.num_readonly_unsigned_accounts,
    )
    assert seen["keys"] == [bytes(k) for k in msg.account_keys] and seen["blockhash"] == bytes(
        msg.recent_blockhash
    )
    assert seen["ixs"] == [(i.program_id_index, bytes(i.accounts), bytes(i.data)) for i in msg.instructions]
    for i in range(len(msg.account_keys)):
        assert seen["signer"][i] == (i < header.num_required_signatures)
        in_class = i - header.num_required_signatures
        size, readonly = (
            (header.num_required_signatures, header.num_readonly_signed_accounts)
            if in_class < 0
            else (
                len(msg.account_keys) - header.num_required_signatures,
                header.num_readonly_unsigned_accounts,
            )
        )
        assert seen["writable"][i] == ((i if in_class < 0 else in_class) < size - readonly)


@pytest.mark.parametrize("v0", [False, True], ids=["legacy", "v0"])
def test_random_transactions(solana, v0):
    rng, done, too_long, several = random.Random(1000 + v0), 0, 0, 0
    while done < 600:
        pairs = [Keypair.from_seed(rng.randbytes(32)) for _ in range(rng.choice((1, 1, 2, 3)))]
        payer = pairs[0]
        # keys that differ late make the order within a class depend on every byte
        keys = [
            rng.choice((rng.randbytes(32), bytes(31) + rng.randbytes(1), b"\xff" * 30 + rng.randbytes(2)))
            for _ in range(rng.randrange(1, 30))
        ]
        ours, theirs = some_instructions(rng, keys, [bytes(p.pubkey()) for p in pairs])
        blockhash = rng.randbytes(32)
        msg = (
            MessageV0.try_compile(payer.pubkey(), theirs, [], Hash(blockhash))
            if v0
            else Message.new_with_blockhash(theirs, payer.pubkey(), Hash(blockhash))
        )
        signers = msg.header.num_required_signatures
        pairs = [next(p for p in pairs if p.pubkey() == k) for k in msg.account_keys[:signers]]
        tx = VersionedTransaction(msg, pairs)
        wire, raw = bytes(tx), to_bytes_versioned(msg)
        if len(wire) > 1232:
            with pytest.raises(Refused) as refused:
                solana.message(v0, bytes(payer.pubkey()), blockhash, ours)
            assert refused.value.code == E.FULL
            too_long += 1
            continue
        assert solana.message(v0, bytes(payer.pubkey()), blockhash, ours) == raw
        if signers == 1:
            assert solana.sign_tx(raw, bytes(payer)) == wire
        assert solana.assemble_tx([bytes(s) for s in tx.signatures], raw) == wire
        several += signers > 1
        seen = solana.parse_tx(wire)
        assert (
            seen["verified"] and seen["sigs"] == [bytes(s) for s in tx.signatures] and seen["message"] == raw
        )
        assert seen["version"] == (0 if v0 else "legacy")
        seen_as_solders_sees(seen, msg)
        assert solana.parse_message(raw)["sigs"] == []
        done += 1
    assert too_long > 20 and several > 100


def test_lookup_tables_are_read(solana):
    rng, tables_seen = random.Random(99), 0
    for _ in range(200):
        payer, program = Keypair.from_seed(rng.randbytes(32)), rng.randbytes(32)
        keys = [rng.randbytes(32) for _ in range(12)]
        tables = [
            AddressLookupTableAccount(Pubkey(rng.randbytes(32)), [Pubkey(k) for k in rng.sample(keys, 5)])
            for _ in range(2)
        ]
        ixs = [
            Instruction(
                Pubkey(program),
                b"x",
                [AccountMeta(Pubkey(k), False, rng.random() < 0.5) for k in rng.sample(keys, 8)],
            )
        ]
        msg = MessageV0.try_compile(payer.pubkey(), ixs, tables, Hash(rng.randbytes(32)))
        seen = solana.parse_tx(bytes(VersionedTransaction(msg, [payer])))
        assert seen["luts"] == [
            (bytes(t.account_key), bytes(t.writable_indexes), bytes(t.readonly_indexes))
            for t in msg.address_table_lookups
        ]
        seen_as_solders_sees(seen, msg)
        loaded = [True] * sum(len(t[1]) for t in seen["luts"]) + [False] * sum(
            len(t[2]) for t in seen["luts"]
        )
        assert seen["writable"][len(seen["keys"]) :] == loaded and not any(seen["signer"][1:])
        tables_seen += len(seen["luts"])
    assert tables_seen > 200


def by_solders(data):
    """'ok' when the SDK reads it, finds nothing to sanitize away,
    and would write exactly these bytes again."""
    try:
        tx = VersionedTransaction.from_bytes(data)
        tx.sanitize()
    except Exception:  # solders raises several unrelated classes here
        return False
    return (
        bytes(tx) == data
        and len(data) <= 1232
        and len(tx.message.instructions) <= 64
        and len(getattr(tx.message, "address_table_lookups", [])) <= 36
    )


def test_the_same_bytes_are_accepted(solana):
    """Bent transactions: headers, counts, indices, lengths, versions, single bytes, cuts and tails."""
    rng, verdicts = random.Random(4), {True: 0, False: 0}
    for _ in range(15000):
        payer = Keypair.from_seed(rng.randbytes(32))
        keys = [rng.randbytes(32) for _ in range(rng.randrange(1, 5))]
        _, ixs = some_instructions(rng, keys, [bytes(payer.pubkey())])
        tables = (
            [AddressLookupTableAccount(Pubkey(rng.randbytes(32)), [Pubkey(k) for k in keys])]
            if rng.random() < 0.5
            else []
        )
        ixs = ixs[:2]
        msg = (
            MessageV0.try_compile(payer.pubkey(), ixs, tables, Hash(rng.randbytes(32)))
            if rng.random() < 0.6
            else Message.new_with_blockhash(ixs, payer.pubkey(), Hash(rng.randbytes(32)))
        )
        data = bytearray(bytes(VersionedTransaction(msg, [payer])))
        structure = [0, *range(65, 70)] + [
            i for i in range(len(data)) if i >= 70 + 32 * len(msg.account_keys) + 31
        ]
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.choice([i for i in structure if i < len(data)] or [0])
            way = rng.random()
            if way < 0.7:
                data[place] = rng.choice(
                    (0, 1, 2, 3, 4, 5, 127, 128, 129, 255, (data[place] + 1) % 256, (data[place] - 1) % 256)
                )
            elif way < 0.8:
                data.insert(place, rng.choice((0, 0x80, 1)))
            elif way < 0.9:
                del data[place]
            else:
                data = (
                    data[: rng.randrange(len(data))]
                    if rng.random() < 0.5
                    else data + rng.randbytes(rng.randrange(1, 3))
                )
            if not data:
                break
        data = bytes(data)
        want = by_solders(data)
        try:
            solana.parse_tx(data)
            got = True
        except Refused:
            got = False
        assert got == want, data.hex()
        verdicts[want] += 1
    assert verdicts[True] > 1000 and verdicts[False] > 4000
