"""`[signer] socket`: a hardware or remote signer behind a Unix socket. What it
answers is checked against the message and the configured key; whose socket it
is, too; and the agent lives without it as it lives without its own."""

import json
import os
import socket
import struct

import pytest
from solders.keypair import Keypair

from harness import wait_for
from outside import MAGIC, OLD_MAGIC, READY, SEAL, Outside

E9 = 10**9
PUBLIC = str(Keypair.from_seed(b"\x08" * 32).pubkey())


@pytest.fixture
def outside(bench):
    made = []

    def make(chain=None, mode=0o600, **settings):
        chain, agent = bench(
            chain={"perp": -9, "sol": 10, **(chain or {})},
            account__keypair=None,
            signer__public_key=PUBLIC,
            **settings,
        )
        agent.key.unlink()  # no key file on this machine
        signer = Outside(agent.home / "signer.sock", mode=mode)
        made.append(signer)
        agent.set(signer__socket=signer.path)
        return chain, agent, signer

    yield make
    for s in made:
        s.close()


def test_it_signs(outside):
    chain, agent, signer = outside()
    r = agent.once()
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert (
        chain.perp() == -10 * E9
        and len(chain.orders_sent()) == 1
        and len(signer.asked) == 1
        and len(signer.seals) == 1
    )
    seal = signer.seals[0]
    assert seal[16:24] == b"velocity" and seal[336:848] == bytes(512)  # no path of a key goes out
    assert not (agent.home / "state.bin.signer").exists()


@pytest.mark.parametrize(
    "manner, words",
    [
        ("refuse", "the signer refused (12)"),
        ("wrong key", "does not fit the message"),
        ("other bytes", "does not fit the message"),
        ("silent", "does not answer"),
        ("hang up", "is gone"),
    ],
)
def test_what_it_answers_is_checked(outside, manner, words):
    chain, agent, signer = outside()
    signer.manner = manner
    r = agent.once()
    assert r.code in (10, 11) and words in r.status["reason"], r
    assert chain.sends() == [] and chain.perp() == -9 * E9 and len(signer.asked) == 1


def test_babble_around_a_right_answer(outside):
    chain, agent, signer = outside()
    signer.manner = "babble"
    assert agent.once().status["status"] == "executed_live"
    assert chain.perp() == -10 * E9 and len(chain.orders_sent()) == 1


def test_another_key_than_the_configured_one(outside):
    chain, agent, signer = outside()
    signer.manner = "another key"
    r = agent.once()
    assert r.code == 2 and "public_key" in r.err and chain.sends() == [], r


def test_whose_socket_it_is(outside):
    chain, agent, signer = outside(mode=0o606)
    r = agent.once()
    assert r.code == 2 and "everybody may write" in r.err and signer.seals == [], r
    if os.geteuid() == 0:
        os.chmod(signer.path, 0o660)
        os.chown(signer.path, 65534, 65534)  # the process behind it is another's
        r = agent.once()
        assert r.code == 2 and "belongs to user 65534" in r.err and signer.seals == [], r
        os.chown(signer.path, 0, 0)
    os.unlink(signer.path)
    open(signer.path, "w").close()
    r = agent.once()
    assert r.code == 2 and "is no socket" in r.err, r


def test_gone_and_back(outside):
    """It ends while the book is balanced; the agent observes only,
    and goes on with the next one that listens."""
    chain, agent, signer = outside(
        chain={"perp": -10}, agent__loop_interval_seconds="0.3", hedge__cooldown_seconds=0
    )
    running = agent.start()
    running.until("balanced")
    signer.close()
    wait_for(lambda: "the signer's socket closed" in running.log, 5, "it was noticed at once")
    chain.ctl("set_user", perp=-9)
    s = running.until("observe_only", since=len(running.lines))
    assert "the signer is gone" in s["reason"] and chain.sends() == []
    at = len(running.lines)
    signer.listen()
    running.until("executed_live", since=at, seconds=15)
    running.told("the signer is there again")
    assert chain.perp() == -10 * E9 and len(chain.orders_sent()) == 1
    assert running.stop() == 143


