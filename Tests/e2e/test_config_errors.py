"""A config that is not right refuses to start: exit 2, one line that names file, line, key,
value and what is allowed; secrets never show."""

import json
import re

import pytest

KEY = "11111111111111111111111111111112"
GOOD = (
    """[agent]
mode = paper
state = STATE
control =
[rpc]
url = http://127.0.0.1:9
[account]
authority = %s
[hedge SOL-PERP]
spot = venue:SOL
[web]
listen =
"""
    % KEY
)

# what is put in place of which line, at which line it is found, and what must be said
CASES = {
    "a word for a number": (
        "state = STATE",
        "state = STATE\nloop_interval_seconds = fast",
        4,
        "loop_interval_seconds = fast: must be a number, at least 0.1 and at most 86400 (seconds)",
    ),
    "out of range": (
        "spot = venue:SOL",
        "spot = venue:SOL\ndrift_tolerance_pct = 0",
        11,
        "drift_tolerance_pct = 0: must be more than 0",
    ),
    "past the top": (
        "spot = venue:SOL",
        "spot = venue:SOL\nmax_leverage = 100.0001",
        11,
        "max_leverage = 100.0001: must be more than 0 and at most 100",
    ),
    "negative": (
        "spot = venue:SOL",
        "spot = venue:SOL\nmin_trade_size = -1",
        11,
        "min_trade_size = -1: must be ",
    ),
    "too many decimals": (
        "spot = venue:SOL",
        "spot = venue:SOL\nmin_trade_size = 0.0000000001",
        11,
        "min_trade_size = 0.0000000001: must have at most 9 decimals",
    ),
    "not a choice": ("mode = paper", "mode = real", 2, "mode = real: must be paper or live"),
    "a choice with a wrong case": ("mode = paper", "mode = Paper", 2, "mode = Paper: must be paper or live"),
    "an unknown key": (
        "mode = paper",
        "mode = paper\nmood = good",
        3,
        "mood: unknown key in [agent]; known: mode, loop_interval_seconds, state, control",
    ),
    "an unknown section": ("[web]", "[wev]", 11, "[wev]: unknown section; known: [agent] [rpc]"),
    "a key twice": (
        "mode = paper",
        "mode = paper\nmode = paper",
        3,
        "mode = paper: given twice (first in line 2)",
    ),
    "a section twice": ("[web]", "[agent]", 11, "[agent]: given twice (first in line 1)"),
    "a market twice": ("[web]", "[hedge SOL-PERP]", 11, "[hedge SOL-PERP]: given twice (first in line 9)"),
    "a bad market": ("[hedge SOL-PERP]", "[hedge SOL]", 9, "[hedge SOL]: must name a market as SOL-PERP"),
    "http to the world": (
        "url = http://127.0.0.1:9",
        "url = http://rpc.example/",
        6,
        "url = http://rpc.example: must be an https URL, or http to a loopback address",
    ),
    "another protocol": ("url = http://127.0.0.1:9", "url = ftp://127.0.0.1/", 6, "must be an https URL"),
    "a host that only begins like loopback": (
        "url = http://127.0.0.1:9",
        "url = http://127.0.0.1.example/",
        6,
        "must be an https URL",
    ),
    "user info that looks like loopback": (
        "url = http://127.0.0.1:9",
        "url = http://127.0.0.1@rpc.example/",
        6,
        "must be an https URL",
    ),
    "a name that is not set": (
        "url = http://127.0.0.1:9",
        "url = https://rpc.example/?k=${EK_TEST_ABSENT}",
        6,
        "EK_TEST_ABSENT is neither in the environment nor a systemd credential",
    ),
    "no url": ("url = http://127.0.0.1:9", "", 5, "[rpc] url: at least one is needed"),
    "a bad key": (
        "authority = %s" % KEY,
        "authority = 0OIl",
        8,
        "authority = 0OIl: must be a public key (base58 of 32 bytes)",
    ),
    "no account": ("authority = %s" % KEY, "", 2, "mode = paper: needs [account] authority (or keypair)"),
    "live without a key": ("mode = paper", "mode = live", 2, "mode = live: needs [account] keypair"),
    "a leg of another asset": (
        "spot = venue:SOL",
        "spot = venue:BTC",
        10,
        "spot = venue:BTC: leg venue:BTC is not SOL, which this section hedges",
    ),
    "a leg twice": ("spot = venue:SOL", "spot = venue:SOL, venue:SOL", 10, "is given twice"),
    "a sub-account past 16 bits": (
        "authority = %s" % KEY,
        "authority = %s\nsub_account = 65536" % KEY,
        9,
        "sub_account = 65536: must be at least 0 and at most 65535",
    ),
    "an inline comment with #": (
        "spot = venue:SOL",
        "spot = venue:SOL\ncooldown_seconds = 60 # a minute",
        11,
        (
            "cooldown_seconds = 60 # a minute: must be a whole number, at least 0 and at most 2592000 "
            "(seconds); a comment behind a value starts with ;"
        ),
    ),
    "an overlong line": ("mode = paper", "mode = paper ; " + "x" * 3000, 2, "is longer than "),
    "a line that continues": ("mode = paper", "mode = paper\n  live", 3, "may not begin with a blank"),
    "neither key nor section": (
        "mode = paper",
        "mode = paper\nlive",
        3,
        "is neither a section, a key = value nor a comment",
    ),
    "a control byte": ("mode = paper", "mode = paper\nstate = a\x01b", 3, "holds a control byte (0x01)"),
    "before the first section": ("[agent]\n", "mode = live\n[agent]\n", 1, "stands before the first section"),
    "minimum over maximum": (
        "spot = venue:SOL",
        "spot = venue:SOL\nmin_trade_size = 2\nmax_trade_size = 1",
        11,
        "must be at most max_trade_size",
    ),
    "the page to the world without a token": (
        "listen =",
        "listen = 0.0.0.0:8000",
        12,
        "listen = 0.0.0.0:8000: an address that is not loopback needs token_file",
    ),
    "nothing to hedge": (
        "[hedge SOL-PERP]\nspot = venue:SOL\n",
        "",
        None,
        "no [hedge X-PERP] section: nothing to hedge",
    ),
}


