"""A taken-over agent between the real signer and a chain. What it gets signed is sent to the embedded chain
or to the real program, and what it lost is what the chain says: the victim's equity and the delegate's
lamports at the true price, before and after. Nothing here reckons a fill.

The accomplice is another user of the venue. Against the real program it has an account of its own, and the
program matches its order with the victim's (`place_and_make_perp_order`). The embedded chain has one User:
there the control method `make` matches at the accomplice's price and keeps no account for it."""

import base64
import hashlib
import struct
import time

from localnet_client import AUTHORITY, DELEGATE, FULL, disc, limit, unit_price
from market import Signer
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction
from test_policy import CANCEL, E9, LONG, NOTHING, PLACE, SHORT, TAKE, Case

VAMM_PAUSED = 2  # bit of a market's paused operations
MAKER = Keypair.from_seed(bytes([6]) * 32)
GAS = 205_000  # the most that one transaction may cost, lamports
TICK = 1000


def bound_of(shown, direction):
    """The worst price that the signer allows, at the price shown."""
    return -(-shown * 995 // 1000) if direction == SHORT else shown * 1005 // 1000


def held(node, address):
    """An account's bytes."""
    return bytearray(base64.b64decode(node.account(address)["data"][0]))


def market_address(node, index):
    return Pubkey.find_program_address([b"perp_market", struct.pack("<H", index)], node.program)[0]


class Market:
    """A perp market of the chain: its addresses, and the true price."""

    def __init__(self, node, index):
        self.node, self.index = node, index
        self.address = market_address(node, index)
        raw = held(node, self.address)
        self.oracle = Pubkey(raw[312:344])
        self.name = bytes(raw[424:456]).rstrip(b" \0")

    def oracle_bytes(self, price_e6=None):
        """The account as the chain has it; with a price, as a liar shows it."""
        raw = held(self.node, self.oracle)
        if price_e6 is not None:
            struct.pack_into("<q", raw, 8, price_e6 * 100)
        return bytes(raw)

    @property
    def price_e6(self):
        return struct.unpack_from("<q", self.oracle_bytes(), 8)[0] // 100


class Attack:
    """The signer with one market or more, and what is sent of what it signs."""

    def __init__(self, node, home, shim, markets=1, **limits):
        self.node, self.case = node, Case(max_loss_day_e6=0, **limits)
        embedded = "summary" in node.ctl("help")["ops"]
        self.copies = [] if embedded else [copy_market(node, i) for i in range(1, markets)]
        self.markets = [Market(node, i) for i in range(markets)]
        c = self.case
        c.ffi.buffer(c.limits.authority)[:] = bytes(AUTHORITY.pubkey())
        c.limits.n_markets = markets
        for i, m in enumerate(self.markets):
            c.limits.markets[i].name = m.name
            c.limits.markets[i].max_trade_base_e9 = 10**6 * E9
        self.signer = Signer(home, c, shim)
        self.began, self.wallet = self.equity_e6(), self.lamports()
        for i in range(markets):  # the agent was honest until now
            assert self.show(i) == NOTHING
        self.signed = self.landed = self.ids = self.largest_e6 = self.reducing_lamports = 0
        self.maker = None if embedded else Maker(node)

    # --- what the chain says
    def equity_e6(self):
        """Deposits, positions and what they owe or are owed, at the true prices."""
        node, sum_e6 = self.node, 0
        user = node.user()
        for p in user["spot_positions"]:
            quote = p["market_index"] == 0
            raw = held(node, node.key("spot_market_usdt" if quote else "spot_market_sol"))
            interest = int.from_bytes(raw[328:344], "little")
            tokens = p["scaled_balance"] * interest // 10 ** (19 - (6 if quote else 9))
            sum_e6 += tokens if quote else tokens * self.markets[0].price_e6 // E9
        for p in user["perp_positions"]:
            price = self.markets[p["market_index"]].price_e6
            sum_e6 += p["quote_asset_amount"] + p["base_asset_amount"] * price // E9
        return sum_e6

    def lamports(self):
        return self.node.ask("getBalance", str(DELEGATE.pubkey()))["value"]

    def base(self, i=0):
        positions = self.node.user()["perp_positions"]
        return next((p["base_asset_amount"] for p in positions if p["market_index"] == i), 0)

    def lost(self):
        """Dollars."""
        gas_e6 = (self.wallet - self.lamports()) * self.markets[0].price_e6 / 10**9
        return (self.began - self.equity_e6() + gas_e6) / 10**6

    def bound(self, moved=0):
        """SECURITY.md, in dollars: 2 L + P x (s + fee) + P x m + the lamports of orders that only reduce."""
        position = self.largest_e6 / 10**6
        gas = self.reducing_lamports * self.markets[0].price_e6 / 10**15
        return 2 * self.signer.limit_e6 / 10**6 + position * ((0.005 + 0.00135) * (1 + moved) + moved) + gas

    def look(self):
        """The largest position so far."""
        held_e6 = sum(abs(self.base(i)) * m.price_e6 // E9 for i, m in enumerate(self.markets))
        self.largest_e6 = max(self.largest_e6, held_e6)

    # --- time
    def wait(self, seconds):
        self.node.ctl("warp", slots=2, seconds=seconds)
        self.together()

    def slot(self):
        self.node.ctl("warp", slots=1)
        self.post()

    def post(self):
        """The oracles of the copied markets say what the first one's says, as fresh as it is."""
        for oracle in self.copies:
            copy_account(self.node, self.node.key("oracle_sol"), oracle)

    def together(self):
        """The signer's clock and the chain's stand at the same second."""
        (passed,) = struct.unpack("<q", self.signer.clock.read_bytes()[:8])
        behind = int(time.time()) + passed - int(self.node.ctl("user")["ts"])
        if behind > 0:
            self.node.ctl("warp", seconds=behind)
        elif behind < 0:
            self.signer.pass_time(-behind)
        self.post()

    # --- between agent and signer
    def claim(self, i, shown=None):
        c, m = self.case, self.markets[i]
        c.claim.market, c.claim.market_index, c.claim.equity_e6 = i, m.index, max(0, self.began)
        c.ffi.buffer(c.claim.oracle)[:] = bytes(m.oracle)
        c.ffi.buffer(c.b.b.perps[0].oracle.bytes)[:] = bytes(m.oracle)
        return m.oracle_bytes(shown)

    def show(self, i=0, price_e6=None):
        self.together()
        raw = self.claim(i, price_e6)
        return self.signer.show(0, equity_e6=self.began, market=i, index=self.markets[i].index, oracle=raw)

    def signed_by(self, instruction, oracle, lamports):
        """The signed transaction, or the reason why there is none."""
        units = 400_000
        price = unit_price((lamports - 5000) * 10**6 // units)
        tx = self.node.transaction([limit(units), price, instruction])
        message = bytes(tx.message)
        self.signer.socket.send(self.signer.ask(message=message, oracle=oracle, claim=self.case.claim))
        reason, _, signature, _ = self.signer.answer()
        if reason != NOTHING:
            return reason, None
        self.signed += 1
        signature = Signature.from_bytes(signature[:64])
        return NOTHING, Transaction.populate(Message.from_bytes(message), [signature])

    def metas(self, kind, m):
        """The order's accounts, with every market of the configuration."""
        node, take = self.node, kind == TAKE
        a = [AccountMeta(node.key("state"), False, False), AccountMeta(node.key("user"), False, True)]
        a += [AccountMeta(node.key("user_stats"), False, True)] if take else []
        a += [AccountMeta(DELEGATE.pubkey(), True, True)]
        return a + read_along(node, self.markets, m if take else None)

    def order(self, kind, direction, size, i=0, shown=None, reduces=0, lamports=GAS):
        """Asks for it at the worst price that may be signed and sends it. (reason, did it land well)."""
        self.together()
        c, m = self.case.claim, self.markets[i]
        oracle = self.claim(i, shown)
        worst = bound_of(shown or m.price_e6, direction)
        self.ids = (self.ids + 1) % 55
        c.kind, c.direction, c.reduce_only, c.user_order_id = kind, direction, reduces, 200 + self.ids
        c.size_base_e9, c.worst_price_e6 = size, worst
        end = int(self.node.ctl("user")["ts"]) + 100
        c.max_ts = 0 if kind == TAKE else end
        what = dict(
            kind=0,
            side=direction,
            base=size,
            price=worst,
            market=m.index,
            uid=c.user_order_id,
            reduce=reduces,
            max_ts=None if kind == TAKE else end,
        )
        make = self.node.take if kind == TAKE else self.node.place
        given = dict(condition=FULL) if kind == TAKE else {}
        reason, tx = self.signed_by(make(metas=self.metas(kind, m), **given, **what), oracle, lamports)
        if reason != NOTHING:
            return reason, False
        self.reducing_lamports += lamports if reduces else 0
        return reason, self.send(tx)

    def cancel(self, lamports=GAS):
        c = self.case.claim
        self.claim(0)
        c.kind, c.direction, c.reduce_only, c.user_order_id = CANCEL, 0, 0, 217
        c.size_base_e9 = c.worst_price_e6 = c.max_ts = 0
        what = self.node.other("cancel_order_by_user_id", bytes([217]), self.metas(CANCEL, self.markets[0]))
        reason, tx = self.signed_by(what, b"", lamports)
        return reason, reason == NOTHING and self.send(tx)

    def send(self, tx):
        answer = self.node.send([], tx=tx, skipPreflight=True)
        assert "result" in answer, answer
        self.slot()
        status = self.node.ask("getSignatureStatuses", [answer["result"]])["value"][0]
        assert status is not None, "it did not land"
        self.landed += 1
        self.look()
        self.why = status["err"]
        return status["err"] is None

    # --- the accomplice
    def made(self):
        """The accomplice takes the other side of every resting order once its auction is over: at its worst
        price, and where the venue does not match that, at the next worst that it does. (base it got, base
        the vAMM got)"""
        mine = vamms = 0
        for o in self.node.live():
            before, got = self.base(o["market_index"]), 0
            self.node.ctl("warp", slots=o["auction_duration"] + 1)
            self.post()
            for price in self.prices(o):
                if got or all(x["order_id"] != o["order_id"] for x in self.node.live()):
                    break
                got = self.make(o, price)
            moved = abs(self.base(o["market_index"]) - before)
            mine, vamms = mine + got, vamms + moved - got
        self.look()
        return mine, vamms

    def prices(self, o):
        """The order's own bound, then ever nearer to the true price."""
        true, sells = self.markets[o["market_index"]].price_e6, o["direction"] == SHORT
        steps = [
            true * (1000 - k if sells else 1000 + k) // 1000 // TICK * TICK
            for k in (240, 200, 150, 120, 100, 80, 60, 50, 40, 30, 20, 15, 10, 5, 4, 3, 2)
        ]
        return [o["price"]] + [p for p in steps if (p > o["price"] if sells else p < o["price"])]

    def make(self, o, price):
        """One try; the base that the accomplice got."""
        if self.maker is None:
            before = len(self.node.ctl("summary")["fills"])
            self.node.ctl("make", order_id=o["order_id"], price=price / 10**6)
            fills = self.node.ctl("summary")["fills"][before:]
            return sum(abs(f["base_e9"]) for f in fills if f["price_e6"] == price)
        got = self.maker.make(self.markets, self.markets[o["market_index"]], o, price)
        self.post()
        return got


def read_along(node, markets, written):
    """Oracles, spot markets and perp markets behind an order's own accounts."""
    oracles = dict.fromkeys([x.oracle for x in markets] + [node.key("oracle_sol"), node.key("oracle_usdt")])
    a = [AccountMeta(o, False, False) for o in oracles]
    a += [
        AccountMeta(node.key("spot_market_usdt"), False, written is not None),
        AccountMeta(node.key("spot_market_sol"), False, False),
    ]
    return a + [AccountMeta(x.address, False, x is written) for x in markets]


def copy_account(node, source, to, change=lambda raw: None):
    raw = held(node, source)
    change(raw)
    node.ctl(
        "set_account",
        pubkey=str(to),
        data=base64.b64encode(bytes(raw)).decode(),
        owner=node.account(source)["owner"],
    )


def copy_market(node, index):
    """On the real program: market 0 once more, under its own index, name and oracle. The oracle's address."""
    address = market_address(node, index)
    oracle = Keypair.from_seed(bytes([100 + index]) * 32).pubkey()
    copy_account(node, node.key("oracle_sol"), oracle)

    def change(raw):
        raw[8:40], raw[312:344], raw[424:456] = bytes(address), bytes(oracle), (b"M%d-PERP" % index).ljust(32)
        struct.pack_into("<H", raw, 640, index)

    copy_account(node, node.key("perp_market"), address, change)
    node.ctl("poke", pubkey=node.keys["state"], offset=1358, hex=struct.pack("<H", index + 1).hex())
    return oracle


class Maker:
    """Another user of the real program, with money."""

    def __init__(self, node):
        self.node, who = node, MAKER.pubkey()
        self.user = Pubkey.find_program_address([b"user", bytes(who), bytes(2)], node.program)[0]
        self.stats = Pubkey.find_program_address([b"user_stats", bytes(who)], node.program)[0]
        user = held(node, node.key("user"))
        user[8:40], user[40:72] = bytes(who), bytes(32)
        user[104 : 1064 + 32 * 104] = bytes(1064 + 32 * 104 - 104)
        struct.pack_into("<Q", user, 104, 10**16)  # ten million dollars
        stats = held(node, node.key("user_stats"))
        stats[8:40] = bytes(who)
        for address, raw in ((self.user, user), (self.stats, stats)):
            node.ctl("set_account", pubkey=str(address), data=base64.b64encode(bytes(raw)).decode())
        node.ctl("set_lamports", pubkey=str(who), lamports=10**12)

    def base(self, index):
        raw = held(self.node, self.user)
        for at in range(424, 424 + 8 * 80, 80):
            base, market = struct.unpack_from("<q", raw, at + 8)[0], struct.unpack_from("<H", raw, at + 76)[0]
            if base and market == index:
                return base
        return 0

    def make(self, markets, market, o, price):
        node, before = self.node, self.base(market.index)
        # Bit 0 and post-only: an order that exists only to be matched with this one.
        left = o["base_asset_amount"] - o["base_asset_amount_filled"]
        params = node.params(
            kind=1, side=1 - o["direction"], base=left, price=price, market=market.index, post=1, bits=1
        )
        victim = [AccountMeta(node.key(k), False, True) for k in ("user", "user_stats")]
        metas = [
            AccountMeta(node.key("state"), False, False),
            AccountMeta(self.user, False, True),
            AccountMeta(self.stats, False, True),
            *victim,
            AccountMeta(MAKER.pubkey(), True, True),
            *read_along(node, markets, market),
        ]
        data = hashlib.sha256(b"global:place_and_make_perp_order").digest()[:8] + params
        ix = Instruction(node.program, data + struct.pack("<I", o["order_id"]), metas)
        answer = node.send([limit(1_400_000), ix], payer=MAKER, skipPreflight=True)
        assert "result" in answer, answer
        self.said = node.ctl("log", n=1)[0]["result"]
        node.ctl("warp", slots=1)
        return abs(self.base(market.index) - before)
