"""Margin as the venue sheets state it (docs/venues.md), in Python's unlimited integers and nothing but them.

Works on plain dicts of decoded structs (venue_core.plain). Written from the sheets, not from the C."""
import math


def trunc(a, b):
    q = abs(a) // abs(b)
    return -q if (a < 0) != (b < 0) else q


def token_amount(p, m):
    d = 10 ** (19 - m["decimals"])
    if p["balance_type"] == 0:
        return p["scaled_balance_e9"] * m["cumulative_deposit_interest_e10"] // d
    return -((p["scaled_balance_e9"] * m["cumulative_borrow_interest_e10"] + d - 1) // d)


def root(size):
    return math.isqrt(size * 10 + 1)


def discount(size, imf, w):
    return w if imf == 0 else min(w, 1_100_000 * 10_000 // (1_000_000 + root(size) * imf // 100_000))


def premium(size, imf, w):
    return w if imf == 0 else max(w, w - w // 5 + root(size) * imf // 10_000_000)


def in_e9(amount, decimals):
    return abs(amount) * 10 ** (9 - decimals) if decimals <= 9 else abs(amount) // 10 ** (decimals - 9)


def weigh(m, amount, value, price, initial, custom):
    size = in_e9(amount, m["decimals"])
    if value > 0:
        w = m["initial_asset_weight_e4"] if initial else m["maintenance_asset_weight_e4"]
        start = m["scale_initial_asset_weight_start_e6"]
        if initial and start:
            interest = m["cumulative_deposit_interest_e10"]
            deposits = m["deposit_balance_e9"] * interest // 10 ** (19 - m["decimals"])
            deposits = deposits * price // 10 ** m["decimals"]
            if deposits >= start:
                w = w * start // deposits
        w = discount(size, m["imf_e6"], w)
        if custom:
            w = min(w, max(0, 10_000 - custom))
    else:
        w = m["initial_liability_weight_e4"] if initial else m["maintenance_liability_weight_e4"]
        w = premium(size, m["imf_e6"], w)
        if custom:
            w = max(w, 10_000 + custom)
    return trunc(value * w, 10_000)


def funding(p, m):
    if p["base_e9"] == 0:
        return 0
    side = "cumulative_funding_long_e9" if p["base_e9"] > 0 else "cumulative_funding_short_e9"
    rate = m[side] - p["last_cumulative_funding_e9"]
    amount = abs(rate) * abs(p["base_e9"]) // 10**6 // 10**3 // 1000
    return amount if (rate > 0) == (p["base_e9"] < 0) else -amount


def margin(user, spots, perps, prices, initial, strict):
    """spots, perps: market dicts by index. prices: plain oracle price of ("spot", i) and ("perp", i).
    -> (total, requirement)"""
    total = need = 0

    def band(i):
        p = prices["spot", i]
        t = spots[i]["oracle_twap_5min_e6"]
        return (min(p, t), max(p, t)) if strict else (p, p)

    for p in user["spots"][: user["n_spots"]]:
        i = p["market_index"]
        m, (low, high) = spots[i], band(i)
        amount = token_amount(p, m)
        value = amount * (low if amount >= 0 else high) // 10 ** m["decimals"]
        if i == 0:
            total, need = (total + value, need) if value >= 0 else (total, need - value)
            continue
        if p["open_bids"] or p["open_asks"]:
            sides = []
            for x in (p["open_asks"], p["open_bids"]):
                cost = -x * high // 10 ** m["decimals"]
                sides.append((weigh(m, amount + x, value - cost, prices["spot", i], initial, 0) + cost,
                              amount + x, value - cost, cost))
            _, amount, value, cost = sides[0] if sides[0][0] <= sides[1][0] else sides[1]
        else:
            cost = 0
        weighted = weigh(m, amount, value, prices["spot", i], initial,
                         user["max_margin_ratio_e4"] if initial else 0)
        if value > 0:
            total += weighted
        else:
            need += -weighted
        if cost > 0:
            total += cost
        else:
            need += -cost
        need += p["open_orders"] * 10_000

    for p in user["perps"][: user["n_perps"]]:
        m = perps[p["market_index"]]
        price, (low, high) = prices["perp", p["market_index"]], band(m["quote_spot_index"])
        pnl = trunc(p["base_e9"] * price, 10**9) + p["quote_e6"] + funding(p, m)
        if pnl > 0:
            w = m["pnl_initial_weight_e4"] if initial else m["pnl_maintenance_weight_e4"]
            if initial:
                limit = m["pnl_max_imbalance_e6"]
                if w > 0 and limit > 0:
                    base = m["base_with_amm_e9"] + m["base_with_unsettled_lp_e9"]
                    net = trunc(base * m["last_oracle_price_e6"], 10**9)
                    net += m["quote_amount_e6"] + m["quote_with_unsettled_lp_e6"]
                    net += m["net_unsettled_funding_e6"]
                    if net > limit:
                        w = w * limit // net
                w = discount(pnl * 1000, m["pnl_imf_e6"], w)
            worth = pnl * w // 10_000 * low // 10**6
            total += min(worth, 100_000_000) if initial else worth
        else:
            total += trunc(pnl * high, 10**6)
        bids, asks = p["base_e9"] + p["open_bids_e9"], p["base_e9"] + p["open_asks_e9"]
        worst = asks if abs(asks) * price // 10**9 >= abs(bids) * price // 10**9 else bids
        ratio = premium(abs(worst), m["imf_e6"],
                        m["margin_initial_e4"] if initial else m["margin_maintenance_e4"])
        if initial:
            ratio = max(ratio, user["max_margin_ratio_e4"], p["max_margin_ratio_e4"])
        need += abs(worst) * price // 10**9 * high // 10**6 * ratio // 10_000 + p["open_orders"] * 10_000
    return total, need
