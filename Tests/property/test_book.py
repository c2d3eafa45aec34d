"""The plan and the book: what a getMultipleAccounts answer must be before it is believed,
and what people are told when it is not.

Accounts are written here by the offsets of the venue sheets, not by the core's tables."""

import base64
import json
import pathlib
import random
import struct
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import *

SYSTEM = "11111111111111111111111111111111"
SYSVAR = "Sysvar1111111111111111111111111111111111111"
DISC = {
    "User": "9f755fe3ef973aec",
    "UserStats": "b0df881b7a4f20e3",
    "PerpMarket": "0adf0c2c6bf537f7",
    "SpotMarket": "64b1086ba8414127",
    "State": "d8926b5e684bb6b1",
    "PythLazerOracle": "9f07a1f922517985",
}
SHEETS = {
    "velocity": dict(
        program="vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P",
        user=4496,
        perp=1304,
        spot=808,
        state=1752,
        perp_at=424,
        perp_stride=80,
        perp_index=76,
        sub=4466,
        p_index=640,
        p_oracle=312,
        p_name=424,
        p_source=673,
        p_status=642,
        p_quote=646,
        s_index=700,
        s_oracle=40,
        s_name=136,
        s_source=703,
        s_status=704,
        s_decimals=696,
        s_interest=(328, 344),
        s_twap5=488,
        orders=(1064, 104),
        order=dict(id=80, market=84, status=86, type=88),
    ),
    "drift": dict(
        program="dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH",
        user=4376,
        perp=1216,
        spot=776,
        state=992,
        perp_at=424,
        perp_stride=96,
        perp_index=92,
        sub=4346,
        p_index=1160,
        p_oracle=40,
        p_name=1000,
        p_source=926,
        p_status=1162,
        p_quote=1166,
        s_index=684,
        s_oracle=40,
        s_name=136,
        s_source=687,
        s_status=688,
        s_decimals=680,
        s_interest=(464, 480),
        s_twap5=200,
        orders=(1192, 96),
        order=dict(id=76, market=80, status=82, type=84),
    ),
}
AUTHORITY_KEY, PAYER_KEY = bytes([7] * 32), bytes([9] * 32)
SOL_ORACLE, QUOTE_ORACLE = bytes([21] * 32), bytes([22] * 32)


def account(kind, size, **patches):
    raw = bytearray(size)
    raw[:8] = bytes.fromhex(DISC[kind])
    for at, value in patches.items():
        at = int(at[1:])
        raw[at : at + len(value)] = value
    return bytes(raw)


def u16(n):
    return struct.pack("<H", n)


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def i64(n):
    return struct.pack("<q", n)


