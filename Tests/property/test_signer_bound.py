"""The signer's bound against a model in exact integers that keeps every event in a list: prices, windows, the
worst case of a day, the ledger's time; and the bound itself, from outside: whatever an agent shows and asks,
no 24 hours of signatures that add to a position are worth more than the limit.
"""

import pathlib
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from test_policy import (
    CANCEL,
    DAILY,
    E9,
    HOURLY,
    LONG,
    LOSS,
    MOVE,
    NOTHING,
    ORACLE_PRICE,
    PUBLISHED,
    SHORT,
    Case,
    oracle_bytes,
)

START = 1_800_000_000
MINUTE, HOUR, TOTAL = 20_000, 100_000, 250_000
FEE_PPM, LAMPORTS = 1_350, 5_200


def up(a, b):
    return -(-a // b)


class Model:
    """Every price and every order, with its time; windows are whole slots, the running one is one more."""

    def __init__(self, limit_e6, orders_hour=10**6, notional_e6=10**15):
        self.prices, self.day, self.counted, self.now = [], [], [], START
        self.limit_e6, self.orders_hour, self.notional_e6, self.published = (
            limit_e6,
            orders_hour,
            notional_e6,
            0,
        )

    def window(self, events, slot_s, slots):
        return [e for e in events if e[0] // slot_s > self.now // slot_s - slots]

    def allowed(self):
        if not self.prices:
            return 1, 2**63 - 1
        at, last = self.prices[-1]
        age = self.now - at
        low, high = 1, 2**63 - 1
        spans = [([last], min(MINUTE * max(1, up(age, 60)), HOUR * max(1, up(age, 3600)), TOTAL))]
        spans += [([p for _, p in self.window(self.prices, 5, 13)], MINUTE)]
        spans += [([p for _, p in self.window(self.prices, 300, 13)], HOUR)]
        spans += [([p for _, p in self.window(self.day, 3600, 25)], TOTAL)]
        for seen, ppm in spans:
            if seen:
                low, high = (
                    max(low, up(max(seen) * (10**6 - ppm), 10**6)),
                    min(high, min(seen) * (10**6 + ppm) // 10**6),
                )
        return low, high

    def price(self, price, published):
        """The reason, and whether the price is one of the market's now."""
        if published > self.now + 30 or published < min(self.published, self.now + 30) - 30:
            return PUBLISHED
        low, high = self.allowed()
        return NOTHING if low <= price <= high else MOVE

    def accept(self, price, published):
        # The price before held until this one.
        self.day += [(self.now, self.prices[-1][1])] if self.prices else []
        self.day.append((self.now, price))
        self.prices.append((self.now, price))
        self.published = max(self.published, published)

    def sum(self, what, slot_s=3600):
        return sum(e[1][what] for e in self.window(self.counted, slot_s, 25))

    def loss(self, direction, size, worst, price):
        day = [p for _, p in self.window(self.day, 3600, 25)] + [price]
        sol = max(day[:-1], default=0) or (self.prices[-1][1] if self.prices else 10**9)
        gap = max(0, max(day) - worst if direction == SHORT else worst - min(day))
        top = max(worst, max(day))
        return (
            up(size * gap, E9)
            + up(up(size * top, E9) * FEE_PPM, 10**6)
            + up(LAMPORTS * max(sol, self.prices[-1][1] if self.prices else 0), E9)
        )

    def order(self, direction, size, price, worst, reduces, published):
        reason = self.price(price, published)
        if reason == MOVE and reduces:
            low, high = self.allowed()
            if (
                direction == SHORT
                and worst >= up(max(price, low) * 995, 1000)
                or direction == LONG
                and worst <= min(price, high) * 1005 // 1000
            ):
                return self.count(direction, size, price, worst, reduces)
        if reason != NOTHING:
            return reason
        self.accept(price, published)
        return self.count(direction, size, price, worst, reduces)

    def count(self, direction, size, price, worst, reduces):
        e = dict(
            orders=1,
            notional=up(size * price, E9),
            loss=self.loss(direction, size, worst, price),
            reduces=reduces,
        )
        if not reduces:
            if self.sum("orders", 150) >= self.orders_hour:
                return HOURLY
            if self.sum("notional") + e["notional"] > self.notional_e6:
                return DAILY
            if self.sum("loss") + e["loss"] > self.limit_e6:
                return LOSS
        self.counted.append((self.now, e))
        return NOTHING


class Both:
    """The core's signer and the model, given the same."""

    def __init__(self, limit_e6, **limits):
        self.c = Case(max_loss_day_e6=limit_e6, **limits)
        self.m = Model(limit_e6, limits.get("max_orders_hour", 60), limits.get("max_notional_day_e6", 10**12))

    def show(self, price, published=10**9):
        want = self.m.price(price, published)
        if want == NOTHING:
            self.m.accept(price, published)
        assert self.c.show(self.m.now, price, published) == want, (
            price,
            self.m.allowed(),
            self.m.prices[-3:],
        )
        return want

    def order(self, direction, size, price, slack_ppm, reduces, published=10**9):
        c = self.c
        worst = (
            up(price * (10**6 - slack_ppm), 10**6)
            if direction == SHORT
            else price * (10**6 + slack_ppm) // 10**6
        )
        for o in (c.params, c.claim):
            o.direction, o.reduce_only = direction, reduces
        c.params.price_e6, c.claim.worst_price_e6 = worst, worst
        c.params.base_e9, c.claim.size_base_e9 = size, size
        c.oracle = oracle_bytes(price, published)
        c.message = c.compiled([c.budget(200_000, 1000), c.venue_ix()])
        want = self.m.order(direction, size, price, worst, reduces, published)
        got = c.decide(self.m.now)
        assert got == want, (got, want, price, self.m.allowed(), self.m.sum("loss"))
        assert c.lost() == self.m.sum("loss")
        return got


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["show", "sell", "buy", "reduce", "wait"]),
        st.one_of(st.integers(0, 70), st.integers(0, 4000), st.integers(0, 200_000)),  # seconds before it
        st.one_of(
            st.integers(-21_000, 21_000), st.integers(-110_000, 110_000), st.integers(-260_000, 260_000)
        ),  # ppm of the last price
        st.integers(1, 50 * E9),
        st.integers(0, 5000),
        st.integers(-40, 40),
    ),
    max_size=30,
)


