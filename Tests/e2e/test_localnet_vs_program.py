"""The embedded chain against the real program: the same transactions to both, the same answers expected.

Needs EK_VELOCITY_SO (the program's ELF) and the shared test node; skipped by name otherwise. Before every
case the chain is given the market, State and User bytes of the real node, so that auctions and margins must
come out equal, not just alike. Prices of fills are each node's own (a model's quote, the real vAMM's): for
them the bookkeeping that follows from the fill is compared."""

import base64, json, random, re, struct

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

import localnet_client as lc
from localnet_client import AUTHORITY, BUDGET, DELEGATE, FULL, STRANGER, disc, limit, unit_price

TS = 1786205390
PRICE = 76_340_755


@pytest.fixture(scope="module")
def nodes():
    if not lc.binary():
        pytest.skip("evenkeel is not built (EK_BIN)")
    real = lc.program_node()
    if real is None:
        pytest.skip("EK_VELOCITY_SO or the shared test node is absent")
    model = lc.localnet("--slot-seconds", "0.4")  # as the test node over the real program has it
    model.ctl("model", hold=True)
    yield real, model
    real.close()
    model.close()


def level(real, model):
    """Gives the model the real node's bytes and prices."""
    model.ctl("set_price", price=76.34075573, conf=0.15268151)
    model.ctl("set_price", which="usdt", price=0.99928995, conf=0.00199857)
    d = real.ctl("dump")
    for name, key in (
        ("perp", "perp_market"),
        ("spot0", "spot_market_usdt"),
        ("spot1", "spot_market_sol"),
        ("state", "state"),
        ("user", "user"),
    ):
        model.ctl("set_account", pubkey=model.keys[key], data=d[name])


def reset(real, model, book=None, market=None):
    real.ctl("market", exchange_status=0, perp_status=1, perp_paused=0)
    real.ctl(
        "set_user",
        **{
            **dict(
                usdt=1000, sol=10, perp=0, clear_orders=True, status=0, max_margin_ratio=0, equity_floor=0
            ),
            **(book or {}),
        },
    )
    if market:
        real.ctl("market", **market)
    for n in (real, model):
        n.ctl("set_lamports", pubkey=str(STRANGER.pubkey()), lamports=10**9)
    level(real, model)


MOVING = {"slot", "posted_slot_tail", "order_id", "last_active_slot", "next_order_id"}


def facts(user):
    """The User without what follows from the two nodes' own slots."""
    u = json.loads(json.dumps(user))
    for o in u["orders"]:
        o["age"] = user["next_order_id"] - o["order_id"]
    for part in [u] + u["orders"]:
        for k in MOVING:
            part.pop(k, None)
    return u


def run(node, make, payer):
    before = node.user()["next_order_id"]
    instructions = make(node)
    a = node.simulate(instructions, payer, sigVerify=True)
    assert "result" in a, a
    v = a["result"]["value"]
    sent = node.send(instructions, payer, skipPreflight=True)
    assert "result" in sent, sent
    status = node.ask("getSignatureStatuses", [sent["result"]])["value"][0]
    user = node.user()
    node.ctl("warp", slots=1, seconds=0)
    return {
        "err": v["err"],
        "landed": None if status is None else status["err"],
        "was": status is not None,
        "anchor": [x for x in v["logs"] if "AnchorError" in x],
        "auction": [x for x in v["logs"] if "Updating auction" in x or "skipping order" in x],
        "ids": user["next_order_id"] - before,
        "user": facts(user),
    }


