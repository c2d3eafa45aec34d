"""The role's server: routes, who may ask, limits, WebSockets, and its life beside the agent."""

import json
import os
import signal
import socket
import time

import pytest

from conftest import TOKEN
from wire import Answer, Socket, exchange, request

BEARER = "Bearer " + TOKEN


def until(check, seconds=10):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


# --- routes


def test_status_is_served_as_it_was_published(role):
    text = role.publish()
    until(lambda: request(role.port, path="/api/status").status == 200)
    a = request(role.port, path="/api/status")
    assert a.body.decode() == text and a.headers["content-type"] == "application/json"


def test_before_the_first_tick_nothing_is_made_up(role):
    assert request(role.port, path="/api/status").status == 503
    a = request(role.port, path="/healthz")
    assert a.status == 503 and b"no tick" in a.body


def test_health_turns_within_two_intervals(role):
    role.tell("interval 60000")
    role.publish()
    until(lambda: request(role.port, path="/healthz").status == 200)
    role.tell("age 119000")
    time.sleep(0.3)
    assert request(role.port, path="/healthz").status == 200
    role.tell("age 120100")
    until(lambda: request(role.port, path="/healthz").status == 503)
    assert b"no tick has completed for 12" in request(role.port, path="/healthz").body


def test_the_page_carries_its_policy_and_no_cookie(role):
    a = request(role.port, accept_encoding="gzip")
    assert a.status == 200 and a.headers["content-encoding"] == "gzip"
    assert (
        "default-src 'none'" in a.headers["content-security-policy"]
        and "unsafe" not in a.headers["content-security-policy"]
    )
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ):
        assert a.headers[name] == value
    assert "set-cookie" not in a.headers and "access-control-allow-origin" not in a.headers
    assert request(role.port).status == 406


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/",
        "//",
        "/./",
        "/api/",
        "/api/status/",
        "/api//status",
        "/API/STATUS",
        "/api/status%00",
        "/index.html",
        "/ws/",
        "http://127.0.0.1/api/status",
        "*",
        "/" + "a" * 300,
        "/api/status;x",
        "/.git/config",
        "/\\..\\",
    ],
)
def test_no_path_leads_anywhere_else(role, path):
    """libwebsockets tidies a path before it is looked up; what it becomes is one of the few that are served,
    or nothing."""
    text = role.publish()
    a = request(role.port, path=path)
    assert a.status in (400, 403, 404, 406, 414, 0) or (a.status, a.body.decode()) == (200, text)
    assert b"root:" not in a.body and b"[core]" not in a.body


@pytest.mark.parametrize(
    "method,status",
    [("HEAD", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405), ("TRACE", 405), ("BREW", 0)],
)
def test_get_and_post_only(role, method, status):
    a = request(role.port, method, "/api/status")
    assert a.status in (status, 405, 403, 400, 0) and b"STATUS" not in a.body


def test_get_is_no_command(role):
    assert request(role.port, path="/api/pause", authorization=BEARER).status == 405
    assert request(role.port, "POST", "/api/status", authorization=BEARER).status == 404


# --- who may ask


@pytest.mark.parametrize(
    "name,status",
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("10.1.2.3", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:80", 403),
        ("", 403),
        ("127.0.0.1:80:80", 403),
        ("127.0.0.1:port", 403),
        ("[::1", 403),
        ("localhost, evil.example", 403),
        ("0x7f.1", 403),
    ],
)
def test_a_rebound_name_is_refused(role, name, status):
    role.publish()
    until(lambda: request(role.port, path="/api/status").status == 200)
    assert request(role.port, path="/api/status", host=name).status == status


def test_two_hosts_are_no_host(role):
    raw = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert Answer(exchange(role.port, raw)).status in (400, 403)
    assert Answer(exchange(role.port, b"GET /healthz HTTP/1.0\r\n\r\n")).status in (400, 403)


