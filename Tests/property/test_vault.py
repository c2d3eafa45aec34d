"""The split of the book's equity by cause: it adds up to the unit whatever the books say,
and names the causes rightly."""

import pathlib
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import *

NAMES = "funding fees slippage network basis delta interest yield flows other".split()
PARTS = [f"{name}_e6" for name in NAMES]
MARKS = ("equity_e6", "funding_mark_e6", "fees_mark_e6", "network_mark_e6", "deposits_mark_e6")
EARNED = ("interest_e6", "yield_e6")
LEG = ("spot_base_e9", "outside_base_e9", "perp_base_e9", "spot_price_e6", "perp_price_e6")


class Vault:
    def __init__(self, n):
        self.ffi, self.lib = core()
        self.n, self.v, self.m = n, self.ffi.new("ek_vault *"), self.ffi.new("ek_vault_market[8]")

    def take(self, book, legs, mode=1, at=0):
        self.lib.ek_vault_take(
            self.v,
            self.m,
            self.n,
            mode,
            at,
            self.ffi.new("ek_vault_book *", dict(zip(MARKS + EARNED, book))),
            self.ffi.new("ek_vault_leg[8]", [dict(zip(LEG, leg)) for leg in legs]),
        )

    def filled(self, i, selling, base, quote, price):
        self.lib.ek_vault_filled(self.ffi.addressof(self.m[i]), selling, base, quote, price)

    def now(self):
        s = self.ffi.new("ek_vault_split *")
        self.lib.ek_vault_now(self.v, self.m, self.n, s)
        return s


def money(bits):
    return st.integers(-(2**bits), 2**bits)


def books(bits, n):
    return st.tuples(
        st.tuples(*[money(bits)] * 7),
        st.lists(
            st.tuples(money(bits), money(bits), money(bits), money(bits), money(bits)), min_size=n, max_size=n
        ),
        st.integers(0, 1),
    )


def toward_zero(a, b):
    return a // b if a >= 0 else -(-a // b)


class Exact:
    """The rules of ek_vault.h once more, in Python's integers."""

    def __init__(self, n):
        self.n, self.parts, self.due, self.last = n, dict.fromkeys(NAMES, 0), [0] * n, None

    def filled(self, i, selling, base, quote, price):
        at_oracle = toward_zero(base * price, 10**9)
        self.due[i] += quote - at_oracle if selling else at_oracle - quote

    def take(self, book, legs, mode):
        if self.last is None or self.last[2] != mode:
            self.parts["flows"] += book[0] - (self.last[0][0] if self.last else 0)
            self.due = [0] * self.n
        else:
            self.split(book, legs)
        self.last = book, legs, mode
        return self.parts

    def split(self, book, legs):
        (equity0, funding0, fees0, network0, deposits0, *_), legs0, _ = self.last
        equity, funding, fees, network, deposits, interest, earned = book
        p = dict.fromkeys(NAMES, 0)
        p["funding"], p["interest"], p["yield"] = funding - funding0, interest, earned
        p["network"] = network0 - network
        p["fees"] = (fees0 - network0) - (fees - network)
        p["flows"] = deposits - deposits0 + network - network0
        traded = []
        for i, ((s0, o0, q0, ps0, pp0), (s, o, q, ps, pp)) in enumerate(zip(legs0, legs)):
            p["flows"] += toward_zero((o - o0) * ps, 10**9)
            p["delta"] += toward_zero((s0 + q0) * (ps - ps0), 10**9)
            p["basis"] += toward_zero(q0 * ((pp - pp0) - (ps - ps0)), 10**9)
            if q0 != q:
                p["slippage"] += self.due[i]
                self.due[i] = 0
                traded.append(i)
        rest = equity - equity0 - sum(p.values())
        p["basis" if len(traded) == 1 else "other"] += rest
        assert sum(p.values()) == equity - equity0
        for name in NAMES:
            self.parts[name] += p[name]


def fills(n):
    return st.lists(
        st.tuples(
            st.integers(0, max(0, n - 1)),
            st.integers(0, 1),
            st.integers(0, 2**40),
            st.integers(0, 2**40),
            st.integers(0, 2**30),
        ),
        max_size=3 if n else 0,
    )


@settings(max_examples=500, deadline=None)
@given(
    st.integers(0, 8).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(books(40, n), fills(n), st.booleans()), min_size=1, max_size=6)
        )
    )
)
def test_every_interval_is_split_as_exact_integers_say(case):
    """Part by part, and the parts of every interval are its change of equity, to the unit."""
    n, steps = case
    v, exact, held, before = Vault(n), Exact(n), None, None
    for at, ((book, legs, mode), done, still) in enumerate(steps):
        if still and held:  # positions as they were: no trade in some of the intervals
            legs = [(*leg[:2], old[2], *leg[3:]) for leg, old in zip(legs, held)]
        held = legs
        for fill in done:
            v.filled(*fill)
            exact.filled(*fill)
        v.take(book, legs, mode, at)
        s, parts = v.now(), exact.take(book, legs, mode)
        assert {name: getattr(s, part) for name, part in zip(NAMES, PARTS)} == parts
        assert [v.m[i].slippage_due_e6 for i in range(n)] == exact.due
        if before is not None:
            d = v.ffi.new("ek_vault_split *")
            check(v.lib.ek_vault_between(before, s, d))
            told = [v.lib.ek_vault_part(d, i) for i in range(len(NAMES))]
            assert sum(told) == d.equity_e6 == s.equity_e6 - before.equity_e6
        before = s


