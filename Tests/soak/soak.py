"""The whole program for hours, many times as fast as the world: agent, signer and page beside an embedded
chain, with faults, page clients, commands and reloads; every process's memory, descriptors and threads are
written down, and the chain's own record judges what was traded.

    soak.py [--binary B] [--seconds N | --ticks N] [--speed X] [--interval S] [--disturb HOURS] [--venue V]
    [--no-faults] [--seed N] [--every S]
            [--results FILE --title T]

Two hours at 1,000 times the speed by default: 60-second ticks, 83 days. Prints
one line a minute and a table at the end. Exit 1 when memory grew, a descriptor
or a thread stayed open, a process was replaced, or an order was wrong."""
import argparse
import base64
import collections
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "e2e"), str(ROOT / "Tests" / "crash")]
from harness import Agent, localnet  # noqa: E402
from judge import Judge  # noqa: E402

# a page table's or an allocator's whim; a leak of one byte a tick in two hours is 117 KiB
FLAT_KIB = 64
SICK = ["http_status", "malformed", "truncate", "close", "slow", "rpc_error", "empty", "drop_send",
        "delay_send", "exec_http_error", "exec_close", "null_account",
        "wrong_owner", "wrong_discriminator", "short_data", "behind", "freeze", "flap", "expire_blockhashes"]


def children(pid):
    """A process and all below it: {pid: name of its role}."""
    out = {}
    def walk(p):
        try:
            words = Path("/proc/%d/cmdline" % p).read_bytes().split(b"\0")
            below = Path("/proc/%d/task/%d/children" % (p, p)).read_text().split()
        except OSError:
            return
        role = words[1].decode() if len(words) > 1 else "?"
        out[p] = {"run": "agent", "signer-role": "signer", "web-role": "page"}.get(role, role)
        for c in below:
            walk(int(c))
    walk(pid)
    return out


def measure(pid):
    """(resident KiB, private written KiB, descriptors, threads); None when it cannot be looked at."""
    try:
        kb = {k: int(v) for k, v in re.findall(r"^(\w+): +(\d+) kB",
                                               Path("/proc/%d/smaps_rollup" % pid).read_text(), re.M)}
        descriptors, threads = (len(os.listdir("/proc/%d/%s" % (pid, what))) for what in ("fd", "task"))
        return kb["Rss"], kb["Private_Dirty"], descriptors, threads
    except (OSError, KeyError):
        return None


def written(pid):
    """Bytes that a process gave to files and pipes by write(); sockets are not counted."""
    try:
        return int(re.search(r"^wchar: (\d+)", Path("/proc/%d/io" % pid).read_text(), re.M)[1])
    except OSError:
        return 0


class Ticks(threading.Thread):
    """Counts the STATUS lines of a running agent and what they say."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.n, self.bytes, self.statuses = stream, 0, 0, collections.Counter()
        self.start()

    def run(self):
        for line in self.stream:
            self.n += 1
            self.bytes += len(line)
            m = re.search(rb'"status":"(\w+)"', line)
            self.statuses[m[1].decode() if m else "?"] += 1


class Log(threading.Thread):
    """The last lines of the log, and how many there were of each level."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.bytes = stream, 0
        self.last, self.levels = collections.deque(maxlen=40), collections.Counter()
        self.start()

    def run(self):
        for line in self.stream:
            self.bytes += len(line)
            self.last.append(line.decode().rstrip())
            m = re.search(rb"level=(\w+)", line)
            self.levels[m[1].decode() if m else "?"] += 1


def page_client(port, until, seen_all, longest_s):
    """Somebody looks at the page: a WebSocket that is left and opened again, and the JSON endpoints.

    `seen_all` is set once every answer had about its full length, the history half its points and more:
    up to then the page's buffers grow towards their bounds, and that is no leak."""
    rng, points = random.Random(1), 100
    while not until.is_set():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
                s.sendall(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                          b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
                          % (port, base64.b64encode(os.urandom(16))))
                ends = time.monotonic() + rng.uniform(1, longest_s)
                while time.monotonic() < ends and not until.is_set() and s.recv(65536):
                    pass
            full = False
            for path in ("/api/status", "/metrics", "/", "/api/history?points=%d" % points):
                body = b""
                with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
                    s.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"
                              % (path.encode(), port))
                    while part := s.recv(65536):
                        body += part
                full = body.count(b"],[") >= points // 2
            if full:
                seen_all.set()
        except OSError:
            until.wait(0.5)


