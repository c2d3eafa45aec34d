"""Ways to stop working that leave a living process behind:
each is called out by an alert (docs/operations.md, Silent death)."""

import base64
import os
import signal
import time

import pytest

from harness import wait_for
from harness.liar import Liar
from test_alerts import Receiver, alerting, receiver  # noqa: F401  (fixtures)


def held(receiver, *words, seconds=20):  # noqa: F811
    """The alert that says why nothing is traded."""
    said = wait_for(lambda: receiver.alerts("blocked", "firing"), seconds, "the alert")[0]
    assert said["level"] == "warning" and all(w in said["text"] for w in ("not trading: ",) + words), said
    return said


def test_a_chain_that_stands_still(alerting, receiver, fast_clock):  # noqa: F811
    """A node that answers the same slot for ever: the book looks balanced,
    and neither the ping nor the alerts take that for life."""
    chain, agent = alerting(
        alerts__rpc_lost_seconds="60", rpc__timeout_ms="60000", alerts__ping_url=receiver.url + "/ping"
    )
    running = agent.start(env=fast_clock(8))
    running.until("balanced")
    wait_for(lambda: [x for x in receiver.got if x["path"] == "/ping"], 10, "a ping")
    chain.ctl("freeze")
    said = wait_for(lambda: receiver.alerts("rpc", "firing"), 20, "the alert")[0]
    assert said["level"] == "error" and "the nodes show no new slot" in said["text"]
    pings = len([x for x in receiver.got if x["path"] == "/ping"])
    at = len(running.lines)
    time.sleep(4)  # 32 s by the agent's clock
    wait_for(lambda: len(running.lines) > at + 5, 20, "ticks")
    assert len([x for x in receiver.got if x["path"] == "/ping"]) == pings
    chain.ctl("unfreeze")
    wait_for(lambda: receiver.alerts("rpc", "resolved"), 20, "it moves again")
    wait_for(lambda: len([x for x in receiver.got if x["path"] == "/ping"]) > pings, 20, "pings again")
    running.stop()


@pytest.mark.parametrize("drifted", [False, True])
@pytest.mark.parametrize(
    "what,words", [("delegate", "authorise it as delegate"), ("kill file", "kill"), ("pool", "pool")]
)
def test_nothing_is_traded_and_somebody_hears_why(
    alerting,  # noqa: F811
    receiver,  # noqa: F811
    tmp_path,
    what,
    words,
    drifted,
):
    """Before a drift comes, too."""
    kill = tmp_path / "STOP"
    chain, agent = alerting(alerts__blocked_minutes="0", gates__kill_file=kill)
    running = agent.start()
    running.until("balanced")
    if what == "delegate":
        chain.ctl("set_user", delegate=chain.user)
    elif what == "pool":
        chain.ctl("poke", pubkey=chain.user, offset=4475, hex="01")
    else:
        kill.touch()
    if drifted:
        chain.ctl("set_user", perp=-9)
    held(receiver, words)
    assert chain.sends() == []
    running.stop()


@pytest.mark.parametrize("what", ["layout", "oracle"])
def test_an_account_that_is_not_understood_any_more(alerting, receiver, what):  # noqa: F811
    chain, agent = alerting(alerts__rpc_lost_seconds="1")
    running = agent.start()
    running.until("balanced")
    if what == "layout":
        chain.fault("wrong_discriminator", pubkey=chain.user, n=10**6)
    else:
        chain.ctl("poke", pubkey=chain.ctl("state")["perp_market"], offset=673, hex="63")
    chain.ctl("set_user", perp=-9)
    said = wait_for(lambda: receiver.alerts("venue", "firing"), 20, "the alert")[0]
    assert said["level"] == "error" and "Reading the book failed" in said["text"] and chain.sends() == []
    running.stop()


