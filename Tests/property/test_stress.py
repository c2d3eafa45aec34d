"""Stress against the sheets' margin in exact integers: over 1,000 random books of both venues, at the price
that is named for a level the account is at it, and one step of 1e-6 USD nearer it is not; and so for the
deposit and the size that bring it back."""

import collections
import pathlib
import random
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from stress_reference import NOWHERE, Account, health_bp, judge, stress
from test_margin import SEEDS, VENUES, fill, one_short, set_wide
from venue_core import *


def funded(r, name):
    """A random book, its perp not far from where it was opened, whose quote balance puts it somewhere between
    under water and untouched."""
    b, prices = fill(r, name)
    u = b.b.user
    if r.random() < 0.6:
        u.n_spots, u.n_perps = min(u.n_spots, 1), min(u.n_perps, r.choice([0, 1]))
    p = next((u.perps[i] for i in range(u.n_perps) if u.perps[i].market_index == 0), None)
    if p is None and u.n_perps < 4 and r.random() < 0.9:
        p, u.n_perps = u.perps[u.n_perps], u.n_perps + 1
    if p is not None:
        p.market_index, p.base_e9 = 0, r.choice([-1, 1]) * r.randrange(10**13)
        p.quote_e6 = -p.base_e9 * prices["perp", 0] // 10**9 * r.randrange(90, 110) // 100
    quote = next((u.spots[i] for i in range(u.n_spots) if u.spots[i].market_index == 0), None)
    if quote is None:
        quote, u.n_spots = u.spots[u.n_spots], u.n_spots + 1
    quote.market_index, quote.balance_type, quote.scaled_balance_e9 = 0, 0, 1
    total, need = Account(b).margin()
    wanted = need * r.choice([1, 2, 2, 3, 5, 20]) * r.randrange(80, 140) // 100 - total
    quote.scaled_balance_e9 = min(2**63, max(1, abs(wanted) * 1000))
    quote.balance_type = int(wanted < 0)
    return b


FOUND = collections.Counter()


@settings(max_examples=1100, deadline=None)
@given(
    seed=SEEDS,
    name=st.sampled_from(VENUES),
    spot=st.sampled_from((NOWHERE, 1, 2)),
    warning=st.sampled_from((5000, 5000, 2000, 9000, 0, 10_000)),
)
def test_every_number_is_the_first_that_fits(seed, name, spot, warning):
    b = funded(random.Random(seed), name)
    try:
        s = stress(b, 0, spot, warning)
    except Refused as refused:  # a way back of more than 9 million million USD
        assert refused.code == E.OVERFLOW and max(map(abs, Account(b).margin())) > 10**17
        FOUND["refused"] += 1
        return
    FOUND.update(judge(Account(b, 0, spot), s))
    FOUND["judged"] += 1
    ffi, lib = core()
    liq = ffi.new("ek_liq_price *")
    check(lib.ek_liquidation_price(b.b, 0, spot, liq, b.fault), b.fault)
    assert {"up_e6": liq.up_e6, "down_e6": liq.down_e6} == s["levels"][2]


def test_those_books_reached_everything():
    assert FOUND["judged"] >= 1000, FOUND
    levels, sides = ("health50", "health20", "liquidation"), (" now", " up", " down")
    wanted = {level + side for level in levels for side in sides}
    wanted |= {"collateral", "no collateral", "reduction", "no reduction"}
    assert min(FOUND[w] for w in wanted) >= 10, FOUND


@settings(max_examples=300, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(VENUES), spot=st.sampled_from((NOWHERE, 1)))
def test_extremes_are_exact_or_refused(seed, name, spot):
    b, _ = fill(random.Random(seed), name, big=True)
    try:
        s = stress(b, 0, spot)
    except Refused as refused:
        assert refused.code == E.OVERFLOW
        return
    a = Account(b, 0, spot)
    assert s["health_bp"] == health_bp(*a.margin())
    for got in s["levels"]:
        assert 0 <= got["down_e6"] <= a.now and (got["up_e6"] == 0 or got["up_e6"] >= a.now)


@settings(max_examples=200, deadline=None)
@given(
    base=st.integers(-300, 300),
    spot=st.integers(-20, 100),
    quote=st.integers(-20_000, 20_000),
    cash=st.integers(-500, 6000),
    warning=st.integers(1, 9999),
)
def test_a_deposit_in_tokens_and_a_closing_do_what_is_said(base, spot, quote, cash, warning):
    """The same through the core's own margin of a book that is really changed: one token is one USD here."""
    b = one_short()
    u = b.b.user
    for p, amount in ((u.spots[0], cash), (u.spots[1], spot)):
        p.scaled_balance_e9, p.balance_type = abs(amount) * 10**9 or 1, int(amount < 0)
    for m in (b.b.spots[0], b.b.spots[1]):
        set_wide(m.cumulative_borrow_interest_e10, 10**10)
    set_wide(b.b.perps[0].cumulative_funding_long_e9, 0)  # nothing to settle by closing
    u.perps[0].base_e9, u.perps[0].quote_e6 = base * 10**9, quote * 10**6 or 1
    s = stress(b, 0, 1, warning)
    judge(Account(b, 0, 1), s)

    def health():
        m = b.margin(MAINTENANCE, 0)
        return health_bp(m["total_collateral_e6"], m["requirement_e6"])

    def deposited(more_e6):
        after = cash * 10**6 + more_e6
        u.spots[0].scaled_balance_e9, u.spots[0].balance_type = abs(after) * 1000, int(after < 0)
        return health()

    if s["collateral_e6"]:
        assert deposited(s["collateral_e6"]) >= warning > deposited(s["collateral_e6"] - 1)
        deposited(0)
    if s["reduction_base_e9"]:
        p, size = u.perps[0], s["reduction_base_e9"]
        bought = size if base < 0 else -size
        p.base_e9 += bought
        p.quote_e6 += -bought * 100_000_000 // 10**9
        assert health() >= warning