def weather(chain, rng):
    """What goes wrong for the next while."""
    kind = rng.choice(SICK)
    if kind == "behind":
        chain.ctl("behind", slots=rng.choice([50, 500, 5000]))
    elif kind == "freeze":
        chain.ctl("freeze")
    elif kind == "flap":
        chain.ctl("snapshot")
        chain.ctl("flap", every=rng.choice([2, 3, 7]))
    elif kind == "expire_blockhashes":
        chain.ctl("expire_blockhashes")
    else:
        chain.fault(kind, n=rng.choice([1, 3, 10, 40]), status=rng.choice([429, 500, 503]),
                    ms=rng.choice([1, 20, 300]), slots=rng.choice([5, 30, 300]))
    chain.ctl("model", land_delay=rng.choice([0, 0, 2, 10]), take_fail_permille=rng.choice([0, 0, 300]),
              partial_permille=rng.choice([0, 0, 500]))
    return kind


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def book(a, port):
    """The chain and the agent on it, with its page at the port."""
    chain = localnet(a.binary, a.venue, speed=a.speed, tick_ms=None, unix_ts=int(time.time()), sol=10,
                     perp=-9, wallet_sol=1000, disturb=a.disturb, volatility=0.9, seed=a.seed)
    agent = Agent(a.binary, chain, agent__loop_interval_seconds=a.interval,
                  rpc__url=[chain.url, chain.url.replace("127.0.0.1", "localhost")], rpc__timeout_ms=5000,
                  hedge__max_trades_per_day=100000, gates__max_failures=1000,
                  web__listen="127.0.0.1:%d" % port)
    return chain, agent


def disagreements(a, lived, ticks, agent, filled):
    """What the agent's own record, the ticks and the chain's fills do not tell alike."""
    out = []
    record = agent.record()
    if int(record["corrections_total"]) != len(filled):
        out.append("the agent booked %s corrections, the chain saw %d"
                   % (record["corrections_total"], len(filled)))
    if (len(filled) == 0 and a.disturb) or ticks.n < lived * a.speed / float(a.interval) / 10:
        out.append("only %d ticks and %d corrections in %.0f s" % (ticks.n, len(filled), lived))
    return out