@pytest.mark.parametrize(
    "err",
    [{"InstructionError": [0, {"Custom": 101}]}, "ProgramAccountNotFound"],
    ids=["no instruction", "no program"],
)
def test_a_venue_that_takes_nothing(alerting, receiver, err):  # noqa: F811
    """As Drift since April 2026: everything can be read, every instruction is refused.
    Said before a drift comes."""
    chain, agent = alerting(alerts__blocked_minutes="0")
    liar = Liar(chain)
    try:

        def dead(turn):
            return turn.altered(lambda a: a["result"]["value"].update(err=err, logs=[]))

        liar.tell("simulateTransaction", dead)
        agent.set(rpc__url=liar.url)
        running = agent.start()
        said = wait_for(lambda: receiver.alerts("venue", "firing"), 20, "the alert")[0]
        assert "does not take orders as this version makes them" in said["text"] and said["level"] == "error"
        running.until("observe_only")
        chain.ctl("set_user", perp=-9)
        time.sleep(1)
        assert chain.sends() == []
        at = len(running.lines)
        liar.honest()
        running.until("executed_live", since=at)  # it is asked again every tick
        wait_for(lambda: receiver.alerts("venue", "resolved"), 10, "over")
        assert running.stop() == 143
    finally:
        liar.close()


def test_endpoints_that_disagree(alerting, receiver):  # noqa: F811
    """Two nodes that show different positions at one slot: nothing is traded, and it is said."""
    chain, agent = alerting(chain={"perp": -9}, alerts__blocked_minutes="0")
    chain.ctl("freeze")  # both are asked about the same slot
    liar = Liar(chain)
    try:

        def other(turn):
            def change(answer):
                account = answer["result"]["value"][turn.request["params"][0].index(chain.user)]
                raw = bytearray(base64.b64decode(account["data"][0]))
                raw[424 + 8 + 3] ^= 1  # the first perp position's base
                account["data"][0] = base64.b64encode(bytes(raw)).decode()

            return turn.altered(change)

        liar.tell("getMultipleAccounts", other)
        agent.set(rpc__url=[chain.url, liar.url])
        running = agent.start()
        held(receiver, "disagree")
        running.until("observe_only")
        assert chain.sends() == []
        running.stop()
    finally:
        liar.close()


def test_a_signer_that_is_gone_for_good(alerting, receiver):  # noqa: F811
    chain, agent = alerting(alerts__blocked_minutes="0")
    running = agent.start()
    running.until("balanced")
    (keeper,) = [
        int(x) for x in open("/proc/%d/task/%d/children" % (running.pid, running.pid)).read().split()
    ]
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: "gone for good" in running.log, 10, "the log says it")
    held(receiver, "the signer is gone for good")
    chain.ctl("set_user", perp=-9)
    running.until("observe_only")
    assert chain.sends() == [] and running.stop() == 143


def test_the_mode_and_the_pause_are_called_out(alerting, receiver):  # noqa: F811
    """Told when the mode changes, and at every later start that something holds it back."""
    chain, agent = alerting()
    running = agent.start()
    running.until("balanced")
    assert agent.command("mode", "paper", "-c", agent.config).code == 0
    told = wait_for(lambda: receiver.alerts("mode"), 5, "the mode")[0]
    assert told["level"] == "warning" and told["mode"] == "paper" and "on paper by command" in told["text"]
    assert agent.said("pause").code == 0
    assert running.stop() == 143
    running = agent.start()
    running.until("balanced")
    again = wait_for(
        lambda: len(receiver.alerts("started")) == 2 and receiver.alerts("started")[1], 5, "the second start"
    )
    assert "on paper by command" in again["text"] and "paused" in again["text"]
    assert agent.command("mode", "live", "--yes", "-c", agent.config).code == 0
    wait_for(lambda: len(receiver.alerts("mode")) == 2, 5, "live again")
    assert "live by command" in receiver.alerts("mode")[1]["text"] and running.stop() == 143


def test_a_ping_service_that_is_gone_is_said(alerting, receiver, fast_clock):  # noqa: F811
    chain, agent = alerting(alerts__webhook=None, alerts__ping_url="http://127.0.0.1:9/ping")
    running = agent.start(env=fast_clock(10))
    wait_for(lambda: "three pings in a row failed" in running.log, 20, "said")
    assert "/ping" not in running.log and running.stop() == 143
