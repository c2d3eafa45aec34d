"""The agent: a scratch directory, and runs of the binary in it."""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from .words import unbase58, wait_for

ROOT = Path(__file__).resolve().parents[3]
SEEDS = {7: "authority", 8: "delegate"}


def binary_of(build):
    """The built binary: embedded is the one that is shipped."""
    if build == "embedded":
        return Path(os.environ.get("EK_BIN", ROOT / "bin" / "evenkeel"))
    return Path(os.environ.get("EK_BIN_ORDINARY", ROOT / "bin" / "evenkeel-ordinary"))


class Run:
    """What one run of the binary came to."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    @property
    def status(self):
        """STATUS data of the last line of stdout."""
        lines = [x for x in self.out.splitlines() if x.strip()]
        assert lines, "no STATUS on stdout; exit %s, stderr:\n%s" % (self.code, self.err)
        message = json.loads(lines[-1])
        assert message["type"] == "STATUS"
        return message["data"]

    def __repr__(self):
        return "exit %s\n--- stdout\n%s--- stderr\n%s" % (self.code, self.out, self.err)


class Agent:
    """Key, config, state and control socket of one agent. Keys of the config are given as section__key;
    hedge is [hedge SOL-PERP]."""

    def __init__(self, binary, chain=None, seed=8, **changes):
        self.binary = Path(binary)
        self.home = Path(tempfile.mkdtemp(prefix="ek", dir="/tmp"))  # short: a socket's path has 108 bytes
        # The socket in a directory of its own: only there the agent removes it at its end.
        self.state, self.control = self.home / "state.bin", self.home / "run" / "ctl.sock"
        self.control.parent.mkdir()
        self.config, self.key = self.home / "ek.conf", self.home / "key.json"
        self.processes = []
        public = getattr(chain, SEEDS[seed]) if chain is not None else None
        if public:
            self.write_key(bytes([seed]) * 32 + unbase58(public))
        self.settings = {
            "agent": {
                "mode": "live",
                "loop_interval_seconds": "1",
                "state": self.state,
                "control": self.control,
            },
            "rpc": {"url": chain.url if chain is not None else "http://127.0.0.1:9", "timeout_ms": "2000"},
            "venue": {"name": chain.venue if chain is not None else "velocity"},
            "account": {"keypair": self.key},
            "hedge SOL-PERP": {"spot": "venue:SOL"},
            # Prices jump and hedges are opened anew all day in these tests: what bounds that has tests of its
            # own (Tests/signer).
            "signer": {
                "max_orders_per_hour": 100000,
                "max_loss_usd_per_day": 1000000,
                "max_price_move_pct": "100/100/100",
            },
            "order": {},
            "gates": {},
            "web": {"listen": ""},
        }
        if chain is not None and seed != 7:
            self.settings["account"]["authority"] = chain.authority
        self.set(**changes)

    def write_key(self, secret, mode=0o600):
        self.key.touch(mode=0o600)
        self.key.chmod(0o600)
        self.key.write_text(json.dumps(list(secret)))
        self.key.chmod(mode)

    def set(self, **changes):
        """Changes keys (None removes one) and writes the config."""
        for name, value in changes.items():
            section, key = name.split("__")
            section = "hedge SOL-PERP" if section == "hedge" else section
            if value is None:
                self.settings.setdefault(section, {}).pop(key, None)
            else:
                self.settings.setdefault(section, {})[key] = value
        self.config.write_text(self.text())

    def text(self):
        out = []
        for section, keys in self.settings.items():
            out.append("[%s]" % section)
            for k, v in keys.items():
                for one in v if isinstance(v, list) else [v]:
                    out.append("%s = %s" % (k, one))
        return "\n".join(out) + "\n"

    # --- whole runs
    def command(self, *words, seconds=30, env=None, stdin=None):
        began = time.monotonic()
        environment = {k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None}
        try:
            p = subprocess.run(
                [str(self.binary), *map(str, words)],
                capture_output=True,
                text=True,
                timeout=seconds,
                input=stdin,
                env=environment,
            )
        except subprocess.TimeoutExpired as e:
            raise AssertionError(
                "`%s` did not end within %s s\n%s" % (" ".join(map(str, words)), seconds, e.stderr)
            ) from None
        return Run(p.returncode, p.stdout, p.stderr, time.monotonic() - began)

    def once(self, *words, seconds=30, env=None):
        return self.command("run", "-c", self.config, "--once", "--json", *words, seconds=seconds, env=env)

    def said(self, *words):
        return self.command(*words, "-c", self.config)

    def record(self):
        r = self.command("state", "show", self.state)
        assert r.code == 0, r
        return json.loads(r.out)

    # --- a running agent
    def start(self, *words, env=None, user=None):
        p = Running(self, words, env, user)
        self.processes.append(p)
        return p

    def close(self):
        for p in self.processes:
            p.kill()
        shutil.rmtree(self.home, ignore_errors=True)


class Running:
    """`run` without --once; its STATUS lines and log are gathered while it runs."""

    def __init__(self, agent, words, env=None, user=None):
        self.process = subprocess.Popen(
            [str(agent.binary), "run", "-c", str(agent.config), "--json", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        self.pid = self.process.pid
        self.lines, self.log, self.at = [], "", []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        rests = {self.process.stdout.fileno(): b"", self.process.stderr.fileno(): b""}
        out = self.process.stdout.fileno()
        while rests:
            ready, _, _ = select.select(list(rests), [], [])
            for fd in ready:
                data = os.read(fd, 65536)
                if not data:
                    del rests[fd]
                elif fd == out:
                    *whole, rests[fd] = (rests[fd] + data).split(b"\n")
                    for line in whole:
                        self.at.append(time.monotonic())
                        self.lines.append(json.loads(line)["data"])
                else:
                    self.log += data.decode()

    def seen(self, *statuses, since=0):
        """The first STATUS of these since line number `since`, or None."""
        return next((x for x in self.lines[since:] if x["status"] in statuses), None)

    def until(self, *statuses, since=0, seconds=10):
        return wait_for(
            lambda: self.seen(*statuses, since=since),
            seconds,
            lambda: (
                "status %s (so far %s)\n%s" % (statuses, [x["status"] for x in self.lines[since:]], self.log)
            ),
        )

    # What the agent answers a command, or does to the chain, is there before its status line and its log are
    # read here: these two wait for them.
    def last(self, seconds=10, **having):
        """The newest STATUS, once it has these values."""

        def wanted():
            newest = self.lines[-1] if self.lines else {}
            return newest if having.items() <= newest.items() else None

        return wait_for(
            wanted,
            seconds,
            lambda: "last status with %s (it is %s)\n%s" % (having, self.lines[-1:], self.log),
        )

    def told(self, *texts, seconds=10):
        """Waits until the log has all of these texts."""
        wait_for(
            lambda: all(t in self.log for t in texts), seconds, lambda: "log with %s\n%s" % (texts, self.log)
        )

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=8):
        """Signals and waits; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                "did not stop within %s s of signal %s\n%s" % (seconds, number, self.log)
            ) from None
        self.reader.join(2)
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(2)
        for f in (self.process.stdout, self.process.stderr):
            f.close()
