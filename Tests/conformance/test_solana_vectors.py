"""Every shared vector of this layer: base58, shortvec, on-curve, program addresses, ed25519,
messages and transactions."""

import base64
import json
import os
import pathlib

import pytest

from solana_core import E, Refused, Solana

SHARED = pathlib.Path(
    os.environ.get("EK_SHARED") or pathlib.Path(__file__).resolve().parents[2].parent / "shared"
)
BUDGET = "ComputeBudget111111111111111111111111111111"


def vectors(name):
    path = SHARED / "vectors" / name
    if not path.exists():
        pytest.skip(f"shared vectors absent: {name}", allow_module_level=True)
    return json.loads(path.read_text())


DRIFT, VELOCITY = vectors("drift.json"), vectors("velocity.json")


@pytest.fixture(scope="module")
def solana(core):
    return Solana(core)


def test_base58_encode(solana):
    for v in DRIFT["base58"]["encode"]:
        data, fixed, back = (
            bytes.fromhex(v["hex"]),
            *{"pubkey": (solana.key_text, solana.key), "signature": (solana.sig_text, solana.sig)}[v["kind"]],
        )
        assert fixed(data) == solana.base58(data) == v["base58"]
        assert back(v["base58"]) == data


def test_base58_decode(solana):
    for v in DRIFT["base58"]["decode_pubkey"]:
        if "error" in v:
            with pytest.raises(Refused) as refused:
                solana.key(v["base58"])
            assert refused.value.code == E.SYNTAX
        else:
            assert solana.key(v["base58"]).hex() == v["pubkey_hex"]


def test_shortvec(solana):
    for v in DRIFT["shortvec"]:
        data = bytes.fromhex(v["hex"])
        assert solana.shortvec(v["value"]) == data and solana.unshortvec(data) == (v["value"], len(data))


def test_on_curve(solana):
    seen = set()
    for data, on in DRIFT["on_curve"]:
        assert solana.on_curve(bytes.fromhex(data)) == on, data
        seen.add(on)
    assert seen == {True, False}


def test_find_program_address(solana):
    for program, seeds, address, bump in DRIFT["find_program_address"]:
        seeds = [bytes.fromhex(s) for s in seeds]
        key, found = solana.find_pda(seeds, solana.key(program))
        assert (solana.key_text(key), found) == (address, bump)


def test_venue_addresses(solana):
    """The seeds as the venue sheets give them; which accounts they are is the
    business of the venue tables."""

    def u16(n):
        return n.to_bytes(2, "little")

    program = solana.key(DRIFT["meta"]["program_id"])
    for v in DRIFT["drift_pdas"]:
        auth, sub, market = solana.key(v["authority"]), v["sub_account_id"], v["market_index"]
        for name, seeds in {
            "user": [b"user", auth, u16(sub)],
            "user_stats": [b"user_stats", auth],
            "state": [b"drift_state"],
            "signer": [b"drift_signer"],
            "perp_market": [b"perp_market", u16(market)],
            "spot_market": [b"spot_market", u16(market)],
            "spot_market_vault": [b"spot_market_vault", u16(market)],
        }.items():
            assert solana.key_text(solana.find_pda(seeds, program)[0]) == v[name], name
    program = solana.key(VELOCITY["program_id"])
    for v in VELOCITY["pdas"]:
        auth = solana.key(v["authority"])
        key, bump = solana.find_pda([b"user", auth, u16(v["sub_account_id"])], program)
        assert (solana.key_text(key), bump) == (v["user"], v["user_bump"])
        key, bump = solana.find_pda([b"user_stats", auth], program)
        assert (solana.key_text(key), bump) == (v["user_stats"], v["user_stats_bump"])


def test_ed25519(solana):
    for v in DRIFT["ed25519"]:
        pub, secret = solana.keypair(bytes.fromhex(v["seed_hex"]))
        msg, sig = bytes.fromhex(v["message_hex"]), bytes.fromhex(v["signature_hex"])
        assert solana.key_text(pub) == v["pubkey"] and solana.sig_text(secret) == v["keypair64_base58"]
        assert solana.sign(secret, msg) == sig and solana.verify(sig, msg, pub)


