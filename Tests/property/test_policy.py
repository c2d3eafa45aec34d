"""The signer's judgement: what the agent builds is signed, and no other byte:
every single change of a message is refused or changes nothing that the policy
must know (the blockhash, and which accounts are only read)."""

import pathlib
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from test_margin import one_short
from venue_core import *

E9 = 10**9
LONG, SHORT = 0, 1
TAKE, PLACE, CANCEL, TAKE_PART, SETTLE = 1, 2, 3, 4, 5
LAZER = 5
OWN, AUTHORITY, HASH = bytes(Keypair.from_seed(b"\x08" * 32).pubkey()), b"\x07" * 32, b"\x0b" * 32
ORACLE_PRICE = 100_000_000
(
    NOTHING,
    MESSAGE,
    FORM,
    PAYER,
    INSTRUCTION,
    BUDGET,
    FEE,
    ACCOUNT,
    USER_,
    DATA,
    CLAIM,
    MARKET,
    SIZE,
    ORACLE_,
    PRICE,
    SHAPE,
    ORDER_ID,
    HOURLY,
    DAILY,
    BREAKER,
    PROTOCOL,
    LEDGER,
    LOSS,
    MOVE,
    PUBLISHED,
    EXPIRY,
    VERSION,
) = range(27)
BARE = (CANCEL, SETTLE)  # no order: neither price nor oracle
COMPUTE = unbase58("ComputeBudget111111111111111111111111111111")


def lazer_source(name):
    """The source number of the fixture's oracles."""
    return one_short(name).b.perps[0].oracle_source


def oracle_bytes(price_e6, published_s=10**9):
    raw = bytes([0x9F, 0x07, 0xA1, 0xF9, 0x22, 0x51, 0x79, 0x85])
    raw += (price_e6 * 100).to_bytes(8, "little", signed=True)
    raw += (published_s * 10**6).to_bytes(8, "little")
    return (
        raw
        + (1000).to_bytes(8, "little")
        + (-8).to_bytes(4, "little", signed=True)
        + bytes(4)
        + (1).to_bytes(8, "little")
    )


