"""What stands in the way is said by its name: which method, which endpoint, what the provider said,
and what to do."""

import http.server
import json
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness.liar import Liar
from harness import wait_for


def refused(code, message, status=200):
    return lambda turn: turn.answer(
        json.dumps(
            {"jsonrpc": "2.0", "id": turn.request["id"], "error": {"code": code, "message": message}}
        ).encode(),
        status,
    )


def without_history(turn):
    """As a node answers that was started without --enable-rpc-transaction-history."""
    parameters = turn.request["params"]
    if len(parameters) > 1 and parameters[1].get("searchTransactionHistory"):
        return refused(-32011, "Transaction history is not available from this node")(turn)
    return turn.truth


def slow(turn):
    time.sleep(3)
    return turn.truth


NOT_FOUND = refused(-32601, "Method not found")


@pytest.fixture
def behind_liar(bench):
    """A chain, a server before it, and an agent that knows only the server."""
    servers = []

    def make(perp=-9, **settings):
        chain, agent = bench(chain={"perp": perp}, **settings)
        servers.append(Liar(chain))
        agent.set(rpc__url=servers[-1].url)
        return chain, servers[-1], agent

    yield make
    for s in servers:
        s.close()


def table(r):
    data = json.loads(r.out)["data"]
    return data, [x for x in data["rows"]]


# --- one order


@pytest.mark.parametrize("method", ["getGenesisHash", "getLatestBlockhash"])
def test_a_refused_method_is_named(behind_liar, method):
    chain, liar, agent = behind_liar()
    liar.tell(method, NOT_FOUND)
    r = agent.once()
    reason = r.status["reason"]
    assert r.code == 11 and reason.startswith(
        "RPC error -32601: Method not found (%s at endpoint 1, " % method
    ), r
    assert liar.url in reason and "use another endpoint" in reason and chain.sends() == []


def test_the_providers_own_sentence(behind_liar):
    chain, liar, agent = behind_liar()
    key = "0a1b2c3d4e5f60718293a4b5"
    agent.set(rpc__url=liar.url + "/?api-key=" + key)
    liar.tell("*", lambda turn: turn.answer(b'{"error":"key %s is\\nnot known"}' % key.encode(), 401))
    r = agent.once()
    assert "RPC answered HTTP 401, key \u2026 is not known" in r.status["reason"], r
    assert "the key in the URL" in r.status["reason"] and key not in r.out + r.err


@pytest.mark.parametrize(
    "url,proxy,words",
    [
        ("https://evenkeel-test.invalid/", None, "RPC host name not found"),
        ("https://127.0.0.1:9/", None, "RPC connection refused"),
        ("https://evenkeel-test.invalid/", "http://127.0.0.1:9", "RPC proxy does not answer or refuses"),
        (
            "https://evenkeel-test.invalid/",
            "http://evenkeel-proxy.invalid:3128",
            "RPC proxy does not answer or refuses",
        ),
    ],
)
def test_name_connection_and_proxy_are_three_things(agents, binary, url, proxy, words):
    agent = agents(
        binary,
        None,
        agent__mode="paper",
        rpc__url=url,
        rpc__timeout_ms="2000",
        account__keypair=None,
        account__authority="11111111111111111111111111111112",
    )
    env = {"https_proxy": proxy, "HTTPS_PROXY": None, "all_proxy": None, "ALL_PROXY": None}
    r = agent.once(env=env)
    assert r.code == 11 and words in r.status["reason"], r


