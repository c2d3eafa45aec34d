"""The agent's margin against the real program's, on accounts that neither has seen:
books, weights, averages, caps, ratios and resting orders by seed, written into the
node byte by byte; an order too large for them, and both totals that the program
prints, to the unit. EK_MARGIN_SEED and EK_MARGIN_CASES choose other and more ones."""

import base64
import os
import random
import struct

import pytest

import localnet_client as lc
import venue_core as vc
from test_localnet_vs_core import ROLES
from test_localnet_vs_program import totals

pytestmark = pytest.mark.real_program
SEED = int(os.environ.get("EK_MARGIN_SEED", "20261122"))
CASES = int(os.environ.get("EK_MARGIN_CASES", "150"))
# Where in the accounts of the deployed program (docs/venues.md, ek_venue_velocity.c).
PERPS, SPOTS, ORDERS = 424, 104, 1192


@pytest.fixture(scope="module")
def node():
    n = lc.program_node()
    if n is None:
        pytest.skip("EK_VELOCITY_SO or the shared test node is absent")
    yield n
    n.close()


def book(n):
    s = n.ctl("state")
    b = vc.Book(vc.venue("velocity"), s["slot"], s["ts"])
    keys = [s[k] for k, _ in ROLES]
    for (_, role), k, a in zip(
        ROLES, keys, n.ask("getMultipleAccounts", keys, {"encoding": "base64"})["value"]
    ):
        b.put(role, base64.b64decode(a["data"][0]), k)
    return b


def changed(n, name, *writes):
    """Writes fields into an account: (offset, format, value)."""
    key = n.keys[name]
    data = bytearray(base64.b64decode(n.account(key)["data"][0]))
    for at, form, value in writes:
        struct.pack_into("<" + form, data, at, value)
    n.ctl("set_account", pubkey=key, data=base64.b64encode(bytes(data)).decode())


def scramble(n, rnd, offsets):
    """A book and a market at random; the offsets are those of the core's own table."""
    perp, spot = offsets
    price = rnd.choice([76.34, 76.34, round(rnd.uniform(20, 400), 2)])
    n.ctl("reprice", price=price)
    size = rnd.choice([0, rnd.uniform(-60, 60), rnd.uniform(-2, 2)])
    n.ctl(
        "set_user",
        clear_orders=True,
        usdt=round(rnd.uniform(-500, 3000) * price / 76, 6),
        sol=round(rnd.choice([rnd.uniform(-3, 40), rnd.uniform(0, 3000)]), 9),
        perp=round(size, 2),
        entry_price=round(price * rnd.uniform(0.7, 1.3), 6),
        max_margin_ratio=rnd.choice([0, 0, 700, 2500, 9000]),
    )
    live = []
    if rnd.random() < 0.5:  # orders that rest: what they could still fill, and how many they are
        live = [
            (PERPS + 40, "q", rnd.randrange(0, 4000) * 10**7),
            (PERPS + 48, "q", -rnd.randrange(0, 4000) * 10**7),
            (PERPS + 78, "B", rnd.randrange(1, 30)),
        ]
    if rnd.random() < 0.3:
        live.append((PERPS + 76, "H", rnd.choice([600, 1500, 4000])))
    changed(n, "user", *live)
    changed(
        n,
        "perp_market",
        (perp["imf_e6"], "I", rnd.choice([0, 50, 500, 5000])),
        (perp["pnl_imf_e6"], "I", rnd.choice([0, 0, 3000])),
        (perp["pnl_initial_weight_e4"], "I", rnd.choice([0, 0, 7000, 10000])),
        (perp["pnl_maintenance_weight_e4"], "I", rnd.choice([10000, 8000])),
        (perp["pnl_max_imbalance_e6"], "Q", rnd.choice([0, 1, 10**9, 10**15])),
        (perp["margin_initial_e4"], "I", rnd.choice([500, 1000, 3333])),
        (perp["margin_maintenance_e4"], "I", rnd.choice([300, 450])),
    )
    weight = rnd.choice([8000, 6500, 10000])
    average = lambda p: int(p * rnd.choice([1, 1, 0.97, 1.03, 0.8]) * 10**6)  # noqa: E731
    changed(
        n,
        "spot_market_sol",
        (spot["initial_asset_weight_e4"], "I", weight),
        (spot["maintenance_asset_weight_e4"], "I", max(weight, 9000)),
        (spot["initial_liability_weight_e4"], "I", rnd.choice([12000, 15000])),
        (spot["imf_e6"], "I", rnd.choice([0, 300, 3000])),
        (spot["scale_initial_asset_weight_start_e6"], "Q", rnd.choice([0, 0, 2 * 10**11, 10**7])),
        (spot["oracle_twap_5min_e6"], "q", average(price)),
    )
    changed(n, "spot_market_usdt", (spot["oracle_twap_5min_e6"], "q", average(1)))
    if rnd.random() < 0.5:
        n.ctl("add_funding", usd_per_base=rnd.uniform(-0.5, 0.5))
    return price


def offsets():
    """Field to offset, as the core reads it; taken from its source,
    so that this file keeps no second copy."""
    import re

    text = open(vc.ROOT / "CSources/EvenkeelCore/venue/ek_venue_velocity.c").read()

    def of(function):
        body = re.search(r"ek_err %s\(.*?\n}" % function, text, re.S)[0]
        return {field: int(at) for at, field in re.findall(r"[A-Z]+\((\d+), (\w+)", body)}

    return of("perp_fields"), of("spot_fields")


def test_both_totals_on_accounts_never_seen(node):
    rnd = random.Random(SEED)
    print("EK_MARGIN_SEED=%d" % SEED)
    compared, kinds = 0, set()
    for case in range(CASES):
        price = scramble(node, rnd, offsets())
        side, base, reduce = (
            rnd.randrange(2),
            rnd.choice([rnd.randrange(1, 400_000), 10**6]) * 10**7,
            rnd.choice([0, 0, 0, 1]),
        )
        far = int(price * (1.3 if side else 0.7)) * 10**6
        err, mine = totals(node, [node.place(kind=1, price=far, side=side, base=base, reduce=reduce)])
        if mine is None:
            continue
        kind, m = book(node).margin_if_placed(
            vc.order(order_type=1, price_e6=far, direction=side, base_e9=base, reduce_only=reduce)
        )
        assert mine == (m["total_collateral_e6"], m["requirement_e6"]), (SEED, case)
        compared += 1
        kinds.add(kind)
    print("%d of %d cases compared" % (compared, CASES))
    assert compared >= CASES // 4 and len(kinds) == 2
