"""A real supervisord with the example's settings: killed, hanging, in a crash loop,
upgraded in place with an order open, its log rotated."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import localnet, wait_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "Deploy" / "examples" / "supervisord.conf"
TOOLS = Path(sys.executable).parent


class Supervisor:
    """supervisord over one agent: the example, with this test's paths and short times in place of its own."""

    def __init__(self, agent, program, **changes):
        if not (TOOLS / "supervisord").exists():
            pytest.skip("supervisor is not installed (Tests/requirements.txt)")
        self.home, self.agent = agent.home, agent
        self.program, self.log = self.home / "evenkeel", self.home / "evenkeel.log"
        shutil.copy(program, self.program)
        text = EXAMPLE.read_text()
        for key, value in {"startsecs": "1", **changes}.items():
            text, n = re.subn(r"^%s=.*$" % key, "%s=%s" % (key, value), text, flags=re.M)
            assert n == 1, key
        text = text.replace("/usr/bin/evenkeel", str(self.program)).replace(
            "/etc/evenkeel/evenkeel.conf", str(agent.config)
        )
        text = text.replace("/var/log/evenkeel/evenkeel.log", str(self.log))
        text = re.sub(r"^user=.*\n", "", text, flags=re.M)
        self.conf = self.home / "supervisord.conf"
        self.conf.write_text(
            """[supervisord]
logfile=%(h)s/supervisord.log
pidfile=%(h)s/supervisord.pid
[unix_http_server]
file=%(h)s/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(h)s/s.sock
"""
            % {"h": self.home}
            + text
        )
        self.process = subprocess.Popen(
            [str(TOOLS / "supervisord"), "-n", "-c", str(self.conf)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
        )

    def ctl(self, *words):
        return subprocess.run(
            [str(TOOLS / "supervisorctl"), "-c", str(self.conf), *words],
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    def state(self):
        words = self.ctl("status", "evenkeel").split()
        return words[1] if len(words) > 1 else ""

    def pid(self):
        out = self.ctl("pid", "evenkeel").strip()
        return int(out) if out.isdigit() and out != "0" else None

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def story(self):
        return (self.home / "supervisord.log").read_text() + self.said()

    def wait(self, what, seconds, words):
        return wait_for(what, seconds, lambda: "%s\n%s" % (words, self.story()))

    def balanced(self, seconds=20):
        import json

        def asked():
            r = self.agent.command("status", "--json", "-c", self.agent.config)
            return r.code == 0 and '"STATUS"' in r.out and json.loads(r.out)["data"]["status"] == "balanced"

        self.wait(asked, seconds, "balanced")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def supervised(program, agents):
    made = []

    def make(chain, before=None, **changes):
        agent = agents(chain, hedge__cooldown_seconds=0)
        if before:
            before(agent)
        made.append(Supervisor(agent, program, **changes))
        return made[-1]

    yield make
    for s in made:
        s.close()


@pytest.fixture
def drifted(program):
    c = localnet(program, perp=-9)
    yield c
    c.close()


def test_killed_and_started_again(drifted, supervised):
    s = supervised(drifted)
    s.balanced()
    pid = s.pid()
    os.kill(pid, signal.SIGKILL)
    s.wait(lambda: s.pid() not in (None, pid) and s.state() == "RUNNING", 15, "started again")
    s.balanced()
    assert len(drifted.landed()) == 1
    assert s.ctl("stop", "evenkeel") and s.state() == "STOPPED"
    assert "stopping on signal 15" in s.said()  # a clean stop


def test_a_crash_loop_slows_down_and_ends_up_fatal(chain, supervised):
    """The program is broken: the pauses between tries grow, then supervisord says FATAL and leaves it."""
    s = supervised(chain, startretries="3")
    s.balanced()
    s.ctl("stop", "evenkeel")
    s.program.write_text("#!/bin/sh\nexit 1\n")
    s.ctl("start", "evenkeel")
    s.wait(lambda: s.state() == "FATAL", 30, "FATAL")
    at = [
        time.mktime(time.strptime(x[:19], "%Y-%m-%d %H:%M:%S"))
        for x in s.story().splitlines()
        if "exited: evenkeel (exit status 1" in x
    ]
    gaps = [b - a for a, b in zip(at, at[1:])]
    assert len(at) >= 4 and gaps[-1] > gaps[0], (gaps, s.story())


def test_a_refused_config_waits_to_be_mended(chain, supervised):
    s = supervised(chain, before=lambda agent: agent.set(agent__loop_interval_seconds="often"), startsecs="5")
    s.wait(
        lambda: s.state() == "BACKOFF" and "loop_interval_seconds = often" in s.said(),
        15,
        "it is tried again, with pauses",
    )
    s.agent.set(agent__loop_interval_seconds="1")
    s.wait(lambda: s.state() in ("STARTING", "RUNNING") and s.pid(), 20, "it comes up by itself")
    s.balanced()


def test_a_hang_is_not_noticed_by_supervisord_but_by_those_who_ask(chain, supervised):
    """SIGSTOP: supervisord goes on saying RUNNING. `status` answers within its bound that nobody answers,
    which is what a cron job or the health check looks at; killed, it is started again."""
    s = supervised(chain)
    s.balanced()
    pid = s.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        r = s.agent.command("status", "--json", "-c", s.agent.config)
        assert '"STATUS"' not in r.out and time.monotonic() - began < 15, r
        assert s.state() == "RUNNING"
    finally:
        os.kill(pid, signal.SIGKILL)
    s.wait(lambda: s.pid() not in (None, pid), 15, "started again")
    s.balanced()


def test_upgraded_in_place_with_an_order_open(drifted, supervised, program):
    """The new binary is put over the old one, the old process is killed while its order is on the way;
    one correction."""
    drifted.fault("delay_send", n=1, slots=60)
    s = supervised(drifted)
    s.wait(
        lambda: "LIVE MODE: Executing" in s.said() and len(drifted.sends()) > 0, 20, "an order is on its way"
    )
    pid = s.pid()
    assert s.agent.record().get("ticket") is not None
    new = s.home / "evenkeel.new"
    shutil.copy(program, new)
    new.rename(s.program)
    os.kill(pid, signal.SIGKILL)
    s.wait(lambda: s.pid() not in (None, pid), 15, "the new one runs")
    s.balanced(30)
    assert drifted.perp() == -10 * 10**9 and len(drifted.landed()) == 1, drifted.landed()


def test_the_log_is_rotated(chain, supervised):
    s = supervised(
        chain,
        before=lambda agent: agent.set(agent__loop_interval_seconds="0.1"),
        command="/usr/bin/evenkeel run --verbose",
        stderr_logfile_maxbytes="3KB",
    )
    s.wait(lambda: (s.home / "evenkeel.log.2").exists(), 60, "rotated twice")
    files = sorted(s.home.glob("evenkeel.log*"))
    assert all(f.stat().st_size < 8192 for f in files) and s.state() == "RUNNING"
    lines = (s.home / "evenkeel.log.1").read_text().splitlines()
    assert all(x.startswith("time=") for x in lines[1:-1]), lines
