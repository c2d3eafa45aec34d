"""The embedded chain against the agent's core: two sets of layouts, two margins, written apart,
must agree on both venues."""

import base64, pathlib, random, re, sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import localnet_client as lc  # noqa: E402
import venue_core as vc  # noqa: E402
from localnet_client import FULL  # noqa: E402

pytestmark = pytest.mark.skipif(not lc.binary(), reason="evenkeel is not built (EK_BIN)")


@pytest.fixture(params=["velocity", "drift"])
def net(request):
    n = lc.localnet("--perp", "-9", "--entry-price", "75.5", "--keeper-latency", "1", venue=request.param)
    yield n
    n.close()


ROLES = (
    ("state", vc.STATE),
    ("user", vc.USER),
    ("user_stats", vc.USER_STATS),
    ("perp_market", vc.PERP_MARKET),
    ("spot_market_usdt", vc.SPOT_MARKET),
    ("spot_market_sol", vc.SPOT_MARKET),
    ("oracle_sol", vc.ORACLE),
    ("oracle_usdt", vc.ORACLE),
)


def book(n):
    s = n.ctl("state")
    b = vc.Book(vc.venue(s["venue"]), s["slot"], s["ts"])
    keys = [s[k] for k, _ in ROLES]
    accounts = n.ask("getMultipleAccounts", keys, {"encoding": "base64"})["value"]
    for (name, role), k, a in zip(ROLES, keys, accounts):
        b.put(role, base64.b64decode(a["data"][0]), k)
    return b


def decoded(n, name, kind):
    return vc.plain(
        vc.decode(vc.venue(n.keys["venue"]), kind, base64.b64decode(n.account(n.keys[name])["data"][0]))[0]
    )


def test_user_reads_the_same(net):
    net.send([net.place(kind=1, price=90_000_000, uid=7, max_ts=net.ctl("state")["ts"] + 900)])
    net.send(
        [net.place(kind=4, side=0, reduce=1, start=-100_000, end=300_000, slots=40, offset=400_000, uid=8)]
    )
    mine, theirs = net.user(), decoded(net, "user", "user")
    p = next(x for x in theirs["perps"] if x["base_e9"])
    q = net.perp()
    assert p["base_e9"] == q["base_asset_amount"] == -9 * 10**9
    ours = [q[k] for k in ("quote_asset_amount", "quote_entry_amount", "open_bids", "open_asks")]
    assert ours == [p["quote_e6"], p["quote_entry_e6"], p["open_bids_e9"], p["open_asks_e9"]]
    assert theirs["next_order_id"] == mine["next_order_id"]
    live = [o for o in theirs["orders"] if o["status"] == 1]
    want = net.live()
    assert len(live) == len(want) == 2
    for a, b in zip(live, want):
        assert (
            a["base_e9"],
            a["price_e6"],
            a["max_ts"],
            a["user_order_id"],
            a["direction"],
            a["reduce_only"],
            a["order_type"],
            a["auction_start_e6"],
            a["auction_end_e6"],
            a["oracle_offset_e6"],
            a["auction_duration"],
        ) == (
            b["base_asset_amount"],
            b["price"],
            b["max_ts"],
            b["user_order_id"],
            b["direction"],
            b["reduce_only"],
            b["order_type"],
            b["auction_start_price"],
            b["auction_end_price"],
            b["oracle_price_offset"],
            b["auction_duration"],
        )


def test_markets_read_the_same(net):
    s = net.ctl("state")
    m = decoded(net, "perp_market", "perp_market")
    assert m["name"].strip() == "SOL-PERP" and m["market_index"] == 0 and m["oracle"] == s["oracle_sol"]
    assert (m["margin_initial_e4"], m["margin_maintenance_e4"], m["imf_e6"]) == (500, 300, 50)
    assert (m["step_base_e9"], m["min_order_base_e9"], m["tick_price_e6"]) == (10**7, 10**7, 1000)
    sol, usd = decoded(net, "spot_market_sol", "spot_market"), decoded(net, "spot_market_usdt", "spot_market")
    assert (
        sol["name"].strip() == "SOL"
        and sol["decimals"] == 9
        and sol["market_index"] == 1
        and sol["oracle"] == s["oracle_sol"]
    )
    assert usd["name"].strip() == ("USDC" if net.drift else "USDT") and usd["decimals"] == 6
    st = decoded(net, "state", "state")
    assert st["n_perp_markets"] == 4 and st["n_spot_markets"] == 2


def test_assessment(net):
    a = book(net).assess()
    assert a["venue_spot_base_e9"] == 10 * 10**9 and a["perp_base_e9"] == -9 * 10**9
    assert abs(a["oracle_price_e6"] - net.ctl("state")["sol_price_1e6"]) <= 1


def totals(n, ix):
    v = n.simulate([ix])["result"]["value"]
    line = next((x for x in v["logs"] if "margin_requirement: " in x), "")
    m = re.search(r"total_collateral: (-?\d+), margin_requirement: (-?\d+) ", line)
    return m and (int(m.group(1)), int(m.group(2)))


def test_margin_totals(net):
    rnd = random.Random(7)
    compared = 0
    for _ in range(80):
        net.ctl(
            "set_user",
            clear_orders=True,
            usdt=round(rnd.uniform(-500, 2500), 6),
            sol=round(rnd.uniform(-3, 30), 9),
            perp=rnd.choice([0, round(rnd.uniform(-50, 50), 2)]),
            entry_price=round(rnd.uniform(60, 95), 6),
            max_margin_ratio=rnd.choice([0, 0, 900]),
        )
        net.ctl(
            "market",
            sol_w_init=rnd.choice([8000, 7000]),
            sol_imf=rnd.choice([0, 2000]),
            perp_imf=rnd.choice([50, 400]),
        )
        net.ctl("add_funding", usd_per_base=round(rnd.uniform(-0.2, 0.2), 9))
        side, base, reduce = rnd.randrange(2), rnd.randrange(1, 60_000) * 10**7, rnd.choice([0, 0, 1])
        mine = totals(
            net,
            net.place(kind=1, price=90_000_000 if side else 60_000_000, side=side, base=base, reduce=reduce),
        )
        if mine is None:
            continue
        _, m = book(net).margin_if_placed(
            vc.order(
                order_type=1,
                price_e6=90_000_000 if side else 60_000_000,
                direction=side,
                base_e9=base,
                reduce_only=reduce,
            )
        )
        assert mine == (m["total_collateral_e6"], m["requirement_e6"])
        compared += 1
    assert compared >= 30


def test_core_reads_the_book_after_fills(net):
    for i in range(6):
        net.send([net.take(FULL if i % 2 else None, side=i % 2, base=(i + 1) * 10**8)])
        net.ctl("warp", slots=7)
    assert book(net).assess()["perp_base_e9"] == net.perp()["base_asset_amount"]
