"""The state file on a disk that tears, loses, refuses and delays writes
(shim.c), and deaths at every call in between. Whatever happened, the state
loads, and the chain's own record shows one correction for the one drift."""

import errno
import os
import signal
import time

import pytest

import record_format
from harness import together, wait_for
from judge import Judge
from shim import Disk
from victim import Victim

E9 = 10**9
SLOT = 8192


@pytest.fixture
def drifted(bench, shim_so):
    """A chain one SOL out of level, an agent, its disk and its judge."""

    def make(venue="velocity", known=False, **chain):
        c, agent = bench(
            venue,
            chain={"tick_ms": 20, **chain, "perp": -10 if known else -9},
            hedge__cooldown_seconds=0,
            order__fill_timeout_seconds=20,
        )
        if known:  # a state file from before
            assert agent.once().status["status"] == "balanced"
            c.ctl("set_user", perp=-9)
        judge = Judge(c)
        judge.level()
        judge.events = judge.events[-1:]
        return c, agent, Disk(shim_so, agent), judge

    return make


def died(run):
    assert run.code == -signal.SIGKILL, run
    return run


def recover(agent, runs=6):
    """Runs once after once until it is level; the statuses on the way."""
    seen = []
    for _ in range(runs):
        r = agent.once()
        seen.append(r.status["status"])
        if seen[-1] == "balanced":
            return seen
    raise AssertionError("not level after %s" % seen)


def corrected_once(chain, agent, judge):
    """One SOL sold by one order, and booked once."""
    findings = judge.findings()
    assert findings == [], "\n".join(findings)
    assert (
        [o.filled for o in judge.filled()] == [E9] and chain.perp() == -10 * E9 and chain.live_orders() == []
    )
    record = agent.record()
    assert record["corrections_total"] == "1" and record["ticket"] is None, record
    assert agent.command("state", "verify", agent.state).code == 0


# --- death at every call

CREATION = [
    "open@2=kill",
    "open@2=after",
    "fallocate@1=after",
    "pwrite@1=torn:100",
    "pwrite@1=torn:8192",
    "pwrite@1=torn:12000",
    "fsync@1=kill",
    "fsync@1=after",
    "rename@1=after",
    "dirsync@1=kill",
    "dirsync@1=after",
]


def store(n):
    """Death around the n-th store into a file that is there: pwrite number n, fdatasync number n."""
    return (
        ["pwrite@%d=kill" % n]
        + ["pwrite@%d=torn:%d" % (n, k) for k in (8, 24, 600, 4096, SLOT - 32, SLOT - 1, SLOT)]
        + ["fdatasync@%d=kill" % n, "fdatasync@%d=after" % n]
    )


SENDING = ["send@1=kill", "send@1=after", "reply@1=after"]


def dies(drifted, plan, cache="", **more):
    chain, agent, disk, judge = drifted(**more)
    died(agent.once(env=disk.wear(plan, cache)))
    return chain, agent, judge


def test_death_while_the_file_is_made(drifted):
    """Whole or not there; a left-over temporary file is no obstacle."""

    def one(case):
        plan, cache = case
        chain, agent, judge = dies(drifted, plan, cache)
        assert chain.sends() == []
        if agent.state.exists():
            assert agent.command("state", "verify", agent.state).code == 0
        assert recover(agent) == ["executed_live", "balanced"]
        corrected_once(chain, agent, judge)
        assert not agent.state.with_name(agent.state.name + ".new").exists()

    together([(p, c) for p in CREATION for c in ("", "drop")], one, at_once=4)


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_death_around_the_journal_and_the_send(drifted, venue):
    """Before, in and after the write of the ticket, its sync and its send; the send lands at once, late,
    or is lost."""

    def one(case):
        plan, cache, weather = case
        chain, agent, disk, judge = drifted(venue, known=True, tick_ms=50 if weather else 20)
        if weather:
            chain.fault(weather, n=1, slots=40)
        was = int(agent.record()["generation"])
        died(agent.once(env=disk.wear(plan, cache)))
        assert (chain.sends() != []) == (plan in ("send@1=after", "reply@1=after")) or not chain.sends(), (
            chain.sends()
        )
        v = agent.command("state", "verify", agent.state)
        op, _, what = plan.partition("=")
        if what.startswith("torn:") and not cache:
            k = int(what[5:])
            assert v.code == (1 if 8 < k < SLOT else 0) and v.out.count(": damaged") == v.code, (plan, v)
        else:
            assert v.code == 0, (plan, v)
        record = agent.record()
        journalled = (
            op.endswith("@2")
            or op.startswith(("send", "reply"))
            or plan == "fdatasync@1=after"
            or (plan in ("pwrite@1=torn:%d" % SLOT, "fdatasync@1=kill") and cache == "")
        )
        assert (record["ticket"] is not None) == journalled and int(
            record["generation"]
        ) == was + journalled, (plan, cache, record)
        recover(agent)
        corrected_once(chain, agent, judge)
        if journalled:  # the order of before is the one that was resolved: nothing else was built
            assert [o.signature for o in judge.orders()] == [record["ticket"]["signature"]]

    # The ticket is written twice: once it is synced in one slot,
    # whatever happens to the second write costs nothing.
    cases = [(p, c, None) for p in store(1) + store(2) for c in ("", "drop") if not (c and "torn" in p)] + [
        (p, "drop", w) for p in SENDING for w in (None, "delay_send", "drop_send")
    ]
    together(cases, one, at_once=4)


