"""Margin over random accounts with up to four spot and four perp positions, on both venues: equal to the
sheets' formulas in unlimited integers, and the properties that must hold whatever the numbers are."""
import pathlib
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import margin_reference as ref
from venue_core import *

LAZER = 12
N_SPOTS = N_PERPS = 4


def set_wide(field, n):
    field.lo = n & (2**64 - 1)
    field.hi = n >> 64


def oracle(b, i, price, slot=1000):
    e = b.b.oracles[i]
    core()[0].buffer(core()[0].addressof(e.key))[:] = bytes([i + 1]) * 32
    e.source, e.err = LAZER, 0
    e.value.price_e6, e.value.posted_slot, e.value.source = price, slot, LAZER
    b.b.n_oracles = max(b.b.n_oracles, i + 1)
    return bytes([i + 1]) * 32


def fill(r, name, big=False):
    """A random but lawful book; r is a random.Random. `big` reaches for the ends of the types."""
    ffi, lib = core()
    b = Book(venue(name), 1000, 1_700_000_000)
    x = b.b
    x.have |= 1 << USER
    prices = {}
    for i in range(N_SPOTS):
        m = x.spots[i]
        m.market_index, m.oracle_source = i, LAZER
        m.decimals = 6 if i == 0 else r.choice([9, 9, 8, 6, 5, 11, 0, 18])
        quotes = [999_289, 1_000_000, 1_000_700]
        price = r.choice(quotes) if i == 0 else r.randrange(1, 10 ** r.randrange(1, 13))
        ffi.buffer(ffi.addressof(m.oracle))[:] = oracle(b, i, price)
        m.oracle_twap_5min_e6 = max(1, price * r.randrange(900_000, 1_100_000) // 10**6)
        m.initial_asset_weight_e4, m.maintenance_asset_weight_e4 = r.randrange(10_001), r.randrange(10_001)
        m.initial_liability_weight_e4 = r.randrange(10_000, 20_000)
        m.maintenance_liability_weight_e4 = r.randrange(10_000, 20_000)
        m.imf_e6 = r.choice([0, 50, 3000, 20000, 10**6])
        m.scale_initial_asset_weight_start_e6 = r.choice([0, 1, 10**9, 10**14])
        for field in (m.cumulative_deposit_interest_e10, m.cumulative_borrow_interest_e10):
            set_wide(field, r.randrange(10**10, 3 * 10**10))
        set_wide(m.deposit_balance_e9, r.randrange(10**16))
        prices["spot", i] = price
    for i in range(N_PERPS):
        m = x.perps[i]
        m.market_index, m.oracle_source, m.status = i, LAZER, 1
        m.quote_spot_index = 0
        price = r.randrange(1, 10 ** r.randrange(1, 13))
        share = r.random() < 0.3  # the perp of an asset whose spot market has the same oracle
        k = r.randrange(1, N_SPOTS) if share else N_SPOTS + i
        price = prices["spot", k] if share else price
        ffi.buffer(ffi.addressof(m.oracle))[:] = oracle(b, k, price)
        m.margin_initial_e4 = r.randrange(100, 5000)
        m.margin_maintenance_e4 = r.randrange(50, m.margin_initial_e4 + 1)
        m.imf_e6, m.pnl_imf_e6 = r.choice([0, 50, 10**5]), r.choice([0, 50, 10**5])
        m.pnl_initial_weight_e4 = r.choice([0, 5000, 10000])
        m.pnl_maintenance_weight_e4 = r.choice([8000, 10000])
        m.pnl_max_imbalance_e6 = r.choice([0, 1, 10**6, 10**12])
        m.step_base_e9 = 10**7
        m.last_oracle_price_e6 = max(1, price * r.randrange(900, 1100) // 1000)
        for field, top in ((m.base_with_amm_e9, 10**15), (m.base_with_unsettled_lp_e9, 10**12),
                           (m.quote_amount_e6, 10**14)):
            set_wide(field, r.randrange(-top, top))
        for field in (m.cumulative_funding_long_e9, m.cumulative_funding_short_e9):
            set_wide(field, r.randrange(-(10**12), 10**12))
        m.quote_with_unsettled_lp_e6 = r.randrange(-(10**9), 10**9)
        m.net_unsettled_funding_e6 = r.randrange(-(10**9), 10**9)
        prices["perp", i] = price
    x.n_spots, x.n_perps = N_SPOTS, N_PERPS
    fill_user(r, x.user, big)
    return b, prices


def fill_user(r, u, big):
    """The account's own positions."""

    def size(top):
        if big:
            return r.choice([0, 1, r.randrange(top), r.randrange(10**6), top - 1])
        return r.randrange(min(top, 10**13))

    u.max_margin_ratio_e4 = r.choice([0, 0, 500, 2500, 12_000])
    for i, market in enumerate(r.sample(range(N_SPOTS), r.randrange(N_SPOTS + 1))):
        p = u.spots[i]
        p.market_index, p.balance_type = market, r.randrange(2)
        p.scaled_balance_e9 = size(2**64) or 1
        if market and r.random() < 0.4:
            p.open_bids, p.open_asks, p.open_orders = size(2**62), -size(2**62), r.randrange(1, 5)
        u.n_spots = i + 1
    for i, market in enumerate(r.sample(range(N_PERPS), r.randrange(N_PERPS + 1))):
        p = u.perps[i]
        p.market_index = market
        p.base_e9 = r.choice([-1, 1]) * size(2**62)
        p.quote_e6 = r.choice([-1, 1]) * size(2**62)
        p.last_cumulative_funding_e9 = r.randrange(-(10**12), 10**12)
        if r.random() < 0.5:
            p.open_bids_e9, p.open_asks_e9, p.open_orders = size(2**61), -size(2**61), r.randrange(1, 33)
        p.max_margin_ratio_e4 = r.choice([0, 0, 1000, 9000])
        u.n_perps = i + 1


def reference(b, prices, kind, strict):
    user = plain(b.b.user)
    markets = lambda array, n: {m["market_index"]: m for m in map(plain, array[0:n])}
    return ref.margin(user, markets(b.b.spots, b.b.n_spots), markets(b.b.perps, b.b.n_perps), prices,
                      kind == INITIAL, strict)


VENUES = ("velocity", "drift")
SEEDS = st.integers(0, 2**63)
WAYS = [(INITIAL, 1), (INITIAL, 0), (MAINTENANCE, 1), (MAINTENANCE, 0)]


@settings(max_examples=250, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(VENUES))
def test_equal_to_the_sheets_for_several_positions(seed, name):
    b, prices = fill(random.Random(seed), name)
    for kind, strict in WAYS:
        m = b.margin(kind, strict)
        assert (m["total_collateral_e6"], m["requirement_e6"]) == reference(b, prices, kind, strict)


@settings(max_examples=250, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(VENUES))
def test_extremes_are_exact_or_refused(seed, name):
    b, prices = fill(random.Random(seed), name, big=True)
    for kind, strict in WAYS:
        try:
            m = b.margin(kind, strict)
        except Refused as refused:
            assert refused.code == E.OVERFLOW and "128 bits" in refused.text
            continue
        assert (m["total_collateral_e6"], m["requirement_e6"]) == reference(b, prices, kind, strict)


def test_unsigned_interest_past_the_signed_range_is_refused():
    b, _ = fill(random.Random(3), "velocity")
    b.b.user.n_spots = 1
    p, m = b.b.user.spots[0], b.b.spots[1]
    p.market_index, p.balance_type, p.scaled_balance_e9 = 1, 0, 2**64 - 1
    for interest in (2**127, 2**128 - 1, 2**64):
        set_wide(m.cumulative_deposit_interest_e10, interest)
        with pytest.raises(Refused) as refused:
            b.margin(MAINTENANCE, 0)
        assert refused.value.code == E.OVERFLOW


def rearranged(b, r):
    """The same account with its positions in another order."""
    ffi, _ = core()
    other = Book(b.b.venue)
    ffi.buffer(other.b)[:] = ffi.buffer(b.b)[:]
    for array, n in ((other.b.user.spots, b.b.user.n_spots), (other.b.user.perps, b.b.user.n_perps)):
        order = r.sample(range(n), n)
        copies = [bytes(ffi.buffer(ffi.addressof(array, i))) for i in order]
        for i, raw in enumerate(copies):
            ffi.buffer(ffi.addressof(array, i))[:] = raw
    return other


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(VENUES))
def test_permutation_of_slots_changes_nothing(seed, name):
    r = random.Random(seed)
    b, _ = fill(r, name)
    other = rearranged(b, r)
    for kind, strict in WAYS:
        assert b.margin(kind, strict) == other.margin(kind, strict)


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(VENUES), more=st.integers(1, 10**15))
def test_monotone_in_collateral(seed, name, more):
    """More quote deposit: the total rises by its floor value, the requirement stays."""
    b, _ = fill(random.Random(seed), name)
    u = b.b.user
    p = next((u.spots[i] for i in range(u.n_spots) if u.spots[i].market_index == 0), None)
    if p is None:
        p = u.spots[u.n_spots]
        p.market_index, p.scaled_balance_e9 = 0, 1
        u.n_spots += 1
    p.balance_type = 0
    before = [b.margin(*w) for w in WAYS]
    p.scaled_balance_e9 += more
    for way, old in zip(WAYS, before):
        new = b.margin(*way)
        assert new["total_collateral_e6"] >= old["total_collateral_e6"]
        assert new["requirement_e6"] == old["requirement_e6"]
    assert new["assets_e6"] >= old["assets_e6"]


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS, name=st.sampled_from(VENUES))
def test_strict_is_never_the_milder(seed, name):
    b, _ = fill(random.Random(seed), name)
    u = b.b.user
    # with spot orders the worse side may change, and with it collateral and requirement together
    for i in range(u.n_spots):
        u.spots[i].open_bids = u.spots[i].open_asks = 0
    for kind in (INITIAL, MAINTENANCE):
        strict, loose = b.margin(kind, 1), b.margin(kind, 0)
        assert strict["total_collateral_e6"] <= loose["total_collateral_e6"]
        assert strict["requirement_e6"] >= loose["requirement_e6"]
        for same in ("assets_e6", "liabilities_e6", "perp_pnl_e6", "perp_notional_e6",
                     "unsettled_funding_e6"):
            assert strict[same] == loose[same]


