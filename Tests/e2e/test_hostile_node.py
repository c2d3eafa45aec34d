"""A node that lies consistently, and a wire that is built to hurt: the agent
may idle, it never has anything signed outside its limits, never writes outside
its files, never grows and never hangs. The list is that of SECURITY.md."""
import base64
import gzip
import hashlib
import http.server
import os
import shutil
import ssl
import struct
import subprocess
import threading
import time

import pytest

from harness import together, wait_for
from harness.liar import Liar

E9 = 10 ** 9
USER = hashlib.sha256(b"account:User").digest()[:8]
ORACLE = bytes.fromhex("9f07a1f922517985")


@pytest.fixture
def lying(chains, agents, binary):
    servers = []

    def make(perp=-9, **settings):
        chain = chains("velocity", binary, perp=perp)
        servers.append(Liar(chain))
        return chain, servers[-1], agents(binary, chain, rpc__url=servers[-1].url,
                                          **{"rpc__timeout_ms": 1000, **settings})
    yield make
    for s in servers:
        s.close()


def accounts(answer):
    value = (answer.get("result") or {}).get("value")
    if isinstance(value, dict):
        value = value.get("accounts")
    return [a for a in value or [] if a and a["data"][0]]


def consistently(liar, change):
    """`change` (of an account's bytes) in every answer that carries accounts: reads,
    single reads and simulations tell the same story."""
    def act(answer):
        for a in accounts(answer):
            a["data"][0] = base64.b64encode(bytes(change(bytearray(base64.b64decode(a["data"][0]))))).decode()
    for method in ("getMultipleAccounts", "simulateTransaction"):
        liar.tell(method, lambda turn: turn.altered(act))


def tree(agent):
    return sorted(os.listdir(agent.home))


def in_policy(chain, agent, most_e9):
    """What the chain itself decoded of everything that was sent: one venue order each,
    no larger than allowed."""
    for t in chain.sends():
        names = [ix["decoded"]["name"] for ix in t["instructions"]
                 if ix["decoded"] and "params" in ix["decoded"]]
        assert len(names) == 1, t
    for name, params, _ in chain.orders_sent():
        assert name in ("place_and_take_perp_order", "place_perp_order"), (name, params)
        assert 0 < int(params["base_asset_amount"]) <= most_e9, (name, params)


