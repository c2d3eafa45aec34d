"""Every order and cancel of the shared vectors that the agent can send,
byte for byte and account for account."""

import pathlib
import struct
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from test_decode import ENUMS
from venue_core import *


def addressed(b, v, authority, sub):
    """Gives a book the addresses a plan would have given it."""
    ffi, lib = core()
    check(lib.ek_venue_address(v, lib.EK_ADDR_STATE, ffi.NULL, 0, ffi.addressof(b.b, "state_address")))
    check(lib.ek_venue_address(v, lib.EK_ADDR_USER, key(authority), sub, ffi.addressof(b.b, "user_address")))
    check(
        lib.ek_venue_address(
            v, lib.EK_ADDR_USER_STATS, key(authority), 0, ffi.addressof(b.b, "user_stats_address")
        )
    )
    return b


def build(name, b, signer, *args):
    ffi, lib = core()
    ix = ffi.new("ek_ix *")
    check(getattr(lib, name)(b.b, key(signer), *args, ix))
    assert base58(bytes(ix.program.bytes)) == base58(bytes(lib.ek_venue_program(b.b.venue).bytes))
    return data_of(ix), metas(ix)


def optional(value, convert=int):
    return None if value is None else convert(value)


def drift_order(p):
    enum_of = lambda name, value: ENUMS[name].index(value)
    return order(
        order_type=enum_of("order_type", p["order_type"]),
        market_type=enum_of("market_type", p["market_type"]),
        direction=enum_of("direction", p["direction"]),
        user_order_id=p["user_order_id"],
        base_e9=int(p["base_asset_amount"]),
        price_e6=int(p["price"]),
        market_index=p["market_index"],
        reduce_only=int(p["reduce_only"]),
        post_only=["NONE", "MustPostOnly", "TryPostOnly", "Slide"].index(p["post_only"]),
        bit_flags=p["bit_flags"],
        trigger_condition=enum_of("trigger_condition", p["trigger_condition"]),
        max_ts=optional(p["max_ts"]),
        trigger_price_e6=optional(p["trigger_price"]),
        oracle_offset_e6=optional(p["oracle_price_offset"]),
        auction_duration=optional(p["auction_duration"]),
        auction_start_e6=optional(p["auction_start_price"]),
        auction_end_e6=optional(p["auction_end_price"]),
    )


def test_drift_instructions():
    golden = vectors("drift.json")
    markets = golden["instruction_markets"]
    for c in golden["instructions"]:
        v = venue("drift")
        b = addressed(Book(v), v, c["authority"], c["sub_account_id"])
        b.put(USER, b64(c["user_base64"]))
        for i in c["perp_market_indexes"]:
            b.put(PERP_MARKET, b64(markets["perp_markets"][str(i)]))
        for i in c["spot_market_indexes"]:
            b.put(SPOT_MARKET, b64(markets["spot_markets"][str(i)]))

        def same(got, name):
            data, accounts = got
            want = c[name]
            assert data.hex() == want["data_hex"], name
            assert accounts == [(m["pubkey"], m["is_signer"], m["is_writable"]) for m in want["accounts"]], (
                name
            )

        o, signer = drift_order(c["order_params"]), c["signer"]
        same(build("ek_wire_place", b, signer, o), "place_perp_order")
        same(build("ek_wire_take", b, signer, o, 0, 0), "place_and_take_perp_order")
        cancel = c["cancel_order_id"]
        same(
            build("ek_ix_cancel_order", b, signer, 0xFFFF, int(cancel is not None), cancel or 0),
            "cancel_order",
        )
    assert len(golden["instructions"]) >= 50


def velocity_instruction_book(golden):
    """The account the vectors were made with: USDT and SOL deposits and a SOL-PERP position."""
    accounts = {}
    for c in golden["account_decoding"]:
        accounts.setdefault(c["kind"], []).append((c["address"], b64(c["base64"]), c["expected"]))
    v = venue("velocity")
    b = Book(v)
    user = accounts["User"][0]
    b.put(USER, user[1])
    for kind, role in (("PerpMarket", PERP_MARKET), ("SpotMarket", SPOT_MARKET)):
        for _, raw, _ in accounts[kind]:
            b.put(role, raw)
    addressed(b, v, user[2]["authority"], user[2]["sub_account_id"])
    assert base58(bytes(b.b.user_address.bytes)) == user[0]
    return b