@pytest.mark.parametrize("venue,latency,stores", [("velocity", 0, [3]), ("drift", 60, [3, 4, 5])])
def test_death_while_the_end_is_written(drifted, venue, latency, stores):
    """The order has landed (and rests, on Drift): what is torn or lost is found again on the account,
    and booked once."""

    def one(case):
        plan, cache = case
        chain, agent, disk, judge = drifted(venue, known=True, keeper_latency=latency)
        died(agent.once(env=disk.wear(plan, cache)))
        assert len({t["signature"] for t in chain.sends()}) == 1
        Victim(agent).look()
        recover(agent)
        corrected_once(chain, agent, judge)
        assert len(judge.orders()) == 1

    cases = [("pwrite@%d=torn:%d" % (n, k), "") for n in stores for k in (600, SLOT - 1)] + [
        ("fdatasync@%d=%s" % (n, w), "drop") for n in stores for w in ("kill", "after")
    ]
    together(cases, one, at_once=4)


def test_torn_again_and_again(drifted):
    """The same write torn at ten starts in a row: the older slot is written each time,
    the newer one never."""
    chain, agent, disk, judge = drifted(known=True)
    before = agent.record()
    for k in range(100, SLOT, 809):
        died(agent.once(env=disk.wear("pwrite@1=torn:%d" % k)))
        assert agent.record()["generation"] == before["generation"] and agent.record()["ticket"] is None
    assert chain.sends() == []
    assert recover(agent) == ["executed_live", "balanced"]
    corrected_once(chain, agent, judge)


# --- the order of things


@pytest.mark.parametrize("venue", ["velocity", "drift"])
@pytest.mark.parametrize("known", [False, True])
def test_the_ticket_is_synced_before_the_first_send(drifted, venue, known):
    """By the record of the calls themselves; and what was synced is the very
    ticket of the order that lands."""
    chain, agent, disk, judge = drifted(venue, known=known)
    r = agent.once(env=disk.wear(cache="drop"))
    assert r.status["status"] == "executed_live", r
    calls = [w for w, _, _ in disk.trace()]
    to_send = calls[: calls.index("send")]
    made = ["open", "open", "fallocate", "pwrite", "fsync", "synced", "rename", "dirsync", "synced"]
    assert to_send == (["open"] if known else made) + ["pwrite", "fdatasync", "synced"] * 2, to_send
    assert all(result == 0 for w, _, result in disk.trace() if w == "synced")
    assert [left for w, _, left in disk.trace() if w == "send"] == [0] * calls.count(
        "send"
    )  # nothing unsynced at any send
    assert calls[-3:] == ["pwrite", "fdatasync", "synced"]
    offsets = [at for w, at, n in disk.trace() if w == "pwrite" and n == SLOT]
    assert all(a != b for a, b in zip(offsets, offsets[1:])) and set(offsets) == {
        0,
        SLOT,
    }  # turn and turn about
    corrected_once(chain, agent, judge)


def test_a_disk_that_lies_about_syncing_is_seen(drifted):
    """The bench can fail: when fdatasync only pretends and the power goes while the order is under way,
    two orders are sent, and the judge says so."""
    chain, agent, disk, judge = drifted(known=True)
    chain.fault("delay_send", n=1, slots=100)
    died(agent.once(env=disk.wear("send@1=after", "lie")))
    wait_for(chain.sends, 5, "the order left")
    assert agent.record()["ticket"] is None
    agent.once()
    wait_for(lambda: len(chain.landed()) >= 2, 10, "both landed")
    assert any("was on its way" in f for f in judge.findings()), judge.findings()
    assert chain.perp() == -11 * E9


