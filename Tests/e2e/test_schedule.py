"""The loop: ticks stand on a grid from the start; a slow answer neither shifts them nor makes two of one."""

import time

import pytest

from harness import wait_for
from harness.liar import Liar


class Clocked(Liar):
    """Notes when each read of accounts came in."""

    def __init__(self, chain):
        super().__init__(chain)
        self.at = []

    def serve(self, turn):
        if turn.request.get("method") == "getMultipleAccounts":
            self.at.append(time.monotonic())
        super().serve(turn)


@pytest.fixture
def clocked(chains, agents, binary):
    servers = []

    def make(**given):
        chain = chains("velocity", binary, perp=-10)
        servers.append(Clocked(chain))
        agent = agents(binary, chain, rpc__url=servers[-1].url, agent__loop_interval_seconds="1", **given)
        running = agent.start()
        running.until("balanced")
        time.sleep(0.2)
        return servers[-1], running

    yield make
    for s in servers:
        s.close()


def off_the_grid(times, start, interval):
    """How far each time is behind its place on the grid."""
    return [(t - start) % interval for t in times]


def test_ticks_stand_on_the_grid(clocked):
    server, running = clocked()
    first = len(server.at)
    wait_for(lambda: len(server.at) >= first + 6, 12, "six more ticks")
    times = server.at[first : first + 6]
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert all(0.8 < g < 1.2 for g in gaps), gaps
    assert abs(times[-1] - times[0] - 5) < 0.2  # no drift: five intervals are five seconds
    assert all(x["tick"] == i + 1 for i, x in enumerate(running.lines)), [x["tick"] for x in running.lines]


def test_a_slow_answer_does_not_double_a_tick(clocked):
    """An answer takes two intervals and a half: one read under way at a time, nothing made up for,
    the grid stays."""
    server, running = clocked(rpc__timeout_ms=5000, rpc__max_latency_ms=10000)
    before = list(server.at)

    def slow(turn):
        time.sleep(2.5)
        return turn.truth

    server.tell("getMultipleAccounts", slow, times=1)
    wait_for(lambda: len(server.at) >= len(before) + 4, 12, "four more ticks")
    times = server.at[len(before) : len(before) + 4]
    assert times[1] - times[0] > 2.5 and times[1] - times[0] < 3.3, (
        times
    )  # the two ticks in between were passed over
    assert all(0.8 < b - a < 1.2 for a, b in zip(times[1:], times[2:])), times
    grid = off_the_grid(times, times[0], 1.0)
    assert all(g < 0.25 or g > 0.8 for g in grid), grid


def test_a_server_that_refuses_for_a_while_is_left_alone(clocked):
    """429 with Retry-After: 3: no read comes before that time, however short the interval;
    then the grid goes on."""
    server, running = clocked()
    server.tell("getMultipleAccounts", lambda turn: turn.answer(b"", 429, [(b"retry-after", b"3")]), times=1)
    at = len(server.at)
    wait_for(lambda: len(server.at) >= at + 3, 15, "it comes back")
    times = server.at[at:]
    assert times[1] - times[0] > 2.7, [t - times[0] for t in times]
    lines = len(running.lines)
    running.until("balanced", since=max(0, lines - 1))