@pytest.fixture
def plain(agents, binary):
    """An agent whose config is written by hand."""
    agent = agents(binary, None)

    def with_text(text):
        agent.config.write_text(text.replace("STATE", str(agent.state)))
        return agent

    return with_text


def test_the_good_one_starts(plain):
    agent = plain(GOOD)
    r = agent.once()
    assert r.code == 11 and r.status["status"] == "error", (
        r
    )  # nobody listens there; the config itself is fine


@pytest.mark.parametrize("case", CASES)
def test_refused(plain, case):
    old, new, line, words = CASES[case]
    assert old in GOOD
    agent = plain(GOOD.replace(old, new, 1))
    r = agent.command("run", "-c", agent.config, "--once")
    assert r.code == 2 and r.out == "", r
    said = r.err.strip().splitlines()
    assert len(said) == 1, r.err
    where = "%s:%d: " % (agent.config, line) if line else "%s: " % agent.config
    assert where in said[0] and words in said[0], said[0]
    assert not agent.state.exists()


def test_refused_by_every_command_that_reads_it(plain):
    agent = plain(GOOD.replace("mode = paper", "mode = reel"))
    for words in (["run"], ["status"], ["pause"], ["resume"], ["rebalance"]):
        r = agent.command(*words, "-c", agent.config)
        assert r.code == 2 and "%s:2: mode = reel: must be paper or live" % agent.config in r.err, r


