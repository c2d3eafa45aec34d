"""A tick beside its floor and beside an older version, by turns in one run: a C program that makes the same
request over TLS and does nothing with the answer, the program as it is, and an older one where its binary is
given. Each is started anew in every round. Processor time is user and system of all the processes of one
program; a tick is a request of the whole book, as the relay that ends TLS counts them. Prints lines of
`name value`, as process.py does.

    against.py BINARY FLOOR [OLD_BINARY]"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from process import Agent, Tls, authority, cpu_ns, localnet, memory_kb, out

INTERVAL_S = 0.25
# Every tenth tick asks getHealth as well, the first time over a second connection that it opens: that is over
# when the measuring begins, and the measured ticks are whole tens.
ROUNDS, WARM, TICKS, STARTS = 5, 12, 30, 21
# What 0.1 does not know.
OLD = {"signer__max_loss_usd_per_day": None, "signer__max_price_move_pct": None}


class Relay(Tls):
    """Counts the requests of the whole book and keeps the last one."""

    def __init__(self, directory, port):
        self.books, self.others, self.body = 0, 0, b""
        super().__init__(directory, port)

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.requests, args=(near, far), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near), daemon=True).start()

    def requests(self, near, far):
        """Whole requests, one at a time: their heads say how long they are."""
        kept = b""
        try:
            while data := near.recv(65536):
                kept += data
                far.sendall(data)
                while b"\r\n\r\n" in kept:
                    head, rest = kept.split(b"\r\n\r\n", 1)
                    length = int(re.search(rb"content-length: *(\d+)", head, re.I)[1])
                    if len(rest) < length:
                        break
                    self.note(rest[:length])
                    kept = rest[length:]
            far.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def note(self, body):
        # the whole book: the plan's list, not the few accounts of a first look
        if b'"getMultipleAccounts"' in body and len(body) >= len(self.body) * 9 // 10:
            self.books += 1
            self.body = body
        else:
            self.others += 1


def family(pid):
    """The process and its children, theirs too."""
    path = "/proc/%d/task/%d/children" % (pid, pid)
    return [pid] + [p for child in Path(path).read_text().split() for p in family(int(child))]


class Started:
    """One program at its ticks."""

    def __init__(self, relay, argv, env=None):
        self.relay = relay
        self.began = relay.books
        self.p = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}
        )

    def until(self, books, seconds=60):
        end = time.monotonic() + seconds
        while self.relay.books - self.began < books:
            if time.monotonic() > end or self.p.poll() is not None:
                self.p.kill()
                raise RuntimeError(
                    "%s made %d of %d ticks: %s"
                    % (self.p.args, self.relay.books - self.began, books, self.p.stderr.read()[-800:])
                )
            time.sleep(0.02)

    def measured(self):
        """Microseconds and other requests a tick; resident and private KiB of the process that fetches."""
        self.until(WARM)
        each = family(self.p.pid)
        # between two ticks: half an interval after one
        time.sleep(INTERVAL_S / 2)
        cost, books, others = sum(map(cpu_ns, each)), self.relay.books, self.relay.others
        self.until(books - self.began + TICKS)
        time.sleep(INTERVAL_S / 2)
        cost, books, others = (
            sum(map(cpu_ns, each)) - cost,
            self.relay.books - books,
            self.relay.others - others,
        )
        return cost / 1000 / books, others / books, *memory_kb(self.p.pid)

    def stop(self):
        self.p.terminate()
        self.p.wait(10)
        self.p.stderr.close()


class Programs:
    """How each is started: by name, a function that gives its words, its environment and what to close."""

    def __init__(self, binary, floor, old, chain, body):
        self.binary, self.floor, self.old, self.chain, self.body = binary, floor, old, chain, body

    def agent(self, binary, url, *words, once=False):
        changes = OLD if binary == self.old else {}
        a = Agent(
            binary,
            self.chain,
            rpc__url=url,
            agent__loop_interval_seconds=str(INTERVAL_S),
            hedge__spot="venue:SOL",
            **changes,
        )
        return [str(binary), "run", "-c", str(a.config), *(["--once"] if once else []), *words], {}, a.close

    def of(self, url, once=False):
        named = {
            "floor": lambda: (
                [self.floor, url, str(self.body), "%d" % (INTERVAL_S * 1000)],
                {"GNUTLS_NO_IMPLICIT_INIT": "1"},
                lambda: None,
            )
        }
        for name, binary in (("old", self.old), ("new", self.binary)):
            if binary is None:
                continue
            named[name] = lambda b=binary: self.agent(b, url, once=once)
            if not once:
                named[name + "_json"] = lambda b=binary: self.agent(b, url, "--json")
        return named


def report(name, values):
    values = sorted(values)
    out(name, "%.1f\t%.1f\t%.1f" % (statistics.median(values), values[0], values[-1]))


def ticks(programs, relay, url, prefix):
    seen = {}
    for _ in range(ROUNDS):
        for name, how in programs.of(url).items():
            argv, env, close = how()
            s = Started(relay, [*prefix, *argv], env)
            try:
                seen.setdefault(name, []).append(s.measured())
            finally:
                s.stop()
                close()
    for name, rounds in seen.items():
        cost, others, resident, private = zip(*rounds)
        report("tick_us_" + name, cost)
        report("others_a_tick_" + name, others)
        report("tick_rss_kb_" + name, resident)
        report("tick_private_kb_" + name, private)
    for above, below in (
        ("old", "floor"),
        ("new", "floor"),
        ("new_json", "floor"),
        ("new", "old"),
        ("new_json", "old_json"),
    ):
        if above in seen and below in seen:
            report_ratio("tick_%s_by_%s" % (above, below), *([x[0] for x in seen[n]] for n in (above, below)))


def report_ratio(name, above, below):
    each = sorted(a / b for a, b in zip(above, below))
    out(name, "%.3f\t%.3f\t%.3f" % (statistics.median(each), each[0], each[-1]))


def starts(programs):
    """From fork to the first byte of the first request, as a listener sees it."""
    took = {}
    for _ in range(STARTS):
        with socket.create_server(("127.0.0.1", 0)) as s:
            s.settimeout(10)
            url = "http://127.0.0.1:%d" % s.getsockname()[1]
            for name, how in programs.of(url, once=True).items():
                argv, env, close = how()
                began = time.monotonic()
                p = subprocess.Popen(
                    argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **env}
                )
                c, _ = s.accept()
                c.recv(1)
                took.setdefault(name, []).append((time.monotonic() - began) * 1000)
                c.close()
                p.kill()
                p.wait()
                close()
    for name, each in took.items():
        each.sort()
        out(
            "start_ms_" + name,
            "%.1f\t%.1f\t%.1f" % (each[len(each) // 2], each[len(each) // 10], each[len(each) * 9 // 10]),
        )


def learn_body(programs, relay, url, prefix, path):
    """What the agent asks for once its list of accounts is complete."""
    argv, env, close = programs.agent(programs.binary, url)
    s = Started(relay, [*prefix, *argv], env)
    try:
        s.until(12)
        path.write_bytes(relay.body)
    finally:
        s.stop()
        close()
    out("request_bytes", len(relay.body))
    out("accounts_asked", len(json.loads(relay.body)["params"][0]))


def main(binary, floor, old=None):
    scratch = Path(tempfile.mkdtemp(prefix="ekf", dir="/tmp"))
    certs = authority(scratch)
    prefix = [
        "unshare",
        *(["-m"] if os.getuid() == 0 else ["-rm"]),
        "sh",
        "-c",
        'mount --bind "$0" /etc/ssl/certs && exec "$@"',
        str(certs),
    ]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        print("no mount namespace here: no tick is measured beside its floor", file=sys.stderr)
        shutil.rmtree(scratch)
        return
    if old is None:
        print("no older binary given: nothing is measured beside one", file=sys.stderr)
    # A key with SOL and the world's time: without them the agent asks and says more in every tick.
    chain = localnet(binary, perp=-10, wallet_sol=1, tick_ms=250, unix_ts=int(time.time()))
    try:
        relay = Relay(scratch, chain.port)
        url = "https://localhost:%d" % relay.port
        programs = Programs(binary, floor, old, chain, scratch / "body")
        learn_body(programs, relay, url, prefix, scratch / "body")
        starts(programs)
        ticks(programs, relay, url, prefix)
    finally:
        chain.close()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main(*sys.argv[1:])
