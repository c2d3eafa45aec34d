"""What the vAMM of a Velocity perp market fills, in exact integers: the reference that ek_depth.h is compared
with, and that is itself compared with the deployed program (Tests/conformance/test_depth_vs_program.py).
Python's integers do not overflow; the core refuses what leaves its own (ek_depth.h says where).

A market is a dict of the fields below, read from the account's bytes with `market(data)`."""

import math

ONE = 1_000_000
RESERVE_ONE = 10**9
FIELDS = {  # name: (offset, bytes, signed)
    "step": (544, 8, 0), "tick": (552, 8, 0), "status": (642, 1, 0), "tier": (644, 1, 0),
    "paused": (645, 1, 0), "config": (672, 1, 0), "delay_override": (674, 1, 1),
    "low_risk_override": (675, 1, 1), "mark_twap": (680, 8, 0), "mark_twap_5min": (688, 8, 0),
    "mark_ts": (696, 8, 1), "bid_twap": (704, 8, 0), "ask_twap": (712, 8, 0), "mark_std": (720, 8, 0),
    "oracle_std": (728, 8, 0), "conf_pct": (736, 8, 0), "volume": (744, 8, 0), "long_volume": (752, 8, 0),
    "short_volume": (760, 8, 0), "funding_24h": (776, 8, 1), "funding_period": (784, 8, 1),
    "min_order": (792, 8, 0), "mm_price": (800, 8, 1), "mm_slot": (808, 8, 0), "mm_sequence": (816, 8, 0),
    "last_offset": (832, 4, 1), "funding_twap": (840, 8, 1), "twap": (872, 8, 1), "twap_5min": (880, 8, 1),
    "twap_ts": (888, 8, 1), "base": (936, 16, 0), "quote": (952, 16, 0), "concentration": (968, 16, 0),
    "min_base": (984, 16, 0), "max_base": (1000, 16, 0), "sqrt_k": (1016, 16, 0), "peg": (1032, 16, 0),
    "terminal": (1048, 16, 0), "net": (1064, 16, 1), "equity": (1112, 16, 1), "update_slot": (1208, 8, 0),
    "revenue": (1216, 8, 1), "spread_slot": (1248, 8, 0), "base_spread": (1256, 4, 0),
    "max_spread": (1260, 4, 0), "long_spread": (1264, 4, 0), "short_spread": (1268, 4, 0),
    "offset": (1272, 4, 1), "fill_fraction": (1276, 2, 0), "intensity": (1280, 1, 0), "jit": (1281, 1, 0),
    "spread_adjustment": (1282, 1, 1), "inventory_adjustment": (1283, 1, 1), "deadband": (1284, 1, 0),
    "funding_bias": (1285, 1, 0),
}  # fmt: skip


class Unknown(Exception):
    """The program would refuse, or take nothing whatever the price."""


def market(data):
    return {k: int.from_bytes(data[o : o + n], "little", signed=bool(s)) for k, (o, n, s) in FIELDS.items()}


