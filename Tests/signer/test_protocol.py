"""The role spoken to directly, as docs/signer.md tells it: sealed once,
hostile packets refused each with its reason, counters that outlive it."""

import json
import os
import signal
import socket
import struct
import subprocess
import time

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from harness import binary_of, wait_for
from test_policy import (
    CANCEL,
    CLAIM,
    HOURLY,
    MESSAGE,
    NOTHING,
    ORACLE_,
    PLACE,
    PRICE,
    PROTOCOL,
    SHORT,
    TAKE,
    Case,
)
from test_policy import BREAKER, LOSS, MOVE, ORACLE_PRICE, PUBLISHED, VERSION, oracle_bytes

MAGIC, OLD_MAGIC = 0x32534B45, 0x31534B45
SEAL, READY, ASK, ANSWER, GONE, REST, WAKE, SHOW, NOTED = range(1, 10)
SLOT = 8192
KEY = Keypair.from_seed(b"\x08" * 32)


class Role:
    """A keeper and a signer at the end of a socket."""

    environment = None

    def __init__(self, home, case, key=None):
        self.home, self.case, self.sequence = home, case, 0
        self.key = home / "key.json"
        if not self.key.exists():
            self.key.touch(mode=0o600)
            self.key.write_text(json.dumps(list(bytes(key or KEY))))
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket = ours
        self.process = subprocess.Popen(
            [str(binary_of("embedded")), "signer-role"],
            stdin=theirs,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        ours.settimeout(10)

    def head(self, kind, sequence=0, value=0):
        return struct.pack("<IHHII", MAGIC, kind, 0, sequence, value)

    def seal(self, limits=None):
        self.socket.send(
            self.head(SEAL)
            + (limits or bytes(self.case.ffi.buffer(self.case.limits)))
            + str(self.key).encode().ljust(256, b"\0")
            + str(self.home / "counters").encode().ljust(256, b"\0")
        )

    def ready(self):
        p = self.socket.recv(4096)
        assert len(p) == 456
        magic, kind, _, sandbox, value = struct.unpack_from("<IHHII", p)
        assert (magic, kind) == (MAGIC, READY)
        self.loss_e6, self.limit_e6, self.limit_from = struct.unpack_from("<QQB", p, 48)
        return value, p[16:48], p[72:].split(b"\0")[0].decode(), sandbox

    def ask(self, message=None, oracle=None, claim=None):
        c = self.case
        message = c.message if message is None else message
        oracle = (b"" if c.kind == CANCEL else c.oracle) if oracle is None else oracle
        self.sequence += 1
        return (
            self.head(ASK, self.sequence)
            + bytes(c.ffi.buffer(claim or c.claim))
            + struct.pack("<HHI", len(message), len(oracle), 0)
            + oracle.ljust(144, b"\0")
            + message.ljust(1232, b"\0")
        )

    def answer(self, want=ANSWER):
        p = self.socket.recv(4096)
        assert len(p) == 104
        magic, kind, _, sequence, value = struct.unpack_from("<IHHII", p)
        assert (magic, kind) == (MAGIC, want)
        self.limit_from, self.wait_s = p[17], struct.unpack_from("<i", p, 20)[0]
        self.loss_e6, self.limit_e6 = struct.unpack_from("<QQ", p, 24)
        return value, p[16], p[40:], sequence

    def show(self, price_e6, published_s=10**9, equity_e6=0, market=0, index=0, oracle=None):
        """A price without an order; the reason, 0: taken."""
        raw = oracle_bytes(price_e6, published_s) if oracle is None else oracle
        self.sequence += 1
        shown = struct.pack("<BBHIQ", market, self.case.source, index, 0, equity_e6)
        shown += bytes(self.case.b.b.perps[0].oracle.bytes)
        shown += struct.pack("<H6x", len(raw)) + raw.ljust(144, b"\0")
        self.socket.send(self.head(SHOW, self.sequence) + shown)
        value, _, signature, sequence = self.answer(NOTED)
        assert signature == bytes(64) and sequence == self.sequence
        return value

    def judge(self, packet):
        self.socket.send(packet)
        value, breaker, signature, _ = self.answer()
        assert (signature == bytes(64)) == (value != NOTHING)  # never both
        return value

    def answer_to_reducing(self):
        """The same order, reduce-only."""
        reducing = Case(self.case.name, self.case.kind, self.case.direction)
        reducing.params.reduce_only = reducing.claim.reduce_only = 1
        message = reducing.compiled([reducing.budget(200_000, 1000), reducing.venue_ix()])
        return self.judge(self.ask(message=message, claim=reducing.claim))

    def signer(self):
        (pid,) = open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).read().split()
        return int(pid)

    def close(self):
        self.socket.close()
        self.process.wait(5)


