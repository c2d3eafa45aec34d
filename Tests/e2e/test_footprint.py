"""What a long run costs: memory and descriptors stay where they are, also through failures;
and TLS is verified."""

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
    return int(
        next(
            x for x in Path("/proc/%d/status" % pid).read_text().splitlines() if x.startswith("VmRSS")
        ).split()[1]
    )


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def test_nothing_grows(chains, agents, binary):
    """A hundred ticks, good ones and bad ones: after the first of each kind,
    memory and descriptors stand still."""
    chain = chains("velocity", binary, perp=-10, tick_ms=20)
    liar = Liar(chain)
    agent = agents(binary, chain, rpc__url=liar.url, agent__loop_interval_seconds="0.1")
    running = agent.start()

    def through(good):
        for way in ("huge", "closed before the headers"):
            liar.tell("getMultipleAccounts", WAYS[way][0])
            running.until("error", since=len(running.lines))
            liar.honest()
            running.until("balanced", since=len(running.lines), seconds=20)
        at = len(running.lines)
        wait_for(lambda: len(running.lines) >= at + good, 30, "%d ticks" % good)
        return resident_kb(running.pid), descriptors(running.pid)

    memory, files = through(10)
    more, still = through(60)
    assert more - memory <= 64 and still <= files + 1, (memory, more, files, still)
    assert more < 40_000
    assert running.stop() == 143
    liar.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_nobody_vouches_for(agents, binary, tmp_path):
    """https to a server with its own certificate: refused at the handshake, not a byte is asked."""
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(tmp_path / "k"),
            "-out",
            str(tmp_path / "c"),
        ],
        check=True,
        capture_output=True,
    )
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
    agent = agents(
        binary,
        None,
        agent__mode="paper",
        account__keypair=None,
        account__authority="11111111111111111111111111111112",
        rpc__url="https://localhost:%d/" % server.server_port,
    )
    r = agent.once()
    server.shutdown()
    server.server_close()
    assert (
        r.code == 11 and r.status["status"] == "error" and "TLS handshake or certificate refused" in r.err
    ), r
    assert asked == []