def test_no_file_and_no_name(plain, binary):
    agent = plain(GOOD)
    r = agent.command("run", "-c", agent.home / "absent.conf")
    assert r.code == 2 and "absent.conf: cannot be read: No such file or directory" in r.err
    for unset in (None, ""):
        r = agent.command("run", "--once", env={"EVENKEEL_CONFIG": unset})
        assert r.code == 2 and "EVENKEEL_CONFIG" in r.err, r
    r = agent.command("run", "--once", env={"EVENKEEL_CONFIG": str(agent.config)})
    assert r.code == 11, r
    r = agent.command("run", "-c", agent.config, "--onse")
    assert r.code == 2 and "onse" in r.err
    r = agent.command("sail")
    assert r.code == 2 and '"sail"' in r.err


@pytest.mark.parametrize(
    "what,mode,words",
    [
        ("key", 0o644, "mode 0644 lets others read the key: chmod 600"),
        ("key", 0o640, "mode 0640 lets others read the key"),
        ("short", 0o600, "is not a Solana key file"),
        ("text", 0o600, "is not a Solana key file"),
        ("halves", 0o600, "its second half is not the public key"),
        ("large number", 0o600, "number 3 of 64 is not 0 to 255"),
        ("absent", 0o600, "cannot be opened: No such file or directory"),
        ("directory", 0o600, "is not a regular file"),
    ],
)
def test_a_key_file_that_is_refused(bench, what, mode, words):
    chain, agent = bench(chain={"perp": -9})
    secret = json.loads(agent.key.read_text())
    text = {
        "short": json.dumps(secret[:63]),
        "text": "correct horse battery staple",
        "halves": json.dumps(secret[:63] + [secret[63] ^ 1]),
        "large number": json.dumps(secret[:2] + [256] + secret[3:]),
    }.get(what, json.dumps(secret))
    agent.key.unlink()
    if what == "directory":
        agent.key.mkdir()
    elif what != "absent":
        agent.key.touch(mode=0o600)
        agent.key.write_text(text)
        agent.key.chmod(mode)
    r = agent.once()
    assert r.code == 2 and r.out == "" and "%s: " % agent.key in r.err and words in r.err, r
    assert "8, 8, 8" not in r.err and "8,8,8" not in r.err
    assert chain.sends() == [] and chain.calls("getMultipleAccounts") == 0
    if what == "directory":
        agent.key.rmdir()


@pytest.mark.parametrize("verbose", [(), ("--verbose",)])
def test_secrets_never_show(bench, verbose):
    """A key in the URL, by environment and by credential: not in the log, the answers,
    the state or any error."""
    secret = "SeCrEt0123456789abcdef"
    chain, agent = bench(chain={"perp": -9})
    agent.set(rpc__url=chain.url + "/?api-key=${RPC_KEY}")
    environment = {"RPC_KEY": secret}
    runs = [agent.once(*verbose, env=environment)]
    assert runs[0].status["status"] == "executed_live", runs[0]
    agent.set(rpc__url="http://127.0.0.1:9/${RPC_KEY}?token=${RPC_KEY}")
    runs.append(agent.once(*verbose, env=environment))
    agent.set(rpc__url="http://user:${RPC_KEY}@rpc.example/")
    runs.append(agent.once(*verbose, env=environment))
    agent.set(rpc__url="http://rpc.example/v2/%s?api-key=%s" % (secret, secret))  # written out, and refused
    runs.append(agent.once(*verbose))
    assert [r.code for r in runs[2:]] == [2, 2]
    home = agent.home / "credentials"
    home.mkdir()
    (home / "RPC_KEY").write_text(secret + "\n")
    agent.set(rpc__url=chain.url + "/?api-key=${RPC_KEY}")
    runs.append(agent.once(*verbose, env={"CREDENTIALS_DIRECTORY": str(home)}))
    assert runs[-1].status["status"] == "balanced"
    for r in runs:
        assert secret not in r.out + r.err and not re.search(r"8, ?8, ?8, ?8", r.out + r.err), r
    for f in agent.home.iterdir():
        if f.is_file():
            assert f.name == "ek.conf" or secret.encode() not in f.read_bytes(), f
