"""The agent against servers that lie, stall, break off or babble: nothing is sent, it does not crash,
it says what was wrong, and it is itself again once the server behaves."""

import base64
import time

import pytest

from harness import together, wait_for
from harness.liar import Liar
from harness.lies import LATER, WAYS

E9 = 10**9


@pytest.fixture
def drifted(chains, agents, binary):
    """Makes a drifted book that nothing of what happens here may change, a server before it,
    and an agent on that."""
    servers = []

    def make():
        chain = chains("velocity", binary, perp=-9)
        servers.append(Liar(chain))
        return chain, servers[-1], agents(binary, chain, rpc__url=servers[-1].url, rpc__timeout_ms=600)

    yield make
    for s in servers:
        s.close()


def nothing_was_sent(chain, liar):
    assert chain.sends() == [] and liar.count("sendTransaction") == 0 and liar.count("GET") == 0
    assert chain.perp() == -9 * E9 and chain.moves() == []


GROUPS = {n: list(WAYS)[i : i + 18] for n, i in (("the wire", 0), ("the message", 18), ("the accounts", 36))}


@pytest.mark.parametrize("group", GROUPS)
def test_wrong_answers_to_the_read(drifted, group):
    def one(way):
        chain, liar, agent = drifted()
        misbehave, word = WAYS[way]
        liar.tell("getMultipleAccounts", misbehave)
        r = agent.once()
        assert (
            r.code in (10, 11) and r.status["status"] in ("error", "observe_only") and r.status["reason"]
        ), r
        assert (
            r.status["action_taken"] == "NONE"
            and r.status["drift_pct"] is None
            and r.status["tx_signature"] is None
        )
        assert "level=err" in r.err or "level=warn" in r.err, r.err
        assert "Reading the book failed" in r.err, r.err
        assert all(" " <= c <= "~" or c == "\n" for c in r.err), "control bytes in the log: %r" % r.err
        assert word is None or word in r.err, r.err
        nothing_was_sent(chain, liar)

    together(GROUPS[group], one)


@pytest.mark.parametrize("method", ["getLatestBlockhash", "simulateTransaction"])
def test_wrong_answers_while_the_order_is_prepared(drifted, method):
    def one(way):
        chain, liar, agent = drifted()
        liar.tell(method, WAYS[way][0])
        r = agent.once()
        assert r.code == 11 and r.status["status"] == "error", r
        assert "Rebalance execution failed: " in r.err and r.status["tx_signature"] is None
        nothing_was_sent(chain, liar)

    together(
        [
            "malformed",
            "html with 200",
            "empty",
            "truncated",
            "wrong id",
            "result and error",
            "503",
            "silent",
            "closed before the headers",
            "huge",
            "deep nesting",
            "redirect",
            "chunked garbage",
        ],
        one,
    )


def test_the_simulation_says_something_else(drifted):
    """A simulated account that is not what the order means is refused, whoever is wrong."""
    chain, liar, agent = drifted()

    def other_position(answer):
        a = answer["result"]["value"]["accounts"][0]
        d = bytearray(base64.b64decode(a["data"][0]))
        d[424 + 8 : 424 + 16] = (-20 * E9).to_bytes(8, "little", signed=True)
        a["data"][0] = base64.b64encode(d).decode()

    def spot_gone(answer):
        a = answer["result"]["value"]["accounts"][0]
        d = bytearray(base64.b64decode(a["data"][0]))
        d[104:112] = bytes(8)
        a["data"][0] = base64.b64encode(d).decode()

    def no_accounts(answer):
        answer["result"]["value"]["accounts"] = None

    def other_owner(answer):
        answer["result"]["value"]["accounts"][0]["owner"] = "11111111111111111111111111111111"

    for change in (other_position, spot_gone, no_accounts, other_owner):
        liar.tell("simulateTransaction", lambda turn: turn.altered(change))
        r = agent.once()
        assert r.code == 11 and r.status["status"] == "error" and "simulat" in r.status["reason"], (
            change.__name__,
            r,
        )
        nothing_was_sent(chain, liar)


