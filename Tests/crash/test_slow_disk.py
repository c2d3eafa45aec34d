"""A disk that takes two seconds for every sync, under a loop of one second."""

import time

from harness import wait_for
from judge import Judge
from shim import Disk
from victim import Victim

SLOW = "fdatasync@1+=sleep:2000"
E9 = 10**9


def test_the_schedule_holds_and_nothing_is_doubled(bench, shim_so):
    """Two drifts, each corrected once; a tick is passed over while the disk is waited for, never made up for;
    the grid of ticks stays."""
    chain, agent = bench(chain={"perp": -10}, hedge__cooldown_seconds=0)
    assert agent.once().status["status"] == "balanced"
    judge, disk = Judge(chain), Disk(shim_so, agent)
    judge.level()
    running = agent.start(env=disk.wear(SLOW))
    running.until("balanced")
    began, corrections = time.monotonic(), 2
    for n in range(corrections):
        chain.ctl("disturb", sol=1.5)
        wait_for(
            lambda: len(chain.moves()) > n and judge.level(),
            20,
            lambda: "correction %d\n%s" % (n + 1, running.log),
        )
        at = len(running.lines)
        running.until("balanced", since=at, seconds=10)
        time.sleep(1.5)
    seconds = time.monotonic() - began
    ticks = [(t, x["tick"]) for t, x in zip(running.at, running.lines) if x["status"] == "balanced"]
    assert running.stop() == 143
    assert judge.findings() == [] and len(judge.filled()) == corrections == len(judge.orders()), (
        judge.orders()
    )
    # Two syncs a correction, two seconds each, stand in the way. A tick that was due meanwhile comes late,
    # once; the others are passed over, and the grid stays where it was.
    assert ticks[-1][1] - ticks[0][1] <= seconds + 1, ticks
    start = ticks[0][0]
    late = [(t - start) for t, _ in ticks if 0.3 < (t - start) % 1.0 < 0.8]
    assert len(late) <= corrections, (late, ticks)
    assert all(
        any(0 < t - start - x < 1.1 and not 0.3 < (t - start) % 1.0 < 0.8 for t, _ in ticks) for x in late
    ), (late, ticks)


def test_death_while_the_sync_is_waited_for(bench, shim_so):
    """The ticket is written but not synced: nothing has been sent. Killed there again and again,
    the drift is corrected once."""
    chain, agent = bench(chain={"perp": -10}, hedge__cooldown_seconds=0)
    assert agent.once().status["status"] == "balanced"
    chain.ctl("set_user", perp=-9)
    judge, disk, victim = Judge(chain), Disk(shim_so, agent), Victim(agent)
    judge.level()
    judge.events = judge.events[-1:]
    for _ in range(3):
        calls = len(disk.trace())
        victim.start(env=disk.wear("fdatasync@1=sleep:2000", "drop"))
        wait_for(lambda: any(w == "pwrite" for w, _, _ in disk.trace()[calls:]), 10, "the ticket is written")
        time.sleep(0.5)
        assert chain.sends() == []
        assert victim.kill() is None and chain.sends() == []
    victim.start()
    wait_for(judge.level, 20, lambda: victim.running.log)
    victim.until("balanced")
    assert victim.running.stop() == 143
    assert judge.findings() == [] and [o.filled for o in judge.filled()] == [E9]