class World:
    """A chain of one slot: accounts by key, answered as a node does."""

    def __init__(self, name, slot=1000):
        self.name, self.s, self.slot, self.v = name, SHEETS[name], slot, venue(name)
        self.ffi, self.lib = core()
        s = self.s
        self.plan = self.ffi.new("ek_plan *")
        check(self.lib.ek_plan_init(self.plan, self.v, key(AUTHORITY_KEY), 0, key(PAYER_KEY)))
        items = {self.plan.items[i].role: bytes(self.plan.items[i].key.bytes) for i in range(self.plan.n)}
        owner = unbase58(s["program"])
        user = bytearray(account("User", s["user"], _8=AUTHORITY_KEY, **{f"_{s['sub']}": u16(0)}))
        struct.pack_into("<Q", user, 104, 500 * 10**9)  # 500 of the quote asset
        struct.pack_into("<QqqqH", user, 144, 10 * 10**9, 0, 0, 0, 1)  # 10 SOL
        struct.pack_into("<qqq", user, s["perp_at"], 0, -9 * 10**9, 1350 * 10**6)  # short 9
        self.accounts = {
            items[STATE]: (owner, account("State", s["state"])),
            items[USER]: (owner, bytes(user)),
            items[USER_STATS]: (owner, account("UserStats", 240, _8=AUTHORITY_KEY)),
            items[CLOCK]: (unbase58(SYSVAR), u64(slot) + bytes(24) + i64(1_700_000_000)),
            items[AUTHORITY]: (bytes(32), b""),
            self.address("PERP_MARKET", 0): (owner, self.perp(0, SOL_ORACLE, b"SOL-PERP")),
            self.address("SPOT_MARKET", 0): (owner, self.spot(0, QUOTE_ORACLE, b"USDX", 6, 15)),
            self.address("SPOT_MARKET", 1): (owner, self.spot(1, SOL_ORACLE, b"SOL", 9, 12)),
            SOL_ORACLE: (owner, self.lazer(150 * 10**8, slot - 2)),
            QUOTE_ORACLE: (owner, self.lazer(10**8, slot - 3)),
        }
        self.lamports = {items[AUTHORITY]: 2_500_000_000}
        self.items = items
        self.ids = {0: self.address("PERP_MARKET", 0)}

    def address(self, kind, index):
        out = self.ffi.new("ek_key *")
        check(
            self.lib.ek_venue_address(self.v, getattr(self.lib, f"EK_ADDR_{kind}"), self.ffi.NULL, index, out)
        )
        return bytes(out.bytes)

    def perp(self, index, oracle, name, source=12):
        s = self.s
        return account(
            "PerpMarket",
            s["perp"],
            _8=self.address("PERP_MARKET", index),
            **{
                f"_{s['p_oracle']}": oracle,
                f"_{s['p_name']}": name.ljust(32),
                f"_{s['p_index']}": u16(index),
                f"_{s['p_source']}": bytes([source]),
                f"_{s['p_status']}": b"\1",
            },
        )

    def spot(self, index, oracle, name, decimals, source):
        s = self.s
        return account(
            "SpotMarket",
            s["spot"],
            _8=self.address("SPOT_MARKET", index),
            **{
                f"_{s['s_oracle']}": oracle,
                f"_{s['s_name']}": name.ljust(32),
                f"_{s['s_index']}": u16(index),
                f"_{s['s_source']}": bytes([source]),
                f"_{s['s_status']}": b"\1",
                f"_{s['s_decimals']}": u32(decimals),
                f"_{s['s_interest'][0]}": u64(10**10),
                f"_{s['s_interest'][1]}": u64(10**10),
                f"_{s['s_twap5']}": i64(10**6),
            },
        )

    @staticmethod
    def lazer(price, slot):
        return account(
            "PythLazerOracle",
            48,
            _8=i64(price),
            _16=u64(1_700_000_000 * 10**6),
            _24=u64(slot),
            _32=struct.pack("<i", -8),
            _40=u64(1000),
        )

    def answer(self):
        values = []
        for i in range(self.plan.n):
            k = bytes(self.plan.items[i].key.bytes)
            if k not in self.accounts:
                values.append(None)
                continue
            owner, data = self.accounts[k]
            values.append(
                {
                    "lamports": self.lamports.get(k, 1),
                    "owner": base58(owner),
                    "data": [base64.b64encode(data).decode(), "base64"],
                    "executable": False,
                    "rentEpoch": 2**64 - 1,
                    "space": len(data),
                }
            )
        return {
            "jsonrpc": "2.0",
            "result": {"context": {"slot": self.slot, "apiVersion": "2.2"}, "value": values},
            "id": 1,
        }

    def load(self, answer=None, work=8192):
        """Read twice, in a spelling that nodes do not send and in theirs, which has a short way of its own:
        both must say the same."""
        if isinstance(answer, bytes):
            return self.load_text(answer, work)
        answer = answer or self.answer()
        said = []
        for spelling in ({}, {"sort_keys": True, "separators": (",", ":")}):
            try:
                said.append(self.load_text(json.dumps(answer, **spelling).encode(), work))
            except Refused as refused:
                said.append(refused)
        if isinstance(said[0], Refused):
            assert isinstance(said[1], Refused) and (said[0].code, said[0].text) == (
                said[1].code,
                said[1].text,
            ), said
            raise said[0]
        assert bytes(self.ffi.buffer(said[0])) == bytes(self.ffi.buffer(said[1]))
        return said[0]

    def load_text(self, text, work=8192):
        book, fault = self.ffi.new("ek_book *"), self.ffi.new("ek_fault *")
        check(
            self.lib.ek_book_load(
                book, self.plan, exact(text), len(text), self.ffi.new("uint8_t[]", max(work, 1)), work, fault
            ),
            fault,
        )
        return book

    def settle(self):
        """Reads until the plan asks for nothing more, as the agent does."""
        check(self.lib.ek_plan_add_perp(self.plan, 0))
        check(self.lib.ek_plan_add_spot(self.plan, 1))
        changed, rounds = self.ffi.new("int *", 1), 0
        while changed[0]:
            rounds += 1
            book = self.load()
            check(self.lib.ek_plan_complete(self.plan, book, changed))
        return book, rounds

    def refused(self, answer=None, **kw):
        with pytest.raises(Refused) as refused:
            self.load(answer, **kw)
        return refused.value.code, refused.value.text


