"""The attacks of test_attacks.py, played on a chain: a taken-over agent in front of the real signer sends
what it gets signed to the embedded chain and to the real program. The loss is the victim's equity and the
delegate's lamports at the true price, before and after, as the chain has them; it stays under the bound of
SECURITY.md."""

import os
import struct
import sys
import time

import pytest
from harness import binary_of, real_program_missing
from localnet_client import SHARED, Node
from market import time_shim
from on_chain import GAS, VAMM_PAUSED, Attack
from test_policy import E9, HOURLY, LONG, LOSS, NOTHING, PLACE, SHORT, TAKE

BOOKS = (1_000, 10_000, 100_000)
PRICE = 76.34075
STEP = 10_000_000
MAX_OPEN_INTEREST, PAUSED = 152, 645  # offsets in a PerpMarket: i128, u8
MISSING = real_program_missing()
SKIP = pytest.mark.skipif(MISSING is not None, reason="real program: %s" % MISSING)
PROGRAM = [pytest.mark.real_program, SKIP]
CHAINS = ["localnet", pytest.param("program", marks=PROGRAM)]


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    return time_shim(tmp_path_factory.mktemp("shim"))


def command(kind):
    if kind == "program":
        elf, fixtures = os.environ["EK_VELOCITY_SO"], str(SHARED / "fixtures" / "velocity")
        tool = str(SHARED / "tools" / "svmnode.py")
        return [sys.executable, tool, "--program", elf, "--fixtures", fixtures]
    return [str(binary_of("embedded")), "localnet", "--volatility", "0", "--seed", "1"]


@pytest.fixture
def attack(request, shim, tmp_path):
    """attack(chain, dollars): half of the book is SOL at the venue, half is quote; no perp."""
    running = []

    def start(kind, book, markets=1, **limits):
        half = book / 2
        book = ["--usdt", str(half), "--sol", "%.9f" % (half / PRICE), "--wallet-sol", "20"]
        now = str(int(time.time()))
        node = Node([*command(kind), "--port", "0", "--tick-ms", "0", "--unix-ts", now, *book])
        running.append(node)
        if kind == "localnet":
            node.ctl("model", hold=True)  # no funding, no averages that move: only the orders cost
        a = Attack(node, tmp_path, shim, markets, **limits)
        # Otherwise the venue's limit ends the attack, not the signer's.
        much = struct.pack("<q", 10**15).hex()
        for m in a.markets:
            node.ctl("poke", pubkey=str(m.address), offset=MAX_OPEN_INTEREST, hex=much)
        running.insert(0, a.signer)
        return a

    yield start
    for r in running:
        r.close()


