"""The split of the book's equity by cause: it adds up to the unit whatever the books say,
and names the causes rightly."""

import pathlib
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import *

PARTS = ("flows_e6", "funding_e6", "fees_e6", "basis_e6", "delta_e6", "other_e6")
MARKS = ("equity_e6", "funding_mark_e6", "fees_mark_e6", "network_mark_e6", "deposits_mark_e6")
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
            self.ffi.new("ek_vault_book *", dict(zip(MARKS, book))),
            self.ffi.new("ek_vault_leg[8]", [dict(zip(LEG, leg)) for leg in legs]),
        )

    def now(self):
        s = self.ffi.new("ek_vault_split *")
        self.lib.ek_vault_now(self.v, self.m, self.n, s)
        return s


def money(bits):
    return st.integers(-(2**bits), 2**bits)


def books(bits, n):
    return st.tuples(
        st.tuples(*[money(bits)] * 5),
        st.lists(
            st.tuples(money(bits), money(bits), money(bits), money(bits), money(bits)), min_size=n, max_size=n
        ),
        st.integers(0, 1),
    )


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
    the half dollar is basis."""
    v = Vault(2)
    v.take((1500_000000, 0, 7, 0, 0), [(10 * 10**9, 0, -9 * 10**9, 150_000000, 150_000000), (0, 0, 0, 1, 1)])
    v.take(
        (1500_000000 - 500_000 - 52_325, 0, 7 + 52_325, 0, 0),
        [(10 * 10**9, 0, -10 * 10**9, 150_000000, 150_000000), (0, 0, 0, 1, 1)],
    )
    s = v.now()
    assert (s.fees_e6, s.basis_e6, s.delta_e6, s.other_e6, s.funding_e6) == (-52_325, -500_000, 0, 0, 0)
    assert v.m[0].basis_e6 == -500_000 and v.m[1].basis_e6 == 0
    # funding, settled or not, is funding; a network fee from a wallet that is a
    # leg is a fee and no withdrawal
    v.take(
        (1500_000000 - 552_325 + 90_000 - 750, 90_000, 7 + 52_325 + 750, 750, 0),
        [(10 * 10**9 - 5000, -5000, -10 * 10**9, 150_000000, 150_000000), (0, 0, 0, 1, 1)],
    )
    s = v.now()
    assert (s.funding_e6, s.fees_e6, s.flows_e6, s.other_e6) == (90_000, -53_075, 1500_000000, 0)


def test_paper_and_live_are_two_histories():
    v = Vault(1)
    v.take((100, 5, 6, 0, 0), [(1, 0, 0, 1, 1)], mode=0)
    v.take((900, 50, 60, 0, 0), [(1, 0, 0, 1, 1)], mode=1)
    s = v.now()
    assert s.flows_e6 == s.equity_e6 == 900 and s.funding_e6 == s.fees_e6 == s.other_e6 == 0