@pytest.fixture(params=["velocity", "drift"])
def world(request):
    w = World(request.param)
    w.settle()
    return w


@pytest.mark.parametrize("name", ["velocity", "drift"])
def test_two_reads_find_everything(name):
    w = World(name)
    book, rounds = w.settle()
    assert rounds == 2
    assert (book.slot, book.clock.unix_timestamp, book.authority_lamports, book.payer_lamports) == (
        1000,
        1_700_000_000,
        2_500_000_000,
        0,
    )
    assert (book.n_perps, book.n_spots, book.n_oracles) == (1, 2, 2)
    roles = [w.plan.items[i].role for i in range(w.plan.n)]
    assert roles == [
        STATE,
        USER,
        USER_STATS,
        CLOCK,
        AUTHORITY,
        PAYER,
        SPOT_MARKET,
        PERP_MARKET,
        SPOT_MARKET,
        ORACLE,
        ORACLE,
    ]
    find = lambda what, text: getattr(w.lib, f"ek_book_{what}_by_name")(book, text.encode(), len(text))
    assert find("perp", "SOL-PERP").market_index == 0 and find("spot", "SOL").market_index == 1
    assert (
        find("perp", "SOL") == w.ffi.NULL
        and find("spot", "SO") == w.ffi.NULL
        and find("spot", "SOLX") == w.ffi.NULL
    )
    oracle = w.ffi.new("ek_oracle **")
    check(w.lib.ek_book_perp_oracle(book, 0, oracle))
    assert oracle[0].price_e6 == 150_000_000 and w.lib.ek_oracle_age_slots(book, oracle[0]) == 2
    assert w.lib.ek_book_perp_oracle(book, 5, oracle) == E.MISSING


def test_a_plan_is_idempotent_and_bounded(world):
    w, n = world, world.plan.n
    for _ in range(2):
        check(w.lib.ek_plan_add_perp(w.plan, 0))
        check(w.lib.ek_plan_add_spot(w.plan, 1))
    assert w.plan.n == n
    for i in range(1, 200):
        code = w.lib.ek_plan_add_perp(w.plan, i)
        if code != E.OK:
            break
    assert code == E.FULL and w.plan.n == w.lib.EK_PLAN_MAX


def test_one_key_for_authority_and_payer_is_read_once():
    ffi, lib = core()
    plan = ffi.new("ek_plan *")
    check(lib.ek_plan_init(plan, venue("velocity"), key(AUTHORITY_KEY), 0, ffi.NULL))
    assert [plan.items[i].role for i in range(plan.n)] == [
        STATE,
        USER,
        USER_STATS,
        CLOCK,
        AUTHORITY,
        SPOT_MARKET,
    ]


def test_only_a_wallet_may_be_absent(world):
    w = world
    assert w.load().payer_lamports == 0
    del w.accounts[w.items[AUTHORITY]]
    assert w.load().authority_lamports == 0
    for k in list(w.accounts):
        kept = w.accounts.pop(k)
        code, text = w.refused()
        assert code == E.MISSING and "does not exist" in text
        w.accounts[k] = kept


