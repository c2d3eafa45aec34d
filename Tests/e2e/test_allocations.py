"""A tick allocates little in our own code, a few short sentences and lists: the large buffers were made at
the start or are kept. That memory stays flat is what the long runs show (Tests/soak); here only a mistake
that copies books or answers would be seen. The count is made by a preloaded library
(Benchmarks/tools/allocations.c) that asks of every allocation whether the program itself wanted it or one of
its libraries, which have their own ways."""

import socket
import subprocess
from pathlib import Path

import pytest

from harness import wait_for

ROOT = Path(__file__).resolve().parents[2]
TICKS = 30
MOST = 80  # a tick; with three legs and the page it is 48


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    so = tmp_path_factory.mktemp("count") / "allocations.so"
    subprocess.run(
        ["gcc", "-O2", "-fPIC", "-shared", str(ROOT / "Benchmarks/tools/allocations.c"), "-o", str(so)],
        check=True,
    )
    return so


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def counted(agent, counter):
    """A running agent, and a function: how often its own code and its libraries have allocated until now."""
    file = agent.home / "allocations"
    running = agent.start(env={"LD_PRELOAD": str(counter), "EK_ALLOCATIONS": str(file)})

    def counts():
        raw = file.read_bytes()
        return int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little")

    return running, counts


def through(running, ticks):
    at = len(running.lines)
    wait_for(lambda: len(running.lines) >= at + ticks, 40, "%d ticks" % ticks)
    return running.lines[at:]


def quiet(running, counts, status):
    """Ticks of this status, and few allocations of our own in them."""
    through(running, 12)  # buffers have grown to what they need
    own, libraries = counts()
    ticks = through(running, TICKS)
    now, of_libraries = counts()
    assert all(x["status"] == status for x in ticks), ticks
    assert of_libraries > libraries  # the counter counts: libcurl allocates for every request
    assert now - own <= MOST * len(ticks), "%d allocations of our own in %d ticks" % (now - own, len(ticks))


@pytest.mark.parametrize("spot", ["venue:SOL", "venue:SOL, wallet:SOL, fixed:0.5"])
@pytest.mark.parametrize("page", [False, True])
def test_a_quiet_tick(bench, counter, spot, page):
    """Balanced ticks of a running agent, with STATUS lines, with and without the page."""
    port = free_port()
    more = {"web__listen": "127.0.0.1:%d" % port} if page else {}
    chain, agent = bench(
        chain={"perp": -10, "wallet_sol": 0, "tick_ms": 40},
        agent__loop_interval_seconds="0.1",
        hedge__spot=spot,
        hedge__drift_tolerance_pct="50",
        **more,
    )
    running, counts = counted(agent, counter)
    running.until("balanced")
    if page:
        wait_for(
            lambda: answers(port), 20, "the page"
        )  # its process counts into the same file while it starts
    quiet(running, counts, "balanced")


def test_a_tick_in_the_cooldown(bench, counter):
    """Out of balance again right after a correction: a sentence and a log line every tick."""
    chain, agent = bench(chain={"perp": -9, "tick_ms": 40}, agent__loop_interval_seconds="0.1")
    running, counts = counted(agent, counter)
    running.until("executed_live", seconds=20)
    chain.ctl("set_user", perp=-9)
    running.until("cooldown", seconds=20)
    quiet(running, counts, "cooldown")


def test_a_tick_with_an_order_under_way(bench, counter):
    """Sent, neither found nor expired: looked for and sent again, tick after tick."""
    chain, agent = bench(chain={"perp": -9, "tick_ms": 100}, agent__loop_interval_seconds="0.1")
    chain.fault("delay_send", n=1, slots=140)
    chain.fault("drop_send", n=50)
    running, counts = counted(agent, counter)
    running.until("pending", seconds=20)
    quiet(running, counts, "pending")