def instruction(solana, v):
    """Of either file: drift.json names the program and spells the flags is_signer, is_writable."""

    def flag(account, name):
        return account["is_" + name] if "is_" + name in account else account[name]

    return (
        solana.key(v.get("program_id", VELOCITY["program_id"])),
        [(solana.key(a["pubkey"]), flag(a, "signer"), flag(a, "writable")) for a in v["accounts"]],
        bytes.fromhex(v["data_hex"]),
    )


def budget(solana, limit, price):
    program, out = solana.key(BUDGET), []
    if limit is not None:
        out.append((program, [], b"\2" + int(limit).to_bytes(4, "little")))
    if price is not None:
        out.append((program, [], b"\3" + int(price).to_bytes(8, "little")))
    return out


def reads_back(solana, wire, msg, version, blockhash, sigs):
    seen = solana.parse_tx(wire)
    assert (seen["message"], seen["version"], seen["sigs"], seen["blockhash"]) == (
        msg,
        version,
        sigs,
        solana.key(blockhash),
    ) and seen["verified"]


@pytest.mark.parametrize("v", DRIFT["transactions"], ids=lambda v: v["kind"])
def test_drift_transactions(solana, v):
    pub, secret = solana.keypair(bytes.fromhex(v["signer_seed_hex"]))
    wire, msg = base64.b64decode(v["wire_base64"]), bytes.fromhex(v["message_hex"])
    sigs = [solana.sig(s) for s in v["signatures"]]
    assert solana.base64(wire) == v["wire_base64"].encode()
    if not v["fits_1232"]:
        with pytest.raises(Refused) as refused:
            solana.parse_tx(wire)
        assert refused.value.code == E.FULL
    else:
        reads_back(solana, wire, msg, "legacy" if v["kind"] == "legacy" else 0, v["recent_blockhash"], sigs)
    if v["kind"] == "v0_lookup":
        assert solana.parse_tx(wire)["luts"]
        return
    payer, secrets = pub, [secret]
    if v["payer_seed_hex"] is not None:
        payer, payer_secret = solana.keypair(bytes.fromhex(v["payer_seed_hex"]))
        secrets.insert(0, payer_secret)
    ixs = [instruction(solana, i) for i in v["instructions"]]  # the compute budget is among them
    asked = budget(solana, v["compute_unit_limit"], v["compute_unit_price"])
    assert ixs[: len(asked)] == asked
    if not v["fits_1232"]:
        with pytest.raises(Refused) as refused:
            solana.message(v["kind"] == "v0", payer, solana.key(v["recent_blockhash"]), ixs)
        assert refused.value.code == E.FULL
        return
    assert solana.message(v["kind"] == "v0", payer, solana.key(v["recent_blockhash"]), ixs) == msg
    assert [solana.sign(s, msg) for s in secrets] == sigs
    assert (solana.sign_tx(msg, secret) if len(secrets) == 1 else solana.assemble_tx(sigs, msg)) == wire


@pytest.mark.parametrize("v", VELOCITY["signed_transactions"], ids=lambda v: v["version"])
def test_velocity_transactions(solana, v):
    pub, secret = solana.keypair(bytes.fromhex(v["keypair_seed_hex"]))
    assert solana.key_text(pub) == v["signer"]
    by_label = {i["label"]: i for i in VELOCITY["instructions"]}
    ixs = budget(solana, v["compute_unit_limit"], v["compute_unit_price_micro_lamports"]) + [
        instruction(solana, by_label[v["instruction"]])
    ]
    msg = solana.message(v["version"] != "legacy", pub, solana.key(v["blockhash"]), ixs)
    wire = solana.sign_tx(msg, secret)
    assert (
        solana.base64(msg).decode() == v["message_base64"]
        and solana.base64(wire).decode() == v["transaction_base64"]
    )
    assert len(wire) == v["size"]
    reads_back(
        solana,
        wire,
        msg,
        "legacy" if v["version"] == "legacy" else 0,
        v["blockhash"],
        [solana.sig(v["signature"])],
    )
