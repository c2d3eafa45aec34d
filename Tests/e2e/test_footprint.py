"""What a long run costs: memory and descriptors stay where they are, also through failures; and TLS is verified."""
import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from harness import wait_for
from harness.liar import Liar
from harness.lies import WAYS


def resident_kb(pid):
    return int(next(x for x in Path("/proc/%d/status" % pid).read_text().splitlines() if x.startswith("VmRSS")).split()[1])


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def test_nothing_grows(chains, agents, binary, fast_clock):
    """Hundreds of ticks, good ones and all kinds of bad ones, on a clock that runs twenty times as fast."""
    chain = chains("velocity", binary, perp=-10, tick_ms=20)
    liar = Liar(chain)
    agent = agents(binary, chain, rpc__url=liar.url, agent__loop_interval_seconds="0.2", rpc__timeout_ms=5000, rpc__max_latency_ms=100000)
    running = agent.start(env=fast_clock(20))

    def ticks(n, seconds):
        at = len(running.lines)
        wait_for(lambda: len(running.lines) >= at + n, seconds, "%d ticks" % n)
    bad = ["503", "malformed", "huge", "closed before the headers", "wrong owner", "deep nesting"]
    for way in [None] + bad + [None]:
        liar.honest()
        if way:
            liar.tell("getMultipleAccounts", WAYS[way][0])
        ticks(20 if way is None else 3, 30)
    liar.honest()
    running.until("balanced", since=len(running.lines), seconds=20)
    memory, fds = resident_kb(running.pid), descriptors(running.pid)
    for way in bad + [None]:
        liar.honest()
        if way:
            liar.tell("getMultipleAccounts", WAYS[way][0])
        ticks(60 if way is None else 3, 30)
    liar.honest()
    running.until("balanced", since=len(running.lines), seconds=20)
    assert resident_kb(running.pid) - memory <= 64, (memory, resident_kb(running.pid))
    assert descriptors(running.pid) <= fds + 1, (fds, descriptors(running.pid))
    assert resident_kb(running.pid) < 40_000
    assert running.stop() == 143
    liar.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_nobody_vouches_for(agents, binary, tmp_path):
    """https to a server with its own certificate: refused at the handshake, not a byte is asked."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(tmp_path / "k"), "-out", str(tmp_path / "c")],
                   check=True, capture_output=True)
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)

        def log_message(self, *_):
            pass
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(tmp_path / "c"), str(tmp_path / "k"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    agent = agents(binary, None, agent__mode="paper", account__keypair=None, account__authority="11111111111111111111111111111112",
                   rpc__url="https://localhost:%d/" % server.server_port)
    r = agent.once()
    server.shutdown()
    server.server_close()
    assert r.code == 11 and r.status["status"] == "error" and "TLS handshake or certificate refused" in r.err, r
    assert asked == []