def test_a_proxy_that_refuses_is_named(agents, binary):
    agent = agents(
        binary,
        None,
        agent__mode="paper",
        rpc__url="https://evenkeel-test.invalid/",
        rpc__timeout_ms="2000",
        account__keypair=None,
        account__authority="11111111111111111111111111111112",
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_CONNECT(self):
            self.send_response(407)
            self.send_header("content-length", "0")
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    r = agent.once(env={"https_proxy": "http://127.0.0.1:%d" % server.server_port})
    server.shutdown()
    server.server_close()
    assert "RPC proxy does not answer or refuses" in r.status["reason"], r


# --- the account


@pytest.mark.parametrize(
    "settings,words",
    [
        (
            {"account__authority": "DELEGATE"},
            "This authority is the agent's own key. Set [account] authority to the owner's",
        ),
        ({"account__sub_account": "3"}, "sub_account: the first one is 0"),
    ],
)
def test_an_account_that_is_not_there(bench, settings, words):
    chain, agent = bench(chain={"perp": -9})
    agent.set(**{k: chain.delegate if v == "DELEGATE" else v for k, v in settings.items()})
    authority = settings.get("account__authority") and chain.delegate or chain.authority
    fact = "sub-account %s of authority %s" % (settings.get("account__sub_account", 0), authority)
    r = agent.once()
    assert r.code == 11 and fact in r.status["reason"] and words in r.status["reason"], r
    r = agent.command("check", "--json", "-c", agent.config)
    row = next(x for x in table(r)[1] if x["name"] == "account")
    assert r.code == 3 and row["finding"] == "fail" and fact in row["value"] and words in row["remedy"], row


# --- check asks what an order will need


@pytest.mark.parametrize(
    "method,rule,code",
    [
        ("getGenesisHash", NOT_FOUND, 3),
        ("getLatestBlockhash", NOT_FOUND, 3),
        ("getEpochInfo", NOT_FOUND, 3),
        ("simulateTransaction", NOT_FOUND, 3),
        ("getRecentPrioritizationFees", NOT_FOUND, 0),
        ("getHealth", NOT_FOUND, 0),
        ("getSignatureStatuses", NOT_FOUND, 0),
        ("getSignatureStatuses", without_history, 0),
    ],
)
def test_check_names_what_a_node_refuses(behind_liar, method, rule, code):
    """On a balanced book, of which no tick would have found out."""
    chain, liar, agent = behind_liar(perp=-10)
    liar.tell(method, rule)
    r = agent.command("check", "--json", "-c", agent.config)
    data, rows = table(r)
    found = [x for x in rows if x["name"] == method]
    assert r.code == code and found and all(x["finding"] == ("fail" if code else "warn") for x in found), r
    assert all("RPC #1, " + liar.url in x["value"] and x["remedy"] for x in found), found
    assert ("Method not found" if rule is NOT_FOUND else "-32011") in found[0]["value"]
    assert chain.sends() == []


@pytest.mark.parametrize("both", [False, True])
def test_check_fails_only_where_no_endpoint_is_left(behind_liar, both):
    """One of two that refuses is a warning; two that each refuse another method leave nobody."""
    chain, first, agent = behind_liar(perp=-10)
    second = Liar(chain)
    agent.set(rpc__url=[first.url, second.url])
    first.tell("getLatestBlockhash", NOT_FOUND)
    if both:
        second.tell("getGenesisHash", NOT_FOUND)
    r = agent.command("check", "--json", "-c", agent.config)
    second.close()
    data, rows = table(r)
    row = next(x for x in rows if x["name"] == "getLatestBlockhash")
    assert (r.code, row["finding"]) == ((3, "fail") if both else (0, "warn")), r
    methods = [x["value"] for x in rows if x["name"] == "RPC methods"]
    assert methods == ([] if both else ["1 of 2 endpoints answer all that an order needs"])


def test_check_waits_out_a_rate_limit(behind_liar):
    chain, liar, agent = behind_liar(perp=-10)
    liar.tell("getEpochInfo", lambda turn: turn.answer(b"", 429, [(b"retry-after", b"1")]), times=1)
    r = agent.command("check", "--json", "-c", agent.config)
    assert r.code == 0 and not [x for x in table(r)[1] if x["name"] == "getEpochInfo"], r


def test_check_shows_that_a_node_is_behind_by_its_own_word(behind_liar):
    chain, liar, agent = behind_liar(perp=-10)
    liar.tell(
        "getHealth",
        lambda turn: turn.answer(
            json.dumps(
                {
                    "jsonrpc": "2.0",
                    "id": turn.request["id"],
                    "error": {
                        "code": -32005,
                        "message": "Node is behind by 400 slots",
                        "data": {"numSlotsBehind": 400},
                    },
                }
            ).encode()
        ),
    )
    r = agent.command("check", "--json", "-c", agent.config)
    row = next(x for x in table(r)[1] if x["name"] == "RPC #1")
    assert row["finding"] == "warn" and "behind by 400 slots by its own word" in row["value"], row


# --- this machine


def test_a_state_file_that_a_reboot_takes_away(bench):
    home = Path(tempfile.mkdtemp(prefix="ek", dir="/dev/shm"))
    try:
        chain, agent = bench(chain={"perp": -9}, agent__state=home / "state.bin")

        def row():
            r = agent.command("check", "--json", "-c", agent.config)
            return next(x for x in table(r)[1] if x["name"] == "state file")

        before = row()
        assert agent.once().code == 0
        for found in (before, row()):
            assert (
                found["finding"] == "warn"
                and "tmpfs" in found["value"]
                and "[agent] state" in found["remedy"]
            ), found
    finally:
        shutil.rmtree(home)


def test_a_limit_of_file_sizes_is_said(bench):
    chain, agent = bench(chain={"perp": -9})
    r = subprocess.run(
        [agent.binary, "run", "-c", agent.config, "--once"],
        capture_output=True,
        text=True,
        timeout=30,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert r.returncode == 11 and "file size limit" in r.stderr and "ulimit -f" in r.stderr, r
    assert chain.sends() == []


def test_status_before_the_first_tick(behind_liar):
    chain, liar, agent = behind_liar()
    liar.tell("*", slow)
    running = agent.start()
    wait_for(lambda: agent.control.exists(), 10, "the control socket")
    r = agent.said("status")
    assert (
        r.code == 0
        and "just started" in r.out
        and "the first tick is under way" in r.out
        and "s ago" not in r.out
    ), r
    assert running.stop() == 143


# --- the cause before what follows from it


def test_the_reason_is_the_cause(bench):
    chain, agent = bench(chain={"perp": -9})
    chain.ctl("set_user", status=2)
    assert "bankrupt" in agent.once().status["reason"]
    chain.ctl("set_user", status=0)
    price = chain.ctl("state")["sol_price_1e6"] / 1e6
    chain.ctl("auto_oracle", on=True)
    chain.ctl("set_price", price=10 * price)
    r = agent.once()
    assert r.status["status"] == "blocked" and r.status["reason"].startswith("The oracle price is "), r


# --- keys and configs as people have them

B58 = "4Z7cXSyeFR8wNGMVXUE1TwtKn5D5Vu7FzEv69dokLv7KrQk7h6pu4LF8ZRR9yQBhc7uSM6RTTZtU1fmaxiNrxXrs"


@pytest.mark.parametrize(
    "content,words",
    [
        (B58, "base58"),
        ("00" * 32, "in hex"),
        ("abandon " * 11 + "about", "recovery phrase"),
        ("\ufeff[1]", "byte order mark"),
        (json.dumps([7] * 32), "it holds 32 numbers"),
    ],
)
def test_a_key_in_another_form(agents, binary, content, words):
    agent = agents(binary, None)
    agent.key.touch(mode=0o600)
    agent.key.write_text(content)
    r = agent.command("key", "show", agent.key)
    assert r.code == 2 and words in r.err and content not in r.err, r
