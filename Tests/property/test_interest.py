"""Interest of balances against the same in Python's integers, for any balances, index and prices."""

import pathlib
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from venue_core import *

BORROW, ONE = 1, 10**10
LAZER = 12


class Account:
    """A book of spot markets 0..n-1, each with an oracle of its own and a balance in position n-1-i."""

    def __init__(self, decimals):
        self.ffi, self.lib = core()
        self.b, self.v = self.ffi.new("ek_book *"), self.ffi.new("ek_vault *")
        self.lib.ek_book_reset(self.b, venue("velocity"), 1000)
        self.b.n_spots = self.b.n_oracles = self.b.user.n_spots = len(decimals)
        for i, places in enumerate(decimals):
            market, oracle = self.b.spots[i], self.b.oracles[i]
            market.market_index, market.decimals, market.oracle_source = i, places, LAZER
            market.oracle.bytes[0] = oracle.key.bytes[0] = 7 + i
            oracle.source = LAZER

    def set(self, i, kind, scaled, index, price):
        market, p = self.b.spots[i], self.b.user.spots[self.b.n_spots - 1 - i]
        p.market_index, p.balance_type, p.scaled_balance_e9 = i, kind, scaled
        market.cumulative_deposit_interest_e10 = market.cumulative_borrow_interest_e10 = wide_unsigned(index)
        self.b.oracles[i].value.price_e6 = price

    def take(self, at):
        earned = self.lib.ek_interest_take(self.v, self.b, at)
        self.v.unix_s = at  # as the vault leaves it
        return earned


def wide_unsigned(n):
    r = core()[0].new("ek_u128 *")
    r.lo, r.hi = n & (2**64 - 1), n >> 64
    return r[0]


def amount(kind, scaled, index, decimals):
    """In the token's smallest unit: a deposit rounded down, a borrow away from zero and negative."""
    return (-scaled if kind == BORROW else scaled) * index // 10 ** (19 - decimals)


def worth(units, price, decimals):
    return units * price // 10**decimals


balances = st.tuples(
    st.integers(0, 1), st.integers(0, 2**50), st.integers(ONE, 4 * ONE), st.integers(1, 10**10)
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(5, 9), min_size=1, max_size=8).flatmap(
        lambda decimals: st.tuples(
            st.just(decimals),
            st.lists(st.tuples(*[balances] * len(decimals)), min_size=2, max_size=5),
        )
    )
)
def test_each_interval_is_what_the_balances_of_before_earned(case):
    decimals, books = case
    account, before = Account(decimals), None
    for at, book in enumerate(books, 1):
        for i, balance in enumerate(book):
            account.set(i, *balance)
        expected = 0
        for i, (_, _, index, price) in enumerate(book if before else ()):
            kind, scaled, old, _ = before[i]
            then, now = (amount(kind, scaled, x, decimals[i]) for x in (old, index))
            expected += worth(now, price, decimals[i]) - worth(then, price, decimals[i])
        assert account.take(at) == expected
        before = book


@settings(max_examples=100, deadline=None)
@given(
    balances,
    st.lists(st.integers(0, ONE // 1000), min_size=1, max_size=30),
    st.integers(6, 9),
)
def test_small_steps_lose_nothing(balance, steps, decimals):
    kind, scaled, index, price = balance
    account, total, first = Account([decimals]), 0, index
    account.set(0, *balance)
    account.take(1)
    for at, step in enumerate(steps, 2):
        index += step
        account.set(0, kind, scaled, index, price)
        total += account.take(at)
    then, now = (worth(amount(kind, scaled, x, decimals), price, decimals) for x in (first, index))
    assert total == now - then
