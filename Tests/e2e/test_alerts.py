"""Alerts and the dead-man ping against a local receiver that is well, slow, failing or gone.
No tick may notice the difference."""

import http.server
import json
import random
import threading
import time
from pathlib import Path

import pytest

from harness import wait_for


class Receiver:
    """An HTTP server that keeps what it gets and answers as it is told."""

    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.take(self, "POST", body)

            def do_GET(self):
                outer.take(self, "GET", b"")

            def log_message(self, *_):
                pass

        self.got, self.status, self.wait, self.headers = [], 200, 0, {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request, method, body):
        status = self.status
        self.got.append(
            {
                "at": time.monotonic(),
                "method": method,
                "path": request.path,
                "type": request.headers.get("content-type"),
                "body": body.decode(),
                "status": status,
            }
        )
        time.sleep(self.wait)
        try:
            request.send_response(status)
            for k, v in self.headers.items():
                request.send_header(k, v)
            request.send_header("content-length", "2")
            request.end_headers()
            request.wfile.write(b"ok")
        except OSError:
            pass

    def alerts(self, event=None, state=None):
        out = [
            json.loads(x["body"])["data"]
            for x in self.got
            if x["path"].startswith("/hook") and x["status"] == 200
        ]
        return [a for a in out if event in (None, a["event"]) and state in (None, a["state"])]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    r = Receiver()
    yield r
    r.close()


@pytest.fixture
def alerting(bench, receiver):
    def make(chain=None, **settings):
        settings.setdefault("agent__loop_interval_seconds", "0.2")
        settings.setdefault("alerts__webhook", receiver.url + "/hook")
        return bench(chain=chain or {"perp": -10}, **settings)

    return make


def steady(running, since, most):
    gaps = [b - a for a, b in zip(running.at[since:], running.at[since + 1 :])]
    assert gaps and max(gaps) < most, gaps


def test_started_corrected_stopped(alerting, receiver):
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: receiver.alerts("started"), 5, "started")
    chain.ctl("set_user", perp=-9)
    running.until("executed_live")
    done = wait_for(lambda: receiver.alerts("correction"), 5, "the correction")[0]
    assert (
        "EXPAND_SHORT 1.000000 SOL-PERP @ $" in done["text"] and "drift +10.00 % -> +0.00 %" in done["text"]
    )
    assert (
        done["level"] == "info"
        and done["state"] == "once"
        and done["authority"] == chain.authority
        and done["mode"] == "live"
    )
    assert running.stop() == 143
    assert "stopping on signal 15" in receiver.alerts("stopped")[0]["text"]
    assert [a["event"] for a in receiver.alerts()] == ["started", "correction", "stopped"]


def test_a_gate_that_blocks_and_opens_again(alerting, receiver):
    chain, agent = alerting(alerts__blocked_minutes="0", hedge__max_leverage="0.1")
    chain.ctl("set_user", perp=-9)
    running = agent.start()
    running.until("blocked")
    first = wait_for(lambda: receiver.alerts("blocked", "firing"), 5, "blocked")[0]
    assert "not trading: Leverage would exceed 0.1x" in first["text"] and first["level"] == "warning"
    at = len(running.lines)
    wait_for(lambda: len(running.lines) > at + 5, 5, "more ticks")
    assert len(receiver.alerts("blocked")) == 1  # said once while it lasts
    agent.set(hedge__max_leverage="5")
    assert agent.said("reload").code == 0
    over = wait_for(lambda: receiver.alerts("blocked", "resolved"), 5, "resolved")[0]
    assert "OVER: trading is possible again" in over["text"]
    assert running.stop() == 143


def test_a_gate_that_blocks_shortly_is_not_said(alerting, receiver):
    chain, agent = alerting(alerts__blocked_minutes="1", hedge__max_leverage="0.1")
    chain.ctl("set_user", perp=-9)
    running = agent.start()
    running.until("blocked")
    wait_for(lambda: len(running.lines) > 8, 5, "ticks")
    assert running.stop() == 143 and receiver.alerts("blocked") == []


def test_failures_and_the_breaker(alerting, receiver):
    chain, agent = alerting(gates__max_failures="2")
    running = agent.start()
    running.until("balanced")
    chain.fault(
        "drop_send", n=1000
    )  # nothing lands: both orders expire, the second failure opens the breaker
    chain.ctl("set_user", perp=-9)
    failed = wait_for(lambda: receiver.alerts("failure"), 40, "a failure")[0]
    assert "correction failed: " in failed["text"] and failed["level"] == "warning"
    broken = wait_for(lambda: receiver.alerts("breaker", "firing"), 60, "the breaker")[0]
    assert "2 failures in a row" in broken["text"] and broken["level"] == "error"
    chain.ctl("clear_faults")
    assert agent.said("resume").out.startswith("Resumed")
    wait_for(lambda: receiver.alerts("breaker", "resolved"), 10, "resolved")
    assert running.stop() == 143