class Case:
    """A policy, a book, and the message of one order with the claim that goes with it."""

    def __init__(self, name="velocity", kind=TAKE, direction=SHORT, size=E9, slippage=5000, **changes):
        self.ffi, self.lib = core()
        self.name, self.kind, self.direction, self.size = name, kind, direction, size
        self.b = one_short(name)
        self.source = lazer_source(name)
        x, v = self.b.b, venue(name)
        for k, what, index in (("user_address", 1, 0), ("user_stats_address", 2, 0), ("state_address", 0, 0)):
            check(self.lib.ek_venue_address(v, what, key(AUTHORITY), index, self.ffi.addressof(x, k)))
        for i in range(2):
            check(
                self.lib.ek_venue_address(v, 4, self.ffi.NULL, i, self.ffi.addressof(x.spots[i], "address"))
            )
        for i in range(x.n_perps):
            check(
                self.lib.ek_venue_address(
                    v, 3, self.ffi.NULL, x.perps[i].market_index, self.ffi.addressof(x.perps[i], "address")
                )
            )
        self.limits = self.ffi.new("ek_policy_limits *")
        l = self.limits
        l.venue, l.sub_account, l.n_markets = name.encode(), 0, 1
        self.ffi.buffer(l.authority)[:] = AUTHORITY
        (
            l.max_slippage_ppm,
            l.max_fee_lamports,
            l.max_notional_day_e6,
            l.max_orders_hour,
            l.max_compute_units,
        ) = slippage, 205_000, 10**12, 60, 1_400_000
        l.max_loss_day_e6, l.fill_timeout_s, l.speed, l.machines = 10**12, 30, 1, 1
        l.move.minute_ppm, l.move.hour_ppm, l.move.total_ppm = 20_000, 100_000, 250_000
        l.markets[0].name, l.markets[0].max_trade_base_e9 = b"SOL-PERP", 50 * E9
        for k, value in changes.items():
            setattr(l, k, value)
        self.policy = self.ffi.new("ek_policy *")
        check(self.lib.ek_policy_init(self.policy, l, key(OWN)))
        self.ledger = self.ffi.new("ek_ledger *")
        self.facts, self.wait = self.ffi.new("ek_policy_facts *"), self.ffi.new("int64_t *")
        self.oracle = oracle_bytes(ORACLE_PRICE)
        self.params = self.order()
        self.claim = self.claimed()
        self.message = self.compiled([self.budget(200_000, 1000), self.venue_ix()])

    def order(self):
        worst = ORACLE_PRICE * (995 if self.direction == SHORT else 1005) // 1000
        o = order(base_e9=self.size, direction=self.direction, user_order_id=200, price_e6=worst)
        if self.kind == TAKE_PART:
            o.order_type, o.bit_flags = 1, 1
        if self.kind == PLACE:
            o.has_max_ts, o.max_ts = 1, 1_700_000_030
            if self.name == "drift":
                o.order_type, o.price_e6 = 4, 0
                o.has_oracle_offset = o.has_auction_start = o.has_auction_end = o.has_auction_duration = 1
                o.oracle_offset_e6 = o.auction_end_e6 = worst - ORACLE_PRICE
                o.auction_duration = 20
        return o

    def claimed(self):
        c = self.ffi.new("ek_policy_claim *")
        c.kind, c.oracle_source = self.kind, self.source
        if self.kind in BARE:
            c.user_order_id = 217 if self.kind == CANCEL else 0
            return c
        c.direction, c.user_order_id, c.size_base_e9 = self.direction, 200, self.size
        c.worst_price_e6 = ORACLE_PRICE * (995 if self.direction == SHORT else 1005) // 1000
        c.max_ts = 1_700_000_030 if self.kind == PLACE else 0
        self.ffi.buffer(c.oracle)[:] = bytes(self.b.b.perps[0].oracle.bytes)
        return c

    def budget(self, limit, price):
        return [
            (COMPUTE, [], b"\x02" + limit.to_bytes(4, "little")),
            (COMPUTE, [], b"\x03" + price.to_bytes(8, "little")),
        ]

    def venue_ix(self, signer=OWN):
        ix = self.ffi.new("ek_ix *")
        if self.kind in (TAKE, TAKE_PART):
            condition = (2 if self.kind == TAKE else 1) | 100 << 8
            check(self.lib.ek_ix_place_and_take(self.b.b, key(signer), self.params, 1, condition, ix))
        elif self.kind == PLACE:
            check(self.lib.ek_ix_place(self.b.b, key(signer), self.params, ix))
        elif self.kind == SETTLE:
            check(self.lib.ek_ix_settle(self.b.b, key(signer), 0, ix))
        else:
            check(self.lib.ek_ix_cancel_own(self.b.b, key(signer), 0, 217, ix))
        return [
            (
                bytes(ix.program.bytes),
                [(bytes(m.key.bytes), m.signer, m.writable) for m in ix.metas[0 : ix.n_metas]],
                data_of(ix),
            )
        ]

    def compiled(self, parts, payer=OWN, v0=0):
        ffi, keep = self.ffi, []
        flat = [i for part in parts for i in part]
        ixs = ffi.new("ek_instruction[]", max(1, len(flat)))
        for ix, (program, accounts, data) in zip(ixs, flat):
            m, d = ffi.new("ek_meta[]", max(1, len(accounts))), ffi.new("uint8_t[]", data)
            keep += [m, d]
            for one, (k, signer, writable) in zip(m, accounts):
                ffi.buffer(one.key.bytes)[:] = k
                one.signer, one.writable = signer, writable
            ffi.buffer(ix.program.bytes)[:] = program
            ix.metas, ix.n_metas, ix.data, ix.data_len = m, len(accounts), d, len(data)
        out, n = ffi.new("uint8_t[1232]"), ffi.new("size_t *")
        check(self.lib.ek_message_compile(v0, key(payer), key(HASH), ixs, len(flat), out, 1232, n))
        return bytes(out[0 : n[0]])

    def check(self, message=None, claim=None, oracle=None):
        message = self.message if message is None else message
        oracle = self.oracle if oracle is None else oracle
        if self.kind in BARE:
            oracle = b""
        return self.lib.ek_policy_check(
            self.policy,
            self.ledger,
            exact(message),
            len(message),
            claim or self.claim,
            exact(oracle),
            len(oracle),
            self.facts,
        )

    def clock(self, now, boot=1, boot_s=None):
        c = self.ffi.new("ek_ledger_clock *")
        c.unix_s, c.boot_s, c.boot_id[0] = now, now if boot_s is None else boot_s, boot
        return c

    def decide(self, now=1_800_000_000, message=None, **clock):
        message = self.message if message is None else message
        oracle = b"" if self.kind in BARE else self.oracle
        return self.lib.ek_policy_decide(
            self.policy,
            self.ledger,
            self.clock(now, **clock),
            exact(message),
            len(message),
            self.claim,
            exact(oracle),
            len(oracle),
            self.wait,
        )

    def show(self, now, price_e6, published_s=10**9, equity_e6=0, **clock):
        """A price without an order."""
        p = self.ffi.new("ek_policy_price *")
        p.oracle_source, p.equity_e6 = self.source, equity_e6
        self.ffi.buffer(p.oracle)[:] = bytes(self.b.b.perps[0].oracle.bytes)
        raw = oracle_bytes(price_e6, published_s)
        at = self.clock(now, **clock)
        return self.lib.ek_policy_show(self.policy, self.ledger, at, p, exact(raw), len(raw), self.wait)

    def orders(self):
        return self.lib.ek_rolling_sum(self.ffi.addressof(self.ledger.orders))

    def lost(self):
        return self.lib.ek_rolling_sum(self.ffi.addressof(self.ledger.loss))