# name, book, market flags, instructions
PLACE = [
    ("market short", {}, {}, lambda n: [n.place()]),
    ("market long", {}, {}, lambda n: [n.place(side=0)]),
    ("market short with price", {}, {}, lambda n: [n.place(price=75_500_000)]),
    ("market long with price", {}, {}, lambda n: [n.place(side=0, price=76_900_000)]),
    ("price inside the band", {}, {}, lambda n: [n.place(price=76_100_000)]),
    ("price on the wrong side", {}, {}, lambda n: [n.place(price=77_900_000)]),
    ("price off the tick", {}, {}, lambda n: [n.place(price=75_900_123)]),
    ("auction given", {}, {}, lambda n: [n.place(start=76_000_000, end=75_900_000, slots=1)]),
    ("auction inverted", {}, {}, lambda n: [n.place(start=75_900_000, end=76_000_000, slots=10)]),
    ("auction far too wide", {}, {}, lambda n: [n.place(start=77_000_000, end=70_000_000, slots=20)]),
    ("auction half given", {}, {}, lambda n: [n.place(start=77_000_000, slots=20)]),
    ("long auction given", {}, {}, lambda n: [n.place(side=0, start=76_400_000, end=76_500_000, slots=30)]),
    ("limit resting", {}, {}, lambda n: [n.place(kind=1, price=77_000_123)]),
    ("limit without price", {}, {}, lambda n: [n.place(kind=1)]),
    ("post-only", {}, {}, lambda n: [n.place(kind=1, price=78_000_000, post=1)]),
    ("post-only crossing", {}, {}, lambda n: [n.place(kind=1, price=70_000_000, post=1)]),
    ("try post-only crossing", {}, {}, lambda n: [n.place(kind=1, price=70_000_000, post=2)]),
    ("market post-only", {}, {}, lambda n: [n.place(post=1)]),
    ("oracle order bare", {}, {}, lambda n: [n.place(kind=4)]),
    ("oracle order auction", {}, {}, lambda n: [n.place(kind=4, start=50_000, end=-300_000, slots=20)]),
    (
        "oracle order bound",
        {},
        {},
        lambda n: [n.place(kind=4, start=50_000, end=-300_000, slots=20, offset=-400_000)],
    ),
    (
        "oracle order bound too tight",
        {},
        {},
        lambda n: [n.place(kind=4, start=50_000, end=-300_000, slots=20, offset=-100_000)],
    ),
    ("oracle order offset only", {}, {}, lambda n: [n.place(kind=4, offset=-400_000)]),
    (
        "oracle order long",
        {},
        {},
        lambda n: [n.place(kind=4, side=0, start=-50_000, end=300_000, slots=20, offset=400_000)],
    ),
    ("oracle order with price", {}, {}, lambda n: [n.place(kind=4, price=75_000_000)]),
    ("market with offset", {}, {}, lambda n: [n.place(offset=-400_000)]),
    ("trigger market", {}, {}, lambda n: [n.place(kind=2, trigger=70_000_000, when=1)]),
    ("trigger without price", {}, {}, lambda n: [n.place(kind=2)]),
    ("max_ts ahead", {}, {}, lambda n: [n.place(max_ts=TS + 20)]),
    ("max_ts now", {}, {}, lambda n: [n.place(max_ts=TS)]),
    ("max_ts past", {}, {}, lambda n: [n.place(max_ts=TS - 1)]),
    ("floored to the step", {}, {}, lambda n: [n.place(base=15_500_000)]),
    ("below the step", {}, {}, lambda n: [n.place(base=5_000_000)]),
    ("no size", {}, {}, lambda n: [n.place(base=0)]),
    ("below the minimum", {}, {"min_order_size": 20_000_000}, lambda n: [n.place(base=10_000_000)]),
    (
        "reduce-only below the minimum",
        {"perp": -5},
        {"min_order_size": 20_000_000},
        lambda n: [n.place(side=0, reduce=1, base=10_000_000)],
    ),
    ("minimum back", {}, {"min_order_size": 10_000_000}, lambda n: [n.place(base=10_000_000)]),
    ("immediate or cancel", {}, {}, lambda n: [n.place(bits=1)]),
    ("spot market type", {}, {}, lambda n: [n.place(market_type=0)]),
    ("unknown market", {}, {}, lambda n: [n.place(market=9)]),
    ("same user order id", {}, {}, lambda n: [n.place(uid=5), n.place(uid=5)]),
    ("two orders", {}, {}, lambda n: [n.place(uid=5), n.place(uid=6, side=0)]),
    ("reduce-only", {"perp": -5}, {}, lambda n: [n.place(side=0, reduce=1, base=5 * 10**9)]),
    ("reduce-only too large", {"perp": -5}, {}, lambda n: [n.place(side=0, reduce=1, base=50 * 10**9)]),
    ("reduce-only without position", {}, {}, lambda n: [n.place(side=0, reduce=1)]),
    ("flip", {"perp": -5}, {}, lambda n: [n.place(side=0, base=9 * 10**9)]),
    ("as large as margin allows", {}, {}, lambda n: [n.place(base=2**64 - 1)]),
]
ACCOUNTS = [
    (
        "one byte short",
        lambda n: [Instruction(n.program, (disc("place_perp_order") + n.params())[:-1], n.metas())],
    ),
    (
        "bytes left over",
        lambda n: [Instruction(n.program, disc("place_perp_order") + n.params() + b"abc", n.metas())],
    ),
    (
        "unknown order type",
        lambda n: [Instruction(n.program, disc("place_perp_order") + b"\7" + n.params()[1:], n.metas())],
    ),
    (
        "bool of 2",
        lambda n: [
            Instruction(
                n.program, disc("place_perp_order") + n.params()[:22] + b"\2" + n.params()[23:], n.metas()
            )
        ],
    ),
    ("unknown instruction", lambda n: [Instruction(n.program, bytes([1] * 8), n.metas())]),
    ("three bytes", lambda n: [Instruction(n.program, bytes(3), n.metas())]),
    ("perp market first", lambda n: [n.place(n.metas(groups="pooSS"))]),
    ("no SOL market", lambda n: [n.place(n.metas(groups="ooSp"))]),
    ("no quote oracle", lambda n: [n.place(n.metas(groups="oxSSp"))]),
    ("no SOL oracle", lambda n: [n.place(n.metas(groups="xoSSp"))]),
    ("no perp market", lambda n: [n.place(n.metas(groups="ooSS"))]),
    ("markets before oracles", lambda n: [n.place(n.metas(groups="SSoop"))]),
    ("no remaining accounts", lambda n: [n.place(n.metas(groups=""))]),
    ("no signer account", lambda n: [n.place(n.metas(groups="")[:2])]),
    ("State alone", lambda n: [n.place(n.metas(groups="")[:1])]),
    ("User read-only", lambda n: [n.place(n.metas(writable_user=False))]),
    ("User in State's place", lambda n: [n.place([n.metas()[1]] + n.metas()[1:])]),
    (
        "a market as User",
        lambda n: [n.place([n.metas()[0], AccountMeta(n.key("perp_market"), False, True)] + n.metas()[2:])],
    ),
    (
        "a wallet as User",
        lambda n: [n.place([n.metas()[0], AccountMeta(n.key("authority"), False, True)] + n.metas()[2:])],
    ),
    (
        "signer not signing",
        lambda n: [n.place(n.metas()[:2] + [AccountMeta(n.key("authority"), False, False)] + n.metas()[3:])],
    ),
    ("take with perp read-only", lambda n: [n.take(FULL, n.metas(True, writable_perp=False))]),
    ("take without UserStats", lambda n: [n.take(FULL, n.metas(True, stats=False))]),
    ("limit too small", lambda n: [limit(1000), n.place()]),
    ("limit broken", lambda n: [Instruction(BUDGET, b"\2\1", []), n.place()]),
    ("limit and price", lambda n: [unit_price(1000), limit(100_000), n.place()]),
]
STATES = [
    ("exchange paused", {}, {"exchange_status": 255}, lambda n: [n.place()]),
    ("fills paused, place", {}, {"exchange_status": 8}, lambda n: [n.place()]),
    ("fills paused, take", {}, {"exchange_status": 8}, lambda n: [n.take(FULL)]),
    ("vAMM paused, take", {}, {"exchange_status": 4}, lambda n: [n.take(FULL)]),
    ("market not begun", {}, {"perp_status": 0}, lambda n: [n.place()]),
    ("market reduce-only", {}, {"perp_status": 2}, lambda n: [n.place()]),
    ("market reduce-only, reducing", {"perp": -1}, {"perp_status": 2}, lambda n: [n.place(side=0)]),
    ("market settling", {}, {"perp_status": 3}, lambda n: [n.place()]),
    ("market delisted", {}, {"perp_status": 4}, lambda n: [n.place()]),
    ("market fills paused, place", {}, {"perp_paused": 4}, lambda n: [n.place()]),
    ("market fills paused, take", {}, {"perp_paused": 4}, lambda n: [n.take(FULL)]),
    ("market vAMM paused, take", {}, {"perp_paused": 2}, lambda n: [n.take(FULL)]),
    ("user reduce-only", {"status": 4}, {}, lambda n: [n.place()]),
    ("user reduce-only, reducing", {"status": 4, "perp": -1}, {}, lambda n: [n.place(side=0, reduce=1)]),
    ("healthy user marked for liquidation", {"status": 1}, {}, lambda n: [n.place()]),
    ("user under maintenance", {"status": 1, "usdt": 10, "sol": 0, "perp": -10}, {}, lambda n: [n.place()]),
    ("equity floor", {"equity_floor": 5000}, {}, lambda n: [n.place()]),
    ("equity floor, reducing", {"equity_floor": 5000, "perp": -2}, {}, lambda n: [n.place(side=0)]),
    ("no SOL needs no SOL market", {"sol": 0}, {}, lambda n: [n.place(n.metas(groups="ooSp"))]),
    ("custom ratio", {"max_margin_ratio": 5000}, {}, lambda n: [n.place(base=30 * 10**9)]),
    ("too large", {}, {}, lambda n: [n.place(base=450 * 10**9)]),
    ("take at the start of the auction", {}, {}, lambda n: [n.take(2)]),
    ("take post-only", {}, {}, lambda n: [n.take(FULL, kind=1, price=76_000_000, post=1)]),
    ("take market IOC", {}, {}, lambda n: [n.take(FULL, bits=1)]),
    ("take limit IOC that cannot fill", {}, {}, lambda n: [n.take(None, kind=1, price=79_000_000, bits=1)]),
    ("take bound too tight", {}, {}, lambda n: [n.take(FULL, price=76_400_000)]),
    ("take max_ts past", {}, {}, lambda n: [n.take(FULL, max_ts=5)]),
    ("take too large", {}, {}, lambda n: [n.take(FULL, base=500 * 10**9)]),
    ("cancel nothing", {}, {}, lambda n: [n.cancel()]),
    ("cancel", {}, {}, lambda n: [n.place(), n.cancel()]),
    ("cancel unknown id", {}, {}, lambda n: [n.place(), n.cancel(99_999)]),
    ("cancel without markets", {}, {}, lambda n: [n.place(), n.cancel(None, n.metas(groups=""))]),
    ("cancel without oracles", {}, {}, lambda n: [n.place(), n.cancel(None, n.metas(groups="p"))]),
    ("cancel by user id", {}, {}, lambda n: [n.place(uid=7), n.other("cancel_order_by_user_id", b"\7")]),
    (
        "cancel unknown user id",
        {},
        {},
        lambda n: [n.place(uid=7), n.other("cancel_order_by_user_id", b"\x08")],
    ),
    (
        "cancel all",
        {},
        {},
        lambda n: [n.place(uid=7), n.place(uid=8, side=0), n.other("cancel_orders", b"\0\0\0")],
    ),
    (
        "cancel longs",
        {},
        {},
        lambda n: [n.place(uid=7), n.place(uid=8, side=0), n.other("cancel_orders", b"\1\1\1\0\0\1\0")],
    ),
    ("cancel all, no accounts", {}, {}, lambda n: [n.other("cancel_orders", b"\0\0\0", n.metas(groups=""))]),
]
ALL = PLACE + [(name, {}, {}, make) for name, make in ACCOUNTS] + STATES


