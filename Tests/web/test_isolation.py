"""Whatever happens to the role, the agent ticks on."""

import os
import re
import signal
import threading
import time

from test_browser import Demo
from wire import Socket, request


def ticks(port):
    """Ticks so far, and those that took at most 20 ms."""
    for _ in range(200):
        try:
            text = request(port, path="/metrics", timeout=2).body.decode()
            return (
                int(re.search(r"evenkeel_tick_seconds_count (\d+)", text).group(1)),
                int(re.search(r'evenkeel_tick_seconds_bucket\{le="0.020000"\} (\d+)', text).group(1)),
            )
        except (OSError, AttributeError):
            time.sleep(0.05)
    raise AssertionError("no metrics")


def over(port, seconds):
    a = ticks(port)
    time.sleep(seconds)
    b = ticks(port)
    return b[0] - a[0], b[1] - a[1]


def test_a_flood_delays_no_tick():
    demo, stop = Demo("--speed", "300", "--seed", "7"), threading.Event()

    def flood():
        while not stop.is_set():
            try:
                request(demo.port, path="/api/status", timeout=1)
            except OSError:
                pass

    try:
        time.sleep(3)
        quiet = over(demo.port, 10)
        pages = [Socket(demo.port) for _ in range(100)]
        loops = [threading.Thread(target=flood, daemon=True) for _ in range(8)]
        for t in loops:
            t.start()
        loaded = over(demo.port, 10)
        stop.set()
        for t in loops:
            t.join(5)
        assert len(pages) == 100
        # Five ticks a second are due; this machine may be busy with other things,
        # so the flood is judged against the quiet time.
        assert quiet[0] > 20 and loaded[0] > quiet[0] * 0.7, (quiet, loaded)
        assert loaded[1] / loaded[0] > quiet[1] / quiet[0] - 0.25, (quiet, loaded)
    finally:
        stop.set()
        demo.close()


def test_a_stopped_and_a_killed_role_delay_no_tick():
    demo = Demo("--speed", "300", "--seed", "7")
    try:
        before = ticks(demo.port)[0]
        role = demo.role()
        os.kill(role, signal.SIGSTOP)
        time.sleep(5)
        os.kill(role, signal.SIGCONT)
        stopped = ticks(demo.port)[0]
        os.kill(role, signal.SIGKILL)
        time.sleep(4)
        killed = ticks(demo.port)[0]
        assert stopped - before >= 12 and killed - stopped >= 8
    finally:
        demo.close()