def test_wrong_owner_type_or_length_is_named(world):
    w = world
    for k, (owner, data) in list(w.accounts.items()):
        if k == w.items[AUTHORITY]:
            continue
        names = base58(k)
        w.accounts[k] = (bytes([1] * 32), data)
        code, text = w.refused()
        assert code == E.OWNER and names in text and "owned by" in text
        # Only markets are known to grow at their end; a Clock is longer than what is read of it.
        grows = len(data) in (1304, 808, 1216, 776) or k == w.items[CLOCK]
        short, wants = (E.SHORT, f"needs {len(data)}") if grows else (E.LENGTH, f"has exactly {len(data)}")
        w.accounts[k] = (owner, data[:-1])
        code, text = w.refused()
        assert code == short and f"{len(data) - 1} bytes" in text and wants in text and names in text
        w.accounts[k] = (owner, b"")
        assert w.refused()[0] == short
        if k != w.items[CLOCK]:
            w.accounts[k] = (owner, bytes([data[0] ^ 1]) + data[1:])
            code, text = w.refused()
            assert code == E.DISCRIMINATOR and names in text
        w.accounts[k] = (owner, data + bytes(56))
        if not grows:
            code, text = w.refused()
            assert code == E.LENGTH and f"{len(data) + 56} bytes" in text and "update evenkeel" in text
        else:
            w.load()
        w.accounts[k] = (owner, data)


def test_another_mans_account_is_refused(world):
    w = world
    owner, data = w.accounts[w.items[USER]]
    w.accounts[w.items[USER]] = (owner, data[:8] + bytes([8] * 32) + data[40:])
    assert w.refused()[0] == E.MISMATCH
    at = w.s["sub"]
    w.accounts[w.items[USER]] = (owner, data[:at] + u16(1) + data[at + 2 :])
    assert w.refused()[0] == E.MISMATCH
    w.accounts[w.items[USER]] = (owner, data)
    stats = w.accounts[w.items[USER_STATS]]
    w.accounts[w.items[USER_STATS]] = (owner, account("UserStats", 240, _8=bytes([8] * 32)))
    code, text = w.refused()
    assert code == E.MISMATCH and "UserStats" in text
    w.accounts[w.items[USER_STATS]] = stats
    perp = w.ids[0]
    w.accounts[perp] = (owner, w.perp(3, SOL_ORACLE, b"SOL-PERP"))
    code, text = w.refused()
    assert code == E.MISMATCH and "PerpMarket 0" in text
    good = w.perp(0, SOL_ORACLE, b"SOL-PERP")
    w.accounts[perp] = (owner, good[:8] + bytes([5] * 32) + good[40:])  # its own address is another one
    assert w.refused()[0] == E.MISMATCH


def test_unknown_enum_numbers_are_unsupported_not_guessed(world):
    w = world
    for k, at in (
        (w.ids[0], w.s["p_status"]),
        (w.ids[0], w.s["p_source"]),
        (w.address("SPOT_MARKET", 1), w.s["s_status"]),
    ):
        owner, data = w.accounts[k]
        w.accounts[k] = (owner, data[:at] + b"\x63" + data[at + 1 :])
        assert w.refused()[0] == E.UNSUPPORTED
        w.accounts[k] = (owner, data)
    owner, data = w.accounts[w.items[USER]]
    at = w.s["orders"][0] + w.s["order"]["status"]
    w.accounts[w.items[USER]] = (owner, data[:at] + b"\x09" + data[at + 1 :])
    assert w.refused()[0] == E.UNSUPPORTED


def test_an_oracle_nobody_can_value_stops_only_those_who_need_it(world):
    w = world
    owner, _ = w.accounts[w.ids[0]]
    w.accounts[w.ids[0]] = (owner, w.perp(0, SOL_ORACLE, b"SOL-PERP", source=1))  # Switchboard
    book, out = w.load(), w.ffi.new("ek_oracle **")
    assert (
        w.lib.ek_book_perp_oracle(book, 0, out) == E.UNSUPPORTED
        and w.lib.ek_book_spot_oracle(book, 1, out) == E.OK
    )


def test_a_market_that_changed_its_oracle_leaves_the_old_one_behind(world):
    w = world
    owner, _ = w.accounts[w.ids[0]]
    new = bytes([30] * 32)
    w.accounts[w.ids[0]] = (owner, w.perp(0, new, b"SOL-PERP"))
    w.accounts[w.address("SPOT_MARKET", 1)] = (owner, w.spot(1, new, b"SOL", 9, 12))
    w.accounts[new] = (owner, w.lazer(151 * 10**8, 999))
    w.accounts[SOL_ORACLE] = (bytes(32), b"closed and reused")
    book, out, changed = w.load(), w.ffi.new("ek_oracle **"), w.ffi.new("int *")
    assert w.lib.ek_book_perp_oracle(book, 0, out) == E.MISSING
    check(w.lib.ek_plan_complete(w.plan, book, changed))
    assert changed[0] == 1
    check(w.lib.ek_book_perp_oracle(w.load(), 0, out))