def test_missing_fees_do_not_stop_it(chains, agents, binary):
    """What others pay is good to know, not needed."""
    chain = chains("velocity", binary, perp=-9)
    liar = Liar(chain)
    liar.tell("getRecentPrioritizationFees", WAYS["503"][0])
    r = agents(binary, chain, rpc__url=liar.url).once()
    assert r.code == 0 and r.status["status"] == "executed_live" and "priority fees unknown" in r.err
    liar.close()


def test_it_is_itself_again_once_the_server_behaves(chains, agents, binary):
    """A running agent through one trouble after another on a balanced book; then a drift,
    hidden by the last trouble, is corrected once."""
    chain = chains("velocity", binary, perp=-10)
    liar = Liar(chain)
    agent = agents(binary, chain, rpc__url=liar.url, rpc__timeout_ms=300, agent__loop_interval_seconds="0.3")
    running = agent.start()
    running.until("balanced")
    troubles = [
        "malformed",
        "503",
        "silent",
        "closed before the headers",
        "wrong discriminator",
        "429",
        "drift",
    ]
    for way in troubles:
        if way == "drift":
            liar.tell("getMultipleAccounts", LATER["slot going back"][0])
            chain.ctl("set_user", perp=-9)
        else:
            liar.tell("getMultipleAccounts", WAYS[way][0])
        at = len(running.lines)
        bad = running.until("error", "observe_only", since=at)
        assert bad["reason"]
        if way == "drift":
            assert "older than slot" in bad["reason"] or "the chain's clock in it says" in bad["reason"]
        assert running.process.poll() is None and chain.sends() == []
        liar.honest()
        at = len(running.lines)
        running.until("executed_live" if way == "drift" else "balanced", since=at)
    assert running.stop() == 143
    assert chain.moves()[-1] == (-9 * E9, -10 * E9) and len(chain.landed()) == 1
    liar.close()


def test_what_a_node_says_to_a_send_proves_nothing(drifted):
    """The transaction lands, the answer to it is bad:
    the signature is looked for and the one correction is found."""

    def one(way):
        chain, liar, agent = drifted()

        def after_the_fact(turn):
            assert turn.truth
            return WAYS[way][0](turn)

        liar.tell("sendTransaction", after_the_fact)
        r = agent.once()
        assert r.code == 0 and r.status["status"] == "executed_live", r
        assert len(chain.landed()) == 1 and len(chain.orders_sent()) == 1 and len(chain.moves()) == 1

    together(
        ["malformed", "503", "silent", "closed before the headers", "result and error", "wrong id", "empty"],
        one,
    )


def says(verdict):
    """getSignatureStatuses that answers with this verdict for every signature."""

    def change(answer):
        slot = answer["result"]["context"]["slot"]
        answer["result"]["value"] = [
            {
                "slot": slot,
                "confirmations": None,
                "confirmationStatus": "finalized",
                "err": verdict,
                "status": {"Ok": None},
            }
        ]

    return lambda turn: turn.altered(change)


def test_a_node_that_lies_about_the_signature(drifted):
    """It says landed (or failed) while the transaction is still on its way:
    no second correction may be built beside it."""

    def one(verdict):
        chain, liar, agent = drifted()
        agent.set(agent__loop_interval_seconds="0.5", hedge__cooldown_seconds=0)
        chain.fault("delay_send", n=1, slots=80)
        liar.tell("getSignatureStatuses", says(verdict))
        running = agent.start()
        time.sleep(3)
        liar.honest()
        wait_for(lambda: chain.perp() != -9 * E9, 10, "it lands")
        at = len(running.lines)
        running.until("balanced", since=at, seconds=15)
        assert running.stop() == 143
        assert chain.perp() == -10 * E9 and len(chain.moves()) == 1, (chain.moves(), running.log)

    together(
        [None, {"InstructionError": [2, {"Custom": 6289}]}, {"InstructionError": [2, {"Custom": 6003}]}], one
    )