def test_rpc_loss_and_return(alerting, receiver):
    chain, agent = alerting(alerts__rpc_lost_seconds="1", rpc__timeout_ms="300")
    running = agent.start()
    running.until("balanced")
    chain.fault("close", n=100000)
    lost = wait_for(lambda: receiver.alerts("rpc", "firing"), 10, "RPC loss")[0]
    assert "the book could not be read for " in lost["text"] and lost["level"] == "error"
    chain.ctl("clear_faults")
    wait_for(lambda: receiver.alerts("rpc", "resolved"), 10, "it is back")
    assert len(receiver.alerts("rpc")) == 2 and running.stop() == 143


def test_health_levels(alerting, receiver):
    chain, agent = alerting(chain={"perp": -10, "usdt": -500}, hedge__max_leverage="100")
    running = agent.start()
    running.until("balanced")
    low = wait_for(lambda: receiver.alerts("health", "firing"), 5, "health")
    assert (
        "health is low: 2" in low[0]["text"]
        and "liquidation at $" in low[0]["text"]
        and " %); health 50.0 % again by a deposit of $" in low[0]["text"]
        and low[0]["level"] == "warning"
    )
    chain.ctl("set_user", usdt=-600)
    wait_for(lambda: len(receiver.alerts("health", "firing")) == 2, 5, "critical")
    assert (
        "health is critical: 9" in receiver.alerts("health", "firing")[1]["text"]
        and receiver.alerts("health", "firing")[1]["level"] == "error"
    )
    chain.ctl("set_user", usdt=1000)
    wait_for(lambda: receiver.alerts("health", "resolved"), 5, "well again")
    assert running.stop() == 143 and len(receiver.alerts("health")) == 3


def test_failing_orders_are_no_rpc_loss(alerting, receiver):
    """Ticks that end in an error after a whole read: the node is fine, and is pinged about."""
    chain, agent = alerting(
        alerts__rpc_lost_seconds="1", alerts__ping_url=receiver.url + "/ping", gates__max_failures="1000"
    )
    chain.fault("rpc_error", n=100000, methods=["simulateTransaction"])
    running = agent.start()
    wait_for(
        lambda: [x for x in running.lines if x["status"] == "error"] or running.seen("balanced"), 10, "ticks"
    )
    chain.ctl("set_user", perp=-9)
    wait_for(lambda: len([x for x in running.lines if x["status"] == "error"]) > 2, 20, "failing ticks")
    time.sleep(1.5)
    assert receiver.alerts("rpc") == [] and [x for x in receiver.got if x["path"] == "/ping"]
    running.stop()


def test_a_disk_that_fails(alerting, receiver, failing_disk):
    env, fail = failing_disk
    chain, agent = alerting()
    running = agent.start(env=env)
    running.until("balanced")
    fail(28)
    chain.ctl("set_user", perp=-9)
    said = wait_for(lambda: receiver.alerts("state", "firing"), 10, "the alert")[0]
    assert said["level"] == "error" and "state file cannot be written" in said["text"]
    running.stop()


def test_a_slow_receiver_delays_no_tick(alerting, receiver):
    receiver.wait = 3
    chain, agent = alerting(alerts__ping_url=receiver.url + "/ping")
    running = agent.start()
    running.until("balanced")
    at = len(running.lines)
    chain.ctl("set_user", perp=-9)
    running.until("executed_live", since=at)
    at = len(running.lines)
    wait_for(lambda: len(running.lines) > at + 10, 10, "ticks")
    steady(running, at, 1.5)
    running.stop()
    assert len(receiver.got) >= 2


def test_a_failing_receiver_is_tried_again_and_then_heard(alerting, receiver):
    receiver.status = 503
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    at = len(running.lines)
    wait_for(lambda: len(receiver.got) >= 2, 15, "a second attempt")
    assert (
        receiver.got[1]["at"] - receiver.got[0]["at"] > 1.5
        and receiver.got[0]["body"] == receiver.got[1]["body"]
    )
    steady(running, at, 1.5)
    receiver.status = 200
    wait_for(lambda: receiver.alerts("started"), 15, "delivered in the end")
    running.told("HTTP 503; the alert is sent again later", receiver.url + "/…")
    assert "/hook" not in running.log
    assert running.stop() == 143


def test_a_receiver_that_refuses_for_good(alerting, receiver):
    receiver.status = 404
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: "HTTP 404; the alert was refused and is dropped" in running.log, 5, "said")
    time.sleep(3)
    assert len(receiver.got) == 1 and running.stop() == 143