def one_short(name="velocity"):
    """10 SOL deposited, short 10 SOL at 100, 500 of the quote asset."""
    ffi, _ = core()
    b, _ = fill(random.Random(1), name)
    u = b.b.user
    ffi.buffer(ffi.addressof(u))[:] = bytes(ffi.sizeof("ek_user"))
    for i, (weights, price) in enumerate([((10000, 10000, 10000, 10000), 1_000_000),
                                          ((8000, 9000, 12000, 11000), 100_000_000)]):
        m = b.b.spots[i]
        m.initial_asset_weight_e4, m.maintenance_asset_weight_e4 = weights[:2]
        m.initial_liability_weight_e4, m.maintenance_liability_weight_e4 = weights[2:]
        m.imf_e6 = m.scale_initial_asset_weight_start_e6 = 0
        m.decimals = (6, 9)[i]
        m.oracle_twap_5min_e6 = price
        set_wide(m.cumulative_deposit_interest_e10, 10**10)
        ffi.buffer(ffi.addressof(m.oracle))[:] = oracle(b, i, price)
    m = b.b.perps[0]
    ffi.buffer(ffi.addressof(m.oracle))[:] = oracle(b, 1, 100_000_000)
    m.margin_initial_e4, m.margin_maintenance_e4, m.imf_e6, m.pnl_imf_e6 = 500, 300, 0, 0
    m.pnl_initial_weight_e4, m.pnl_maintenance_weight_e4 = 0, 10000
    m.tick_price_e6, m.min_order_base_e9 = 1000, 10**7
    set_wide(m.cumulative_funding_short_e9, 0)
    u.n_spots, u.n_perps = 2, 1
    u.spots[0].scaled_balance_e9, u.spots[1].scaled_balance_e9 = 500 * 10**9, 10 * 10**9
    u.spots[1].market_index = 1
    p = u.perps[0]
    p.base_e9, p.quote_e6, p.quote_entry_e6 = -10 * 10**9, 1000 * 10**6, 1000 * 10**6
    return b