@pytest.fixture
def role(tmp_path):
    made = []

    def make(case=None, seal=True, **given):
        r = Role(tmp_path, case or Case(), **given)
        made.append(r)
        if seal:
            r.seal()
            value, pub, text, _ = r.ready()
            assert (value, pub) == (0, bytes(KEY.pubkey())), text
        return r

    yield make
    for r in made:
        r.close()


@pytest.mark.parametrize(
    "name,kind", [("velocity", TAKE), ("velocity", PLACE), ("velocity", CANCEL), ("drift", PLACE)]
)
def test_an_order_is_signed(role, name, kind):
    r = role(Case(name, kind))
    r.socket.send(r.ask())
    value, breaker, signature, sequence = r.answer()
    assert (value, breaker, sequence) == (0, 0, 1)
    assert Signature.from_bytes(signature).verify(KEY.pubkey(), r.case.message)


def test_hostile_packets_are_refused_each_with_its_reason(role):
    r = role()
    good = r.ask()
    for packet in [
        b"x",
        good[:-1],
        good + b"\0",
        b"\0" * len(good),
        good[:4] + b"\x01" + good[5:],
        os.urandom(len(good)),
        os.urandom(9000),
    ]:
        assert r.judge(packet) == PROTOCOL
        assert r.judge(r.ask()) == NOTHING
    for at, value in [(96, 1233), (98, 145), (96, 65535)]:  # lengths past their fields
        assert r.judge(good[:at] + struct.pack("<H", value) + good[at + 2 :]) == PROTOCOL
    assert r.judge(r.ask(message=b"\x01" * 200)) == MESSAGE
    assert r.judge(r.ask(oracle=b"")) == ORACLE_
    assert r.judge(r.ask(oracle=oracle_bytes(10**9))) == PRICE
    other = Case(size=2 * 10**9)
    assert r.judge(r.ask(message=other.message)) == CLAIM
    assert r.judge(r.ask()) == NOTHING


def test_the_limits_are_sealed(role):
    r = role()
    wide = Case(max_orders_hour=100000)
    assert r.judge(r.head(SEAL) + bytes(wide.ffi.buffer(wide.limits)) + bytes(512)) == PROTOCOL
    assert r.judge(r.ask()) == NOTHING


@pytest.mark.parametrize("first", [b"", b"x" * 848, "ask"])
def test_nothing_is_signed_before_the_seal(role, first):
    r = role(seal=False)
    if first:
        r.socket.send(r.ask() if first == "ask" else first)
    else:
        r.socket.shutdown(socket.SHUT_WR)
    assert r.socket.recv(4096) == b""
    assert r.process.wait(5) == 1


def test_ten_refusals_are_the_end_until_a_new_start(role, tmp_path):
    r = role()
    for i in range(9):
        assert r.judge(b"x") == PROTOCOL
    r.socket.send(b"x")
    assert r.answer()[:2] == (PROTOCOL, 1)
    assert r.judge(r.ask()) == BREAKER
    os.kill(r.signer(), signal.SIGKILL)  # a signer that is killed does not forget it
    assert struct.unpack_from("<IHHII", r.socket.recv(4096))[1] == GONE
    assert r.ready()[0] == 0
    assert r.judge(r.ask()) == BREAKER
    r.close()
    assert role().judge(r.ask()) == NOTHING  # a start by a person forgives


def test_counts_outlive_the_signer_and_the_agent(role):
    r = role(Case(max_orders_hour=3))
    assert [r.judge(r.ask()) for _ in range(2)] == [NOTHING] * 2
    os.kill(r.signer(), signal.SIGKILL)
    gone = struct.unpack_from("<IHHII", r.socket.recv(4096))
    assert gone[1] == GONE and gone[4] & 0x7F == signal.SIGKILL and gone[3] == 100
    began = time.monotonic()
    assert r.ready()[0] == 0 and time.monotonic() - began < 5
    assert [r.judge(r.ask()) for _ in range(2)] == [NOTHING, HOURLY]
    r.close()
    again = role(Case(max_orders_hour=3))
    assert again.judge(again.ask()) == HOURLY