@pytest.mark.parametrize(
    "origin,ok",
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("https://127.0.0.1:{port}", True),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:1", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://127.0.0.1:{port}.evil.example", False),
        ("file://", False),
    ],
)
def test_cross_site_is_refused(role, origin, ok):
    role.publish()
    until(lambda: request(role.port, path="/api/status").status == 200)
    said = {} if origin is None else {"origin": origin.format(port=role.port)}
    assert request(role.port, path="/api/status", **said).status == (200 if ok else 403)
    assert Socket(role.port, origin=said.get("origin")).status == (101 if ok else 403)


def test_a_proxy_name_is_allowed_and_needs_the_token(roles):
    role = roles(names="keel.example.com, other.example")
    role.publish()
    until(
        lambda: (
            request(role.port, path="/api/status", host="other.example", authorization=BEARER).status == 200
        )
    )
    for host in ("keel.example.com", "KEEL.example.com:443", "other.example"):
        assert request(role.port, path="/api/status", host=host).status == 401
        assert (
            request(
                role.port, path="/api/status", host=host, authorization=BEARER, origin="https://" + host
            ).status
            == 200
        )
    assert request(role.port, path="/api/status", host="third.example", authorization=BEARER).status == 403
    assert (
        request(role.port, path="/metrics").status == 401
        and request(role.port, path="/healthz").status == 200
    )
    s = Socket(role.port)
    with pytest.raises((ConnectionError, socket.timeout)):
        s.message(7)  # nothing is said to who says nothing; closed after five seconds
    s = Socket(role.port)
    s.send("token " + TOKEN)
    assert s.json("TOKEN")["ok"] is True and s.json("STATUS")["status"] == "balanced"


def test_another_address_needs_the_token(roles):
    role = roles(host="0.0.0.0")
    role.publish()
    assert request(role.port, path="/api/status").status == 401
    assert request(role.port, path="/api/status", authorization=BEARER).status == 200


def test_ipv6(roles):
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    role = roles(host="::1")
    role.publish()
    until(lambda: request(role.port, path="/api/status", host="[::1]:%d" % role.port, at="::1").status == 200)


@pytest.mark.parametrize(
    "value",
    [
        "",
        TOKEN,
        "Basic " + TOKEN,
        "Bearer ",
        "Bearer " + TOKEN + "x",
        "Bearer " + TOKEN[:-1],
        "Bearer  " + TOKEN,
        "Bearer " + "x" * 128,
        "Bearer " + "x" * 400,
    ],
)
def test_a_wrong_token_is_slow_and_nothing_happens(role, value):
    began = time.monotonic()
    a = request(role.port, "POST", "/api/pause", authorization=value)
    assert a.status in (401, 403)
    assert a.status == 401 or time.monotonic() - began > 0.9
    assert not any(x.startswith("command") for x in role.said)


def test_wrong_tokens_hold_nobody_up(role):
    role.publish()
    waiting = [socket.create_connection(("127.0.0.1", role.port)) for _ in range(40)]
    for s in waiting:
        s.sendall(
            b"POST /api/pause HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
            b"Bearer nonsense-nonsense-nonsense\r\n\r\n"
        )
    began = time.monotonic()
    assert request(role.port, path="/healthz").status in (200, 503) and time.monotonic() - began < 0.8
    for s in waiting:
        s.close()


def test_without_a_token_file_there_are_no_controls(roles):
    role = roles(token=False)
    a = request(role.port, "POST", "/api/pause", authorization="Bearer " + "\0" * 8)
    assert a.status in (400, 403, 0)
    assert request(role.port, "POST", "/api/pause", authorization="Bearer ").status == 403
    s = Socket(role.port)
    assert s.json("HEARTBEAT")["controls"] is False


# --- commands


@pytest.mark.parametrize(
    "path,name",
    [
        ("pause", "pause"),
        ("stop", "pause"),
        ("resume", "resume"),
        ("start", "resume"),
        ("rebalance", "rebalance"),
        ("flatten", "flatten"),
        ("paper", "paper"),
        ("live", "live"),
    ],
)
def test_commands_reach_the_agent_and_their_end_every_page(role, path, name):
    pages = [Socket(role.port) for _ in range(3)]
    a = request(role.port, "POST", "/api/" + path, authorization=BEARER)
    assert a.status == 200 and a.json == {
        "type": "COMMAND_RESULT",
        "data": {"command": name, "ok": True, "message": "done: " + name},
    }
    role.line("command " + name)
    for p in pages:
        assert p.json("COMMAND_RESULT")["command"] == name