def test_a_book_worked_by_hand():
    b = one_short()
    m = b.margin(INITIAL, 1)
    assert (m["total_collateral_e6"], m["requirement_e6"]) == (500_000_000 + 800_000_000, 50_000_000)
    assert (m["assets_e6"], m["liabilities_e6"]) == (1_500_000_000, 0)
    assert (m["perp_notional_e6"], m["perp_pnl_e6"]) == (1_000_000_000, 0)
    a = b.assess()
    assert (a["spot_base_e9"], a["perp_base_e9"]) == (10 * 10**9, -10 * 10**9)
    assert (a["entry_price_e6"], a["oracle_price_e6"]) == (100_000_000, 100_000_000)
    assert (a["free_collateral_e6"], a["equity_e6"]) == (1_250_000_000, 1_500_000_000)
    assert a["leverage_e4"] == 6667 and not a["leverage_infinite"]
    # maintenance: 500 + 9p collateral, pnl 1000 - 10p, requirement 0.3p: under the line above 1500/1.3
    assert a["liq_price_e6"] == a["liq"]["up_e6"] and abs(a["liq_price_e6"] - 1_500_000_000 / 1.3) < 2
    assert a["liq"]["down_e6"] == 0
    assert a["health_bp"] == (1400 - 30) * 10000 // 1400


