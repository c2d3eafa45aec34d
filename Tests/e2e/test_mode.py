"""`mode paper|live` while the agent runs: live only where the config says live, paper outlives a crash,
an open order is followed to its end first."""

import json
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from harness import wait_for

E9 = 10**9


def mode(agent, *words):
    return agent.command("mode", *words, "-c", agent.config, seconds=60)


def signers(pid):
    """Processes below the agent that are named as the signer is."""
    out = []
    for child in open("/proc/%d/task/%d/children" % (pid, pid)).read().split():
        for x in [child, *open("/proc/%s/task/%s/children" % (child, child)).read().split()]:
            if open("/proc/%s/comm" % x).read().strip() == "evenkeel-signer":
                out.append(int(x))
    return out


@pytest.fixture
def live(bench):
    def make(**more):
        return bench(
            chain={"perp": -10},
            **{"agent__loop_interval_seconds": "0.3", "hedge__cooldown_seconds": "0", **more},
        )

    return make


def test_to_paper_and_back(live):
    chain, agent = live()
    running = agent.start()
    first = running.until("balanced")
    assert first["mode"] == first["mode_allowed"] == "live" and len(signers(running.pid)) == 1
    r = mode(agent, "paper")
    assert r.code == 0 and r.out.startswith(
        "On paper from now on, until `evenkeel mode live`: nothing is signed or sent; balanced: "
    ), r
    wait_for(lambda: signers(running.pid) == [], 5, "the key is in no memory while nothing may be signed")
    at = len(running.lines)
    chain.ctl("set_user", perp=-9)
    done = running.until("executed_paper", since=at)
    assert done["mode"] == "paper" and done["mode_allowed"] == "live" and chain.sends() == []
    assert "(paper by command)" in agent.said("status").out and agent.record()["paper_by_command"]
    r = mode(agent, "live")
    assert r.code == 2 and "--yes" in r.err and agent.record()["paper_by_command"]
    r = mode(agent, "live", "--yes")
    assert r.code == 0 and r.out.startswith(
        "Live from now on: real orders as soon as the drift and the gates allow them; executed_live: "
    ), r
    assert (
        chain.perp() == -10 * E9 and len(signers(running.pid)) == 1 and not agent.record()["paper_by_command"]
    )
    assert mode(agent, "live", "--yes").out.startswith("Live already")
    running.told("on paper by command", "live by command: real orders from now on")
    assert running.stop() == 143


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_paper_outlives_the_process(live, how):
    chain, agent = live()
    running = agent.start()
    running.until("balanced")
    assert mode(agent, "paper").code == 0
    running.send(how)
    running.process.wait(10)
    chain.ctl("set_user", perp=-9)
    again = agent.start()
    assert again.until("executed_paper")["mode"] == "paper" and chain.sends() == []
    wait_for(lambda: signers(again.pid) == [], 5, "no signer")
    assert mode(agent, "live", "--yes").code == 0
    again.until("executed_live")
    assert again.stop() == 143
    third = agent.start()
    assert third.until("balanced")["mode"] == "live" and third.stop() == 143


def test_paper_outlives_a_config_that_said_paper_meanwhile(live):
    chain, agent = live()
    running = agent.start()
    running.until("balanced")
    assert mode(agent, "paper").code == 0 and running.stop() == 143
    agent.set(agent__mode="paper")
    running = agent.start()
    assert running.until("balanced")["mode_allowed"] == "paper"
    r = mode(agent, "live", "--yes")
    assert r.code == 1 and "Not live: the config of this run says mode = paper" in r.out
    assert running.stop() == 143
    agent.set(agent__mode="live")
    running = agent.start()
    assert running.until("balanced")["mode"] == "paper" and running.stop() == 143


@pytest.mark.parametrize("words", [(), ("--paper",)])
def test_live_needs_a_config_that_says_live(live, words):
    chain, agent = live(**({} if words else {"agent__mode": "paper"}))
    running = agent.start(*words)
    assert running.until("balanced")["mode"] == "paper"
    r = mode(agent, "live", "--yes")
    assert r.code == 1 and r.out.startswith("Not live: the config of this run says mode = paper"), r
    assert mode(agent, "paper").out.startswith("On paper already")
    chain.ctl("set_user", perp=-9)
    running.until("executed_paper")
    assert chain.sends() == [] and running.stop() == 143