def test_positions_and_live_orders_bring_their_markets(world):
    w, s = world, world.s
    owner, data = w.accounts[w.items[USER]]
    user = bytearray(data)
    at = s["perp_at"] + s["perp_stride"]
    struct.pack_into("<q", user, at + 16, -5)  # a closed position with unsettled pnl
    struct.pack_into("<H", user, at + s["perp_index"], 4)
    at, o = s["orders"][0] + s["orders"][1], s["order"]
    struct.pack_into("<H", user, at + o["market"], 6)
    user[at + o["status"]], user[at + o["type"]] = 1, 1  # live: brings perp market 6
    at += s["orders"][1]
    struct.pack_into("<H", user, at + o["market"], 7)
    user[at + o["status"]], user[at + o["type"]] = 2, 1  # filled long ago: brings nothing
    w.accounts[w.items[USER]] = (owner, bytes(user))
    changed = w.ffi.new("int *")
    check(w.lib.ek_plan_complete(w.plan, w.load(), changed))
    perps = {w.plan.items[i].market_index for i in range(w.plan.n) if w.plan.items[i].role == PERP_MARKET}
    assert changed[0] == 1 and perps == {0, 4, 6}


def test_a_position_that_is_only_being_liquidated_is_in_use(world):
    w, s = world, world.s
    owner, data = w.accounts[w.items[USER]]
    user = bytearray(data)
    at = s["perp_at"] + 3 * s["perp_stride"]
    user[at + s["perp_index"] + 3] = 2  # the flags follow the market index and the number of open orders
    w.accounts[w.items[USER]] = (owner, bytes(user))
    book = w.load()
    assert book.user.n_perps == 2 and (book.user.perps[1].slot, book.user.perps[1].flags) == (3, 2)


def test_a_market_is_put_once():
    w = World("drift")
    b = Book(w.v)
    for role, raw in (
        (PERP_MARKET, w.perp(0, SOL_ORACLE, b"SOL-PERP")),
        (SPOT_MARKET, w.spot(1, SOL_ORACLE, b"SOL", 9, 12)),
    ):
        b.put(role, raw)
        with pytest.raises(Refused) as refused:
            b.put(role, raw)
        assert refused.value.code == E.MISMATCH
    assert (b.b.n_perps, b.b.n_spots) == (1, 1)
    for i in range(1, 40):
        code = w.lib.ek_book_put_account(
            b.b, PERP_MARKET, w.ffi.NULL, exact(w.perp(i, SOL_ORACLE, b"X")), w.s["perp"]
        )
        if code != E.OK:
            break
    assert code == E.FULL and b.b.n_perps == w.lib.EK_BOOK_PERPS


def test_the_quote_market_of_a_perp_is_read(world):
    w, at = world, world.s["p_quote"]
    owner, data = w.accounts[w.ids[0]]
    w.accounts[w.ids[0]] = (owner, data[:at] + u16(5) + data[at + 2 :])
    changed = w.ffi.new("int *")
    check(w.lib.ek_plan_complete(w.plan, w.load(), changed))
    assert changed[0] == 1 and 5 in {
        w.plan.items[i].market_index for i in range(w.plan.n) if w.plan.items[i].role == SPOT_MARKET
    }


def test_a_program_cannot_pay_fees_and_is_no_wallet(world):
    w = world
    w.accounts[PAYER_KEY] = (bytes([3] * 32), b"")
    code, text = w.refused()
    assert code == E.OWNER and "payer wallet" in text
    del w.accounts[PAYER_KEY]
    w.accounts[w.items[AUTHORITY]] = (bytes([3] * 32), b"")
    book = w.load()
    assert book.authority_is_system == 0
    legs, out, fault = (
        w.ffi.new("ek_hedge_legs *", [0, 1, 1, 1, 0]),
        w.ffi.new("ek_assessment *"),
        w.ffi.new("ek_fault *"),
    )
    assert w.lib.ek_assess(book, legs, out, fault) == E.OWNER
    legs.use_wallet = 0
    check(w.lib.ek_assess(book, legs, out, fault), fault)
    assert (out.spot_base_e9, out.perp_base_e9) == (10 * 10**9, -9 * 10**9)


