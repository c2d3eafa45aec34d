"""sys_http against servers of its own: answers of every size and cut arrive whole, at once,
over http and TLS; what goes wrong is called what it is."""

import ctypes
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

OK, TIMEOUT, CONNECT, _UNREACHABLE, _NAME, _PROXY, TLS, BROKEN, TOO_LARGE = range(9)
MOST = 1 << 20


class Result(ctypes.Structure):
    _fields_ = [
        ("id", ctypes.c_uint32),
        ("endpoint", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("status", ctypes.c_long),
        ("body", ctypes.c_void_p),
        ("body_len", ctypes.c_size_t),
        ("latency_us", ctypes.c_uint32),
        ("retry_after_s", ctypes.c_int64),
        ("requests_left", ctypes.c_int64),
        ("error", ctypes.c_char_p),
    ]


class Server(threading.Thread):
    """A request's body says what comes back: "SIZE PIECE PAUSE_MS", the answer in pieces with pauses; "hang";
    "cut"."""

    def __init__(self, context=None):
        super().__init__(daemon=True)
        self.listener, self.context = socket.create_server(("127.0.0.1", 0)), context
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        try:
            with (
                self.context.wrap_socket(near, server_side=True) if self.context else near as s,
                s.makefile("rb") as lines,
            ):
                while lines.readline():
                    length = 0
                    while line := lines.readline().strip().lower():
                        if line.startswith(b"content-length:"):
                            length = int(line[15:])
                    words = lines.read(length).split()
                    if words == [b"hang"]:
                        time.sleep(30)
                    if words == [b"cut"]:
                        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                        return
                    size, piece, pause_ms = map(int, words)
                    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(
                        i % 251 for i in range(size)
                    )
                    for at in range(0, len(answer), piece):
                        s.sendall(answer[at : at + piece])
                        if pause_ms:
                            time.sleep(pause_ms / 1000)
        except (OSError, ValueError):
            pass


class Client:
    def __init__(self, library, url):
        self.l = library
        self.l.sys_http_new.restype = ctypes.c_void_p
        self.h = ctypes.c_void_p(self.l.sys_http_new())
        assert self.l.sys_http_add(self.h, url.encode()) == 0

    def post(self, body, id=1, timeout_ms=5000):
        assert self.l.sys_http_post(self.h, 0, id, body, len(body), timeout_ms) == 0

    def next(self, seconds=10, wait_ms=4000):
        """The next result with its body, and how long it took:
        a wait that missed its event would last as long as it may."""
        r, began = Result(), time.monotonic()
        while not self.l.sys_http_next(self.h, ctypes.byref(r)):
            assert time.monotonic() - began < seconds
            self.l.sys_http_wait(self.h, None, 0, wait_ms)
        return r, ctypes.string_at(r.body, r.body_len), time.monotonic() - began

    def close(self):
        self.l.sys_http_free(self.h)


def answers_of_every_size(library, url):
    c = Client(library, url)
    for size, piece, pause_ms in (
        (0, MOST, 0),
        (1, MOST, 0),
        (15000, MOST, 0),
        (16384, MOST, 0),
        (16385, MOST, 0),
        (100_000, 16384, 0),
        (300_000, 5000, 1),
        (MOST, 2 * MOST, 0),
        (60, 1, 2),
    ):
        c.post(b"%d %d %d" % (size, piece, pause_ms))
        r, body, took = c.next()
        assert r.kind == OK and r.status == 200 and body == bytes(i % 251 for i in range(size)), (
            size,
            r.kind,
            r.error,
        )
        assert took < 3, (size, piece, took)  # no wait ran out
    c.post(b"%d %d 0" % (MOST + 1, MOST))
    assert c.next()[0].kind == TOO_LARGE
    for i in range(4):
        c.post(b"400000 16384 1", id=i)
    assert c.l.sys_http_post(c.h, 0, 9, b"1 1 0", 5, 1000) == -1  # every lane is busy
    got = [c.next() for _ in range(4)]
    assert sorted(r.id for r, _, _ in got) == [0, 1, 2, 3] and all(
        r.kind == OK and len(body) == 400_000 for r, body, _ in got
    )
    c.close()


def test_over_http(sys_core):
    answers_of_every_size(sys_core, "http://127.0.0.1:%d" % Server().port)


def test_what_goes_wrong_has_its_name(sys_core):
    server = Server()
    c = Client(sys_core, "http://127.0.0.1:%d" % server.port)
    c.post(b"hang", timeout_ms=300)
    r, _, took = c.next()
    assert r.kind == TIMEOUT and 0.25 < took < 2
    c.post(b"cut")
    assert c.next()[0].kind == BROKEN
    c.post(b"5 99 0")  # and the next one is fine
    assert c.next()[0].kind == OK
    c.close()
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    c = Client(sys_core, "http://127.0.0.1:%d" % port)
    c.post(b"1 1 0")
    r, _, took = c.next()
    assert r.kind == CONNECT and took < 2
    c.close()


def test_the_callers_descriptors_end_a_wait(sys_core):
    c = Client(sys_core, "http://127.0.0.1:%d" % Server().port)
    read, write = os.pipe()
    fds = (ctypes.c_int * 3)(-1, read, -1)
    began = time.monotonic()
    assert sys_core.sys_http_wait(c.h, fds, 3, 50) == 0 and time.monotonic() - began >= 0.045
    os.write(write, b"x")
    c.post(b"hang", timeout_ms=2000)
    deadline = time.monotonic() + 1
    while (bits := sys_core.sys_http_wait(c.h, fds, 3, 500)) == 0 and time.monotonic() < deadline:
        pass
    assert bits == 2
    c.close()
    os.close(read)
    os.close(write)


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("openssl") or not shutil.which("unshare"),
    reason="needs root, unshare and openssl",
)
def test_over_tls(sys_core, tmp_path):
    """In a process of its own, with an authority of its own over /etc/ssl/certs.
    With the real directory the certificate is refused."""

    def openssl(*words):
        return subprocess.run(
            ["openssl", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    openssl(
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
        "subjectAltName=DNS:localhost",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    )
    (tmp_path / "certs").mkdir()
    shutil.copy(
        tmp_path / "cert.pem",
        tmp_path / "certs" / (openssl("x509", "-hash", "-noout", "-in", "cert.pem").strip() + ".0"),
    )
    mine = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount --bind "$0" /etc/ssl/certs && exec "$@"',
        str(tmp_path / "certs"),
    ]
    for prefix, word in ((mine, "sizes"), ([], "refused")):
        p = subprocess.run(
            [*prefix, sys.executable, __file__, sys_core._name, str(tmp_path), word],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert p.returncode == 0, p.stdout + p.stderr


if __name__ == "__main__":
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(Path(sys.argv[2]) / "cert.pem", Path(sys.argv[2]) / "key.pem")
    at = "https://localhost:%d" % Server(made).port
    if sys.argv[3] == "sizes":
        answers_of_every_size(ctypes.CDLL(sys.argv[1]), at)
    else:
        client = Client(ctypes.CDLL(sys.argv[1]), at)
        client.post(b"1 1 0")
        assert client.next()[0].kind == TLS