# --- a disk that refuses

FULL, BROKEN, READ_ONLY = errno.ENOSPC, errno.EIO, errno.EROFS


@pytest.mark.parametrize("known", [False, True])
def test_a_disk_that_refuses_before_the_send(drifted, known):
    """Nothing is sent, exit 11, the reason in words with the path;
    with a good disk again the drift is corrected, once."""
    first = 1 if known else 2  # the pwrite of the journal
    points = [
        ("pwrite@%d+" % n, e) for n in (first, first + 1) for e in (FULL, BROKEN, READ_ONLY, errno.EDQUOT)
    ] + [("fdatasync@1+", e) for e in (BROKEN, FULL)]
    points += (
        [("open@1+", e) for e in (READ_ONLY, errno.EACCES, BROKEN)]
        if known
        else [
            ("open@2+", READ_ONLY),
            ("open@2+", FULL),
            ("fallocate@1+", FULL),
            ("fallocate@1+", BROKEN),
            ("pwrite@1+", FULL),
            ("pwrite@1+", BROKEN),
            ("fsync@1+", BROKEN),
            ("rename@1+", READ_ONLY),
            ("rename@1+", FULL),
            ("dirsync@1+", BROKEN),
        ]
    )
    half = "pwrite@%d=short:3000 pwrite@%d+=errno:%d" % (first, first + 1, FULL)

    def one(case):
        point, number = case
        plan = half if point == "half" else "%s=errno:%d" % (point, number)
        chain, agent, disk, judge = drifted(known=known)
        r = agent.once(env=disk.wear(plan))
        assert r.code == 11 and os.strerror(number) in r.err and str(agent.state) in r.err, r
        assert chain.sends() == [] and not any(w == "send" for w, _, _ in disk.trace()), (plan, r)
        if agent.state.exists():
            Victim(agent).look()
        assert recover(agent)[-1] == "balanced"
        corrected_once(chain, agent, judge)

    together(points + [("half", FULL)], one, at_once=4)


def test_a_disk_that_refuses_for_a_while(drifted):
    """A running agent: not one order while the disk refuses, nor after it is better,
    until a person has restarted it."""
    chain, agent, disk, judge = drifted(known=True)
    running = agent.start(env=disk.wear("pwrite@1=errno:%d" % FULL))
    running.until("observe_only", seconds=10)
    time.sleep(2.5)
    assert chain.sends() == [] and running.process.poll() is None
    assert running.stop() == 143
    assert recover(agent) == ["executed_live", "balanced"]
    corrected_once(chain, agent, judge)


@pytest.mark.parametrize(
    "plan",
    [
        "pwrite@1=short:1 pwrite@2=errno:%d pwrite@3=short:5000" % errno.EINTR,
        "pwrite@1=short:8191 pwrite@3=short:8191",
    ],
)
def test_short_writes_are_finished(drifted, plan):
    chain, agent, disk, judge = drifted(known=True)
    assert agent.once(env=disk.wear(plan)).status["status"] == "executed_live"
    assert recover(agent) == ["balanced"]
    corrected_once(chain, agent, judge)


@pytest.mark.parametrize("number", [FULL, BROKEN])
def test_the_end_cannot_be_written(drifted, number):
    """The order filled, the disk is full: the ticket stays, the next start finds the same end,
    and books it once."""
    chain, agent, disk, judge = drifted(known=True)
    r = agent.once(env=disk.wear("pwrite@3+=errno:%d" % number))
    assert os.strerror(number) in r.err and r.status["tx_signature"], r
    assert (
        agent.record()["ticket"]["signature"] == r.status["tx_signature"]
        and agent.record()["corrections_total"] == "0"
    )
    again = agent.once()
    assert (
        again.status["status"] == "executed_live" and again.status["tx_signature"] == r.status["tx_signature"]
    ), again
    assert recover(agent) == ["balanced"]
    corrected_once(chain, agent, judge)
    assert len(judge.orders()) == 1


# --- a disk that forgets