def test_a_torn_write_of_the_counters_costs_one_and_damage_is_not_forgotten(role, tmp_path):
    r = role(Case(max_orders_hour=3))
    for _ in range(3):
        assert r.judge(r.ask()) == NOTHING
    r.close()
    counters = tmp_path / "counters"
    whole = counters.read_bytes()
    # generations this small differ in their first byte
    newer = SLOT * (whole[8:16] < whole[SLOT + 8 : SLOT + 16])
    counters.write_bytes(whole[: newer + 40] + b"\xff" + whole[newer + 41 :])
    r = role(Case(max_orders_hour=3))
    assert [r.judge(r.ask()) for _ in range(2)] == [NOTHING, HOURLY]
    r.close()
    for damaged in (b"\xff" * 2 * SLOT, b"", whole[:SLOT], whole[:-1]):  # what is cut short is not new
        counters.write_bytes(damaged)
        r = role(seal=False)
        r.seal()
        value, _, text, _ = r.ready()
        assert value == 2 and "damaged" in text
        assert counters.read_bytes() == damaged
        r.close()


def test_an_older_file_is_not_taken_up(role, tmp_path):
    """The keeper knows how far the counters were written: a signer that it starts again takes no older ones,
    and none at all is no new start."""
    r = role(Case(max_orders_hour=3))
    early = (tmp_path / "counters").read_bytes()
    assert [r.judge(r.ask()) for _ in range(3)] == [NOTHING] * 3
    for change in (lambda p: p.write_bytes(early), lambda p: p.unlink()):
        change(tmp_path / "counters")
        os.kill(r.signer(), signal.SIGKILL)
        assert struct.unpack_from("<IHHII", r.socket.recv(4096))[1] == GONE
        value, pub, text, _ = r.ready()
        assert value == 2 and pub == bytes(32) and ("older" in text or "cannot be opened" in text), text
        assert struct.unpack_from("<IHHII", r.socket.recv(4096))[1] == GONE  # it ended, and another is tried
        break


def test_two_roles_do_not_share_counters(role, tmp_path):
    role()
    other = role(seal=False)
    other.seal()
    value, _, text, _ = other.ready()
    assert value == 2 and "another signer" in text
    assert other.process.wait(5) == 0


def test_the_version_before_is_refused_by_name(role):
    r = role()
    assert r.judge(struct.pack("<IHHII", OLD_MAGIC, ASK, 0, 1, 0) + r.ask()[16:]) == VERSION
    old = role(seal=False)
    old.socket.send(struct.pack("<IHHII", OLD_MAGIC, SEAL, 0, 0, 0) + bytes(832))
    value, pub, text, _ = old.ready()
    assert value == 6 and pub == bytes(32) and "EKS2" in text and "EKS1" in text


def test_the_loss_of_a_day_is_bounded_and_outlives_everything(role):
    """0.5 % below the price shown, the highest fee, lamports: what an order may lose. The third is one too
    many, whatever is restarted."""
    one = 500_000 + 135_000 + 520  # of 1 SOL at 100 $: slippage, 13.5 bps, 5200 lamports
    r = role(Case(max_loss_day_e6=2 * one + 1))
    assert (r.limit_e6, r.limit_from, r.loss_e6) == (2 * one + 1, 2, 0)
    assert [r.judge(r.ask()) for _ in range(3)] == [NOTHING, NOTHING, LOSS]
    assert r.loss_e6 == 2 * one and r.limit_e6 == 2 * one + 1 and 86400 - 3600 < r.wait_s <= 90000
    os.kill(r.signer(), signal.SIGKILL)
    assert struct.unpack_from("<IHHII", r.socket.recv(4096))[1] == GONE
    assert r.ready()[0] == 0 and r.loss_e6 == 2 * one
    assert r.judge(r.ask()) == LOSS
    for word in (REST, WAKE):  # `mode paper`, `mode live`
        r.socket.send(r.head(word))
    assert r.ready()[0] == 0 and r.judge(r.ask()) == LOSS
    r.close()
    again = role(Case(max_loss_day_e6=2 * one + 1))
    assert again.judge(again.ask()) == LOSS
    again.close()
    more = role(Case(max_loss_day_e6=3 * one))  # a number in the config wins, at a start
    assert [more.judge(more.ask()) for _ in range(2)] == [NOTHING, LOSS]
    for _ in range(20):
        assert more.judge(more.ask()) == LOSS  # and these open no breaker
    assert more.answer_to_reducing() == NOTHING


def test_auto_is_set_once(role):
    r = role(Case(max_loss_day_e6=0))
    assert r.limit_from == 0
    assert r.show(ORACLE_PRICE, equity_e6=5_000 * 10**6) == NOTHING
    assert (r.limit_e6, r.limit_from) == (50 * 10**6, 1)
    assert r.show(ORACLE_PRICE, equity_e6=10**15) == NOTHING and r.limit_e6 == 50 * 10**6
    r.close()
    again = role(Case(max_loss_day_e6=0))
    assert (again.limit_e6, again.limit_from) == (50 * 10**6, 1)


