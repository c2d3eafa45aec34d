"""What a supervisor is told: READY after the first whole tick, signs of life only for ticks that ended,
words; and the log it keeps."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from harness import wait_for
from test_alerts import receiver  # noqa: F401  (a fixture)


class Supervisor:
    """A notification socket as systemd has it, at a path or with an abstract name."""

    def __init__(self, home, abstract):
        self.name = "@ek-test-%d" % os.getpid() if abstract else str(home / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:] if abstract else self.name)
        self.socket.setblocking(False)
        self.heard = []

    def listen(self):
        while True:
            try:
                data = self.socket.recv(4096).decode()
            except BlockingIOError:
                return self.heard
            self.heard.append((time.monotonic(), dict(x.split("=", 1) for x in data.splitlines())))

    def having(self, key):
        return [(t, m) for t, m in self.listen() if key in m]

    def close(self):
        self.socket.close()


@pytest.fixture
def supervisors():
    made = []

    def make(home, abstract=False):
        made.append(Supervisor(home, abstract))
        return made[-1]
    yield make
    for s in made:
        s.close()


@pytest.mark.parametrize("abstract", [False, True])
def test_ready_after_the_first_whole_tick(bench, supervisors, abstract):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.3", rpc__timeout_ms="300")
    chain.fault("http_status", n=1000, methods=["getMultipleAccounts"], status=503)
    s = supervisors(agent.home, abstract)
    running = agent.start(env={"NOTIFY_SOCKET": s.name, "WATCHDOG_USEC": "1000000"})
    running.until("error")
    wait_for(lambda: s.having("WATCHDOG"), 5, "an ended tick is a sign of life")
    # a tick that read nothing is no readiness; more time is asked for instead
    assert not s.having("READY")
    assert s.having("EXTEND_TIMEOUT_USEC")
    assert int(s.having("WATCHDOG_USEC")[0][1]["WATCHDOG_USEC"]) == 2 * 300_000 + 10 * 300_000
    assert "HTTP 503" in s.having("STATUS")[-1][1]["STATUS"]
    chain.ctl("clear_faults")
    running.until("balanced")
    wait_for(lambda: s.having("READY"), 5, "ready")
    assert len(s.having("READY")) == 1 and s.having("READY")[0][1]["STATUS"].startswith("balanced: ")
    agent.set(hedge__drift_tolerance_pct="2")
    running.send(signal.SIGHUP)
    wait_for(lambda: s.having("RELOADING"), 5, "reloading")
    message = s.having("RELOADING")[0][1]
    assert abs(int(message["MONOTONIC_USEC"]) - time.monotonic_ns() // 1000) < 5_000_000
    wait_for(lambda: len(s.having("READY")) == 2, 5, "ready again")
    assert "settings reloaded" in s.having("READY")[1][1]["STATUS"]
    assert running.stop() == 143
    assert "stopping on signal 15" in s.having("STOPPING")[0][1]["STATUS"]


def test_a_hung_agent_gives_no_sign_of_life(bench, supervisors):
    """The watchdog is fed by ticks that end. A loop that is stopped,
    or that waits for a chain that never answers, is silent."""
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.2")
    s = supervisors(agent.home)
    running = agent.start(env={"NOTIFY_SOCKET": s.name, "WATCHDOG_USEC": "60000000"})
    wait_for(lambda: len(s.having("WATCHDOG")) >= 3, 5, "signs of life")
    assert not s.having("WATCHDOG_USEC")                # 60 s is long enough for this one
    running.send(signal.SIGSTOP)
    s.listen()
    at = len(s.heard)
    time.sleep(1)
    assert len(s.listen()) <= at + 1
    running.send(signal.SIGCONT)
    wait_for(lambda: len(s.listen()) > at + 2, 5, "it goes on")
    assert running.stop() == 143


def test_a_once_run_does_not_speak_to_the_supervisor(bench, supervisors):
    chain, agent = bench(chain={"perp": -10})
    s = supervisors(agent.home)
    assert agent.once(env={"NOTIFY_SOCKET": s.name}).code == 0 and s.listen() == []


def test_a_supervisor_that_is_not_there(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.2")
    running = agent.start(env={"NOTIFY_SOCKET": "/no/such/socket"})
    running.until("balanced")
    running.told("$NOTIFY_SOCKET cannot be used (No such file or directory)")
    assert running.stop() == 143


# --- the log
def test_repeated_complaints_are_counted(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.1", hedge__max_leverage="0.1",
                         hedge__drift_tolerance_pct="0.5")
    chain.ctl("set_user", perp=-9)
    running = agent.start()
    running.until("blocked")
    wait_for(lambda: len(running.lines) > 20, 10, "many ticks")
    assert running.stop() == 143
    lines = [x for x in running.log.splitlines() if "Rebalance blocked by validation" in x]
    assert len(lines) == 4, running.log                # three times, then one sum at the end
    more = re.search(r"Leverage would exceed 0\.1x … (\d+) more times in 1 min", lines[-1])
    assert more and len(running.lines) - 4 <= int(more[1]) <= len(running.lines), (lines, len(running.lines))


def test_the_life_of_an_order_is_told_whole(bench):
    """Equal sentences about different orders are never held back,
    and the order's lines carry its signature."""
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.2", hedge__cooldown_seconds="0",
                         hedge__max_trades_per_day="1000")
    running = agent.start()
    running.until("balanced")
    for _ in range(5):
        at = len(running.lines)
        chain.ctl("set_user", perp=-9)
        running.until("executed_live", since=at)
        running.until("balanced", since=at)
    assert running.stop() == 143
    assert len(re.findall(r"LIVE MODE: Executing EXPAND_SHORT for 1\.000000 SOL", running.log)) == 5
    told = re.findall(r"Transaction: (\w+)", running.log)
    tickets = re.findall(r" ticket=(\w{8}) ", running.log)
    assert len(told) == 5 and set(tickets) <= {x[:8] for x in told}


