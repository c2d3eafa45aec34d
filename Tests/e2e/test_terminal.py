"""`demo` and `status` on terminals of several sizes: no line wraps, nothing is stacked, and where the cursor
cannot be moved nothing tries to."""

import os
import re
import signal
import socket

import pexpect
import pytest

SIZES = [(24, 80), (30, 100), (40, 120)]
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def terminal(binary, words, rows=24, columns=80, seconds=30, **env):
    """Everything that a program wrote to a terminal of that size until its end."""
    t = pexpect.spawn(
        str(binary),
        list(map(str, words)),
        encoding="utf-8",
        timeout=seconds,
        dimensions=(rows, columns),
        env={**os.environ, "TERM": "xterm", **env},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    t.expect(pexpect.EOF)
    t.close()
    return t.before


class Screen:
    """As much of a terminal as these programs use; a line that is too long, or a move above the top, is an
    error here where a terminal would wrap and stack."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines, self.at, self.frames = [""], 0, 0

    def feed(self, text):
        for part in re.split(r"(\x1b\[[0-9;]*[A-Za-z]|\r|\n)", text):
            if part == "\n":
                self.at += 1
                if self.at == len(self.lines):
                    self.lines.append("")
            elif part == "\r":
                self.column = 0
            elif part.startswith("\x1b["):
                self.escape(part)
            elif part:
                self.lines[self.at] += part
                assert len(self.lines[self.at]) < self.columns, "wraps: %r" % self.lines[self.at]
        return self

    def escape(self, part):
        number = int(part[2:-1] or 1) if part[2:-1].isdigit() or part[2:-1] == "" else 1
        if part[-1] == "A":
            self.frames += 1
            assert number < self.rows, "moves up %d of %d rows" % (number, self.rows)
            self.at -= number
            assert self.at >= 0
        elif part[-2:] == "2K":
            self.lines[self.at] = ""
        elif part[-2:] == "2J":
            self.lines, self.at = [""], 0


@pytest.mark.parametrize("rows,columns", SIZES)
def test_the_demo_fits(agents, binary, rows, columns):
    agent = agents(binary, None)
    out = terminal(
        binary,
        ["demo", "--for", "6h", "--speed", "2400", "--seed", "5"],
        rows,
        columns,
        TMPDIR=str(agent.home),
    )
    screen = Screen(rows, columns).feed(out)
    assert screen.frames > 10, out
    shown = "\n".join(screen.lines)
    assert "evenkeel DEMO" in shown and shown.count("evenkeel DEMO") == 1, shown
    assert "/#token=" in shown and "mean |drift|" in shown and "EXPAND_SHORT" in shown, shown


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_terminal_that_cannot_redraw_gets_lines(agents, binary, env):
    agent = agents(binary, None)
    out = terminal(
        binary, ["demo", "--for", "30m", "--speed", "1200", "--no-web"], TMPDIR=str(agent.home), **env
    )
    assert (
        "\x1b" not in out and "evenkeel demo: velocity on the embedded chain" in out and "summary of" in out
    )


def test_the_demo_without_colour(agents, binary):
    agent = agents(binary, None)
    out = terminal(
        binary,
        ["demo", "--for", "30m", "--speed", "1200", "--no-web"],
        NO_COLOR="1",
        TMPDIR=str(agent.home),
    )
    assert not re.search(r"\x1b\[[0-9;]*m", out)


def test_a_demo_for_other_machines_warns_and_names_an_address(agents, binary):
    agent = agents(binary, None)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    r = agent.command(
        "demo",
        "--for",
        "10m",
        "--speed",
        "1200",
        "--listen",
        "0.0.0.0:%d" % port,
        env={"TMPDIR": str(agent.home)},
    )
    assert r.code == 0 and "not on loopback: who has its address controls the demo" in r.out, r
    host = re.search(r"http://([0-9.]+):%d/#token=" % port, r.out)[1]
    assert host != "0.0.0.0", r
    r = agent.command("demo", "--for", "10m", "--speed", "1200", env={"TMPDIR": str(agent.home)})
    assert "not on loopback" not in r.out


@pytest.mark.parametrize("rows,columns", [(24, 80), (12, 60), (40, 120)])
def test_status_fits(bench, binary, rows, columns):
    chain, agent = bench(chain={"perp": -9})
    running = agent.start()
    running.until("balanced")
    whole = agent.said("status").out
    shown = Screen(1000, columns).feed(terminal(binary, ["status", "-c", agent.config], rows, columns))

    def words(text):
        return re.sub(r"\d+ s ago|slot \d+", "", ESCAPE.sub("", text)).split()

    assert words("\n".join(shown.lines)) == words(whole)  # nothing is lost
    t = pexpect.spawn(
        str(binary),
        ["status", "--watch", "-c", str(agent.config)],
        encoding="utf-8",
        timeout=20,
        dimensions=(rows, columns),
        env={**os.environ, "TERM": "xterm"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    t.expect_exact("\x1b[H\x1b[2J")
    t.expect_exact("\x1b[H\x1b[2J")
    frame = t.before
    t.sendintr()
    t.expect(pexpect.EOF)
    assert frame.count("\n") < rows and Screen(rows, columns).feed(frame), frame
    out = terminal(binary, ["status", "-c", agent.config], rows, columns, TERM="dumb")
    assert "\x1b" not in out
    assert running.stop() == 143