CASES = [
    ("velocity", TAKE),
    ("velocity", TAKE_PART),
    ("velocity", PLACE),
    ("velocity", CANCEL),
    ("velocity", SETTLE),
    ("drift", PLACE),
    ("drift", CANCEL),
]


@pytest.mark.parametrize("name,kind", CASES)
@pytest.mark.parametrize("direction", [LONG, SHORT])
def test_what_the_agent_builds_is_signed(name, kind, direction):
    c = Case(name, kind, direction)
    assert c.check() == NOTHING
    assert c.facts.notional_e6 == (0 if kind in BARE else ORACLE_PRICE)
    assert c.decide() == NOTHING and c.orders() == 1 and c.ledger.signed_total == 1


def read_only_places(c):
    """Byte ranges of the message that the policy need not know: the blockhash, and keys of accounts that are
    only read (but not the ones it computes itself: programs, State, the market, the oracle)."""
    n = c.message[3]
    known = {
        bytes(c.policy.state.bytes),
        bytes(c.b.b.perps[0].oracle.bytes),
        bytes(c.b.b.perps[0].address.bytes),
        COMPUTE,
        bytes(c.lib.ek_venue_program(venue(c.name)).bytes),
    }
    first = n - c.message[2]
    free = {
        i
        for k in range(first, n)
        for i in range(4 + 32 * k, 36 + 32 * k)
        if c.message[4 + 32 * k : 36 + 32 * k] not in known
    }
    return free | set(range(4 + 32 * n, 36 + 32 * n))