def div(a, b):
    """Toward zero."""
    return -(-a // b) if (a < 0) != (b < 0) and a % b else a // b


def up(a, b):
    return -(-a // b)


def clamp(v, low, high):
    return max(low, min(v, high))


def sign(v):
    return (v > 0) - (v < 0)


# ---- averages
def weighted(new, old, w_new, w_old):
    if w_new == 0:
        return old
    if w_old == 0:
        return new
    a, b = new * w_new, old * w_old
    nudge = 0 if w_old <= 1 else sign(b - a)
    r = div(a + b, w_new + w_old)
    return r if r == 0 and nudge < 0 else r + nudge


def new_twap(m, now, price, mark, twap, period):
    since = max(1 if period == 0 else 0, now - m["twap_ts"])
    left = max(0, period - since)
    if m["mark_ts"] > m["twap_ts"]:
        blind = m["mark_ts"] - m["twap_ts"]
        price = weighted(mark, price, blind, max(1, period - blind))
    return weighted(price, twap, since, left)


def refresh_averages(m, now, exchange, conf, reserve):
    """The oracle's averages and deviations as the program writes them before it quotes."""
    price, band = exchange["price"], reserve // 4000
    if reserve > price:
        price = min(max(reserve - band, price), price + exchange["conf"])
    else:
        price = max(min(reserve + band, price), price - exchange["conf"])
    capped = price
    width = {0: 10, 1: 5, 2: 2}.get(m["tier"], 3)
    if m["twap"] != 0:
        band = abs(div(m["twap"], width))
        if abs(price - m["twap"]) > band:
            capped = m["twap"] + (band if price > m["twap"] else -band)
    if capped <= 0 or price <= 0:
        return
    hour = new_twap(m, now, capped, m["mark_twap"], m["twap"], m["funding_period"])
    five = new_twap(m, now, capped, m["mark_twap_5min"], m["twap_5min"], 300)
    since = max(0, now - m["twap_ts"])
    low = m["conf_pct"] - (m["conf_pct"] // max(21 - since, 5) if since > 0 else 0)
    m["conf_pct"] = max(conf * ONE // reserve, low)
    change = max(abs(price - m["twap"]), abs(price - m["twap_5min"]))
    since = max(1, now - m["twap_ts"])
    m["oracle_std"] = rolled(m["oracle_std"], change, since)
    m["twap"], m["twap_5min"], m["twap_ts"] = hour, five, now


def rolled(old, change, since):
    return old * max(0, 3600 - max(3600, since)) // 3600 + change


# ---- the price
def choose(m, slot, exchange, volatile):
    """The price the vAMM goes by: the market maker's where it is the newer one and near the exchange's."""
    delay = slot - m["mm_slot"]
    mine, theirs = exchange["sequence"], m["mm_sequence"]
    if mine and theirs and abs(mine - theirs) < mine // 10000:
        newer = mine > theirs
    else:
        newer = delay > exchange["delay"]
    apart = abs(m["mm_price"] - exchange["price"])
    ppm = apart * ONE // max(1, abs(exchange["price"]))
    low, high = sorted((m["mm_price"], m["twap"]))
    wild = m["mm_price"] <= 0 or high // max(1, low) > volatile
    chosen = dict(exchange)
    if not (newer or m["mm_price"] == 0 or wild or ppm > 10000):
        chosen = dict(price=m["mm_price"], conf=exchange["conf"] + apart, delay=delay)
    chosen["apart_ppm"], chosen["mm_delay"] = ppm, delay
    return chosen


# ---- the curve
def price_of(quote, base, peg):
    return quote * peg // base


def set_curve(m, sqrt_k, base, quote):
    m.update(sqrt_k=sqrt_k, base=base, quote=quote)
    empty = base + m["net"]
    if empty <= 0 or m["concentration"] <= ONE:
        raise Unknown("curve")
    m["terminal"] = sqrt_k * sqrt_k // empty
    m["max_base"] = empty * m["concentration"] // ONE
    m["min_base"] = empty * ONE // m["concentration"]


def close_value(m):
    if m["net"] == 0:
        return 0
    after = m["sqrt_k"] ** 2 // (m["base"] + m["net"])
    if m["net"] > 0:
        return (m["quote"] - after) * m["peg"] // RESERVE_ONE
    return (after - m["quote"] + 1) * m["peg"] // RESERVE_ONE + 1


def repeg_cost(m, peg):
    return div((m["quote"] - m["terminal"]) * (peg - m["peg"]), RESERVE_ONE)


def peg_cost(m):
    """Cost of one unit of peg, away from zero."""
    d = m["quote"] - m["terminal"]
    c = up(d, 1000) if d > 0 else div(d, 1000)
    return c + sign(c)


def peg_for(m, price):
    return max(1, price * m["base"] // m["quote"])


def project(m, price):
    """Moves the peg (and, where it is dear, k) toward the price. True: nothing was refused."""
    reserve = price_of(m["quote"], m["base"], m["peg"])
    budget = max(0, m["equity"])
    peg = peg_for(m, price)
    floor = True
    if budget < max(0, repeg_cost(m, peg)):
        half = price * (m["max_spread"] // 2) // ONE
        gap = reserve - price
        if abs(gap) > half:
            move = abs(gap) - half
            peg = peg_for(m, reserve + move if gap < 0 else reserve - move)
            budget = repeg_cost(m, peg)
            if budget < 0:
                raise Unknown("budget below zero")
            floor = False
        elif budget == 0:
            floor = False
    new = dict(m)
    cost = 0
    if peg != m["peg"]:
        delta, each = peg - m["peg"], peg_cost(m)
        reach = abs(div(budget * ONE, each)) if each else 0
        if each == 0 or (each > 0 > delta) or (each < 0 < delta) or reach > abs(delta):
            cost = repeg_cost(m, peg)
        else:
            earned = 0
            if m["intensity"] >= 100 and can_lower_k(m) and not m["config"] & 1:
                least = min(m["sqrt_k"], max(m["min_order"], abs(m["net"])))
                earned = scale_k(new, max(m["sqrt_k"] - m["sqrt_k"] // 1000, least), m["status"])
                each = peg_cost(new)
            if each == 0:
                raise Unknown("no cost left")
            reach = div((budget + abs(earned)) * ONE, each)
            peg = max(1, m["peg"] + reach)
            cost = repeg_cost(new, peg)
        new["peg"] = peg
    if cost > 0 and floor and m["equity"] - cost < 0:
        return False
    m.update(new)
    set_curve(m, m["sqrt_k"], m["base"], m["quote"])
    m["equity"] -= cost
    m["revenue"] -= cost
    return True


def open_sides(m):
    return max(0, m["base"] - m["min_base"]), max(0, m["max_base"] - m["base"])


def can_lower_k(m):
    bids, asks = open_sides(m)
    return (
        abs(m["net"]) < min(bids, asks)
        and max(abs(m["net"]), m["min_order"]) < m["sqrt_k"]
        and m["min_order"] < max(bids, asks)
    )


def scale_k(m, sqrt_k, status):
    ratio = sqrt_k * RESERVE_ONE // m["sqrt_k"]
    if ratio < 500_000_000:
        raise Unknown("k")
    if ratio < RESERVE_ONE:
        ratio += 1
    if status != 2 and sqrt_k < m["sqrt_k"] and abs(m["net"]) > sqrt_k:
        raise Unknown("k")
    before = close_value(m)
    base = m["base"] * ratio // RESERVE_ONE
    set_curve(m, sqrt_k, base, sqrt_k * sqrt_k // base)
    if m["net"] == 0:
        return 0
    return close_value(m) - before if m["net"] > 0 else before - close_value(m)


# ---- the spread
def spreads(m, price, reserve):
    gap = div((reserve - price) * ONE, reserve)
    std = (m["oracle_std"] + m["mark_std"]) * ONE // reserve // 2
    vol = max(m["conf_pct"], std // 4)
    conf = m["conf_pct"] if m["conf_pct"] > 2500 else m["conf_pct"] // 20
    side = [
        max(conf, vol * clamp(m[k] * ONE // max(1, m["volume"]), 10000, ONE) // ONE)
        for k in ("long_volume", "short_volume")
    ]
    floors = [max(m["base_spread"] // 2, v) for v in side]
    s = list(floors)
    widest = max(
        m["max_spread"],
        abs(gap),
        min(max(2 * m["conf_pct"], max(m["mark_std"], m["oracle_std"]) * ONE // reserve), ONE),
    )
    if gap:
        i = 0 if gap < 0 else 1
        s[i] = max(s[i], abs(gap) + side[i])
    loaded = None if m["net"] == 0 else 0 if m["net"] > 0 else 1
    bids, asks = open_sides(m)
    if loaded is not None:
        liquidity = min(bids, asks)
        share = min(ONE, abs(m["net"]) * ONE // max(1, liquidity)) if abs(m["net"]) < liquidity else ONE
        most = max(10 * ONE, widest * ONE // max(1, s[loaded]))
        s[loaded] = s[loaded] * min(most, ONE + most * share // ONE) // ONE
    if m["equity"] <= 0:
        s = [v * 10 for v in s]
    elif loaded is not None:
        book = div((m["quote"] - m["terminal"]) * m["peg"], RESERVE_ONE)
        local = div(m["net"] * reserve, RESERVE_ONE)
        lever = max(0, local - book) * ONE // (m["equity"] + 1)
        s[loaded] = s[loaded] * min(10 * ONE, ONE + lever + 1) // ONE
    if m["revenue"] < -25 * ONE:
        retreat = widest // 10
        if m["revenue"] >= -25_000 * ONE:
            retreat = min(retreat, m["base_spread"] * -m["revenue"] // (25 * ONE))
        for i in (0, 1):
            s[i] += retreat if i == loaded else retreat // 2
    if m["funding_bias"] and m["funding_twap"] > 0 and loaded is not None:
        f = div(m["funding_24h"] * ONE, m["funding_twap"]) * 24
        if sign(f) * sign(m["net"]) < 0:
            ramp = min(ONE, abs(f) * ONE // (10**9 // 3333))
            s[loaded] = s[loaded] * (ONE + m["funding_bias"] * ramp // 100) // ONE
    a = m["inventory_adjustment"]
    if a < 0:
        s = [max(low, 1, v - v * -a // 100) for v, low in zip(s, floors)]
    elif a > 0:
        s = [max(low, 1, v + up(v * a, 100)) for v, low in zip(s, floors)]
    if sum(s) > widest:
        i = 0 if s[0] > s[1] else 1
        s[i] = up(s[i] * widest, sum(s))
        s[1 - i] = widest - s[i]
    return s


def wanted_offset(m, reserve):
    most = 0
    if m["intensity"] >= 200:
        most = max(m["max_spread"] // 2, 10000)
    elif m["intensity"] > 100:
        most = min(m["max_spread"] // 2, 100 * (m["intensity"] - 100))
    if most == 0:
        return 0
    bids, asks = open_sides(m)
    liquidity = (bids + asks) // 2
    share = min(ONE, abs(m["net"]) * ONE // max(1, liquidity)) if abs(m["net"]) < liquidity else ONE
    share *= sign(m["net"])
    dead = ONE * m["deadband"] // 100
    share = 0 if abs(share) <= dead else share - dead * sign(share)
    if m["funding_24h"] == 0 or share == 0:
        return 0
    width = most * reserve // ONE
    minute = clamp(m["mark_twap_5min"] - m["twap_5min"], -width, width)
    hour = clamp(m["mark_twap"] - m["twap"], -width, width)
    day = clamp(div(m["funding_24h"], 1000) * 24 - div(abs(m["twap"]), 3333), -width, width)
    pct = div(div(minute + hour + day, 3) * ONE, reserve)
    if not ((pct >= 0 and share >= 0) or (pct <= 0 and share <= 0)):
        return 0
    return clamp(div(pct * abs(share), 2), -most, most)


def quote_state(m, price, slot):
    """The spreads and the offset of the quotes, and the reserves that a fill is priced on."""
    reserve = price_of(m["quote"], m["base"], m["peg"])
    offset = wanted_offset(m, reserve)
    half = m["base_spread"] // 2
    s = spreads(m, price, reserve) if m["intensity"] > 0 else [half, half]
    a = m["spread_adjustment"]
    if a < 0:
        s = [max(1, v - v * -a // 100) for v in s]
    elif a > 0:
        s = [max(1, v + up(v * a, 100)) for v in s]
    last = m["last_offset"]
    if sign(last) != sign(offset) and m["intensity"] > 100:
        whole = offset - last
        step = min(abs(whole), max(0, slot - m["spread_slot"]) * 1000) // 10
        step = min(max(step, 10), abs(last) if last else abs(offset))
        step *= sign(whole)
        offset = last + step
        if step < 0:
            s = [s[0] + -step, s[1] + abs(offset)]
        else:
            s = [s[0] + abs(offset), s[1] + step]
    m.update(long_spread=s[0], short_spread=s[1], offset=offset, spread_slot=slot)
    spread_reserves(m)
    if sum(s) > ONE:
        raise Unknown("spread")
    if m["spread_adjustment"] >= 0 and m["inventory_adjustment"] >= 0 and sum(s) < m["base_spread"] - 2:
        raise Unknown("spread")
    if offset <= 0 and (m["bid_base"] < m["base"] or m["bid_quote"] > m["quote"]):
        raise Unknown("bid")
    if offset >= 0 and (m["ask_base"] > m["base"] or m["ask_quote"] < m["quote"]):
        raise Unknown("ask")


def spread_reserves(m):
    for name, way in (("ask", m["long_spread"] + m["offset"]), ("bid", -m["short_spread"] + m["offset"])):
        quote = m["quote"]
        if abs(way) > 1:
            quote += div(quote, div(ONE, div(way, 2)))
        base = m["sqrt_k"] ** 2 // quote
        if m["offset"] == 0:
            far = (min, max) if name == "ask" else (max, min)
            base, quote = far[0](base, m["base"]), far[1](quote, m["quote"])
        m[name + "_base"], m[name + "_quote"] = base, quote


# ---- the order
def auction_end(m, buy, oracle, worst):
    """The price at which the auction ends that a Market order with a worst price is given."""
    cap, near, far = {0: (500, 1000, 50), 1: (500, 1000, 20), 2: (100, 500, 20), 3: (100, 100, 10)}.get(
        m["tier"], (100, 50, 5)
    )
    if abs(m["twap_ts"] - m["mark_ts"]) >= 60 or m["volume"] <= 100_000 * ONE:
        start = m["bid_twap"] // cap if buy else -(m["ask_twap"] // cap)
    else:
        slow_twap = m["bid_twap"] if buy else m["ask_twap"]
        fast = m["mark_twap_5min"] - m["twap_5min"]
        slow = slow_twap - m["twap"]
        start = fast
        if abs(slow - fast) <= m["mark_twap_5min"] // 200:
            long, short = (m[k] * slow_twap // (10 * ONE) for k in ("long_spread", "short_spread"))
            start = min(slow + long, fast - short) if buy else max(slow - short, fast + long)
    spread = m["long_spread" if buy else "short_spread"] * abs(m["twap"]) // ONE
    buffer = 2 * max(m["mark_std"], m["oracle_std"], spread)
    buffer = clamp(buffer, abs(m["twap"]) // near, abs(m["twap"]) // far)
    if buy:
        return min(worst, oracle + max(m["ask_twap"] + buffer - m["twap"], start))
    return max(worst, oracle + min(m["bid_twap"] - buffer - m["twap"], start))


def on_tick(price, tick, buy):
    return price - price % tick if buy else up(price, tick) * tick


def depth(m, slot, now, exchange, guards, buy, worst, want):
    """(base, quote, at once, bound) of a take of `want` by a Market order with the price `worst` at this
    instant. exchange: price, conf, delay, sequence. guards: of State, see GUARDS, and its exchange_status."""
    m = dict(m)
    exchange_status = guards["exchange_status"]
    if m["status"] not in (1, 2) or m["paused"] & 6 or exchange_status & 12:
        raise Unknown("paused")
    if m["sqrt_k"] == 0:
        raise Unknown("no vAMM")
    if not 0 < m["step"] <= want or m["tick"] == 0:
        raise Unknown("size")
    bound = on_tick(auction_end(m, buy, exchange["price"], worst), m["tick"], buy)
    chosen = choose(m, slot, exchange, guards["volatile"])
    price, conf = chosen["price"], chosen["conf"]
    if price <= 0 or exchange["price"] <= 0 or bound <= (m["tick"] if buy else 0):
        raise Unknown("price")
    if max(price, m["twap"]) // max(1, min(price, m["twap"])) > guards["volatile"]:
        raise Unknown("volatile")
    multiple = {0: 1, 1: 1, 2: 2, 3: 10}.get(m["tier"], 50)
    if conf * ONE // price > guards["conf_max"] * multiple:
        raise Unknown("uncertain")
    if m["mm_price"] != 0 and 0 <= chosen["mm_delay"] <= chosen["delay"] and chosen["apart_ppm"] > 10000:
        raise Unknown("apart")
    drawdown(m)
    low_risk = m["low_risk_override"] if m["low_risk_override"] > 0 else guards["stale_amm"]
    if chosen["delay"] > low_risk or chosen["delay"] > guards["stale_margin"]:
        raise Unknown("stale")
    at_once = immediate(m, chosen, buy, exchange_status)
    reserve = price_of(m["quote"], m["base"], m["peg"])
    refresh_averages(m, now, exchange, conf, reserve)
    five = m["twap_5min"]
    if five == 0 or abs(price - five) * ONE // abs(five) >= max(guards["twap_divergence"], ONE // 2):
        raise Unknown("divergent")
    if m["twap"] == 0 or abs(price - m["twap"]) * ONE // abs(m["twap"]) >= ONE // 2:
        raise Unknown("the hour")
    quote_state(m, price, slot)
    m["last_offset"] = m["offset"]
    if m["update_slot"] < slot and m["intensity"] > 0:
        project(m, price)
    quote_state(m, price, slot)
    return (*fill(m, buy, bound, want), at_once, bound)


def drawdown(m):
    if m["revenue"] > -25 * ONE * (400 if m["tier"] <= 1 else 200):
        return
    if div(m["revenue"] * ONE, max(1, m["equity"])) <= -(ONE // {0: 50, 1: 33, 2: 25}.get(m["tier"], 20)):
        raise Unknown("drawdown")


def immediate(m, chosen, buy, exchange_status):
    """Whether the order fills in the slot it is placed in."""
    if chosen["delay"] <= 0:
        return True
    if exchange_status & 128 or m["paused"] & 64:
        return False
    over = m["delay_override"]
    if over == 0 or chosen["delay"] > max(over, 0):
        return False
    step = m["step"]
    if not (m["net"] < -step if buy else m["net"] > step) or m["jit"] == 0:
        return False
    return abs(m["net"]) < min(open_sides(m)) // 10 and m["revenue"] >= -25 * ONE


def fill(m, buy, bound, want):
    reserve = price_of(m["quote"], m["base"], m["peg"])
    spread = m["long_spread"] + m["offset"] if buy else -m["short_spread"] + m["offset"]
    best = reserve * (ONE + spread) // ONE
    inside = bound - m["tick"] if buy else bound + m["tick"]
    if best > bound if buy else best < bound:
        return 0, 0
    if m["base"] < m["min_base"] if buy else m["base"] > m["max_base"]:
        raise Unknown("reserves")
    if best > inside if buy else best < inside:
        return 0, 0
    room = open_sides(m)[0 if buy else 1]
    available = min(m["base"] // m["fill_fraction"], room // 2)
    available -= available % m["step"]
    target = min(want - want % m["step"], available)
    new_base = math.isqrt(m["sqrt_k"] ** 2 * ONE // inside * m["peg"] // ONE)
    amount = m["ask_base"] - new_base if buy else new_base - m["bid_base"]
    if amount <= 0:
        return 0, 0
    amount = min(amount, room)
    target = min(target, amount - amount % m["step"])
    if target == 0:
        return 0, 0
    k = m["sqrt_k"] ** 2
    if buy:
        return target, (k // (m["ask_base"] - target) - m["ask_quote"] + 1) * m["peg"] // RESERVE_ONE + 1
    return target, (m["bid_quote"] - k // (m["bid_base"] + target)) * m["peg"] // RESERVE_ONE


# ---- accounts made of these numbers
GUARDS = {
    "stale_amm": 1304,
    "stale_margin": 1312,
    "conf_max": 1320,
    "volatile": 1328,
    "twap_divergence": 1296,
}


def guards(state):
    found = {k: int.from_bytes(state[o : o + 8], "little", signed=True) for k, o in GUARDS.items()}
    return dict(found, exchange_status=state[1366])


def oracle(data, slot):
    """Of a PythLazerOracle account with the exponent -8."""
    price, published, posted = (int.from_bytes(data[o : o + 8], "little") for o in (8, 16, 24))
    conf = int.from_bytes(data[40:48], "little")
    return {"price": price // 100, "conf": conf // 100, "delay": slot - posted, "sequence": published}


def made_market(numbers):
    data = bytearray(1304)
    data[:8] = bytes.fromhex("0adf0c2c6bf537f7")
    data[312:344] = ORACLE_KEY
    data[673] = 12
    for (o, n, s), v in zip(FIELDS.values(), numbers):
        data[o : o + n] = v.to_bytes(n, "little", signed=bool(s))
    return bytes(data)


def made_state(numbers):
    data = bytearray(1752)
    data[:8] = bytes.fromhex("d8926b5e684bb6b1")
    for o, v in zip(GUARDS.values(), numbers):
        data[o : o + 8] = v.to_bytes(8, "little", signed=True)
    data[1366] = numbers[-1]
    return bytes(data)


def made_oracle(price, published, posted, conf):
    numbers = (price * 100, published, posted, 2**32 - 8, conf * 100)
    return bytes.fromhex("9f07a1f922517985") + b"".join(v.to_bytes(8, "little") for v in numbers)


ORACLE_KEY = bytes([7]) * 32