def test_profit_weighs_less_when_the_market_owes_more_than_it_may():
    b = one_short()
    m, p = b.b.perps[0], b.b.user.perps[0]
    p.quote_e6 += 50 * 10**6
    m.pnl_initial_weight_e4, m.pnl_max_imbalance_e6, m.last_oracle_price_e6 = 10_000, 10**9, 100_000_000
    for field in (m.base_with_amm_e9, m.base_with_unsettled_lp_e9, m.quote_amount_e6):
        set_wide(field, 0)
    m.quote_with_unsettled_lp_e6 = m.net_unsettled_funding_e6 = 0
    profit = lambda: b.margin(INITIAL, 1)["total_collateral_e6"] - 1_300_000_000
    assert profit() == 50_000_000

    def one_part(part, value):
        if part.endswith("e9") or part == "quote_amount_e6":
            set_wide(getattr(m, part), value)
        else:
            setattr(m, part, value)

    for part, twice in (("base_with_amm_e9", 20 * 10**9), ("base_with_unsettled_lp_e9", 20 * 10**9),
                        ("quote_amount_e6", 2 * 10**9), ("quote_with_unsettled_lp_e6", 2 * 10**9),
                        ("net_unsettled_funding_e6", 2 * 10**9)):
        one_part(part, twice)
        assert profit() == 25_000_000, part  # the limit is half of what is owed
        one_part(part, twice // 2)
        assert profit() == 50_000_000, part  # exactly the limit is inside
        one_part(part, 0)
    m.pnl_max_imbalance_e6, m.last_oracle_price_e6 = 1, 0
    with pytest.raises(Refused) as refused:
        b.margin(INITIAL, 1)
    assert refused.value.code == E.RANGE
    # the rule is Initial's alone
    assert b.margin(MAINTENANCE, 0)["total_collateral_e6"] == 500_000_000 + 900_000_000 + 50_000_000


def test_a_settled_drift_market_pays_its_expiry_price_and_asks_nothing():
    b = one_short("drift")
    m, p = b.b.perps[0], b.b.user.perps[0]
    m.status, m.expiry_price_e6, p.open_orders = 3, 95_000_000, 2
    got = b.margin(MAINTENANCE, 0)
    assert got["total_collateral_e6"] == 500_000_000 + 900_000_000 + 50_000_000
    assert got["requirement_e6"] == 20_000
    assert got["perp_notional_e6"] == 950_000_000


CAUSES = {
    "isolated": (lambda b: setattr(b.b.user.perps[0], "flags", 1), E.UNSUPPORTED, "isolated"),
    "isolated balance": (lambda b: setattr(b.b.user.perps[0], "isolated_scaled_e9", 1),
                         E.UNSUPPORTED, "isolated"),
    "later flag": (lambda b: setattr(b.b.user.perps[0], "flags", 8), E.UNSUPPORTED, "flag"),
    "account pool": (lambda b: setattr(b.b.user, "pool_id", 1), E.UNSUPPORTED, "pool"),
    "market pool": (lambda b: setattr(b.b.perps[0], "pool_id", 1), E.UNSUPPORTED, "pool"),
    "spot pool": (lambda b: setattr(b.b.spots[1], "pool_id", 2), E.UNSUPPORTED, "pool"),
    "high leverage": (lambda b: setattr(b.b.user, "margin_mode", 1), E.UNSUPPORTED, "leverage"),
    "prediction market": (lambda b: setattr(b.b.perps[0], "contract_type", 2), E.UNSUPPORTED, "perpetual"),
    "settlement": (lambda b: setattr(b.b.perps[0], "status", 3), E.UNSUPPORTED, "settlement"),
    "oracle source": (lambda b: setattr(b.b.perps[0], "oracle_source", 0), E.UNSUPPORTED, "oracle source"),
    "oracle absent": (lambda b: setattr(b.b, "n_oracles", 0), E.MISSING, "oracle"),
    "price zero": (lambda b: setattr(b.b.oracles[1].value, "price_e6", 0), E.RANGE, "not positive"),
    "price negative": (lambda b: setattr(b.b.oracles[0].value, "price_e6", -5), E.RANGE, "not positive"),
    "oracle refused": (lambda b: setattr(b.b.oracles[1], "err", E.OVERFLOW), E.OVERFLOW, "oracle"),
    "twap": (lambda b: setattr(b.b.spots[1], "oracle_twap_5min_e6", 0), E.RANGE, "TWAP"),
    "no perp market": (lambda b: setattr(b.b, "n_perps", 0), E.MISSING, "perp market 0"),
    "no spot market": (lambda b: setattr(b.b, "n_spots", 1), E.MISSING, "spot market 1"),
    "no user": (lambda b: setattr(b.b, "have", 0), E.MISSING, "User"),
    "decimals": (lambda b: setattr(b.b.spots[1], "decimals", 20), E.RANGE, "balance"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_cannot_be_valued_is_named(cause):
    change, code, words = CAUSES[cause]
    b = one_short()
    change(b)
    with pytest.raises(Refused) as refused:
        b.margin(INITIAL, 1)
    assert refused.value.code == code and words in refused.value.text
