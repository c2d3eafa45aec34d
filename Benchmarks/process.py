"""The whole agent beside an embedded chain: memory, processor time, system calls, wakeups, allocations and
disk of ticks that change nothing. Over http, and over TLS with a certificate authority of its own: the agent
reads /etc/ssl/certs only, so it runs in a mount namespace of its own where that is our directory. Prints one
`name value` a line; what cannot be had on this machine is left out with a line on stderr.

    process.py BINARY ALLOCATIONS.so"""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Tests" / "e2e"))
from harness.agent import Agent  # noqa: E402
from harness.chain import localnet  # noqa: E402

INTERVAL_S = 0.25


def out(name, value):
    print("%s\t%s" % (name, value), flush=True)


def authority(directory):
    """A CA in OpenSSL's directory form and a server certificate for localhost."""

    def openssl(*words):
        p = subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True, text=True)
        return p.stdout

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-subj", "/CN=bench", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "srv.key", "-out", "srv.csr")
    (directory / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "ext"]
    openssl("x509", "-req", "-in", "srv.csr", *signed, "-out", "srv.pem")
    (directory / "certs").mkdir()
    name = openssl("x509", "-hash", "-noout", "-in", "ca.pem").strip() + ".0"
    shutil.copy(directory / "ca.pem", directory / "certs" / name)
    return directory / "certs"


class Tls(threading.Thread):
    """Ends TLS and passes the bytes on."""

    def __init__(self, directory, port):
        super().__init__(daemon=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "srv.pem", directory / "srv.key")
        self.listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port, self.to = self.listener.getsockname()[1], port
        self.start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def memory_kb(pid):
    text = Path("/proc/%d/smaps_rollup" % pid).read_text()
    kb = {k: int(v) for k, v in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    return kb["Rss"], kb["Private_Dirty"]


def cpu_ns(pid):
    return int(Path("/proc/%d/schedstat" % pid).read_text().split()[0])


def wakeups(pid):
    status = Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])


def written(pid):
    return int(re.search(r"^write_bytes: (\d+)", Path("/proc/%d/io" % pid).read_text(), re.M)[1])


class Running:
    """The agent with its STATUS lines counted: a line is a tick."""

    def __init__(self, agent, prefix=(), env=None):
        self.ticks = 0
        self.p = subprocess.Popen(
            [*prefix, str(agent.binary), "run", "-c", str(agent.config), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            text=True,
        )
        self.err = []
        threading.Thread(target=self.count, daemon=True).start()
        threading.Thread(target=lambda: self.err.extend(self.p.stderr), daemon=True).start()

    def count(self):
        for line in self.p.stdout:
            if json.loads(line)["type"] == "STATUS":
                self.ticks += 1

    def until(self, ticks, seconds=60):
        end = time.monotonic() + seconds
        while self.ticks < ticks:
            if time.monotonic() > end or self.p.poll() is not None:
                raise RuntimeError(
                    "the agent made %d of %d ticks: %s" % (self.ticks, ticks, "".join(self.err[-5:]))
                )
            time.sleep(0.01)

    def stop(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
            self.p.wait(10)


def traced(agent, prefix, ticks=20):
    """System calls a tick."""
    log = agent.home / "strace"
    r = Running(agent, prefix)
    r.until(8)
    s = subprocess.Popen(
        ["strace", "-f", "-c", "-o", str(log), "-p", str(r.p.pid)], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(2 * INTERVAL_S)
        began = r.ticks
        r.until(began + ticks)
        s.send_signal(signal.SIGINT)
        s.wait(10)
        made = r.ticks - began + 2 * INTERVAL_S / INTERVAL_S
        rows = [x.split() for x in log.read_text().splitlines() if re.match(r"\s*\d", x)]
        calls = {x[-1]: int(x[3]) / made for x in rows if x[-1] != "total"}
        return sum(calls.values()), calls
    finally:
        r.stop()


def measure(binary, shim, name, chain, prefix=(), **settings):
    def agent():
        return Agent(binary, chain, agent__loop_interval_seconds=str(INTERVAL_S), **settings)

    a = agent()
    r = Running(a, prefix)
    try:
        r.until(10)
        cost, wakes, disk = [], [], written(r.p.pid)
        for _ in range(5):
            c, w, t = cpu_ns(r.p.pid), wakeups(r.p.pid), r.ticks
            r.until(t + 16)
            cost.append((cpu_ns(r.p.pid) - c) / 1000 / (r.ticks - t))
            wakes.append((wakeups(r.p.pid) - w) / (r.ticks - t))
        out("cpu_us_a_tick_" + name, "%.0f\t%.0f\t%.0f" % (statistics.median(cost), min(cost), max(cost)))
        out("wakeups_a_tick_" + name, "%.1f" % statistics.median(wakes))
        out("disk_bytes_80_ticks_" + name, written(r.p.pid) - disk)
        out("rss_kb_" + name, memory_kb(r.p.pid)[0])
        out("private_dirty_kb_" + name, memory_kb(r.p.pid)[1])
    finally:
        r.stop()
        a.close()
    if shutil.which("strace"):
        a = agent()
        calls, each = traced(a, prefix)
        often = [x for x in sorted(each.items(), key=lambda x: -x[1]) if x[1] >= 0.3]
        out("syscalls_a_tick_" + name, "%.1f\t%s" % (calls, " ".join("%s %.1f" % x for x in often)))
        a.close()
    a = agent()
    counter = a.home / "allocations"
    r = Running(a, prefix, {"LD_PRELOAD": str(Path(shim).resolve()), "EK_ALLOCATIONS": str(counter)})
    try:
        r.until(10)

        def counts():
            raw = counter.read_bytes()
            return r.ticks, int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little")

        t0, own0, lib0 = counts()
        r.until(t0 + 40)
        t1, own1, lib1 = counts()
        out("allocations_own_a_tick_" + name, "%.1f" % ((own1 - own0) / (t1 - t0)))
        out("allocations_libraries_a_tick_" + name, "%.1f" % ((lib1 - lib0) / (t1 - t0)))
    finally:
        r.stop()
        a.close()


def main(binary, shim):
    # A key with SOL and the world's time: without them the agent asks and says more in every tick.
    chain = localnet(binary, perp=-10, wallet_sol=1, tick_ms=250, unix_ts=int(time.time()))
    scratch = Path(tempfile.mkdtemp(prefix="ekb", dir="/tmp"))
    settings = {"hedge__spot": "venue:SOL"}
    try:
        measure(binary, shim, "http", chain, **settings)
        certs = authority(scratch)
        under = 'mount --bind "$0" /etc/ssl/certs && exec "$@"'
        prefix = ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", under, str(certs)]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            tls = Tls(scratch, chain.port)
            measure(
                binary, shim, "tls", chain, prefix, rpc__url="https://localhost:%d" % tls.port, **settings
            )
        else:
            print("no mount namespace here: nothing is measured over TLS", file=sys.stderr)
    finally:
        chain.close()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