def test_a_receiver_that_is_gone(alerting, receiver):
    chain, agent = alerting(
        alerts__webhook="http://127.0.0.1:9/hook", alerts__ping_url="http://127.0.0.1:9/ping"
    )
    running = agent.start()
    running.until("balanced")
    at = len(running.lines)
    wait_for(lambda: len(running.lines) > at + 10, 10, "ticks")
    steady(running, at, 1.5)
    began = time.monotonic()
    assert running.stop() == 143 and time.monotonic() - began < 5


def test_redirects_are_not_followed(alerting, receiver):
    receiver.status, receiver.headers = 302, {"location": receiver.url + "/elsewhere"}
    chain, agent = alerting()
    running = agent.start()
    wait_for(lambda: receiver.got, 5, "a post")
    running.until("balanced")
    time.sleep(0.5)
    assert running.stop() == 143 and {x["path"] for x in receiver.got} == {"/hook"}


def test_the_level_filters(alerting, receiver):
    chain, agent = alerting(alerts__level="warning")
    running = agent.start()
    running.until("balanced")
    chain.ctl("set_user", perp=-9)
    running.until("executed_live")
    assert running.stop() == 143
    assert [a["event"] for a in receiver.alerts()] == ["stopped"]


@pytest.mark.parametrize(
    "form,query,check",
    [
        (
            "json",
            "",
            lambda x: (
                json.loads(x["body"])["type"] == "ALERT"
                and json.loads(x["body"])["data"]["event"] == "started"
            ),
        ),
        (
            "discord",
            "",
            lambda x: (
                json.loads(x["body"])["content"].startswith("evenkeel velocity ")
                and json.loads(x["body"])["allowed_mentions"] == {"parse": []}
            ),
        ),
        ("slack", "", lambda x: list(json.loads(x["body"])) == ["text", "mrkdwn", "unfurl_links"]),
        (
            "telegram",
            "?chat_id=-100123",
            lambda x: (
                json.loads(x["body"])["chat_id"] == "-100123" and "started" in json.loads(x["body"])["text"]
            ),
        ),
        (
            "ntfy",
            "",
            lambda x: x["type"].startswith("text/plain") and x["body"].startswith("evenkeel velocity "),
        ),
    ],
)
def test_the_forms(alerting, receiver, form, query, check):
    chain, agent = alerting(alerts__webhook=receiver.url + "/x" + query, alerts__format=form)
    running = agent.start()
    got = wait_for(lambda: receiver.got, 5, "a post")[0]
    assert got["method"] == "POST" and check(got), got
    running.stop()


def test_the_ping_follows_ticks_that_read(alerting, receiver):
    chain, agent = alerting(
        alerts__webhook=None, alerts__ping_url=receiver.url + "/ping", rpc__timeout_ms="300"
    )
    chain.fault("close", n=100000)
    running = agent.start()
    wait_for(lambda: running.seen("error"), 5, "a tick that read nothing")
    time.sleep(0.5)
    assert receiver.got == []
    chain.ctl("clear_faults")
    running.until("balanced")
    wait_for(lambda: receiver.got, 5, "a ping")
    wait_for(lambda: len(running.lines) > 15, 10, "ticks")
    assert [(x["method"], x["path"]) for x in receiver.got] == [("GET", "/ping")]  # at most one in 10 s
    assert running.stop() == 143


# --- what outlives the process


def test_a_crash_before_the_message_left(alerting, receiver):
    """The receiver is down while a correction is made and the agent is killed: the next process tells of it,
    in order and once."""
    receiver.status = 503
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    chain.ctl("set_user", perp=-9)
    running.until("executed_live")
    wait_for(
        lambda: Path(str(agent.state) + ".alerts").read_bytes().count(b"EXPAND_SHORT") == 1,
        5,
        "the message on disk",
    )
    running.kill()
    assert receiver.alerts() == []
    receiver.status = 200
    again = agent.start()
    again.until("balanced")
    wait_for(lambda: len(receiver.alerts()) >= 3, 10, "three messages")
    time.sleep(1)
    assert [a["event"] for a in receiver.alerts()] == ["started", "correction", "started"]
    assert "EXPAND_SHORT 1.000000 SOL-PERP @ $" in receiver.alerts("correction")[0]["text"]
    assert again.stop() == 143
    quiet = agent.start()
    quiet.until("balanced")
    wait_for(lambda: len(receiver.alerts("started")) == 3, 10, "the third start")
    assert quiet.stop() == 143 and len(receiver.alerts("correction")) == 1