def test_legs_add_up(world):
    book = world.load()
    legs, out, fault = (
        world.ffi.new("ek_hedge_legs *", [0, 1, 1, 1, -3]),
        world.ffi.new("ek_assessment *"),
        world.ffi.new("ek_fault *"),
    )
    check(world.lib.ek_assess(book, legs, out, fault), fault)
    assert (out.venue_spot_base_e9, out.wallet_base_e9, out.extra_base_e9) == (10 * 10**9, 2_500_000_000, -3)
    assert out.spot_base_e9 == 12_500_000_000 - 3
    legs.use_wallet, legs.extra_base_e9 = 0, 2**63 - 1
    assert world.lib.ek_assess(book, legs, out, fault) == E.OVERFLOW


def test_answers_that_are_not_the_answer(world):
    w = world
    good = w.answer()
    value = good["result"]["value"]
    with_value = lambda v: {**good, "result": {**good["result"], "value": v}}
    assert w.refused(with_value(value[:-1]))[0] == E.MISMATCH
    assert w.refused(with_value(value + [None]))[0] == E.MISMATCH
    code, text = w.refused(
        {
            "jsonrpc": "2.0",
            "error": {"code": -32016, "message": "Minimum context slot has not been reached"},
            "id": 1,
        }
    )
    assert code == E.RPC and "Minimum context slot" in text
    assert w.refused(b"<html>502 Bad Gateway</html>")[0] == E.SYNTAX
    assert w.refused(json.dumps(good).encode()[:-7])[0] in (E.SYNTAX, E.SHORT)
    broken = json.loads(json.dumps(good))
    broken["result"]["value"][1]["data"][0] = "@@@@"
    assert w.refused(broken)[0] == E.SYNTAX
    code, text = w.refused(good, work=600)
    assert code == E.FULL and "larger" in text


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(["velocity", "drift"]))
def test_flipped_bytes_never_slip_past_the_checks(seed, name):
    """Whatever a hostile node does to account bytes,
    the book is either refused or holds positions that the bytes really say."""
    r, w = random.Random(seed), World(name)
    w.settle()
    k = r.choice([k for k in w.accounts if k != w.items[AUTHORITY]])
    owner, data = w.accounts[k]
    raw = bytearray(data)
    for _ in range(r.randrange(1, 40)):
        raw[r.randrange(len(raw))] = r.randrange(256)
    w.accounts[k] = (owner, bytes(raw[: r.choice([len(raw), len(raw), r.randrange(len(raw) + 1)])]))
    try:
        book = w.load()
    except Refused as refused:
        assert (
            refused.code in (E.SHORT, E.LENGTH, E.DISCRIMINATOR, E.UNSUPPORTED, E.MISMATCH) and refused.text
        )
        return
    legs, out, fault = (
        w.ffi.new("ek_hedge_legs *", [0, 1, 1, 0, 0]),
        w.ffi.new("ek_assessment *"),
        w.ffi.new("ek_fault *"),
    )
    code = w.lib.ek_assess(book, legs, out, fault)
    assert code == E.OK or w.ffi.string(fault.text)
    if k == w.items[USER]:
        base = sum(
            struct.unpack_from("<q", raw, w.s["perp_at"] + i * w.s["perp_stride"] + 8)[0] for i in range(8)
        )
        assert sum(book.user.perps[i].base_e9 for i in range(book.user.n_perps)) == base


def test_nothing_of_an_answer_that_is_no_json(world):
    """A text that ends where it was expected to end, with a quote inside: refused,
    and the book says that it holds nothing of it."""
    world.settle()
    text = bytearray(json.dumps(world.answer(), sort_keys=True, separators=(",", ":")).encode())
    last = text.rindex(b'","base64"]')
    text[last - 20] = ord('"')
    book, fault = world.ffi.new("ek_book *"), world.ffi.new("ek_fault *")
    code = world.lib.ek_book_load(
        book, world.plan, exact(bytes(text)), len(text), world.ffi.new("uint8_t[]", 8192), 8192, fault
    )
    assert code == E.SYNTAX and book.have == 0
    assert world.ffi.string(fault.text) == b"the answer is not a getMultipleAccounts result"
