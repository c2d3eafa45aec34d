"""What ek_stress.h promises, said in Python's integers over margin_reference: the account at another price,
with a deposit, with a part of the perp closed; and a judge that asks of a stress whether each of its numbers
is the first that fits and the one before it not."""

import margin_reference as ref
from venue_core import E, Refused, check, core, number, plain

LEVELS = (5000, 2000, 0)
RISES = (10, 20, 50)
NOWHERE = 0xFFFF


def healthy(total, need, level_bp):
    """Health of level_bp or more; at 0: not to be liquidated."""
    if need == 0 or level_bp == 0:
        return total >= need
    return total * (10_000 - level_bp) >= need * 10_000


def reached(total, need, level_bp):
    """Health of level_bp or less; at 0: to be liquidated."""
    if need == 0 or level_bp == 0:
        return total < need
    return total * (10_000 - level_bp) <= need * 10_000


def health_bp(total, need):
    if need == 0 and total >= 0:
        return 10_000
    return 0 if total <= 0 or need >= total else (total - need) * 10_000 // total


def clamped(n):
    return max(-(2**63), min(2**63 - 1, n))


class Account:
    """A decoded book, to be asked for its margin under other circumstances."""

    def __init__(self, b, perp_index=0, spot_index=NOWHERE):
        ffi, lib = core()
        out = ffi.new("ek_oracle **")
        self.user = plain(b.b.user)
        self.spots = {m["market_index"]: m for m in map(plain, b.b.spots[0 : b.b.n_spots])}
        self.perps = {m["market_index"]: m for m in map(plain, b.b.perps[0 : b.b.n_perps])}
        self.prices = {}
        for kind, markets, ask in (
            ("spot", self.spots, lib.ek_book_spot_oracle),
            ("perp", self.perps, lib.ek_book_perp_oracle),
        ):
            for i in markets:
                if ask(b.b, i, out) == E.OK:
                    self.prices[kind, i] = out[0].price_e6
        self.perp_index, self.spot_index = perp_index, spot_index
        self.now = self.prices["perp", perp_index]

    def moved(self, price):
        """The prices when the perp's is another one."""
        key = self.perps[self.perp_index]["oracle"]
        prices = dict(self.prices)
        for kind, markets in (("spot", self.spots), ("perp", self.perps)):
            prices.update({(kind, i): price for i, m in markets.items() if m["oracle"] == key})
        if self.spot_index != NOWHERE and self.spots[self.spot_index]["oracle"] != key:
            other, was = self.spots[self.spot_index]["oracle"], self.prices["spot", self.spot_index]
            there = max(1, was * price // self.now)
            for kind, markets in (("spot", self.spots), ("perp", self.perps)):
                prices.update({(kind, i): there for i, m in markets.items() if m["oracle"] == other})
        return prices

    def margin(self, price=None, user=None):
        prices = self.prices if price is None else self.moved(price)
        return ref.margin(user or self.user, self.spots, self.perps, prices, False, False)

    def quote(self):
        """Value of the quote asset, negative: owed."""
        for p in self.user["spots"][: self.user["n_spots"]]:
            if p["market_index"] == 0:
                m = self.spots[0]
                return ref.token_amount(p, m) * self.prices["spot", 0] // 10 ** m["decimals"]
        return 0

    def with_quote(self, more):
        """The totals when the quote asset is worth more by so much."""
        (total, need), was = self.margin(), self.quote()
        now = was + more
        return total - max(was, 0) + max(now, 0), need - max(-was, 0) + max(-now, 0)

    def position(self, user=None):
        user = user or self.user
        held = user["perps"][: user["n_perps"]]
        return next((p for p in held if p["market_index"] == self.perp_index), None)

    def closed(self, size):
        """The account with so much of the perp closed at its oracle price."""
        user = {**self.user, "perps": [dict(p) for p in self.user["perps"]]}
        p, m = self.position(user), self.perps[self.perp_index]
        p["quote_e6"] += ref.funding(p, m)
        rate = "cumulative_funding_long_e9" if p["base_e9"] > 0 else "cumulative_funding_short_e9"
        p["last_cumulative_funding_e9"] = m[rate]
        bought = size if p["base_e9"] < 0 else -size
        p["base_e9"] += bought
        p["quote_e6"] += -bought * self.now // 10**9
        return user

    def alone(self):
        held = self.position()
        return {**self.user, "n_spots": 0, "n_perps": int(held is not None), "perps": [held]}


SAME = ("price_e6", "warning_bp", "health_bp", "reduction_possible", "reduction_base_e9")


def stress(b, perp_index=0, spot_index=NOWHERE, warning_bp=5000):
    ffi, lib = core()
    out = ffi.new("ek_stress *")
    code = lib.ek_stress_calc(b.b, perp_index, spot_index, warning_bp, out, b.fault)
    if code != E.OK:
        raise Refused(code, ffi.string(b.fault.text).decode())
    whole = plain(out[0])
    check(lib.ek_stress_reduction(b.b, perp_index, spot_index, warning_bp, out, b.fault), b.fault)
    less = plain(out[0])
    assert {k: less[k] for k in SAME} == {k: whole[k] for k in SAME}  # alone it says the same
    return whole


def judge(a, s):
    """Every number of a stress against the account; what it found, for counting."""
    total, need = a.margin()
    assert s["price_e6"] == a.now and s["health_bp"] == health_bp(total, need)
    found = set()
    for name, level, got in zip(("health50", "health20", "liquidation"), LEVELS, s["levels"]):
        found |= {name + side for side in judge_level(a, got["up_e6"], got["down_e6"], level)}
    for rise, g in zip(RISES, s["gaps"]):
        price = a.now * (100 + rise) // 100
        total, need = a.margin(price)
        alone = a.margin(price, a.alone())
        assert (g["rise_pct"], g["price_e6"]) == (rise, price)
        assert g["free_e6"] == clamped(total - need)
        assert g["health_bp"] == health_bp(total, need)
        assert g["perp_need_e6"] == clamped(alone[1] - alone[0])
    return found | judge_collateral(a, s) | judge_reduction(a, s)


def judge_level(a, up, down, level):
    if reached(*a.margin(), level):
        assert up == down == a.now
        return {" now"}
    if up:
        assert up > a.now and reached(*a.margin(up), level) and not reached(*a.margin(up - 1), level)
    else:
        assert not reached(*a.margin(a.now * 1000), level)
    if down:
        assert 0 < down < a.now and reached(*a.margin(down), level)
        assert not reached(*a.margin(down + 1), level)
    else:
        assert a.now == 1 or not reached(*a.margin(1), level)
    return {side for side, price in ((" up", up), (" down", down)) if price}


def judge_collateral(a, s):
    level = s["warning_bp"]
    more = s["collateral_e6"]
    if healthy(*a.margin(), level):
        assert s["collateral_possible"] and more == 0
        return set()
    if not s["collateral_possible"]:
        assert level == 10_000 and a.margin()[1] > max(0, -a.quote())
        return {"no collateral"}
    assert more > 0 and healthy(*a.with_quote(more), level) and not healthy(*a.with_quote(more - 1), level)
    return {"collateral"}


def judge_reduction(a, s):
    level, size, held = s["warning_bp"], s["reduction_base_e9"], a.position()
    if healthy(*a.margin(), level):
        assert s["reduction_possible"] and size == 0
        return set()
    step = a.perps[a.perp_index]["step_base_e9"]
    if s["reduction_possible"]:
        assert size > 0 and size % step == 0 and size <= abs(held["base_e9"])
        assert healthy(*a.margin(user=a.closed(size)), level)
        assert size == step or not healthy(*a.margin(user=a.closed(size - step)), level)
        return {"reduction"}
    most = abs(held["base_e9"]) // step if held else 0
    assert most == 0 or not healthy(*a.margin(user=a.closed(most * step)), level)
    return {"no reduction"}