def run(a):
    rng, port = random.Random(a.seed), free_port()
    chain, agent = book(a, port)
    until, warm, disk = threading.Event(), threading.Event(), []
    samples, kinds = collections.defaultdict(list), collections.Counter()
    judge, trouble = Judge(chain, fresh_s=max(0.5, 180 / a.speed)), []
    p = subprocess.Popen([str(a.binary), "run", "-c", str(agent.config), "--json", "--speed", str(a.speed)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ticks, log = Ticks(p.stdout), Log(p.stderr)
    threading.Thread(target=page_client, args=(port, until, warm, min(20, a.seconds / 20)),
                     daemon=True).start()
    if not warm.wait(120):
        trouble.append("the page gave no history of some length within two minutes")
    began, said, looked, next_weather, roles = time.monotonic(), 0.0, 0.0, 0.0, None
    over = lambda: ticks.n >= a.ticks if a.ticks else time.monotonic() - began >= a.seconds  # noqa: E731
    try:
        while not over() and p.poll() is None:
            time.sleep(0.2)
            now = time.monotonic() - began
            if a.faults and now > next_weather:
                chain.ctl("clear_faults")
                if rng.random() < 0.7:
                    kinds[weather(chain, rng)] += 1
                next_weather = now + rng.uniform(0.3, 6)
            if now - looked >= a.every:
                looked = now
                judge.collect()
                alive = children(p.pid)
                if roles is None:
                    roles = alive
                elif set(roles) != set(alive):
                    trouble.append("after %.0f s the processes are %s, at the start they were %s"
                                   % (now, alive, roles))
                    roles = alive
                disk.append((now, sum(map(written, alive)) - ticks.bytes - log.bytes))
                for pid, role in alive.items():
                    m = measure(pid)
                    if m:
                        samples[pid, role].append((now, *m))
                if rng.random() < 0.2:
                    p.send_signal(signal.SIGHUP)
                if rng.random() < 0.3:
                    agent.command("status", "-c", agent.config)
            if now - said >= 60:
                said = now
                rss = {role: s[-1][1:] for (pid, role), s in samples.items()}
                print("%5.0f s  %7d ticks  %s  %s" % (now, ticks.n, dict(ticks.statuses), rss), flush=True)
        lived = time.monotonic() - began
        if p.poll() is not None:
            trouble.append("the agent ended by itself with %s: %s" % (p.returncode, "\n".join(log.last)))
        chain.ctl("clear_faults")
        chain.ctl("model", take_fail_permille=0, partial_permille=0)
        time.sleep(max(3.0, 5 * float(a.interval) / a.speed))
        until.set()
        p.send_signal(signal.SIGTERM)
        code = p.wait(10)
        if code != 143:
            trouble.append("it stopped with %s" % code)
        trouble += judge.findings()
        filled = judge.filled()
        trouble += disagreements(a, lived, ticks, agent, filled)
        files = sum(f.stat().st_blocks * 512 for f in agent.home.iterdir() if f.name.startswith("state.bin"))
        return report(a, lived, ticks, log, samples, kinds, judge, filled, files, disk, trouble)
    finally:
        until.set()
        if p.poll() is None:
            p.kill()
            p.wait()
        agent.close()
        chain.close()


def a_day(disk, day_s):
    """What was written a virtual day, in words."""
    if len(disk) < 2:
        return "not measured"
    average, busiest = (disk[-1][1] - disk[0][1]) / (disk[-1][0] - disk[0][0]) * day_s / 1024, 0
    if disk[-1][0] - disk[0][0] < day_s:
        return "%.0f KiB on average" % average
    for i, (t, n) in enumerate(disk):
        first = next(j for j, (u, _) in enumerate(disk) if u > t - day_s)
        busiest = max(busiest, n - disk[max(0, first - 1)][1])
    return "%.0f KiB on average, %.0f KiB in the busiest stretch of a day" % (average, busiest / 1024)


def report(a, lived, ticks, log, samples, kinds, judge, filled, files, disk, trouble):
    """Judges the samples and says everything; into the results file too when there is one. The exit code."""
    out = []

    def counted(c):
        return ", ".join("%s %d" % x for x in c.most_common()) or "none"
    out.append("| | |\n|---|---|")
    out.append("| run | %.0f s at %d times the speed, a tick every %s s: %.1f days, %s, seed %d |" % (
        lived, a.speed, a.interval, lived * a.speed / 86400, a.venue, a.seed))
    out.append("| ticks | %d: %s |" % (ticks.n, counted(ticks.statuses)))
    out.append("| orders | %d sent, %d corrections, each judged by the chain's record |"
               % (len(judge.orders()), len(filled)))
    out.append("| faults | %d: %s |" % (sum(kinds.values()), counted(kinds)))
    out.append("| log lines | %s |" % counted(log.levels))
    out.append("| written to disk a day | %s; state and history take %d KiB |"
               % (a_day(disk, 86400 / a.speed), files // 1024))
    out.append("\n| process | resident, KiB | private written, KiB | descriptors | threads |")
    out.append("|---|---|---|---|---|")
    for (pid, role), s in samples.items():
        tenth = max(1, len(s) // 10)
        # lanes, pools and lists fill to their bounds at first
        early, late = s[tenth:5 * tenth] or s[:1], s[-tenth:]

        def at(rows, i):
            return statistics.median_low([r[i] for r in rows])

        def cell(i):
            return "%d, then %d (most %d)" % (at(early, i), at(late, i), max(r[i] for r in s))
        out.append("| %s | %s | %s | %s | %s |" % (role, cell(1), cell(2), cell(3), cell(4)))
        if len(s) >= 20:
            for i, what, most in ((2, "private memory", FLAT_KIB), (3, "descriptors", 0), (4, "threads", 0)):
                if min(r[i] for r in late) - max(r[i] for r in early) > most:
                    trouble.append("%s of %s (process %d): %d, at the end %d"
                                   % (what, role, pid, at(early, i), at(late, i)))
    out.append("\n" + "\n".join(["WRONG: " + t for t in trouble] or ["Flat, and every order right."]))
    print("\n" + "\n".join(out))
    if a.results:
        with a.results.open("a") as f:
            f.write("### %s\n\n%s\n\n" % (a.title, "\n".join(out)))
    return 1 if trouble else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--binary", type=Path, default=ROOT / "bin" / "evenkeel")
    p.add_argument("--seconds", type=float, default=7200)
    p.add_argument("--ticks", type=int)
    p.add_argument("--speed", type=int, default=1000)
    p.add_argument("--interval", default="60")
    p.add_argument("--venue", default="velocity")
    p.add_argument("--disturb", type=float, default=1.5)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--every", type=float, default=10)
    p.add_argument("--results", type=Path, help="the figures are added to this file, under --title")
    p.add_argument("--title", default="Soak")
    p.add_argument("--no-faults", dest="faults", action="store_false")
    sys.exit(run(p.parse_args()))


if __name__ == "__main__":
    main()