def test_journald_priorities_only_for_the_journal(bench):
    """The prefix is for what journald reads: stderr must be the very stream that $JOURNAL_STREAM names."""
    chain, agent = bench(chain={"perp": -10})
    r = agent.once(env={"JOURNAL_STREAM": "8:1234"})
    assert r.code == 0 and not re.search(r"^<", r.err, re.M), r.err
    read, write = os.pipe()
    there = os.fstat(write)
    p = subprocess.run([str(agent.binary), "run", "--once", "-c", str(agent.config)],
                       stdout=subprocess.DEVNULL, stderr=write, timeout=30,
                       env={**os.environ, "JOURNAL_STREAM": "%d:%d" % (there.st_dev, there.st_ino)})
    os.close(write)
    with os.fdopen(read) as f:
        lines = f.read().splitlines()
    assert p.returncode == 0 and lines and all(re.match(r"<[3467]>time=", x) for x in lines), lines


SECRETS = {"RPC_KEY": "mark1rpcsecret", "HOOK_KEY": "mark2hooksecret", "PING_KEY": "mark3pingsecret"}
FAULTS = [("http_status", {"status": 429}), ("http_status", {"status": 401}),
          ("http_status", {"status": 500}), ("malformed", {}), ("truncate", {}),
          ("close", {}), ("slow", {"ms": 1500}), ("rpc_error", {}), ("empty", {}), ("drop_send", {}),
          ("exec_http_error", {}), ("exec_close", {}),
          ("wrong_owner", {}), ("wrong_discriminator", {}), ("short_data", {}), ("null_account", {})]


def family(pid):
    """The agent; the keepers of the signer and of the page; the signer and the page."""
    out, rest = [], [pid]
    while rest:
        out.append(rest.pop())
        rest += [int(x) for x in Path("/proc/%d/task/%d/children" % (out[-1], out[-1])).read_text().split()]
    return out


def spellings(numbers):
    """What of the secrets and of the key must not be seen anywhere."""
    marks = ["mark%d" % i for i in range(1, 10)]
    marks += [between.join(map(str, numbers[:5])) for between in (",", ", ")]
    return [*marks, bytes(numbers[:32]).hex()[:16]]


def asked(port, path, said=None, method="GET"):
    """The page's answer as text, whatever it is."""
    headers = {"Accept-Encoding": "gzip", **({"Authorization": "Bearer " + said} if said else {})}
    r = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), method=method, headers=headers)
    try:
        with urllib.request.urlopen(r, timeout=5) as f:
            return str(f.headers) + f.read().decode("latin-1")
    except urllib.error.HTTPError as e:
        return str(e.headers) + e.read().decode("latin-1")
    except OSError as e:
        return str(e)


