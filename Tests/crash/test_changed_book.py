"""A correction whose book changed under it is not sent (again) with its old numbers: it is resolved, the book
re-read, and decided anew. What was sent once may still land, and nobody can help that; but bytes that no node
has are not put on their way for a drift that is gone."""

import signal

import pytest

from harness import wait_for
from judge import Judge
from shim import Disk

E9 = 10**9


def nothing_traded(chain, judge):
    assert judge.findings() == []
    assert judge.filled() == [] and chain.moves(since=judge.skipped) == [], (
        chain.moves(since=judge.skipped),
        judge.orders(),
    )


@pytest.fixture
def drifted(bench, shim_so):
    def make(venue):
        """One SOL too long, a state file from before; a blockhash lives 7.5 s."""
        chain, agent = bench(
            venue,
            chain={"perp": -10, "tick_ms": 50},
            hedge__cooldown_seconds=0,
            agent__loop_interval_seconds="0.5",
        )
        assert agent.once().status["status"] == "balanced"
        chain.ctl("set_user", perp=-9)
        judge = Judge(chain)
        judge.level()
        judge.skipped = len(judge.events) - 1
        judge.events = judge.events[-1:]
        return chain, agent, Disk(shim_so, agent), judge

    return make


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_killed_before_the_send(drifted, venue):
    """The ticket is journalled, the process dies, a withdrawal levels the book, the agent starts again."""
    chain, agent, disk, judge = drifted(venue)
    assert agent.once(env=disk.wear("send@1=kill")).code == -signal.SIGKILL
    assert agent.record()["ticket"] is not None and chain.sends() == []
    chain.ctl("disturb", sol=-1)
    running = agent.start()
    running.until("balanced", seconds=25)
    assert running.stop() == 143
    nothing_traded(chain, judge)


@pytest.mark.parametrize("venue", ["velocity", "drift"])
def test_the_first_send_is_lost(drifted, venue):
    """The node loses the send; before the next one, two seconds later, a withdrawal levels the book."""
    chain, agent, disk, judge = drifted(venue)
    chain.fault("drop_send", n=1)
    running = agent.start()
    wait_for(chain.sends, 10, "it is sent")
    chain.ctl("disturb", sol=-1)
    running.until("balanced", seconds=25)
    assert running.stop() == 143
    nothing_traded(chain, judge)
