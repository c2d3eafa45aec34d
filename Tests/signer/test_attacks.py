"""Attacks on the signer by an agent that is taken over, against the real signer with its clock moved:
whatever it shows and asks, what it can lose stays under the bound of SECURITY.md. In each an accomplice fills
at the worst price that was signed, which no market does; the vAMM's fills are tried, too."""

import time

import pytest
from market import SHIM, World, most_of, time_shim
from test_policy import (
    BREAKER,
    CANCEL,
    E9,
    HOURLY,
    LONG,
    LOSS,
    MOVE,
    NOTHING,
    PROTOCOL,
    PUBLISHED,
    SHORT,
    Case,
)

DAY = 86400
BOOKS = (1_000, 10_000, 100_000)


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    assert "CLOCK_BOOTTIME" in SHIM
    return time_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def world(shim, tmp_path):
    made = []

    def make(equity_usd, **given):
        w = World(tmp_path, shim, equity_usd, **given)
        made.append(w)
        return w

    yield make
    for w in made:
        w.signer.close()


def walk(w, step_ppm, every_s, seconds, wanted):
    """Walks the price shown toward `wanted` as fast as it is believed; where it got to."""
    shown, sign = w.price, 1 if step_ppm > 0 else -1
    for _ in range(0, seconds, every_s):
        w.wait(every_s)
        for part in (1, 2, 5, 20):
            further = shown * (10**6 + step_ppm // part) // 10**6
            if w.show(further) == NOTHING:
                shown = further
                break
        if sign * shown >= sign * wanted:
            break
    return shown


def within(w, moved, capsys, what):
    lost, bound = w.lost(), w.bound(moved)
    with capsys.disabled():
        row = "\n  %-44s book %7d $: lost %9.2f $, bound %9.2f $"
        print(row % (what, w.equity // 10**6, lost, bound), end="")
    assert lost <= bound
    return lost


@pytest.mark.parametrize("vamm", [False, True])
@pytest.mark.parametrize("equity", BOOKS)
def test_an_hour_of_bad_sales(world, equity, vamm, capsys):
    """No lie about the price: as much as is signed, at half a per cent below it, for an hour."""
    w = world(equity, vamm=vamm)
    for _ in range(60):
        most_of(w, SHORT, w.price)
        w.wait(60)
        w.show(w.price)
    within(w, 0, capsys, "bad sales for an hour" + (", vAMM" if vamm else ""))
    assert w.signed > 0 and w.order(SHORT, 5 * E9, w.price) in (LOSS, HOURLY)


@pytest.mark.parametrize("hours", [1, 23])
@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("equity", BOOKS)
def test_the_price_is_walked(world, equity, hours, down, capsys):
    """Down to sell low, or up to buy dear: each order counts against the price of before the walk."""
    w = world(equity)
    step = -19_000 if down else 19_000
    shown = walk(w, step, 60, hours * 3600, w.price // 2 if down else w.price * 2)
    moved = abs(shown - w.price) / w.price
    assert (0.08 < moved <= 0.101) if hours == 1 else (0.2 < moved <= 0.2501), moved
    most_of(w, SHORT if down else LONG, shown)
    within(w, 0, capsys, "walk for %d h, %s" % (hours, "down and sell" if down else "up and buy"))


@pytest.mark.parametrize("equity", BOOKS)
def test_silence_and_then_a_jump(world, equity, capsys):
    """48 hours without a word; then a quarter off at once. The price of before still counts."""
    w = world(equity)
    w.wait(2 * DAY)
    assert w.show(w.price * 74 // 100) == MOVE
    assert w.show(w.price * 75 // 100) == NOTHING
    most_of(w, SHORT, w.price * 75 // 100)
    within(w, 0, capsys, "48 h of silence, then a jump")


@pytest.mark.parametrize("equity", BOOKS)
def test_around_midnight(world, equity, capsys):
    """What is used up before midnight is used up after it: a day is any 24 hours."""
    w = world(equity)
    most_of(w, SHORT, w.price)
    used = w.signer.loss_e6
    for _ in range(23):
        w.wait(3600)
        w.show(w.price)
        most_of(w, SHORT, w.price)
    assert w.signer.loss_e6 <= w.signer.limit_e6 and used > w.signer.limit_e6 * 9 // 10
    within(w, 0, capsys, "all of a day, around midnight")


@pytest.mark.parametrize("equity", BOOKS)
def test_expand_and_reduce_in_turns(world, equity, capsys):
    """Ping-pong: reducing is never refused, but what it loses is counted, and then nothing expands any
    more."""
    w = world(equity)
    size, rounds = 5 * E9, 0
    for _ in range(2000):
        if w.order(SHORT, size, w.price) != NOTHING:
            break
        assert w.order(LONG, size, w.price, reduces=1) == NOTHING
        rounds += 1
    for _ in range(20):
        assert w.order(LONG, size, w.price, reduces=1) == NOTHING  # still signed; there is nothing to reduce
    within(w, 0, capsys, "ping-pong, %d rounds" % rounds)


@pytest.mark.parametrize("equity", BOOKS)
def test_reducing_at_a_walked_price(world, equity, capsys):
    """The honest short of the whole book, and then bought back at a price that was walked up for a day: the
    part of the bound that has the move in it."""
    w = world(equity)
    size = min(50 * E9, equity * E9 // 150)
    while -w.base < equity * E9 // 150 - 5_000_000:
        reason = w.order(SHORT, min(size, equity * E9 // 150 + w.base), w.price)
        if reason == HOURLY:
            w.wait(3700)
        else:
            assert reason == NOTHING
    shown = walk(w, 19_000, 60, 23 * 3600, w.price * 2)
    moved = (shown - w.price) / w.price
    assert moved <= 0.2501
    while w.base < 0:
        assert w.order(LONG, size, shown, reduces=1) == NOTHING
    within(w, moved, capsys, "bought back at a walked price")


def test_a_flood_of_cancels(world, capsys):
    """Only lamports, and they are counted."""
    w = world(10_000)
    cancel = Case(kind=CANCEL)
    cancel.message = cancel.compiled([cancel.budget(200_000, 1_000_000), cancel.venue_ix()])
    signed = 0
    for _ in range(23):
        for _ in range(70):
            ask = w.signer.ask(message=cancel.message, oracle=b"", claim=cancel.claim)
            signed += w.signer.judge(ask) == NOTHING
        w.wait(3750)  # 60 minutes in whole slots
    w.lamports += signed * 205_000
    assert signed == 23 * 60
    within(w, 0, capsys, "%d cancels in a day" % signed)


@pytest.mark.parametrize("equity", BOOKS)
def test_restarts_forget_nothing(world, equity, capsys):
    w = world(equity)
    most_of(w, SHORT, w.price)
    used = w.signer.loss_e6
    for _ in range(5):
        w.restart()
        assert w.signer.loss_e6 == used
        most_of(w, SHORT, w.price)
        used = w.signer.loss_e6
    assert used <= w.signer.limit_e6
    within(w, 0, capsys, "with restarts")


@pytest.mark.parametrize("equity", BOOKS)
def test_paper_and_live_between_orders_reset_nothing(world, equity, capsys):
    """`mode paper` and `mode live` before every order, for a day: neither the loss nor the orders of an hour,
    nor the memory of prices, nor the refusals in a row begin anew."""
    w = world(equity)
    for _ in range(24):
        most_of(w, SHORT, w.price, before=w.nap)
        used = w.signer.loss_e6
        w.nap()
        assert w.signer.loss_e6 == used <= w.signer.limit_e6
        assert w.show(w.price * 89 // 100) == MOVE
        w.wait(3600)
        w.show(w.price)
    within(w, 0, capsys, "paper and live before every order")
    for _ in range(9):
        assert w.signer.judge(b"x") == PROTOCOL
        w.nap()
    assert w.signer.judge(b"x") == PROTOCOL
    w.nap()
    assert w.order(LONG, E9, w.price, reduces=1) == BREAKER


def test_the_clock_is_nobodys_lever(world):
    """A publish time ahead of the signer's clock, or older than the last, is no price."""
    w = world(10_000)
    assert w.signer.show(w.price, int(time.time()) + 120) == PUBLISHED
    assert w.signer.show(w.price, int(time.time()) - 2 * DAY) == PUBLISHED


@pytest.mark.parametrize("gap", [0, -200_000, 200_000])
@pytest.mark.parametrize("equity", BOOKS + (1_000_000,))
def test_an_honest_book_opens_and_flattens_the_same_day(world, equity, gap):
    """Defaults, a gap of a fifth, 35 tries that stay unfilled: closing is never refused by a limit."""
    w = world(equity)
    whole = equity * E9 // 150
    size = min(50 * E9, whole)
    while -w.base < whole - 5_000_000:
        reason = w.order(SHORT, min(size, whole + w.base), w.price)
        if reason == HOURLY:
            w.wait(w.signer.wait_s)
        else:
            assert reason == NOTHING, reason
    w.price = w.price * (10**6 + gap) // 10**6
    if gap > 0:
        assert w.order(LONG, size, w.price, reduces=1) == MOVE
        assert 0 < w.signer.wait_s <= 3 * 3600
        w.wait(w.signer.wait_s)
    w.fill = lambda *order: None
    for _ in range(35):
        assert w.order(LONG, size, w.price, reduces=1) == NOTHING
    del w.fill
    while w.base < 0:
        assert w.order(LONG, size, w.price, reduces=1) == NOTHING
    assert w.base == 0