@pytest.mark.parametrize("name,kind", CASES)
def test_every_changed_byte_is_refused(name, kind):
    """Three values for every byte of the message. What is no order shows no oracle, and a cancel need not
    name its market: these places are free there."""
    c = Case(name, kind)
    free = read_only_places(c)
    if kind in BARE:
        places = [bytes(c.b.b.perps[0].oracle.bytes)]
        if kind == CANCEL:
            places.append(bytes(c.b.b.perps[0].address.bytes))
        at = [i for i in range(4, len(c.message) - 32) if c.message[i : i + 32] in places]
        free |= {i + k for i in at for k in range(32)}
    r, refused = random.Random(5), 0
    n = c.message[3]
    ixs = 4 + 32 * n + 32
    passed = []
    for i in range(len(c.message)):
        if i in free:
            continue
        for v in {c.message[i] ^ 1, c.message[i] ^ 0x80, r.randrange(256)} - {c.message[i]}:
            if c.check(c.message[:i] + bytes([v]) + c.message[i + 1 :]) == NOTHING:
                passed.append((i - ixs, c.message[i], v))
            refused += 1
    # What may differ: the compute limit and price below their caps,
    # and which of the read-only accounts stands where.
    for at, was, now in passed:
        assert at >= 0, (at, was, now)
    assert refused > 500
    data = c.venue_ix()[0][2]
    start = c.message.rindex(data) - ixs
    duration = (
        {start + data.index(b"\x01\x14") + 1} if (name, kind) == ("drift", PLACE) else set()
    )  # of the auction, in slots
    assert [at for at, _, _ in passed if at >= start and at not in duration] == []


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 60 * E9),
    price=st.integers(90_000_000, 110_000_000),
    direction=st.sampled_from([LONG, SHORT]),
    ident=st.integers(0, 255),
    market=st.integers(0, 2),
    ro=st.integers(0, 1),
)
def test_an_order_is_judged_as_exact_integers_say(seed, size, price, direction, ident, market, ro):
    """Size, worst price, id: signed exactly when inside the limits; the claim says the truth here."""
    c = Case(direction=direction)
    c.params.base_e9, c.params.price_e6, c.params.user_order_id, c.params.reduce_only = size, price, ident, ro
    c.claim.size_base_e9, c.claim.worst_price_e6, c.claim.user_order_id, c.claim.reduce_only = (
        size,
        price,
        ident,
        ro,
    )
    c.message = c.compiled([c.budget(200_000, 0), c.venue_ix()])
    inside = (
        price >= -(-ORACLE_PRICE * 995 // 1000)
        if direction == SHORT
        else price <= ORACLE_PRICE * 1005 // 1000
    )
    want = NOTHING
    if not 200 <= ident <= 254:
        want = ORDER_ID
    elif size > 50 * E9:
        want = SIZE
    elif not inside:
        want = PRICE
    assert c.check() == want
    if want == NOTHING:
        assert c.facts.notional_e6 == -(-size * ORACLE_PRICE // E9)


@settings(max_examples=300, deadline=None)
@given(limit=st.integers(0, 2**32 - 1), price=st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 10**7)))
def test_the_fee_is_capped(limit, price):
    c = Case()
    message = c.compiled([c.budget(limit, price), c.venue_ix()])
    fee = 5000 + -(-limit * price // 10**6)
    want = BUDGET if not 0 < limit <= 1_400_000 else FEE if fee > 205_000 else NOTHING
    assert c.check(message) == want


CLAIMS = [
    ("kind", PLACE, CLAIM),
    ("direction", LONG, CLAIM),
    ("reduce_only", 1, CLAIM),
    ("user_order_id", 201, CLAIM),
    ("market", 1, MARKET),
    ("market_index", 1, ACCOUNT),
    ("size_base_e9", E9 + 1, CLAIM),
    ("worst_price_e6", ORACLE_PRICE, CLAIM),
    ("max_ts", 5, CLAIM),
]


@pytest.mark.parametrize("field,value,reason", CLAIMS)
def test_a_claim_that_differs(field, value, reason):
    c = Case()
    setattr(c.claim, field, value)
    assert c.check() == reason


def test_hostile_messages():
    c = Case()
    system = bytes(32)
    thief = b"\x66" * 32
    transfer = (
        system,
        [(OWN, 1, 1), (thief, 0, 1)],
        (2).to_bytes(4, "little") + (10**9).to_bytes(8, "little"),
    )
    good = c.venue_ix()
    budget = c.budget(200_000, 1000)
    assert c.check(c.compiled([budget, [transfer]])) == INSTRUCTION
    assert c.check(c.compiled([budget, [transfer], good])) == INSTRUCTION
    assert c.check(c.compiled([budget, good, [transfer]])) == INSTRUCTION
    assert c.check(c.compiled([budget, good, good])) == INSTRUCTION
    assert c.check(c.compiled([good])) == BUDGET
    assert c.check(c.compiled([good, budget])) == INSTRUCTION
    assert c.check(c.compiled([budget, budget, good])) == BUDGET
    assert c.check(c.compiled([budget])) == INSTRUCTION
    assert c.check(c.compiled([])) == INSTRUCTION
    assert c.check(c.compiled([[(COMPUTE, [], b"\x01" + bytes(4))], budget, good])) == BUDGET  # heap frame
    assert c.check(c.compiled([budget, good], v0=1)) == FORM
    assert c.check(c.compiled([budget, c.venue_ix(thief)], payer=thief)) == PAYER
    assert c.check(c.compiled([budget, c.venue_ix(thief)])) == FORM  # a second signature
    program, accounts, data = good[0]
    other = [(thief, 0, 1) if k == bytes(c.policy.user.bytes) else (k, s, w) for k, s, w in accounts]
    assert c.check(c.compiled([budget, [(program, other, data)]])) == USER_
    assert (
        c.check(c.compiled([budget, [(program, accounts + [(thief, 0, 1)], data)]])) == ACCOUNT
    )  # a maker, or a fee escrow
    assert c.check(c.compiled([budget, [(thief, accounts, data)]])) == INSTRUCTION
    withdraw = (
        bytes.fromhex("b712469c946da122") + (0).to_bytes(2, "little") + (10**9).to_bytes(8, "little") + b"\0"
    )
    assert c.check(c.compiled([budget, [(program, accounts, withdraw)]])) == INSTRUCTION
    assert c.check(c.compiled([budget, [(program, accounts, data + b"\0")]])) == DATA
    assert c.check(c.compiled([budget, [(program, accounts[:3], data)]])) == ACCOUNT
    without = [a for a in accounts if a[0] != bytes(c.claim.oracle)]
    assert c.check(c.compiled([budget, [(program, without, data)]])) == ORACLE_
    assert (
        c.check(b"") == MESSAGE
        and c.check(c.message[:-1]) == MESSAGE
        and c.check(c.message + b"\0") == MESSAGE
    )
    assert (
        c.check(oracle=b"") == ORACLE_
        and c.check(oracle=c.oracle[:40]) == ORACLE_
        and c.check(oracle=oracle_bytes(0)) == ORACLE_
    )
    assert c.check(oracle=oracle_bytes(110_000_000)) == PRICE


@pytest.mark.parametrize(
    "fields",
    [
        dict(has_builder_fee=1, builder_fee_tenth_bps=100),
        dict(has_builder=1),
        dict(post_only=1),
        dict(bit_flags=2),
        dict(has_trigger_price=1, trigger_price_e6=1),
        dict(order_type=1),
        dict(order_type=2),
        dict(has_max_ts=1, max_ts=5),
        dict(has_auction_start=1, has_auction_end=1, auction_start_e6=1, auction_end_e6=1),
        dict(order_type=4, has_oracle_offset=1),
    ],
)
def test_forms_the_agent_never_sends(fields):
    c = Case()
    for k, v in fields.items():
        setattr(c.params, k, v)
    assert c.check(c.compiled([c.budget(200_000, 0), c.venue_ix()])) == SHAPE


@pytest.mark.parametrize("ident", range(0, 256, 1))
def test_a_cancel_names_an_own_order(ident):
    """By the agent's own id: what has none of these is somebody else's order."""
    c = Case(kind=CANCEL)
    program, accounts, data = c.venue_ix()[0]
    c.claim.user_order_id = ident
    message = c.compiled([c.budget(9, 0), [(program, accounts, data[:8] + bytes([ident]))]])
    assert c.check(message) == (NOTHING if 200 <= ident <= 254 else ORDER_ID)
    if ident != 217:
        assert c.check() == CLAIM
    by_number = bytes.fromhex("5f81edf00831df84") + b"\x01" + ident.to_bytes(4, "little")
    assert c.check(c.compiled([c.budget(9, 0), [(program, accounts, by_number)]])) == INSTRUCTION
    assert c.check(c.compiled([c.budget(9, 0), [(program, accounts, data[:8])]])) == DATA


def test_counters_by_hour_and_day():
    c = Case(max_orders_hour=3, max_notional_day_e6=5 * ORACLE_PRICE)
    now = 3600 * 24 * 20_000
    assert [c.decide(now + i) for i in range(5)] == [NOTHING] * 3 + [HOURLY] * 2
    assert c.ledger.refusals == 0
    assert c.decide(now - 86400, boot_s=now + 5) == HOURLY  # a clock that was set back opens nothing
    assert c.decide(now + 86400 * 3, boot_s=now + 6) == HOURLY  # nor one that was set forward
    assert [c.decide(now + 3750 + i) for i in range(3)] == [NOTHING, NOTHING, DAILY]
    assert c.decide(now + 90000) == NOTHING
    cancel = Case(kind=CANCEL, max_notional_day_e6=0)
    assert cancel.decide(now) == NOTHING


def test_ten_refusals_in_a_row_are_the_end():
    c = Case()
    for i in range(9):
        assert c.decide(message=b"x") == MESSAGE
    assert c.decide() == NOTHING and c.ledger.refusals == 0
    assert [c.decide(message=b"x") for _ in range(10)] == [MESSAGE] * 10
    assert c.lib.ek_policy_breaker(c.ledger) and c.decide() == BREAKER and c.decide() == BREAKER
    c.lib.ek_policy_forgive(c.ledger)
    assert c.decide() == NOTHING


def test_a_market_is_bound_by_its_first_order():
    c = Case()
    assert c.decide() == NOTHING
    assert c.ffi.string(c.ledger.pins[0].name) == b"SOL-PERP" and c.ledger.pins[0].market_index == 0
    c.claim.market_index = 3
    assert c.check() == MARKET
    c.claim.market_index = 0
    c.claim.oracle[5] ^= 1
    assert c.check() == ORACLE_
    other = Case()
    other.limits.markets[0].name = b"ETH-PERP\0\0"
    check(other.lib.ek_policy_init(other.policy, other.limits, key(OWN)))
    other.ledger = c.ledger
    assert other.check() == MARKET  # another name's index


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_limits_are_all_checked(data):
    ffi, lib = core()
    raw = bytearray(bytes(ffi.buffer(Case().limits)))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    l, p = ffi.new("ek_policy_limits *"), ffi.new("ek_policy *")
    ffi.buffer(l)[:] = bytes(raw)
    if lib.ek_policy_init(p, l, key(OWN)) == E.OK:
        assert 1 <= l.n_markets <= 8 and 0 < l.max_slippage_ppm <= 200_000 and l.max_orders_hour > 0
        assert all(0 < l.markets[i].max_trade_base_e9 < 2**63 for i in range(l.n_markets))