def test_a_crash_between_a_correction_and_its_message(alerting, receiver):
    """The file of the alerts is as it was before the correction:
    what the state file says and nobody was told is told at the start."""
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: receiver.alerts("started"), 5, "started")
    time.sleep(0.5)
    kept = Path(str(agent.state) + ".alerts")
    before = kept.read_bytes()
    chain.ctl("set_user", perp=-9)
    running.until("executed_live")
    running.kill()
    kept.write_bytes(before)
    said = len(receiver.alerts("correction"))
    again = agent.start()
    again.until("balanced")
    wait_for(lambda: len(receiver.alerts("correction")) > said, 5, "told late")
    text = receiver.alerts("correction")[-1]["text"]
    assert "SOL-PERP EXPAND_SHORT 1.0000 @ $" in text and text.endswith(
        ", filled; the agent ended before it could say so"
    )
    assert again.stop() == 143


@pytest.mark.parametrize(
    "bytes_",
    [b"", b"x", b"EKALERT1" + b"\xff" * 400, random.Random(1).randbytes(14000)],
    ids=["empty", "short", "head", "noise"],
)
def test_a_damaged_file_of_alerts_costs_only_words(alerting, receiver, bytes_):
    chain, agent = alerting()
    Path(str(agent.state) + ".alerts").write_bytes(bytes_)
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: receiver.alerts("started"), 5, "started")
    assert running.stop() == 143 and [a["event"] for a in receiver.alerts()] == ["started", "stopped"]


def test_a_condition_that_ended_while_it_was_down_is_over(alerting, receiver):
    chain, agent = alerting(alerts__blocked_minutes="0", hedge__max_leverage="0.1")
    chain.ctl("set_user", perp=-9)
    running = agent.start()
    wait_for(lambda: receiver.alerts("blocked", "firing"), 10, "blocked")
    time.sleep(0.5)
    running.kill()
    again = agent.start()
    again.until("blocked")
    time.sleep(1)
    assert len(receiver.alerts("blocked")) == 1  # it was said: not again by the next process
    again.kill()
    agent.set(hedge__max_leverage="5")
    third = agent.start()
    wait_for(lambda: receiver.alerts("blocked", "resolved"), 10, "over")
    assert third.stop() == 143


def test_a_quiet_tick_writes_no_alerts(alerting, receiver):
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: receiver.alerts("started"), 5, "started")
    time.sleep(0.5)
    kept = Path(str(agent.state) + ".alerts")
    at, n = kept.stat().st_mtime_ns, len(running.lines)
    wait_for(lambda: len(running.lines) > n + 8, 10, "ticks")
    assert kept.stat().st_mtime_ns == at and kept.stat().st_mode & 0o777 == 0o600 and running.stop() == 143


# --- a start that is refused


def refused(agent, code):
    r = agent.command("run", "-c", agent.config, seconds=30)
    assert r.code == code, r
    return r


def test_refused_starts_are_told_once(alerting, receiver):
    chain, agent = alerting()
    agent.state.write_bytes(b"not a state file")
    r = refused(agent, 11)
    first = receiver.alerts("refused")
    assert len(first) == 1 and first[0]["level"] == "error" and first[0]["authority"] == chain.authority
    assert "ERROR: the start was refused: " + str(agent.state) in first[0]["text"], first
    for _ in range(3):
        refused(agent, 11)  # what a supervisor does
    assert len(receiver.alerts("refused")) == 1
    agent.state.unlink()
    agent.key.chmod(0o644)
    refused(agent, 2)  # other words: news
    assert len(receiver.alerts("refused")) == 2 and "key.json" in receiver.alerts("refused")[1]["text"]
    agent.key.chmod(0o600)
    running = agent.start()
    running.until("balanced")
    assert running.stop() == 143
    agent.key.chmod(0o644)
    refused(agent, 2)  # a start went well between them
    assert len(receiver.alerts("refused")) == 3


def test_a_locked_state_file_is_told(alerting, receiver):
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    refused(agent, 11)
    wait_for(lambda: receiver.alerts("refused"), 5, "the refused second start")
    assert (
        "locked" in receiver.alerts("refused")[0]["text"]
        or "another" in receiver.alerts("refused")[0]["text"]
    )
    assert running.stop() == 143


@pytest.mark.parametrize("how", ["slow", "failing", "gone"])
def test_a_refused_start_does_not_wait_long(alerting, receiver, how):
    receiver.wait, receiver.status = (30 if how == "slow" else 0), (503 if how == "failing" else 200)
    chain, agent = alerting(**({"alerts__webhook": "http://127.0.0.1:9/hook"} if how == "gone" else {}))
    agent.key.unlink()
    r = refused(agent, 2)
    assert (
        r.seconds < 9
        and "did not take the message about this refused start" in r.err
        and "/hook" not in r.err
    ), r


def test_once_sends_nothing(alerting, receiver):
    chain, agent = alerting(alerts__ping_url=receiver.url + "/ping")
    assert agent.once().code == 0 and receiver.got == []
    agent.key.chmod(0o644)
    assert agent.once().code == 2 and receiver.got == []
