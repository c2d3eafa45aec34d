"""What evidence costs in requests: a quiet tick stays one read, a correction asks what it needs."""

import time

import pytest

from harness import wait_for
from harness.liar import Liar

QUIET_TICKS = 8


@pytest.fixture
def counted(chains, agents, binary):
    """A running agent whose endpoints are relays of one chain; counted(n) gives chain, relays and the run."""
    relays = []

    def make(endpoints):
        chain = chains("velocity", binary, perp=-10, tick_ms=20)
        relays.extend(Liar(chain) for _ in range(endpoints))
        agent = agents(
            binary,
            chain,
            rpc__url=[r.url for r in relays],
            agent__loop_interval_seconds="0.5",
            hedge__cooldown_seconds=0,
        )
        run = agent.start()
        run.until("balanced")
        return chain, run

    yield make
    for r in relays:
        r.close()


def counts(chain):
    return dict(chain.ctl("state")["rpc_counts"])


def since(before, after):
    return {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}


@pytest.mark.parametrize("endpoints", [1, 2, 3])
def test_a_quiet_tick_is_one_read(counted, endpoints):
    chain, run = counted(endpoints)
    time.sleep(1.2)  # what a start asks is over
    first, before = len(run.lines), counts(chain)
    wait_for(lambda: len(run.lines) >= first + QUIET_TICKS, 20, "quiet ticks")
    ticks, asked = len(run.lines) - first, since(before, counts(chain))
    reads = asked.pop("getMultipleAccounts")
    health = asked.pop("getHealth", 0)
    assert abs(reads - ticks) <= 1 and health <= ticks // 10 + 1 and asked == {}, (
        ticks,
        reads,
        health,
        asked,
    )


@pytest.mark.parametrize("endpoints,reads", [(1, 3), (2, 4), (3, 4)])
def test_a_correction_asks_what_it_needs(counted, endpoints, reads):
    """The book, a second look, and the account after the landing at enough hosts; the rest once, or once an
    endpoint."""
    chain, run = counted(endpoints)
    time.sleep(1.2)
    before = counts(chain)
    chain.ctl("set_user", perp=-9)
    run.until("executed_live")
    asked = since(before, counts(chain))
    assert reads <= asked["getMultipleAccounts"] <= reads + 2 and asked["simulateTransaction"] <= 2, asked
    assert asked["sendTransaction"] >= endpoints and asked["getLatestBlockhash"] <= 1 + endpoints, asked
    assert sum(asked.values()) <= 14 + 4 * endpoints, asked