def test_without_it_live_does_not_start(outside):
    chain, agent, signer = outside()
    signer.close()
    r = agent.once()
    assert r.code == 1 and "signer.sock" in r.err and chain.sends() == [], r


def test_settings_that_do_not_go_together(outside):
    chain, agent, signer = outside()
    agent.set(account__keypair=agent.key)
    r = agent.once()
    assert r.code == 2 and "keypair" in r.err and "socket" in r.err, r
    agent.set(account__keypair=None, signer__public_key=None)
    r = agent.once()
    assert r.code == 2 and "public_key" in r.err, r


def test_check_names_it(outside):
    chain, agent, signer = outside(chain={"perp": -10})
    r = agent.command("check", "--json", "-c", agent.config)
    rows = {x["name"]: x for x in json.loads(r.out)["data"]["rows"]}
    assert (
        r.code == 0 and rows["signer socket"]["finding"] == "ok" and PUBLIC in rows["signer socket"]["value"]
    ), r
    signer.close()
    r = agent.command("check", "--json", "-c", agent.config)
    rows = {x["name"]: x for x in json.loads(r.out)["data"]["rows"]}
    assert r.code == 3 and rows["signer socket"]["finding"] == "fail" and rows["signer socket"]["remedy"]


def test_paper_by_command_lets_go_of_it_and_live_comes_back(outside):
    chain, agent, signer = outside(
        chain={"perp": -10}, agent__loop_interval_seconds="0.3", hedge__cooldown_seconds=0
    )
    running = agent.start()
    running.until("balanced")
    assert agent.said("mode", "paper").code == 0
    wait_for(lambda: not connected(running.pid, signer.path), 5, "the connection is closed")
    assert len(signer.seals) == 1
    r = agent.said("mode", "live", "--yes")
    assert r.code == 0 and len(signer.seals) == 2, r
    chain.ctl("set_user", perp=-9)
    running.until("executed_live", since=len(running.lines))
    assert running.stop() == 143 and chain.perp() == -10 * E9 and len(chain.orders_sent()) == 1


def connected(pid, path):
    """Whether a connection to the path stands; the listener itself is one line of the table."""
    with open("/proc/net/unix") as f:
        return sum(path in line for line in f) > 1


def test_a_signer_of_the_version_before_is_refused_by_name(outside):
    """EKS1 knew no price message and no loss: it is not used, and the words say which is which."""
    chain, agent, signer = outside()
    signer.manner = "old"
    r = agent.once()
    assert r.code in (1, 2) and "EKS1" in r.err and "EKS2" in r.err and chain.sends() == [], r
    signer.manner = "honest"
    assert agent.once().status["status"] == "executed_live"


def test_the_example_refuses_an_agent_of_the_version_before(tmp_path):
    signer = Outside(tmp_path / "signer.sock")
    old = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    old.settimeout(5)
    old.connect(signer.path)
    old.send(struct.pack("<IHHII", OLD_MAGIC, SEAL, 0, 0, 0) + bytes(832))
    answer = old.recv(4096)
    assert struct.unpack_from("<IHHII", answer) == (MAGIC, READY, 0, 0, 6)
    assert b"EKS1" in answer
    assert old.recv(4096) == b""
    old.close()
    signer.close()


def test_prices_are_shown_to_it(outside):
    chain, agent, signer = outside(chain={"perp": -10})
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: signer.shown, 5, "a price")
    packet = signer.shown[0]
    assert len(packet) == 216 and packet[16] == 0  # market
    assert struct.unpack_from("<Q", packet, 24)[0] > 0  # equity
    assert 0 < struct.unpack_from("<H", packet, 64)[0] <= 144
    assert running.stop() == 143
