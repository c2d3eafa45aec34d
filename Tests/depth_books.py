"""Books at random, and what the deployed program fills in them: the program's ELF runs in this process
(solders' LiteSVM, set up by the shared test node). Each case is one row of numbers, from which the accounts
can be made again where the program is absent."""

import argparse
import hashlib
import importlib.util
import os
import random
import struct

import depth_reference as ref
from venue_core import SHARED

TOOL, FIXTURES = SHARED / "tools" / "svmnode.py", SHARED / "fixtures" / "velocity"
STATE_BYTE = 1366
# What a row holds behind the market's fields: clock, oracle, State, order, and what became of it.
ORDER = ["slot", "now", "price", "published", "posted", "conf"]
GUARDS = [*ref.GUARDS, "exchange_status"]
ASKED = ["sell", "worst", "want"]
FOUND = ["fill_base", "fill_quote", "refused"]
COLUMNS = [*ref.FIELDS, *ORDER, *GUARDS, *ASKED, *FOUND]


def missing():
    elf = os.environ.get("EK_VELOCITY_SO")
    if not elf or not os.path.exists(elf):
        return "EK_VELOCITY_SO does not name the program's ELF"
    return None if TOOL.exists() and FIXTURES.exists() else "the shared test node is absent"


def accounts(row):
    """(state, market, oracle) of a row."""
    n = len(ref.FIELDS)
    of = dict(zip(COLUMNS, row))
    oracle = ref.made_oracle(of["price"], of["published"], of["posted"], of["conf"])
    return ref.made_state([of[k] for k in GUARDS]), ref.made_market(row[:n]), oracle