def test_velocity_instructions():
    golden = vectors("velocity.json")
    b = velocity_instruction_book(golden)
    signer, seen = golden["instructions"][0]["accounts"][2]["pubkey"], 0
    for c in golden["instructions"]:
        if c["name"] in ("place_perp_order", "place_and_take_perp_order"):
            f = c["fields"]
            auction = f.get("auction", [None] * 3)
            o = order(
                order_type=f.get("order_type", 0),
                direction=f.get("direction", 1),
                user_order_id=f.get("user_order_id", 0),
                base_e9=f["base"],
                price_e6=f.get("price", 0),
                reduce_only=f.get("reduce_only", 0),
                post_only=f.get("post_only", 0),
                bit_flags=f.get("bit_flags", 0),
                max_ts=f.get("max_ts"),
                oracle_offset_e6=f.get("oracle_offset"),
                auction_duration=auction[0],
                auction_start_e6=auction[1],
                auction_end_e6=auction[2],
            )
            if c["name"] == "place_perp_order":
                got = build("ek_ix_place", b, signer, o)
            else:
                s = c["success_condition"]
                got = build("ek_ix_place_and_take", b, signer, o, int(s is not None), s or 0)
        elif c["name"] == "cancel_order":
            raw = bytes.fromhex(c["data_hex"])
            got = build("ek_ix_cancel_order", b, signer, 0, raw[8], int.from_bytes(raw[9:], "little"))
        else:
            continue  # cancels that the agent does not send
        seen += 1
        assert got[0].hex() == c["data_hex"], c["label"]
        assert got[1] == [(a["pubkey"], a["signer"], a["writable"]) for a in c["accounts"]], c["label"]
    assert seen >= 12


def test_the_probe_is_the_order_with_a_size_of_zero():
    ffi, lib = core()
    b = velocity_instruction_book(vectors("velocity.json"))
    signer = key(bytes(range(32)))
    ix = ffi.new("ek_ix *")
    check(lib.ek_ix_probe(b.b, signer, 0, ix))
    data = data_of(ix)
    assert data[:8].hex() == "d53301bb6cdce6e0" and data[12:20] == bytes(8)
    assert data[-5:].hex() == "01" + (25602).to_bytes(4, "little").hex()
    like = build(
        "ek_ix_place_and_take", b, bytes(range(32)), order(direction=1, base_e9=1, price_e6=1), 1, 25602
    )
    assert data[:12] + data[20:] == like[0][:12] + like[0][20:]
    assert [m for m in metas(ix)] == [tuple(m) for m in like[1]]


def test_sizes_that_mean_something_else_are_refused():
    golden = vectors("velocity.json")
    b, signer = velocity_instruction_book(golden), bytes(32)
    for name, o in [
        ("ek_ix_place", order(base_e9=0)),
        ("ek_ix_place", order(base_e9=2**64 - 1)),
        ("ek_ix_place", order(base_e9=10**9, bit_flags=1, order_type=1)),
        ("ek_ix_place", order(base_e9=10**9, market_type=0)),
    ]:
        with pytest.raises(Refused) as refused:
            build(name, b, signer, o)
        assert refused.value.code == E.RANGE
    with pytest.raises(Refused) as refused:
        build("ek_ix_place_and_take", b, signer, order(base_e9=10**9, bit_flags=1), 0, 0)
    assert refused.value.code == E.RANGE
    with pytest.raises(Refused) as refused:
        build("ek_ix_place", b, signer, order(base_e9=10**9, market_index=7))
    assert refused.value.code == E.MISSING
    drift = Book(venue("drift"))
    with pytest.raises(Refused) as refused:
        build("ek_ix_place", drift, signer, order(base_e9=10**9))
    assert refused.value.code == E.MISSING


def test_wire_limits_of_each_venue():
    ffi, lib = core()

    def encode(name, o):
        out, n = ffi.new("uint8_t[128]"), ffi.new("size_t *")
        check(lib.ek_order_encode(venue(name), o, out, 128, n))
        return bytes(out[0 : n[0]])

    plain_order = order(base_e9=1)
    assert len(encode("velocity", plain_order)) == 34 and len(encode("drift", plain_order)) == 32
    assert encode("velocity", order(oracle_offset_e6=-(2**40)))[28:37] == b"\1" + struct.pack("<q", -(2**40))
    assert encode("drift", order(oracle_offset_e6=-(2**31)))[28:33] == b"\1" + struct.pack("<i", -(2**31))
    for o, code in [(order(oracle_offset_e6=2**31), E.OVERFLOW), (order(builder_index=1), E.RANGE)]:
        with pytest.raises(Refused) as refused:
            encode("drift", o)
        assert refused.value.code == code