def test_no_secret_in_any_output(bench, receiver):  # noqa: F811
    """Marked secrets in every URL, inline and from the environment, the page's token and the key itself: no
    output of any of the processes shows one, in debug, whatever fails; not the alerts' bodies, the page's
    answers, the files beside the state, nor a command line. No process may dump core."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.1", hedge__cooldown_seconds="0",
                         hedge__max_trades_per_day="1000", rpc__timeout_ms="600", gates__max_failures="1000")
    token = agent.home / "web-token"
    token.touch(mode=0o600)
    token.write_text("mark9tokenmark9token\n")
    base = chain.url.rstrip("/")
    agent.set(rpc__url=[base + "/?api-key=${RPC_KEY}",
                        base.replace("//", "//mark4user:mark5pass@") + "/mark6path?x=mark7query"],
              alerts__webhook=receiver.url + "/mark8hook?token=${HOOK_KEY}",
              alerts__ping_url=receiver.url + "/${PING_KEY}", alerts__rpc_lost_seconds="1",
              alerts__blocked_minutes="0", web__listen="127.0.0.1:%d" % port, web__token_file=token)
    marks = spellings(json.loads(agent.key.read_text()))
    env = dict(SECRETS)
    running = agent.start("--verbose", env=env)
    running.until("balanced", seconds=20)
    outputs, seen = [], []
    for number, (kind, more) in enumerate(FAULTS):
        chain.fault(kind, n=3, **more)
        at = len(running.lines)
        if kind.startswith(("drop", "exec")):
            chain.ctl("set_user", perp=-9)
        receiver.status = 200 if number % 2 else 503
        wait_for(lambda: len(running.lines) > at + 2, 20, "ticks under " + kind)
        for path in ("/api/status", "/metrics", "/healthz", "/api/history?since=0", "/nothing"):
            seen.append(asked(port, path))
        chain.ctl("clear_faults")
    for path, said in (("/api/pause", "mark9tokenmark9token"), ("/api/resume", "mark9tokenmark9tokeN"),
                       ("/api/nonsense", "mark9tokenmark9token")):
        seen.append(asked(port, path, said, "POST"))
    everybody = family(running.pid)
    assert len(everybody) == 5
    for pid in everybody:
        limits = Path("/proc/%d/limits" % pid).read_text().splitlines()
        assert [x.split()[4] for x in limits if x.startswith("Max core")] == ["0"], pid
        seen.append(Path("/proc/%d/cmdline" % pid).read_text() + Path("/proc/%d/status" % pid).read_text())
    for words in (["status"], ["status", "--json"], ["status", "--accounts", agent.home / "read.json"],
                  ["pause"], ["resume"], ["rebalance"], ["reload"], ["mode", "paper"],
                  ["mode", "live", "--yes"], ["check"]):
        outputs.append(agent.command(*words, "-c", agent.config, seconds=60, env=env))
    signer = [p for p in everybody if Path("/proc/%d/comm" % p).exists()
              and Path("/proc/%d/comm" % p).read_text().startswith("evenkeel-signe")]
    for pid in signer:
        os.kill(pid, signal.SIGKILL)
    agent.set(order__max_slippage_pct="99")
    outputs.append(agent.said("reload"))
    outputs.append(agent.command("run", "-c", agent.config, env=env))
    agent.set(order__max_slippage_pct="0.5", rpc__url=["ftp://mark4user:mark5pass@127.0.0.1/mark6path"])
    outputs.append(agent.command("run", "-c", agent.config, env=env))
    agent.set(rpc__url=[base + "/?api-key=${RPC_KEY}"])
    receiver.status = 200
    # refused: the state file is locked; told by an alert
    outputs.append(agent.command("run", "-c", agent.config, env=env))
    assert running.stop(seconds=15) == 143
    assert any('"refused"' in x["body"] for x in receiver.got)
    assert any('"event":"correction"' in x["body"] for x in receiver.got)
    files = "".join(p.read_bytes().decode("latin-1") for p in agent.home.glob("state.bin*"))
    text = running.log + json.dumps(running.lines) + "".join(o.out + o.err for o in outputs)
    text += "".join(seen) + "".join(x["body"] for x in receiver.got) + files
    assert len(text) > 100_000 and len(seen) > 80 and files
    shown = [x for x in text.splitlines() if any(m in x for m in marks)]
    assert [m for m in marks if m in text] == [], shown[:3]


def test_a_full_log_does_not_stop_the_agent(bench):
    """Nobody reads stderr: the lines are dropped, the ticks go on."""
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="0.1")
    read, write = os.pipe()
    p = subprocess.Popen([str(agent.binary), "run", "--verbose", "-c", str(agent.config)],
                         stdout=subprocess.DEVNULL, stderr=write)
    os.close(write)
    try:
        wait_for(lambda: agent.control.exists(), 5, "the socket")
        before = chain.calls("getMultipleAccounts")
        wait_for(lambda: chain.calls("getMultipleAccounts") > before + 20, 20, "ticks")
    finally:
        p.terminate()
        assert p.wait(5) == 143
        os.close(read)