def test_over_the_page(live, tmp_path):
    """200 and 409 with the sentence; what the page says is in the log."""
    token = tmp_path / "token"
    token.write_text("correct-horse-battery-staple\n")
    token.chmod(0o600)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    chain, agent = live(web__listen="127.0.0.1:%d" % port, web__token_file=token, agent__mode="paper")
    running = agent.start()
    running.until("balanced")

    def post(word):
        r = urllib.request.Request(
            "http://127.0.0.1:%d/api/%s" % (port, word),
            method="POST",
            headers={"Authorization": "Bearer correct-horse-battery-staple"},
        )
        time.sleep(0.3)
        try:
            with urllib.request.urlopen(r, timeout=10) as f:
                return f.status, json.load(f)["data"]
        except urllib.error.HTTPError as e:
            return e.code, json.load(e)["data"]

    status, said = wait_for(lambda: served(lambda: post("live")), 10, "the page")
    assert (
        status == 409
        and not said["ok"]
        and said["message"].startswith("Not live: the config of this run says mode = paper")
    ), said
    assert running.stop() == 143
    agent.set(agent__mode="live")
    running = agent.start()
    running.until("balanced")
    status, said = wait_for(lambda: served(lambda: post("paper")), 10, "the page")
    assert status == 200 and said["ok"] and said["message"].startswith("On paper from now on"), said
    running.last(mode="paper")
    status, said = post("live")
    assert status == 200 and said["message"].startswith("Live from now on")
    running.last(mode="live")
    running.told("command from the page: Live from now on")
    assert running.stop() == 143


def served(ask):
    try:
        return ask()
    except OSError:
        return None


def test_an_open_order_ends_first(live):
    chain, agent = live()
    running = agent.start()
    running.until("balanced")
    chain.fault("delay_send", n=1, slots=12)
    chain.ctl("set_user", perp=-9)
    running.until("pending")
    r = mode(agent, "paper")
    assert r.code == 0 and r.out.startswith(
        "An order is open and is followed to its end first; on paper from then on"
    ), r
    assert running.lines[-1]["mode"] == "live"
    running.until("executed_live", seconds=30)
    running.last(mode="paper")  # after the order's end
    assert chain.perp() == -10 * E9 and len({s[0] for s in chain.orders_sent()}) == 1
    at = len(running.lines)
    chain.ctl("set_user", perp=-9)
    running.until("executed_paper", since=at)
    assert chain.perp() == -9 * E9 and running.stop() == 143


def test_a_crash_with_an_open_order_and_paper_said(live):
    """The order is resolved live by the next process, and only then it is on paper."""
    chain, agent = live()
    running = agent.start()
    running.until("balanced")
    chain.fault("delay_send", n=1, slots=12)
    chain.ctl("set_user", perp=-9)
    running.until("pending")
    assert mode(agent, "paper").code == 0
    running.send(signal.SIGKILL)
    running.process.wait(10)
    again = agent.start()
    again.until("executed_live", seconds=30)
    again.last(mode="paper")  # after the order's end
    assert chain.perp() == -10 * E9 and again.stop() == 143


def test_a_key_that_is_gone_meanwhile(live):
    chain, agent = live()
    running = agent.start()
    running.until("balanced")
    assert mode(agent, "paper").code == 0
    secret = agent.key.read_text()
    agent.key.unlink()
    r = mode(agent, "live", "--yes")
    assert r.code == 1 and r.out.startswith("Not live: ") and "No such file" in r.out, r
    running.last(mode="paper")
    assert agent.record()["paper_by_command"]
    agent.key.touch(mode=0o600)
    agent.key.write_text(secret)
    time.sleep(0.5)
    r = mode(agent, "live", "--yes")
    assert r.code == 0 and "Live from now on" in r.out, r
    assert running.stop() == 143


def test_a_disk_that_fails_keeps_paper(live, failing_disk):
    env, fail = failing_disk
    chain, agent = live()
    running = agent.start(env=env)
    running.until("balanced")
    assert mode(agent, "paper").code == 0
    fail(28)
    r = mode(agent, "live", "--yes")
    assert r.code == 1 and r.out.startswith("Not switched: the state file cannot be written"), r
    chain.ctl("set_user", perp=-9)
    at = len(running.lines)
    wait_for(lambda: len(running.lines) > at + 3, 10, "ticks")
    assert running.lines[-1]["mode"] == "paper" and chain.sends() == []
    running.stop()


def test_reload_keeps_the_mode(live):
    chain, agent = live()
    running = agent.start()
    running.until("balanced")
    assert mode(agent, "paper").code == 0
    agent.set(order__max_slippage_pct="0.4")
    assert agent.said("reload").code == 0
    at = len(running.lines)
    assert running.until("balanced", since=at)["mode"] == "paper"
    r = agent.said("check")
    assert "on paper by command" in r.out, r
    assert running.stop() == 143