def test_a_command_with_a_body_is_taken_and_a_large_one_is_not(role):
    assert request(role.port, "POST", "/api/pause", authorization=BEARER, body=b"{}").status == 200
    time.sleep(0.3)
    assert request(role.port, "POST", "/api/pause", authorization=BEARER, body=b"x" * 2000).status == 413
    raw = (
        "POST /api/pause HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
        "Content-Length: 99999999999999999999\r\n\r\n" % BEARER
    ).encode()
    assert Answer(exchange(role.port, raw, timeout=3)).status in (0, 400, 413)
    time.sleep(0.3)
    assert request(role.port, "POST", "/api/pause", authorization=BEARER).status == 200


def test_commands_come_one_after_the_other(role):
    answers = [request(role.port, "POST", "/api/pause", authorization=BEARER).status for _ in range(4)]
    assert answers[0] == 200 and 429 in answers


def test_an_agent_that_does_not_answer_is_said_so(role):
    role.tell("mute")
    a = None
    while a is None or a.status == 200:  # until it has heard that
        began = time.monotonic()
        a = request(role.port, "POST", "/api/pause", authorization=BEARER, timeout=12)
    assert a.status == 504 and 4.5 < time.monotonic() - began < 9


# --- the WebSocket


def test_status_on_connect_and_at_once_when_it_changes(role):
    role.publish()
    until(lambda: request(role.port, path="/api/status").status == 200)
    s = Socket(role.port)
    assert s.json("STATUS")["n"] == 1
    assert s.json("HEARTBEAT")["healthy"] is True
    took = []
    for n in range(2, 22):
        began = time.monotonic()
        role.publish('{"type":"STATUS","data":{"n":%d}}' % n)
        assert s.json("STATUS")["n"] == n
        took.append(time.monotonic() - began)
    assert sorted(took)[len(took) // 2] < 0.25


def test_the_heartbeat_knows_the_age(role):
    role.publish()
    role.tell("age 7000")
    time.sleep(0.2)
    beat = Socket(role.port).json("HEARTBEAT")
    assert 7 <= beat["status_age_seconds"] < 9 and beat["interval_seconds"] == 60


def test_a_heartbeat_comes_without_news(role):
    role.publish()
    s = Socket(role.port)
    s.json("HEARTBEAT")
    s.json("HEARTBEAT", timeout=8)


@pytest.mark.parametrize("bad", ["binary", "long", "split", "many"])
def test_a_client_that_talks_nonsense_is_closed(role, bad):
    role.publish()
    s = Socket(role.port)
    with pytest.raises((ConnectionError, ConnectionResetError, BrokenPipeError)):
        if bad == "binary":
            s.send(b"token " + TOKEN.encode(), opcode=2)
        elif bad == "long":
            s.send("x" * 100000)
        elif bad == "split":
            s.send("tok", final=False)
            s.send("en x", opcode=0)
        else:
            for _ in range(20):
                s.send("hello")
        while True:
            s.message(6)
    role.publish()  # to be thrown out may have taken longer than a book stays fresh
    assert request(role.port, path="/healthz").status == 200


def test_a_wrong_token_on_the_socket_ends_it(role):
    role.publish()
    s = Socket(role.port)
    s.send("token nonsense-nonsense-nonsense")
    with pytest.raises(ConnectionError):
        while True:
            assert json.loads(s.message(6))["type"] != "TOKEN"


def test_no_other_upgrade(role):
    raw = (
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    )
    assert not exchange(role.port, raw, timeout=2).startswith(b"HTTP/1.1 101")
    assert Socket(role.port, "/").status == 404
    assert Socket(role.port, extra=["Sec-WebSocket-Protocol: agent"]).status == 400
    assert exchange(role.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", timeout=2)[:12] != b"HTTP/1.1 200"
    assert request(role.port, path="/healthz").status == 503


def test_200_clients_all_hear(role):
    role.publish()
    clients = [Socket(role.port) for _ in range(200)]
    assert all(c.status == 101 for c in clients)
    for c in clients:
        c.json("STATUS")
    began = time.monotonic()
    role.publish('{"type":"STATUS","data":{"n":2,"pad":"%s"}}' % ("x" * 5000))
    for c in clients:
        while c.json("STATUS", timeout=10).get("n") != 2:
            pass
    assert time.monotonic() - began < 3
    more = [Socket(role.port) for _ in range(70)]
    assert [m.status for m in more].count(101) <= 56 and request(
        role.port, path="/healthz", timeout=15
    ).status in (200, 0)
    for c in clients + more:
        c.close()
    until(lambda: request(role.port, path="/healthz").status == 200)
    assert Socket(role.port).status == 101


def test_a_slow_client_is_dropped_and_not_buffered(roles):
    role = roles(plain=True)
    pad = '{"type":"STATUS","data":{"n":%d,"pad":"' + "x" * 30000 + '"}}'
    slow = Socket(role.port)
    slow.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    quick = Socket(role.port)
    before = resident(role.pid)
    began, n = time.monotonic(), 0
    while time.monotonic() - began < 14:
        n += 1
        role.publish(pad % n)
        while quick.json("STATUS")["n"] != n:
            pass
        time.sleep(0.02)
    assert n > 100 and resident(role.pid) - before < 4 << 20
    slow.s.settimeout(5)
    with pytest.raises((ConnectionError, ConnectionResetError)):
        while slow.s.recv(1 << 20):
            pass
        raise ConnectionError("closed")
    until(lambda: Socket(role.port).json("HEARTBEAT")["clients"] <= 3)


def resident(pid):
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


# --- limits


def test_large_headers_are_refused(role):
    for raw in (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Big: " + b"a" * 20000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
        + b"".join(b"X-%d: y\r\n" % i for i in range(5000))
        + b"\r\n",
        b"GET /" + b"a" * 50000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\0" * 5000,
        b"\xff" * 5000,
        b"\r\n" * 5000,
    ):
        assert not exchange(role.port, raw, timeout=3).startswith(b"HTTP/1.1 200")
    assert request(role.port, path="/healthz").status == 503


def test_slowloris(role):
    """Many connections that never end their headers are closed, and others are served meanwhile."""
    role.publish()
    began = time.monotonic()
    held = []
    for _ in range(250):
        s = socket.create_connection(("127.0.0.1", role.port))
        s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        held.append(s)
    assert request(role.port, path="/healthz", timeout=10).status == 200
    alive = len(held)
    while alive and time.monotonic() - began < 25:
        for s in list(held):
            try:
                s.send(b"b")
                s.settimeout(0.001)
                if s.recv(100) == b"":
                    raise ConnectionError
            except (socket.timeout, BlockingIOError):
                continue
            except OSError:
                held.remove(s)
        alive = len(held)
        time.sleep(0.5)
    assert alive == 0, "%d still open" % alive
    assert request(role.port, path="/healthz").status == 200


def test_a_flood_is_answered_with_429_and_ends(role):
    role.publish()
    answers = {}
    for _ in range(900):
        a = request(role.port, path="/healthz")
        answers[a.status] = answers.get(a.status, 0) + 1
    assert answers.get(200, 0) > 500
    time.sleep(1.5)
    assert request(role.port, path="/healthz").status == 200


def test_many_requests_on_one_connection(role):
    role.publish()
    s = socket.create_connection(("127.0.0.1", role.port), timeout=5)
    got = b""
    for _ in range(50):
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while got.count(b"ticks complete") == 0:
            got += s.recv(4096)
        got = b""
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)  # pipelined
    end = time.monotonic() + 5
    while got.count(b"ticks complete") < 20 and time.monotonic() < end:
        got += s.recv(65536)
    assert got.count(b"HTTP/1.1 200") == 20


# --- its life beside the agent


def test_killed_it_comes_back_with_the_newest_status(role):
    role.publish()
    until(lambda: request(role.port, path="/api/status").status == 200)
    os.kill(role.pid, signal.SIGKILL)
    assert "signal 9" in role.line("said ")
    role.tell('status {"type":"STATUS","data":{"n":77}}')  # while nobody serves
    role.started()
    until(lambda: request(role.port, path="/api/status").status == 200)
    assert request(role.port, path="/api/status").json["data"]["n"] == 77


def test_the_pause_before_a_restart_grows(role):
    waits = []
    for _ in range(3):
        began = time.monotonic()
        os.kill(role.pid, signal.SIGKILL)
        role.started()
        waits.append(time.monotonic() - began)
    assert 0.9 < waits[0] < waits[1] < waits[2] and waits[2] > 3.5


def test_stopped_it_does_not_hold_the_agent(role):
    role.publish()
    until(lambda: request(role.port, path="/api/status").status == 200)
    os.kill(role.pid, signal.SIGSTOP)
    began = time.monotonic()
    for n in range(5000):  # far more nudges than the socket holds
        role.process.stdin.write('status {"type":"STATUS","data":{"n":%d}}\n' % n)
    role.process.stdin.flush()
    assert time.monotonic() - began < 10
    os.kill(role.pid, signal.SIGCONT)
    until(lambda: request(role.port, path="/api/status").json["data"]["n"] == 4999)


def test_it_ends_with_the_agent(role):
    os.kill(role.process.pid, signal.SIGKILL)
    role.process.wait()

    def gone():
        try:
            with open("/proc/%d/stat" % role.pid) as f:
                return f.read().split(")")[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    until(gone)


def test_it_is_given_no_secret(role):
    """No environment, no descriptor beside its own, no file can be opened any more."""
    with open("/proc/%d/environ" % role.pid, "rb") as f:
        assert f.read().strip(b"\0") == b""
    kinds = {}
    for fd in os.listdir("/proc/%d/fd" % role.pid):
        to = os.readlink("/proc/%d/fd/%s" % (role.pid, fd))
        kinds.setdefault(to.split(":")[0].split(" ")[0], []).append(fd)
    allowed = {"/dev/null", "/dev/urandom", "socket", "pipe", "anon_inode", "/memfd"}
    assert all(k in allowed or k.startswith(("/memfd", "pipe", "anon_inode")) for k in kinds), kinds
    with open("/proc/%d/cmdline" % role.pid, "rb") as f:
        assert TOKEN.encode() not in f.read()
    with open("/proc/%d/status" % role.pid) as f:
        status = f.read()
    assert "NoNewPrivs:\t1" in status
    assert [line for line in open("/proc/%d/maps" % role.pid) if "memfd" in line and " rw" in line] == []


def test_a_token_that_others_can_read_is_refused(roles, host, tmp_path):
    import subprocess

    f = tmp_path / "open-token"
    f.write_text(TOKEN)
    f.chmod(0o644)
    p = subprocess.Popen(
        [str(host), str(f), "", ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "exit code 3" in p.stdout.readline()
    p.stdin.close()
    p.wait(10)
    assert "chmod 600" in p.stderr.read()


def test_metrics_are_well_formed(role):
    role.publish()
    a = request(role.port, path="/metrics")
    assert a.status == 200 and a.headers["content-type"].startswith("text/plain; version=0.0.4")
    types = {}
    for line in a.body.decode().splitlines():
        if line.startswith("# TYPE "):
            types[line.split()[2]] = line.split()[3]
        elif not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            float(value)
            base = name.split("{")[0]
            assert any(base == t or base.rsplit("_", 1)[0] == t for t in types), line
    assert types["evenkeel_tick_seconds"] == "histogram" and types["evenkeel_ticks_total"] == "counter"


def test_history_queries(role):
    for query, status in (
        ("", 200),
        ("?since=5", 200),
        ("?since=5&points=100", 200),
        ("?points=0", 400),
        ("?since=-5", 400),
        ("?since=1e9", 400),
        ("?x=1", 400),
        ("?since=99999999999999999999", 400),
        ("?" + "a=b&" * 50, 400),
        ("?since=", 400),
    ):
        a = request(role.port, path="/api/history" + query)
        assert a.status == status, query
        if status == 200:
            assert a.json["type"] == "HISTORY" and a.json["data"]["rows"] == []