def test_the_parts_have_the_names_of_the_interface():
    ffi, lib = core()
    names = [ffi.string(lib.ek_vault_part_name(i)).decode() for i in range(len(NAMES))]
    assert names == NAMES and lib.ek_vault_part_name(len(NAMES)) == ffi.NULL


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 8).flatmap(lambda n: st.tuples(st.just(n), st.lists(books(44, n), min_size=1, max_size=5)))
)
def test_the_split_sums_to_the_equity_exactly(case):
    n, steps = case
    v = Vault(n)
    seen = []
    for i, (book, legs, mode) in enumerate(steps):
        v.take(book, legs, mode, i)
        s = v.now()
        assert s.equity_e6 == book[0] == sum(getattr(s, p) for p in PARTS)
        seen.append(s)
    d = v.ffi.new("ek_vault_split *")
    for then in seen:
        check(v.lib.ek_vault_between(then, seen[-1], d))
        assert d.equity_e6 == seen[-1].equity_e6 - then.equity_e6 == sum(getattr(d, p) for p in PARTS)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        books(63, 2).filter(lambda b: all(-(2**63) <= x < 2**63 for x in [*b[0], *b[1][0], *b[1][1]])),
        min_size=1,
        max_size=6,
    )
)
def test_absurd_numbers_never_break_it(steps):
    v = Vault(2)
    for book, legs, mode in steps:
        v.take(book, legs, mode)
        s = v.now()
        assert s.equity_e6 == book[0] and (sum(getattr(s, p) for p in PARTS) - s.equity_e6) % 2**64 == 0


@settings(max_examples=300, deadline=None)
@given(
    spot=st.integers(0, 10**12),
    perp=st.integers(-(10**12), 0),
    s0=st.integers(10**6, 10**9),
    move=st.integers(-(10**8), 10**8),
    gap=st.integers(-(10**6), 10**6),
)
def test_price_moves_are_delta_and_basis(spot, perp, s0, move, gap):
    """No trade, no flow: what the exposure makes of the spot price is delta,
    what the perp's own price adds is basis, and nothing else."""
    s1, p0 = max(1, s0 + move), s0
    p1 = s1 + gap
    v = Vault(1)
    value = lambda b, p: b * p
    e0 = (value(spot, s0) + value(perp, p0)) // 10**9
    e1 = (value(spot, s1) + value(perp, p1)) // 10**9
    v.take((e0, 0, 0, 0, 0), [(spot, 0, perp, s0, p0)])
    v.take((e1, 0, 0, 0, 0), [(spot, 0, perp, s1, p1)])
    s = v.now()
    near = lambda a, num: abs(a - num / 10**9) <= 1
    assert near(s.delta_e6, (spot + perp) * (s1 - s0)) and near(s.basis_e6, perp * ((p1 - p0) - (s1 - s0)))
    assert s.flows_e6 == e0 and s.funding_e6 == s.fees_e6 == 0 and abs(s.other_e6) <= 3


def test_money_that_moves_between_the_legs_is_no_gain():
    v = Vault(1)
    v.take((1500_000000, 0, 0, 0, 0), [(10 * 10**9, 10 * 10**9, 0, 150_000000, 150_000000)])
    # 4 SOL from the wallet into the venue: the venue counts a deposit of 600
    v.take((1500_000000, 0, 0, 0, 600_000000), [(10 * 10**9, 6 * 10**9, 0, 150_000000, 150_000000)])
    s = v.now()
    assert s.flows_e6 == 1500_000000 and s.delta_e6 == s.basis_e6 == s.other_e6 == 0
    # 100 USD withdrawn, 1 SOL sent to the wallet from outside
    v.take((1550_000000, 0, 0, 0, 500_000000), [(11 * 10**9, 7 * 10**9, 0, 150_000000, 150_000000)])
    s = v.now()
    assert s.flows_e6 == 1550_000000 and s.other_e6 == 0


def test_a_fill_costs_its_fee_and_its_distance_from_the_oracle():
    """1 SOL sold at 149.50 against an oracle of 150, fee 0.052325: the fee is a fee,
    the half dollar slippage."""
    v = Vault(2)
    v.take((1500_000000, 0, 7, 0, 0), [(10 * 10**9, 0, -9 * 10**9, 150_000000, 150_000000), (0, 0, 0, 1, 1)])
    v.filled(0, 1, 10**9, 149_500000, 150_000000)
    v.take(
        (1500_000000 - 500_000 - 52_325, 0, 7 + 52_325, 0, 0),
        [(10 * 10**9, 0, -10 * 10**9, 150_000000, 150_000000), (0, 0, 0, 1, 1)],
    )
    s = v.now()
    assert (s.fees_e6, s.slippage_e6, s.basis_e6, s.delta_e6) == (-52_325, -500_000, 0, 0)
    assert s.other_e6 == s.funding_e6 == 0 and v.m[0].slippage_e6 == -500_000 and v.m[1].slippage_e6 == 0
    # funding, settled or not, is funding; a network fee from a wallet that is a leg is no withdrawal
    v.take(
        (1500_000000 - 552_325 + 90_000 - 750, 90_000, 7 + 52_325 + 750, 750, 0),
        [(10 * 10**9 - 5000, -5000, -10 * 10**9, 150_000000, 150_000000), (0, 0, 0, 1, 1)],
    )
    s = v.now()
    assert (s.funding_e6, s.fees_e6, s.network_e6) == (90_000, -52_325, -750)
    assert (s.flows_e6, s.other_e6) == (1500_000000, 0)


def test_paper_and_live_are_two_histories():
    v = Vault(1)
    v.take((100, 5, 6, 0, 0), [(1, 0, 0, 1, 1)], mode=0)
    v.take((900, 50, 60, 0, 0), [(1, 0, 0, 1, 1)], mode=1)
    s = v.now()
    assert s.flows_e6 == s.equity_e6 == 900 and s.funding_e6 == s.fees_e6 == s.other_e6 == 0