class Chain:
    def __init__(self, rnd):
        spec = importlib.util.spec_from_file_location("svmnode", TOOL)
        self.s = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.s)
        given = dict(
            program=os.environ["EK_VELOCITY_SO"], fixtures=str(FIXTURES), authority="seed:7",
            delegate="seed:8", sub_account=0, usdt=5e6, sol=10.0, perp=0.0, entry_price=None, wallet_sol=1.0,
            slot=438024300,
            unix_ts=1786205390, tick_ms=0, slot_seconds=0.4, no_fresh_oracle=False, land_delay=0,
            random_blockhash=True, log=None, sol_w_init=8000, sol_w_maint=9000, sol_lw_init=12000,
            sol_lw_maint=11000, sol_imf=0, sol_scale_start=0, sol_cdi=10_003_000_000,
        )  # fmt: skip
        self.n = self.s.Node(argparse.Namespace(**given))
        self.rnd, self.hashes = rnd, 0
        self.delegate = self.s.Keypair.from_seed(bytes([8]) * 32)
        self.poke(self.s.PERP0, 152, bytes(16))  # no cap of open interest

    def poke(self, key, at, raw):
        self.n.poke(key, at, raw)

    def take(self, sell, size, worst):
        """Order as place_and_take fills it: base and quote, or the program's code."""
        s, n = self.s, self.n
        before = bytes(n.data(n.user))
        order = struct.pack("<BBBBQQHBBB", 0, 1, sell, 0, size, worst, 0, 0, 0, 0) + bytes(10)
        metas = [(s.STATE, 0), (n.user, 1), (n.stats, 1)]
        metas = [s.AccountMeta(k, False, bool(w)) for k, w in metas]
        metas.append(s.AccountMeta(self.delegate.pubkey(), True, False))
        rest = [(n.or_sol, 0), (n.or_usdt, 0), (s.SPOT0, 1), (s.SPOT1, 0), (s.PERP0, 1)]
        metas += [s.AccountMeta(k, False, bool(w)) for k, w in rest]
        take = s.Instruction(s.VELOCITY, s.idisc("place_and_take_perp_order") + order + b"\0", metas)
        units = s.Instruction(s.CB, bytes([2]) + struct.pack("<I", 1_400_000), [])
        self.hashes += 1
        h = s.Hash(hashlib.sha256(b"%d" % self.hashes).digest())
        message = s.Message.new_with_blockhash([units, take], self.delegate.pubkey(), h)
        err, _ = n.meta_of(n.svm.send_transaction(s.Transaction([self.delegate], message, h)))
        if err is not None:
            return 0, 0, err["InstructionError"][1]["Custom"]
        after, next_id = bytes(n.data(n.user)), before[4456:4460]
        orders = range(1064, 1064 + 32 * 104, 104)
        at = next(o for o in orders if after[o + 80 : o + 84] == next_id and after[o + 86])
        return (*struct.unpack_from("<QQ", after, at + 24), 0)

    # ---- at random
    def move(self, wild):
        """Time and the price go on."""
        n, r = self.n, self.rnd
        n.advance(r.randrange(1, 30))
        n.set_user(clear_orders=True, usdt=5e6, **({"perp": 0.0} if wild else {}))
        if wild and r.random() < 0.3:
            n.reprice(round(r.uniform(20, 300), 2))
        price = n.oracle_price(n.or_sol)[0] / 1e6
        step = r.choice([0, 0, 1, 1, 5 if wild else 1]) * r.uniform(-0.003, 0.003)
        conf = price * r.choice([0, 0.0001, 0.0003, 0.003, 0.0002 if r.random() < 0.9 else 0.03])
        age = r.choice([0] * 12 + [1, 1, 2, 5, 12])
        n.repost(n.or_sol, price * (1 + step), conf, age, r.choice([0, 0.4, 1]))
        self.maker()
        if wild:
            self.scramble()
        status = r.choice([0] * 30 + [4, 128])
        self.poke(self.s.STATE, STATE_BYTE, bytes([status]))

    def put(self, **fields):
        data = self.n.data(self.s.PERP0)
        for k, v in fields.items():
            o, size, signed = ref.FIELDS[k]
            data[o : o + size] = int(v).to_bytes(size, "little", signed=bool(signed))
        if "net" in fields:  # the users' sides make up what the vAMM stands against
            long = max(fields["net"], 0) + self.rnd.randrange(0, 10**11, 10**8)
            for at, v in ((40, long), (56, fields["net"] - long)):
                data[at : at + 16] = v.to_bytes(16, "little", signed=True)
        self.n.put(self.s.PERP0, data)

    def maker(self):
        n, r = self.n, self.rnd
        price = n.oracle_price(n.or_sol)[0]
        published = struct.unpack_from("<Q", n.data(n.or_sol), 16)[0]
        near = lambda width: int(price * (1 + r.uniform(-width, width)))
        self.put(
            update_slot=n.slot - r.choice([0, 1, 1, 5, 100]),
            mm_price=r.choice([0, price, price, price, near(0.003), near(0.003), near(0.003), near(0.02)]),
            mm_slot=n.slot - r.choice([0, 0, 1, 2, 3, 15, 200]),
            mm_sequence=r.choice([0, published - 400_000, published + 100_000, published + 100_000]),
            delay_override=r.choice([-1, -1, 2, 5]),
        )

    def scramble(self):
        r, price = self.rnd, self.n.oracle_price(self.n.or_sol)[0]
        if r.random() < 0.7:
            self.scramble_curve(price)
        if r.random() < 0.7:
            self.scramble_settings()
        if r.random() < 0.7:
            self.scramble_averages(price)
        self.put(
            low_risk_override=r.choice([0, 0, 2, 20]), tier=r.choice([0, 1, 1, 2, 3, 4, 5]),
            tick=r.choice([1000, 1000, 100, 1, 10000]), status=1, paused=r.choice([0] * 30 + [2, 64]),
        )  # fmt: skip

    def scramble_curve(self, price):
        r = self.rnd
        root = int(10 ** r.uniform(12.5, 15)) if r.random() < 0.5 else 85795422376861
        empty = int(root * (1 + r.uniform(-0.02, 0.02)))
        net = int(r.choice([0, 1, 1, 1]) * r.uniform(-1, 1) * root * 10 ** r.uniform(-5, -2)) // 10**8 * 10**8
        m = {"concentration": r.choice([1004142, 1004142, 1020000, 1414200, 1001000]), "net": net}
        ref.set_curve(m, root, empty - net, root * root // (empty - net))
        peg = price * (1 + r.choice([0, 1, 1, 1, 3]) * r.uniform(-0.004, 0.004)) * m["base"] / m["quote"]
        step = r.choice([10**7, 10**7, 10**6, 10**8])
        self.put(**m, peg=peg, step=step, min_order=step * r.choice([1, 1, 10]))

    def scramble_settings(self):
        r = self.rnd
        spread = r.choice([0, 100, 200, 200, 1000, 4000])
        self.put(
            equity=r.choice([0, -5 * 10**6, 10**6, 10**9, 2 * 10**10, 2 * 10**10, 10**12]),
            revenue=r.choice([0, 0, 10**6, -30 * 10**6, -300 * 10**6, -26 * 10**6, 0, 0, -20 * 10**9]),
            intensity=r.choice([0, 50, 100, 101, 104, 104, 104, 150, 200, 255]), jit=r.choice([0, 100, 100]),
            spread_adjustment=r.choice([0, 0, -50, 30, -100, 100]),
            inventory_adjustment=r.choice([0, -25, -25, 40, -100]), deadband=r.choice([0, 0, 1, 5]),
            funding_bias=r.choice([0, 0, 50, 255]), base_spread=spread,
            max_spread=r.choice([spread + 1, 20000, 20000, 49999]),
            fill_fraction=r.choice([100, 100, 1, 1000, 20000]), config=r.choice([0, 0, 0, 1]),
        )  # fmt: skip

    def scramble_averages(self, price):
        n, r = self.n, self.rnd
        width = r.choice([0.0005, 0.002, 0.01, 0.03])
        near = lambda: int(price * (1 + r.uniform(-width, width)))
        ago = lambda: int(n.ts) - r.choice([0, 1, 5, 20, 100, 1000, 5000])
        bid = near()
        self.put(
            twap=near(), twap_5min=near(), mark_twap=near(), mark_twap_5min=near(), bid_twap=bid,
            ask_twap=bid + r.randrange(0, price // 200),
            mark_std=r.choice([0, price // 1000, price // 300, price // 50]),
            oracle_std=r.choice([0, price // 1000, price // 300]),
            conf_pct=r.choice([0, 94, 300, 2501, 9000]),
            volume=r.choice([0, 10**9, 10**11, 2 * 10**11, 10**13]),
            long_volume=r.choice([0, 10**8, 10**11]), short_volume=r.choice([0, 10**8, 10**11]),
            funding_24h=r.choice([0, 1, -1]) * r.randrange(0, 10**7),
            funding_twap=r.choice([0, price, near()]),
            last_offset=r.choice([0, 0, -400, 400, r.randrange(-3000, 3000)]), twap_ts=ago(), mark_ts=ago(),
            spread_slot=n.slot - r.choice([0, 1, 5, 100]),
        )  # fmt: skip
        if r.random() < 0.1:  # a price that the averages have never seen the like of
            self.put(
                twap=int(price * 10 ** r.uniform(-1, 1)), twap_5min=int(price * 10 ** r.uniform(-0.4, 0.4))
            )


def books(seed, count):
    """(row, state, market, oracle): one book and one order each. Half of them follow from fills and prices
    alone, the others are markets that nobody has seen."""
    rnd, chain = random.Random(seed), None
    for i in range(count):
        wild = i % 60 >= 30
        if i % 30 == 0:
            chain = Chain(rnd)
        chain.move(wild)
        n = chain.n
        state, market, oracle = (bytes(n.data(k)) for k in (chain.s.STATE, chain.s.PERP0, n.or_sol))
        m, o, sell = ref.market(market), ref.oracle(oracle, n.slot), rnd.randrange(2)
        away = rnd.choice([0.002, 0.005, 0.01, 0.015, 0.02, 0.05]) * rnd.uniform(0, 1.2)
        worst = int(o["price"] * (1 - away if sell else 1 + away))
        want = max(m["min_order"], int(10 ** rnd.uniform(7, 12.3)) // m["step"] * m["step"])
        found = chain.take(sell, want, worst)
        clock = [n.slot, int(n.ts), o["price"], o["sequence"], n.slot - o["delay"], o["conf"]]
        g = ref.guards(state)
        row = [*m.values(), *clock, *(g[k] for k in GUARDS), sell, worst, want, *found]
        yield row, state, market, oracle