def test_prices_are_believed_as_far_as_a_market_moves(role):
    r = role()
    assert r.show(ORACLE_PRICE) == NOTHING
    assert r.show(ORACLE_PRICE * 102 // 100) == NOTHING
    assert r.show(ORACLE_PRICE * 102 // 100 + 1) == MOVE and r.wait_s > 0
    assert r.show(ORACLE_PRICE * 99 // 100) == MOVE  # 3 % from a price of the same minute
    assert r.show(ORACLE_PRICE, published_s=10**9 - 31) == PUBLISHED
    assert r.show(ORACLE_PRICE, published_s=int(time.time()) + 90) == PUBLISHED
    for _ in range(20):
        assert r.show(2 * ORACLE_PRICE) == MOVE
    assert r.judge(r.ask()) == NOTHING  # nothing of it opens the breaker
    assert r.show(ORACLE_PRICE, oracle=b"x" * 48) == ORACLE_  # bytes that are no oracle's are another matter


def test_a_key_that_others_can_read(role, tmp_path):
    r = role(seal=False)
    r.key.chmod(0o644)
    r.seal()
    value, pub, text, _ = r.ready()
    assert value == 1 and pub == bytes(32) and "chmod 600" in text
    assert r.process.wait(5) == 0


def test_both_end_with_the_socket(role):
    r = role()
    child = r.signer()
    r.socket.close()
    assert r.process.wait(5) == 0
    assert not os.path.exists("/proc/%d" % child)


def children(pid):
    return open("/proc/%d/task/%d/children" % (pid, pid)).read().split()


def nothing_comes(r, seconds=0.3):
    r.socket.settimeout(seconds)
    with pytest.raises(TimeoutError):
        r.socket.recv(4096)
    r.socket.settimeout(10)


def test_it_rests_and_wakes(role):
    """At rest there is no process with the key; a request is not answered;
    the counts go on where they were."""
    r = role(Case(max_orders_hour=3))
    assert r.judge(r.ask()) == NOTHING
    for _ in range(3):
        r.socket.send(r.head(REST))
        wait_for(lambda: not children(r.process.pid), 5, "no signer")
        r.socket.send(r.ask())
        r.socket.send(r.head(REST))
        nothing_comes(r)
        r.socket.send(r.head(WAKE))
        assert r.ready()[:2] == (0, bytes(KEY.pubkey()))
    r.socket.send(r.head(WAKE))  # it is awake
    assert r.ready()[0] == 0
    assert [r.judge(r.ask()) for _ in range(3)] == [NOTHING, NOTHING, HOURLY]


def test_resting_forgives_no_refusals(role):
    r = role()
    for _ in range(10):
        assert r.judge(b"x") == PROTOCOL
    r.socket.send(r.head(REST))
    r.socket.send(r.head(WAKE))
    assert r.ready()[0] == 0
    assert r.judge(r.ask()) == BREAKER


def test_told_to_rest_while_it_is_being_started_again(role):
    r = role()
    os.kill(r.signer(), signal.SIGKILL)
    assert struct.unpack_from("<IHHII", r.socket.recv(4096))[1] == GONE
    r.socket.send(r.head(REST))
    nothing_comes(r, 1)
    assert children(r.process.pid) == []
    r.socket.send(r.head(WAKE))
    assert r.ready()[0] == 0 and r.judge(r.ask()) == NOTHING


def test_both_end_with_the_socket_at_rest(role):
    r = role()
    r.socket.send(r.head(REST))
    wait_for(lambda: not children(r.process.pid), 5, "no signer")
    r.socket.close()
    assert r.process.wait(5) == 0


def test_the_kernel_holds_it(role):
    """What the signer says of its sandbox is what /proc says of it."""
    r = role(seal=False)
    r.seal()
    *_, sandbox = r.ready()
    status = dict(
        line.split(":\t", 1)
        for line in open("/proc/%d/status" % r.signer()).read().splitlines()
        if ":\t" in line
    )
    assert (status["Seccomp"].strip() == "2") == bool(sandbox & 2)
    assert status["NoNewPrivs"].strip() == "1" and sandbox & 1
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0 and sandbox & 8
    limits = open("/proc/%d/limits" % r.signer()).read()
    assert [x.split()[4] for x in limits.splitlines() if x.startswith("Max core")] == ["0"]
