"""The agent under valgrind's memcheck, through corrections, wrong answers, commands, a reload and its end: no
invalid read or write, no use of what was never written. (Growth is test_footprint.py's.) The signer is one of
the tests' own (valgrind needs calls that the real one may not make; that one is read by the sanitizers:
fuzz_signer, fuzz_policy, test_keyfile). Slow: a slice here, the rest by EK_VALGRIND=all."""

import os
import shutil
import signal

import pytest
from solders.keypair import Keypair

from harness import wait_for
from harness.liar import Liar
from harness.lies import WAYS
from outside import Outside

E9 = 10**9
PUBLIC = str(Keypair.from_seed(b"\x08" * 32).pubkey())
MEMCHECK = "--vgdb=no --quiet --error-exitcode=99 --leak-check=no --child-silent-after-fork=yes"
pytestmark = pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")


@pytest.fixture
def checked(bench, binary):
    """An agent whose every run is under memcheck, with an outside signer."""
    made = []

    def make(chain=None, url=None, **settings):
        there, agent = bench(
            chain={"perp": -9, "sol": 10, "tick_ms": 400, **(chain or {})},
            account__keypair=None,
            signer__public_key=PUBLIC,
            signer__timeout_ms=10000,
            rpc__timeout_ms=10000,
            rpc__max_latency_ms=60000,
            **settings,
        )
        signer = Outside(agent.home / "signer.sock")
        made.append(signer)
        agent.set(signer__socket=signer.path)
        under = agent.home / "under"
        under.write_text('#!/bin/sh\nexec valgrind %s %s "$@"\n' % (MEMCHECK, binary))
        under.chmod(0o755)
        agent.binary = under
        return there, agent

    yield make
    for s in made:
        s.close()


def clean(text):
    assert [x for x in text.splitlines() if x.startswith("==")] == [], text


def test_a_correction(checked):
    chain, agent = checked()
    r = agent.once(seconds=120)
    assert r.code == 0 and r.status["status"] == "executed_live", r
    clean(r.err)


def test_wrong_answers(checked):
    names = (
        list(WAYS)
        if os.environ.get("EK_VALGRIND") == "all"
        else [
            "malformed",
            "huge",
            "deep nesting",
            "a key twice",
            "short data",
            "bad base64",
            "cut by the connection",
        ]
    )
    chain, agent = checked(gates__max_failures=1000)
    liar = Liar(chain)
    agent.set(rpc__url=liar.url, rpc__timeout_ms=5000)
    try:
        for name in names:
            liar.tell("getMultipleAccounts", WAYS[name][0])
            r = agent.once(seconds=120)
            assert r.code in (10, 11), (name, r)
            clean(r.err)
    finally:
        liar.close()


def test_commands_a_reload_and_the_end(checked):
    chain, agent = checked(chain={"perp": -10}, agent__loop_interval_seconds="1")
    running = agent.start()
    running.until("balanced", seconds=60)
    for word in ("status", "pause", "resume", "rebalance"):
        r = agent.command(word, "-c", agent.config, seconds=60)
        assert r.code == 0, r
        clean(r.err)
    agent.set(hedge__max_trade_size="3")
    running.send(signal.SIGHUP)
    wait_for(lambda: "settings reloaded" in running.log, 30, "re-read")
    assert running.stop(seconds=60) == 143
    clean(running.log)


@pytest.mark.parametrize("words", [["version"], ["check", "--json"], ["state", "show"], ["help"]])
def test_commands_that_only_look(checked, words):
    chain, agent = checked(chain={"perp": -10})
    if words[0] == "state":
        agent.once(seconds=120)
        words = [*words, agent.state]
    elif words[0] == "check":
        words = [*words, "-c", agent.config]
    r = agent.command(*words, seconds=120)
    assert r.code == 0, r
    clean(r.err)