@pytest.mark.parametrize("name,book,market,make", ALL, ids=[c[0] for c in ALL])
def test_same_answer(nodes, name, book, market, make):
    real, model = nodes
    reset(real, model, book, market)
    a, b = run(real, make, DELEGATE), run(model, make, DELEGATE)
    assert b == a


def test_same_budget_twice(nodes):
    real, model = nodes
    reset(real, model)
    a, b = (n.simulate([limit(100_000), limit(100_000), n.place()])["result"]["value"]["err"] for n in nodes)
    assert a == b == {"DuplicateInstruction": 1}


@pytest.mark.parametrize("who", [AUTHORITY, STRANGER], ids=["authority", "stranger"])
def test_signer(nodes, who):
    real, model = nodes
    reset(real, model)
    a, b = (run(n, lambda n: [n.place(n.metas(signer=who.pubkey()))], who) for n in nodes)
    assert b == a
    assert a["err"] == (None if who is AUTHORITY else {"InstructionError": [0, {"Custom": 2003}]})


def booked(before, side, order, fee_den=120_000, fee_num=42):
    """What a fill must leave in the position, from the order's own filled amounts."""
    base, quote = order["base_asset_amount_filled"], order["quote_asset_amount_filled"]
    fee = -(-quote * fee_num // fee_den)
    dq = quote if side == 1 else -quote
    was = before["base_asset_amount"] if before else 0
    return {
        "base": was + (base if side == 0 else -base),
        "quote": (before["quote_asset_amount"] if before else 0) + dq - fee,
    }


TAKES = [
    ("open short", {}, dict(condition=FULL)),
    ("open long", {}, dict(condition=FULL, side=0)),
    ("no condition", {}, dict()),
    ("grow", {"perp": -2}, dict(condition=FULL, base=10**9)),
    ("reduce", {"perp": -2}, dict(condition=FULL, side=0, reduce=1, base=10**9)),
    ("close", {"perp": -2}, dict(condition=FULL, side=0, reduce=1, base=2 * 10**9)),
    ("close, asked for more", {"perp": -2}, dict(condition=FULL, side=0, reduce=1, base=3 * 10**9)),
    ("flip", {"perp": -2}, dict(condition=FULL, side=0, base=3 * 10**9)),
]


@pytest.mark.parametrize("name,book,order", TAKES, ids=[t[0] for t in TAKES])
def test_fill_books_the_same(nodes, name, book, order):
    """Both fill; status, counters and the arithmetic from the filled quote agree."""
    real, model = nodes
    reset(real, model, book)
    seen = []
    for n in nodes:
        before = n.perp()
        k = dict(order)
        cond = k.pop("condition", None)
        r = n.send([n.take(cond, **k)])
        assert "result" in r, r
        u = n.user()
        o = max(u["orders"], key=lambda o: o["order_id"])
        p = n.perp()
        want = booked(before, k.get("side", 1), o)
        assert p["base_asset_amount"] == want["base"]
        # The real vAMM fills a flip in two legs, each with its own rounding.
        assert abs(p["quote_asset_amount"] - want["quote"]) <= (2 if name == "flip" else 0)
        if p["base_asset_amount"] == 0:
            assert (
                p["quote_entry_amount"]
                == p["quote_break_even_amount"]
                == p["last_cumulative_funding_rate"]
                == 0
            )
        elif name in ("open short", "open long", "no condition"):
            assert abs(p["quote_entry_amount"]) == o["quote_asset_amount_filled"]
            assert p["quote_break_even_amount"] == p["quote_asset_amount"]
        seen.append(
            (
                o["status"],
                o["base_asset_amount_filled"],
                p["base_asset_amount"],
                p["open_bids"],
                p["open_asks"],
                p["open_orders"],
                u["open_orders"],
                u["has_open_order"],
                u["open_auctions"],
                u["has_open_auction"],
                p["last_cumulative_funding_rate"],
            )
        )
        n.ctl("warp", slots=1, seconds=0)
    assert seen[1] == seen[0]


def totals(node, instructions):
    v = node.simulate(instructions)["result"]["value"]
    line = next((x for x in v["logs"] if "margin_requirement: " in x), "")
    m = re.search(r"total_collateral: (-?\d+),.*? margin_requirement: (-?\d+)[ ,]", line)
    return v["err"], m and (int(m.group(1)), int(m.group(2)))


def test_margin_totals(nodes):
    """Random books, orders too large for them: both totals of the refusal equal to the unit."""
    real, model = nodes
    rnd = random.Random(20)
    refused = 0
    for _ in range(60):
        perp = rnd.choice([0, round(rnd.uniform(-60, 60), 2)])
        book = dict(
            usdt=round(rnd.uniform(-500, 3000), 6),
            sol=round(rnd.uniform(-3, 40), 9),
            perp=perp,
            entry_price=round(rnd.uniform(60, 95), 6),
            max_margin_ratio=rnd.choice([0, 0, 700, 2500]),
        )
        market = dict(
            sol_w_init=rnd.choice([8000, 6500]),
            sol_imf=rnd.choice([0, 300, 3000]),
            perp_imf=rnd.choice([50, 500]),
            sol_scale_start=rnd.choice([0, 200_000_000_000]),
        )
        reset(real, model, book, market)
        if rnd.random() < 0.5:
            real.ctl("add_funding", usd_per_base=rnd.uniform(-0.5, 0.5))
            level(real, model)
        order = dict(
            side=rnd.choice([0, 1]), base=rnd.randrange(1, 80_000) * 10**7, reduce=rnd.choice([0, 0, 0, 1])
        )
        a, b = totals(real, [real.place(**order)]), totals(model, [model.place(**order)])
        assert b == a, (book, market, order)
        refused += a[1] is not None
    real.ctl("market", sol_w_init=8000, sol_imf=0, perp_imf=50, sol_scale_start=0)
    assert refused >= 20


def test_wire_refusals(nodes):
    """Bad requests: the same codes, and the same words where the node's are its own."""
    real, model = nodes
    reset(real, model)
    user = real.keys["user"]

    def both(method, *p):
        a, b = real.rpc(method, *p).get("error"), model.rpc(method, *p).get("error")
        assert a and b and a["code"] == b["code"], (method, p, a, b)
        return a, b

    same = [
        ("nope",),
        ("getBalance", "xyz"),
        ("getBalance", 5),
        ("getBalance",),
        ("getMultipleAccounts", "x"),
        ("getMultipleAccounts", [user] * 101),
        ("getAccountInfo", user, {"encoding": "base58"}),
        ("getAccountInfo", user),
        ("getAccountInfo", user, {"encoding": "hex"}),
        ("getSignatureStatuses", 1),
        ("getMinimumBalanceForRentExemption", "1"),
        ("getSlot", {"minContextSlot": 10**12}),
        (
            "simulateTransaction",
            "AA==",
            {"encoding": "base64", "sigVerify": True, "replaceRecentBlockhash": True},
        ),
    ]
    for q in same:
        a, b = both(*q)
        assert a["message"] == b["message"], q
    for q in (
        ("sendTransaction", "AA==", {"encoding": "base64"}),
        ("sendTransaction", "!!", {"encoding": "base64"}),
        ("sendTransaction", 5),
        ("sendTransaction", base64.b64encode(bytes(1300)).decode(), {"encoding": "base64"}),
    ):
        both(*q)
    tx = bytearray(bytes(real.transaction([real.place()])))
    tx[5] ^= 1
    both("sendTransaction", base64.b64encode(bytes(tx)).decode(), {"encoding": "base64"})
    # Preflight refusal: text and data of the error.
    errors = [n.send([limit(300_000), n.place(base=450 * 10**9)])["error"] for n in nodes]
    assert errors[0]["code"] == errors[1]["code"] == -32002
    assert errors[0]["message"] == errors[1]["message"]
    assert errors[0]["data"]["err"] == errors[1]["data"]["err"] == {"InstructionError": [1, {"Custom": 6003}]}
    assert set(errors[0]["data"]) == set(errors[1]["data"])


def test_answers_have_the_same_shape(nodes):
    real, model = nodes
    reset(real, model)

    def shape(v):
        if isinstance(v, dict):
            return {k: shape(x) for k, x in v.items()}
        if isinstance(v, list):
            return [shape(v[0])] if v else []
        return type(v).__name__

    sent = [n.send([n.place()])["result"] for n in nodes]
    keys = [
        [n.keys[k] for k in ("user", "authority", "oracle_sol")]
        + [str(Keypair.from_seed(bytes([77]) * 32).pubkey())]
        for n in nodes
    ]
    for make in (
        lambda i: ("getHealth",),
        lambda i: ("getVersion",),
        lambda i: ("getSlot",),
        lambda i: ("getBlockHeight",),
        lambda i: ("getEpochInfo",),
        lambda i: ("getLatestBlockhash",),
        lambda i: ("isBlockhashValid", str(Pubkey.default())),
        lambda i: ("getBalance", keys[i][1]),
        lambda i: ("getAccountInfo", keys[i][0], {"encoding": "base64"}),
        lambda i: (
            "getMultipleAccounts",
            keys[i],
            {"encoding": "base64", "dataSlice": {"offset": 8, "length": 4}},
        ),
        lambda i: ("getRecentPrioritizationFees",),
        lambda i: ("getSignatureStatuses", [sent[i], sent[i][:-1] + "1"]),
        lambda i: ("getMinimumBalanceForRentExemption", 4496),
        lambda i: ("getBlockTime", 1),
    ):
        a, b = real.ask(*make(0)), model.ask(*make(1))
        assert shape(a) == shape(b), make(0)
    ta, tb = (n.ask("getTransaction", s, {"encoding": "base64"}) for n, s in zip(nodes, sent))
    assert shape(ta)["meta"].keys() == shape(tb)["meta"].keys() and ta.keys() == tb.keys()
    assert ta["meta"]["fee"] == tb["meta"]["fee"] == 5000


@pytest.mark.parametrize("status", [1, 2])
@pytest.mark.parametrize("reduce", [0, 1])
def test_the_flag_of_a_liquidation_outlives_it(nodes, status, reduce):
    """Both let a flagged account go at the same collateral: plain prices, a buffer on every liability."""
    price, seen = PRICE / 1e6, set()
    for above in (0.02, 0.03, 0.05, 0.065, *(0.0650 + i / 10000 for i in range(1, 8)), 0.07, 0.09):
        borrowed = 10 * price * 0.9 - 10.4 * price * above
        reset(*nodes, book=dict(sol=10, usdt=-borrowed, perp=-10.4, status=status))
        answers = []
        for n in nodes:
            far = int(price * (0.7 if reduce else 1.3)) * 10**6
            order = n.place(kind=1, price=far, side=1 - reduce, base=4 * 10**8, reduce=reduce)
            shown = {"encoding": "base64", "addresses": [n.keys["user"]]}
            v = n.simulate([order], DELEGATE, accounts=shown)["result"]["value"]
            flag = base64.b64decode(v["accounts"][0]["data"][0])[4468] if v["err"] is None else None
            answers.append((json.dumps(v["err"]), flag))
        assert answers[0] == answers[1], above
        seen.add(answers[0])
    refused = ('{"InstructionError": [0, {"Custom": 6117}]}', None)
    assert seen == {refused, ("null", 0) if reduce else ('{"InstructionError": [0, {"Custom": 6003}]}', None)}