def most(a, kind, direction, i=0, shown=None, largest=50 * E9, then=lambda: None):
    """As much as is signed, in orders of falling size; `then` after each that landed. The last reason."""
    size, reason = largest, NOTHING
    while size >= STEP:
        reason, landed = a.order(kind, direction, size // STEP * STEP, i, shown)
        if landed:
            then()
        else:
            size //= 2
        if reason == HOURLY:
            break
    return reason


def hours(a, n, play):
    """`play` every hour until it is out of loss, at most n times."""
    for _ in range(n):
        if play() == LOSS:
            break
        a.wait(3750)
        for i in range(len(a.markets)):
            a.show(i)


def within(a, capsys, what, moved=0):
    lost, bound = a.lost(), a.bound(moved)
    with capsys.disabled():
        print(
            "\n  %-58s L %7.2f $: lost %9.2f $, bound %9.2f $, %4d landed"
            % (what, a.signer.limit_e6 / 10**6, lost, bound, a.landed),
            end="",
        )
    assert lost <= bound and a.landed > 0
    return lost


@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_bad_sales_through_the_vamm(attack, chain, equity, capsys):
    a = attack(chain, equity)
    hours(a, 8, lambda: most(a, TAKE, SHORT, then=lambda: a.wait(60)))
    reason, landed = a.order(TAKE, SHORT, 50 * E9)
    assert a.base() < 0 and not landed
    until = "L" if reason == LOSS else "the hour" if reason == HOURLY else "nothing is left of it"
    lost = within(a, capsys, "%s: bad sales through the vAMM, until %s" % (chain, until))
    assert lost <= a.signer.limit_e6 / 10**6


@pytest.mark.parametrize("paused", [True, False])
@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_an_accomplice_buys_what_is_sold_badly(attack, chain, equity, paused, capsys):
    """Orders that rest at the worst price that is signed. With the vAMM paused the accomplice gets all."""
    a = attack(chain, equity)
    if paused:
        a.node.ctl("market", perp_paused=VAMM_PAUSED)
    got = [0, 0]

    def then():
        mine, vamms = a.made()
        got[0], got[1] = got[0] + mine, got[1] + vamms

    hours(a, 4, lambda: most(a, PLACE, SHORT, then=then))
    assert sum(got) == -a.base() > 0 and (not paused or got[1] == 0)
    where = "vAMM paused" if paused else "the vAMM got %d %%" % (100 * got[1] // sum(got))
    lost = within(a, capsys, "%s: an accomplice, %s" % (chain, where))
    assert lost <= a.signer.limit_e6 / 10**6
    if paused:  # it is a real attack: nearly all of L goes
        assert lost >= a.signer.limit_e6 / 10**6 * 0.7


@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_a_walked_price_and_an_accomplice(attack, chain, equity, capsys):
    """Ten per cent down in an hour by what the signer is shown; the chain's own price stays. Then sold."""
    a = attack(chain, equity)
    a.node.ctl("market", perp_paused=VAMM_PAUSED)
    shown = a.markets[0].price_e6
    for _ in range(60):
        a.wait(60)
        lower = shown * 981 // 1000
        shown = lower if a.show(0, lower) == NOTHING else shown
    assert shown < a.markets[0].price_e6 * 92 // 100
    most(a, PLACE, SHORT, shown=shown, then=a.made)
    lost = within(a, capsys, "%s: walked 10 %% down, sold to an accomplice" % chain)
    assert lost <= a.signer.limit_e6 / 10**6


@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_the_hedge_bought_back_at_a_walked_price(attack, chain, equity, capsys):
    """The part of the bound with m in it: a day's walk of 25 %, and the accomplice sells there."""
    a = attack(chain, equity)
    a.node.ctl("market", perp_paused=VAMM_PAUSED)
    whole = int(equity / 2 / PRICE * 100) * STEP
    hours(
        a,
        3,
        lambda: (
            most(a, PLACE, SHORT, largest=min(50 * E9, whole), then=a.made)
            if whole + a.base() > whole // 20
            else LOSS
        ),
    )
    true = shown = a.markets[0].price_e6
    for _ in range(23 * 60):
        a.wait(60)
        for part in (19_000, 4_000, 1_000):
            if a.show(0, shown * (10**6 + part) // 10**6) == NOTHING:
                shown = shown * (10**6 + part) // 10**6
                break
        if shown > true * 1.245:
            break
    while a.base() < 0:
        reason, landed = a.order(PLACE, LONG, min(50 * E9, -a.base()), shown=shown, reduces=1)
        assert reason == NOTHING
        if not landed or a.made() == (0, 0):
            break  # the venue's own band around its oracle
    within(
        a,
        capsys,
        "%s: bought back, walked %d %% up, %s"
        % (chain, 100 * (shown - true) // true, "whole" if a.base() == 0 else "refused by the venue"),
        (shown - true) / true,
    )


@pytest.mark.parametrize("accomplice", [True, False])
@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_expand_and_reduce_in_turns(attack, chain, equity, accomplice, capsys):
    """Ping-pong through the vAMM, or with an accomplice on the other side of both."""
    a = attack(chain, equity)
    if accomplice:
        a.node.ctl("market", perp_paused=VAMM_PAUSED)
    kind, size, rounds = PLACE if accomplice else TAKE, min(50, equity // 300) * E9, 0
    while rounds < 400:
        reason, landed = a.order(kind, SHORT, size)
        if reason == HOURLY:
            a.wait(3750)
            continue
        if reason != NOTHING:
            break
        if accomplice:
            a.made()
        reason, landed = a.order(kind, LONG, size, reduces=1)
        assert reason == NOTHING
        if accomplice:
            a.made()
        rounds += 1
    assert reason == LOSS and a.base() <= 0
    for _ in range(5):
        assert a.order(kind, LONG, size, reduces=1)[0] == NOTHING  # still signed; there is nothing to reduce
        if accomplice:
            a.made()
    who = "an accomplice" if accomplice else "vAMM"
    within(a, capsys, "%s: %d rounds of ping-pong, %s" % (chain, rounds, who))


@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_four_markets_have_one_limit(attack, chain, equity, capsys):
    """A delegate with four markets, an accomplice in each: what they lose together is under the one L."""
    a = attack(chain, equity, 4)
    dollars = [m.price_e6 / 10**6 for m in a.markets]
    for m in a.markets:
        a.node.ctl("poke", pubkey=str(m.address), offset=PAUSED, hex="%02x" % VAMM_PAUSED)

    def everywhere():
        return [
            most(a, PLACE, SHORT, i, largest=int(50 * dollars[0] / dollars[i] * 100) * STEP, then=a.made)
            for i in range(4)
        ][-1]

    # A small part of it in each first, so that none of the four is left out.
    for i in range(4):
        size = int(a.signer.limit_e6 / 10**6 / 0.00635 / 8 / dollars[i] * 1000) * 10**6
        assert a.order(PLACE, SHORT, size, i) == (NOTHING, True)
        a.made()
    hours(a, 4, everywhere)
    assert all(a.base(i) < 0 for i in range(4))
    lost = within(a, capsys, "%s: four markets, an accomplice in each" % chain)
    assert a.signer.limit_e6 / 10**6 * 0.7 <= lost <= a.signer.limit_e6 / 10**6


@pytest.mark.parametrize("equity", BOOKS)
@pytest.mark.parametrize("chain", CHAINS)
def test_a_flood_of_cancels(attack, chain, equity, capsys):
    """All that the cancels of a day cost are their lamports, and these are in L."""
    a = attack(chain, equity)
    refused = None
    for _ in range(23):
        while (reason := a.cancel()[0]) == NOTHING:
            pass
        refused = reason
        if reason == LOSS:
            break
        assert reason == HOURLY
        a.wait(3750)
    assert a.wallet - a.lamports() == a.landed * GAS
    by = "L" if refused == LOSS else "the hour"
    lost = within(a, capsys, "%s: a flood of cancels, ended by %s" % (chain, by))
    assert lost <= a.signer.limit_e6 / 10**6