@settings(max_examples=250, deadline=None)
@given(limit_usd=st.integers(1, 3000), events=EVENTS, orders=st.integers(1, 40))
def test_the_bound_is_the_models(limit_usd, events, orders):
    b = Both(limit_usd * 10**6, max_orders_hour=orders, max_notional_day_e6=200_000 * 10**6)
    price, published = ORACLE_PRICE, 10**9
    for kind, seconds, ppm, size, slack, drift in events:
        b.m.now += seconds
        shown = max(1000, price * (10**6 + ppm) // 10**6)
        if kind == "show":
            b.show(shown, published + drift)
        elif kind != "wait":
            b.order(
                LONG if kind == "buy" else SHORT, size, shown, slack, int(kind == "reduce"), published + drift
            )
        price = b.m.prices[-1][1] if b.m.prices else price
        check_bound(b)


def check_bound(b):
    """Over any 24 hours, counted by the second and not by slots."""
    day = [(at, e) for at, e in b.m.counted if at > b.m.now - 86400]
    last = max((at for at, e in day if not e["reduces"]), default=None)
    if last is not None:
        assert sum(e["loss"] for at, e in day if at <= last and not e["reduces"]) <= b.m.limit_e6


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-30_000, 30_000), min_size=20, max_size=150), st.sampled_from([1, 7, 59, 61, 300])
)
def test_a_walk_is_as_slow_as_its_windows(steps, every):
    """However the steps are chosen: no two prices of a minute are more than 2 % apart, none of an hour more
    than 10 %."""
    b, price, taken = Both(10**9), ORACLE_PRICE, []
    for ppm in steps:
        b.m.now += every
        shown = price * (10**6 + ppm) // 10**6
        if b.show(shown) == NOTHING:
            price = shown
            taken.append((b.m.now, shown))
    for i, (at, p) in enumerate(taken):
        for then, q in taken[:i]:
            for span, most in ((60, MINUTE), (3600, HOUR)):
                if at - then <= span:
                    assert max(p, q) * 10**6 <= min(p, q) * (10**6 + most) or min(p, q) * 10**6 >= max(
                        p, q
                    ) * (10**6 - most)


def test_a_flood_of_cancels_is_a_number():
    """60 an hour at 205,000 lamports for a day would be 44 $ at 150 $ a SOL: the limit is where it ends."""
    c, shown = Case(kind=CANCEL, max_loss_day_e6=10 * 10**6), Case(max_loss_day_e6=10 * 10**6)
    shown.ledger = c.ledger
    assert shown.show(START, 150_000_000) == NOTHING
    dear = c.compiled([c.budget(200_000, 1_000_000), c.venue_ix()])
    signed = sum(c.decide(START + 60 * i, message=dear) == NOTHING for i in range(24 * 60))
    assert signed == 10 * 10**6 // 30_750 and c.lost() == signed * 30_750
    assert 24 * 60 * 30_750 == 44_280_000


BOOKS = (1_000, 10_000, 100_000, 1_000_000)


@settings(max_examples=40, deadline=None)
@given(
    equity=st.sampled_from(BOOKS), gap=st.sampled_from([0, -200_000, 200_000]), tries=st.sampled_from([0, 35])
)
def test_what_was_opened_can_be_flattened_the_same_day(equity, gap, tries):
    """Defaults. The price gaps by a fifth, 35 tries stay unfilled: reducing is never refused by a limit; a
    rise is believed after the time it takes."""
    c = Case(max_loss_day_e6=0, max_notional_day_e6=10**12)
    c.claim.equity_e6 = equity * 10**6
    size, now = min(50 * E9, equity * E9 // 100), START

    def trade(direction, size, price, reduces):
        worst = up(price * 995, 1000) if direction == SHORT else price * 1005 // 1000
        for o in (c.params, c.claim):
            o.direction, o.reduce_only = direction, reduces
        c.params.price_e6 = c.claim.worst_price_e6 = worst
        c.params.base_e9 = c.claim.size_base_e9 = size
        c.oracle = oracle_bytes(price)
        c.message = c.compiled([c.budget(200_000, 1000), c.venue_ix()])
        return c.decide(now)

    opened = 0
    while opened < equity * E9 // 100:
        said = trade(SHORT, size, ORACLE_PRICE, 0)
        assert said in (NOTHING, HOURLY), "the hedge of a book can be opened at default limits"
        opened += size if said == NOTHING else 0
        now += 10 if said == NOTHING else c.wait[0]
    assert c.ledger.limit_e6 == max(equity * 10**4, 10**7)
    price = ORACLE_PRICE * (10**6 + gap) // 10**6
    if gap > 0:
        assert trade(LONG, size, price, 1) == MOVE
        now += c.wait[0]
    for _ in range(tries):
        assert trade(LONG, size, price, 1) == NOTHING
        now += 10
    while opened > 0:
        assert trade(LONG, size, price, 1) == NOTHING
        opened -= size
        now += 1
    assert c.ledger.refusals == 0