@pytest.mark.parametrize("bit", [5, 8 * 8 + 1, 16 * 8, 700 * 8 + 3, 5000 * 8, 8191 * 8 + 7])
def test_a_bit_flips_in_one_slot(drifted, bit):
    """Right after the ticket is written one slot rots, and the process dies with the order under way:
    the ticket is found in the other one."""
    chain, agent, disk, judge = drifted(known=True)
    chain.fault("delay_send", n=1, slots=40)
    died(agent.once(env=disk.wear("pwrite@2=flip:%d send@1=after" % bit, "drop")))
    v = agent.command("state", "verify", agent.state)
    assert v.code == 1 and v.out.count(": damaged") == 1 and v.out.count(": whole, the newest") == 1, v
    assert agent.record()["ticket"] is not None
    recover(agent)
    corrected_once(chain, agent, judge)
    assert len(judge.orders()) == 1


@pytest.mark.parametrize("slot", [0, 1])
def test_an_open_ticket_outlives_the_rot_of_any_slot(drifted, slot):
    """Power goes with the order under way; later one slot, be it the newest, is unreadable.
    The order is not forgotten and not doubled."""
    chain, agent, disk, judge = drifted(known=True)
    chain.fault("delay_send", n=1, slots=40)
    died(agent.once(env=disk.wear("send@1=after", "drop")))
    image = bytearray(agent.state.read_bytes())
    image[slot * SLOT : (slot + 1) * SLOT] = b"\xff" * SLOT
    agent.state.write_bytes(image)
    assert agent.command("state", "verify", agent.state).code == 1 and agent.record()["ticket"] is not None
    recover(agent)
    corrected_once(chain, agent, judge)
    assert len(judge.orders()) == 1


# --- a file of version 0.1


def to_format_2(state):
    """The state file as version 0.1 would have written it: the same records, in its format."""
    image, slots = state.read_bytes(), []
    for at in (0, SLOT):
        version, generation, payload = record_format.opened(image[at : at + SLOT])
        assert version == 3
        old = record_format.old_payload(record_format.read(payload), 2)
        slots.append(record_format.seal(old, generation, 2))
    state.write_bytes(b"".join(slots))


def formats(agent):
    """Of the two slots, as `state verify` tells them; 0 for a damaged one."""
    v = agent.command("state", "verify", agent.state)
    words = [line.rpartition(", format ")[2] if ": whole" in line else 0 for line in v.out.splitlines()]
    assert len(words) == 2, v
    return sorted(int(w) for w in words)


def test_an_old_file_with_an_order_on_its_way(drifted):
    """It loads, the order is followed to its end, no other one is sent; what is written is format 3."""
    chain, agent, disk, judge = drifted(known=True)
    chain.fault("delay_send", n=1, slots=40)
    died(agent.once(env=disk.wear("send@1=after", "drop")))
    to_format_2(agent.state)
    record = agent.record()
    assert formats(agent) == [2, 2] and record["version"] == 2 and record["ticket"] is not None
    recover(agent)
    corrected_once(chain, agent, judge)
    assert [o.signature for o in judge.orders()] == [record["ticket"]["signature"]]
    assert agent.record()["version"] == 3 and formats(agent) == [2, 3]  # one save, one slot
    chain.ctl("set_user", perp=-9)
    assert agent.once().status["status"] == "executed_live" and formats(agent) == [3, 3]


def test_death_while_an_old_file_becomes_a_new_one(drifted):
    """At every call of the first saves, of a file without an order and of one with: it always loads."""

    def one(case):
        plan, cache, under_way = case
        chain, agent, disk, judge = drifted(known=True)
        if under_way:
            chain.fault("delay_send", n=1, slots=40)
            died(agent.once(env=disk.wear("send@1=after", "drop")))
        to_format_2(agent.state)
        before = agent.record()
        died(agent.once(env=disk.wear(plan, cache)))
        seen, after = formats(agent), agent.record()
        assert seen[1] > 0 and int(after["generation"]) >= int(before["generation"]), (plan, seen)
        assert after["version"] in seen
        assert after["ticket"] is None or before["ticket"] in (None, after["ticket"])
        recover(agent)
        corrected_once(chain, agent, judge)
        assert agent.record()["version"] == 3

    # Without an order the first save writes a ticket, so into both slots; with one it writes the end of it.
    cases = [(p, c, False) for p in store(1) + store(2) for c in ("", "drop") if not (c and "torn" in p)]
    cases += [(p, c, True) for p in store(1) for c in ("", "drop") if not (c and "torn" in p)]
    together(cases, one, at_once=4)