def test_fake_balances(lying):
    """Three times the deposit, in every answer: what it costs is bounded by the size of an order and the
    signer's count of the hour."""
    def richer(d):
        if d[:8] == USER:
            for at in range(104, 424, 40):
                d[at:at + 8] = min(2 ** 63, int.from_bytes(d[at:at + 8], "little") * 3).to_bytes(8, "little")
        return d
    chain, liar, agent = lying(hedge__max_trade_size="0.5", hedge__cooldown_seconds=0,
                               signer__max_orders_per_hour=2, agent__loop_interval_seconds="0.3",
                               gates__max_failures=50)
    consistently(liar, richer)
    before = tree(agent)
    running = agent.start()
    wait_for(lambda: "max_orders_per_hour is used up" in running.log or len(running.lines) > 25,
             20, "the signer's limit")
    assert running.stop() == 143
    in_policy(chain, agent, E9 // 2)
    assert len(chain.orders_sent()) <= 2 and chain.perp() >= -10 * E9
    assert set(tree(agent)) - set(before) <= {"state.bin", "state.bin.ring", "state.bin.signer", "ctl.sock"}


@pytest.mark.parametrize("times", [0, 0.5, 1.2, 10 ** 6, -1])
def test_fake_oracle(lying, times):
    """Prices that the account's own averages contradict stop trading; impossible ones are refused."""
    def other_price(d):
        if d[:8] == ORACLE:
            price = int(struct.unpack_from("<q", d, 8)[0] * times)
            struct.pack_into("<q", d, 8, max(-2 ** 63, min(2 ** 63 - 1, price)))
        return d
    chain, liar, agent = lying()
    consistently(liar, other_price)
    r = agent.once()
    assert r.code in (10, 11) and r.status["reason"], r
    assert r.status["status"] in ("blocked", "observe_only", "error"), r
    assert chain.sends() == []


def test_fake_program_errors(lying):
    """The program is said to fail in every way: the order is given up, and in the end the breaker opens."""
    errors = [{"InstructionError": [2, {"Custom": n}]} for n in (0, 6000, 6289, 2 ** 32 - 1)] + [
        "BlockhashNotFound", "InsufficientFundsForFee",
        {"InstructionError": [255, "ProgramFailedToComplete"]},
        {"InstructionError": [2 ** 40, {"Custom": -1}]},
        {"Unheard": {"of": [1]}}, [], 7, "\x00\x1b[2J"]
    chain, liar, agent = lying(gates__max_failures=len(errors) + 1)
    for error in errors:
        def failed(answer):
            answer["result"]["value"]["err"] = error
            answer["result"]["value"]["logs"] = ["Program log: " + "x" * 5000, "\x1b[31mred"]
        liar.tell("simulateTransaction", lambda turn: turn.altered(failed))
        r = agent.once()
        assert r.status["status"] in ("error", "observe_only"), (error, r)
        assert chain.sends() == [] and "\x1b" not in r.err, (error, r)
    assert chain.perp() == -9 * E9


def test_replayed_old_state(lying):
    """An answer of earlier under a new slot number and id: the chain's clock in it gives it away."""
    chain, liar, agent = lying(perp=-10, agent__loop_interval_seconds="0.3")
    kept = []

    def keep(answer):
        kept.append(answer)
    liar.tell("getMultipleAccounts", lambda turn: turn.altered(keep))
    running = agent.start()
    running.until("balanced")

    def replay(answer):
        answer["result"]["value"] = kept[0]["result"]["value"]
    chain.ctl("set_user", perp=-9)
    liar.tell("getMultipleAccounts", lambda turn: turn.altered(replay))
    at = len(running.lines)
    time.sleep(2)
    liar.tell("getMultipleAccounts", lambda turn: turn.altered(replay))
    s = running.until("error", "observe_only", since=at, seconds=60)
    assert s["reason"] and chain.sends() == []
    liar.honest()
    running.until("executed_live", since=len(running.lines))
    assert running.stop() == 143 and chain.perp() == -10 * E9 and len(chain.orders_sent()) == 1


def test_other_peoples_accounts(lying):
    """The User that answers under our address is somebody else's, another sub-account's,
    or names another delegate."""
    def somebody(d):
        if d[:8] == USER:
            d[8:40] = b"\x07" * 32
        return d

    def delegated(d):
        if d[:8] == USER:
            d[40:72] = b"\x09" * 32
        return d

    def sub_account(d):
        if d[:8] == USER:
            for at in range(len(d) - 40, len(d)):
                d[at] ^= 1
        return d
    for change in (somebody, delegated, sub_account):
        chain, liar, agent = lying()
        consistently(liar, change)
        r = agent.once()
        assert r.code in (10, 11) and r.status["status"] in ("observe_only", "error"), (change.__name__, r)
        assert chain.sends() == [] and r.status["reason"]


@pytest.mark.parametrize("word", [2 ** 63 - 1, 2 ** 64 - 1, 2 ** 63])
def test_giant_numbers(lying, word):
    """Every eight bytes of the User in turn at the ends of their range: no trap, no overflow,
    nothing signed that is too large."""
    def one(at):
        def giant(d):
            if d[:8] == USER:
                d[at:at + 8] = word.to_bytes(8, "little")
            return d
        chain, liar, agent = lying(hedge__max_trade_size="0.5")
        consistently(liar, giant)
        r = agent.once()
        assert r.code in (0, 10, 11), (at, r)
        assert r.status["status"] in ("balanced", "error", "observe_only", "blocked", "executed_live",
                                      "pending", "dust"), (at, r)
        in_policy(chain, agent, E9 // 2)
        chain.close()
    together(list(range(104, 144, 8)) + list(range(424, 520, 8)), one)


# --- the wire

def resident_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(next(x for x in f if x.startswith("VmHWM")).split()[1])


def endless(turn):
    """A body of 1 GB, as it is said, of which the agent takes as much as it likes."""
    turn.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
    pour(turn)


def endless_chunked(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    pour(turn, b"10000\r\n" + b" " * 65536 + b"\r\n")


def pour(turn, piece=b" " * 65536):
    taken = 0
    try:
        while taken < 1 << 30:
            turn.raw(piece)
            taken += len(piece)
    except OSError:
        pass
    turn.liar.poured = max(getattr(turn.liar, "poured", 0), taken)
    turn.close()


BOMB = gzip.compress(b" " * (64 << 20), 9)


def bomb(turn):
    turn.answer(BOMB, 200, [(b"content-encoding", b"gzip")])


def headers(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\n")
    pour(turn, b"x-filler: " + b"a" * 8000 + b"\r\n")


def interim(turn):
    """A flood of 1xx answers before the real one."""
    pour(turn, b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)


@pytest.mark.parametrize("way", [endless, endless_chunked, bomb, headers, interim])
def test_bodies_without_end(lying, way):
    chain, liar, agent = lying(perp=-10, agent__loop_interval_seconds="0.2")
    running = agent.start()
    running.until("balanced")
    liar.tell("getMultipleAccounts", way)
    for errors in (1, 2):                                                   # between them the endpoint rests
        wait_for(lambda: len([x for x in running.lines if x["status"] == "error"]) >= errors, 30,
                 lambda: "errors\n" + running.log)
        began = time.monotonic()
        assert agent.said("status").code in (0, 4) and time.monotonic() - began < 5, "it hangs"
    assert resident_kb(running.pid) < 40 * 1024 and getattr(liar, "poured", 0) < 32 << 20
    liar.honest()
    running.until("balanced", since=len(running.lines), seconds=90)
    assert running.stop() == 143 and chain.sends() == []


def test_redirects_lead_nowhere(lying, tmp_path):
    """To a file, to another host, to another scheme: none is followed, nobody there is asked."""
    asked = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.send_error(404)
        do_GET = do_HEAD = do_POST

        def log_message(self, *_):
            pass
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
    secret = tmp_path / "answer.json"
    secret.write_text("{}")
    try:
        for code in (301, 302, 303, 307, 308):
            for to in ("file://%s" % secret, "http://127.0.0.1:%d/x" % other.server_port,
                       "gopher://127.0.0.1:1/_x", "//127.0.0.1:%d/y" % other.server_port):
                chain, liar, agent = lying()
                liar.tell("getMultipleAccounts",
                          lambda turn: turn.answer(b"", code, [(b"location", to.encode())]))
                r = agent.once()
                assert r.code == 11 and r.status["status"] == "error" and str(code) in r.err, r
                assert chain.sends() == [] and liar.count("GET") == 0
                chain.close()
    finally:
        other.shutdown()
        other.server_close()
    assert asked == []


def raw_answer(head):
    return lambda turn: (turn.raw(head(turn.truth)), turn.close())[0] and None


def head(*lines, status=b"200 OK"):
    return b"".join(line + b"\r\n" for line in (b"HTTP/1.1 " + status, *lines, b""))


SMUGGLED = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
SMUGGLING = {
    "length and chunks": lambda b: head(b"content-length: %d" % len(b), b"transfer-encoding: chunked")
    + b"0\r\n\r\n" + b,
    "two lengths": lambda b: head(b"content-length: 2", b"content-length: %d" % len(b)) + b,
    "negative length": lambda b: head(b"content-length: -5") + b,
    "length past 64 bits": lambda b: head(b"content-length: 99999999999999999999999") + b,
    "a second answer behind the first": lambda b: head(b"content-length: %d" % len(b)) + b + SMUGGLED * 5,
    "a chunk longer than said": lambda b: head(b"transfer-encoding: chunked")
    + b"2\r\n" + b + b"\r\n0\r\n\r\n",
    "a chunk size past 64 bits": lambda b: head(b"transfer-encoding: chunked")
    + b"ffffffffffffffffff\r\n" + b + b"\r\n0\r\n\r\n",
    "folded header": lambda b: head(b"content-length:\r\n %d" % len(b)) + b,
    "nul in a header": lambda b: head(b"x: a\x00b", b"content-length: %d" % len(b)) + b,
    "http/0.9": lambda b: b,
    "http/3 said": lambda b: b"HTTP/3 200 OK\r\ncontent-length: %d\r\n\r\n" % len(b) + b,
    "upgrade": lambda b: head(b"upgrade: h2c", b"connection: upgrade", status=b"101 Switching Protocols") + b,
}


def test_smuggled_answers(lying):
    """Answers that two readers would cut differently, and answers to questions
    nobody asked: the book is balanced, so nothing may be sent; the agent reads
    the right answer or none, and goes on with an honest server."""
    def one(name):
        chain, liar, agent = lying(perp=-10, agent__loop_interval_seconds="0.3")
        running = agent.start()
        running.until("balanced")
        liar.tell("getMultipleAccounts", raw_answer(SMUGGLING[name]), times=5)
        at = len(running.lines)
        wait_for(lambda: len(running.lines) >= at + 5, 20, "ticks")
        seen = {x["status"] for x in running.lines[at:]}
        assert seen <= {"balanced", "error", "observe_only"}, (name, running.log)
        liar.honest()
        running.until("balanced", since=len(running.lines))
        assert running.stop() == 143 and chain.sends() == [], name
        assert all(" " <= c <= "~" or c == "\n" for c in running.log), name
        chain.close()
    together(SMUGGLING, one)


# --- TLS

def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def certificate(where, name, subject, days="2", start=None):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            name + ".key", "-out", name + ".csr", "-subj", "/CN=" + subject, cwd=where)
    (where / (name + ".ext")).write_text("subjectAltName=DNS:%s\n" % subject)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", days, "-extfile", name + ".ext", "-out", name + ".pem", cwd=where)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("openssl") is None or shutil.which("unshare") is None,
                    reason="needs root, unshare and openssl: the test's own authority is put over "
                           "/etc/ssl/certs for one process")
def test_certificates(chains, agents, binary, tmp_path):
    """The agent trusts the authority here (the right certificate works),
    so each refusal is for the reason in its name."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "3", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem", cwd=tmp_path)
    trusted = tmp_path / "certs"
    trusted.mkdir()
    shutil.copy(tmp_path / "ca.pem", trusted)
    openssl("rehash", str(trusted), cwd=tmp_path)
    certificate(tmp_path, "right", "localhost")
    certificate(tmp_path, "wrong-host", "example.org")
    certificate(tmp_path, "expired", "localhost", days="-1")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "3", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", "unknown.key", "-out", "unknown.pem", cwd=tmp_path)
    # run in a mount namespace of its own, with the authority in place of the system's
    under = tmp_path / "agent"
    under.write_text("#!/bin/sh\nexec unshare -m sh -c "
                     "'mount --bind %s /etc/ssl/certs && exec \"$0\" \"$@\"' %s \"$@\"\n" % (trusted, binary))
    under.chmod(0o755)
    for name in ("right", "wrong-host", "expired", "unknown"):
        chain = chains("velocity", binary, perp=-9)
        liar = Liar(chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / (name + ".pem"), tmp_path / (name + ".key"))
        liar.server.socket = context.wrap_socket(liar.server.socket, server_side=True)
        agent = agents(under, chain, rpc__url="https://localhost:%d" % liar.port, rpc__cluster="any")
        r = agent.once()
        if name == "right":
            assert r.code == 0 and r.status["status"] == "executed_live", r
        else:
            assert r.code == 11 and "TLS handshake or certificate refused" in r.err, (name, r)
            assert chain.sends() == [] and liar.counts == {}, (name, r)
        liar.close()
        chain.close()
