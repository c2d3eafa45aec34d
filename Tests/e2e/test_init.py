"""`init`: what it asks on a terminal, what it writes where the package is, and that what it wrote works."""

import json
import os
import shutil

import pexpect
import pytest

from harness import unbase58

OWNER = "11111111111111111111111111111112"


def active(path):
    """The lines that are no comments, by section."""
    out, section = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            out.setdefault(section, []).append(line)
    return out


@pytest.fixture
def place(agents, binary):
    return agents(binary, None)


def dialogue(agent, path, answers, words=()):
    """Runs `init` in a terminal; answers are (what is asked, what is typed)."""
    t = pexpect.spawn(
        str(agent.binary),
        ["init", str(path), *words],
        encoding="utf-8",
        timeout=10,
        env={**os.environ, "HOME": str(agent.home)},
        dimensions=(40, 120),
    )
    for asked, typed in answers:
        t.expect_exact(asked)
        t.sendline(typed)
    t.expect(pexpect.EOF)
    t.close()
    return t.exitstatus, t.before


def test_it_asks_what_it_cannot_find_out(place):
    path = place.home / "new.conf"
    code, said = dialogue(
        place,
        path,
        [
            ("Owner's address", "nobody"),
            ("must be a public key", OWNER),
            ("RPC URL", "wss://rpc.example"),
            ("is a WebSocket address", "https://rpc.example/?k=1"),
            ("second node", ""),
            ("paper or live", ""),
            ("counts as spot", "venue:SOL"),
            ("Address of the page", "off"),
            ("alerts are posted to", "https://ntfy.sh/x"),
        ],
    )
    assert code == 0 and "evenkeel check -c" in said, said
    assert "max_loss_usd_per_day" in said
    assert active(path) == {
        "agent": ["state = state.bin", "control = control.sock"],
        "rpc": ["url = https://rpc.example/?k=1"],
        "account": ["keypair = ~/.evenkeel/delegate.json", "authority = " + OWNER],
        "hedge SOL-PERP": ["spot = venue:SOL"],
        "web": ["listen ="],
        "alerts": ["webhook = https://ntfy.sh/x"],
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert place.command("run", "-c", path, "--once", "--paper", seconds=30).code in (0, 11)


def test_the_defaults_are_taken_by_enter_and_the_end_of_input_writes_nothing(place):
    path = place.home / "new.conf"
    code, said = dialogue(
        place, path, [(x, "") for x in ("Owner", "RPC URL", "second", "paper", "spot", "page", "alerts")]
    )
    assert (
        code == 0
        and "Still missing in it: [account] authority" in said
        and "mode" not in active(path)["agent"][0]
    )
    path.unlink()
    t = pexpect.spawn(
        str(place.binary),
        ["init", str(path)],
        encoding="utf-8",
        timeout=10,
        env={**os.environ, "HOME": str(place.home)},
    )
    t.expect_exact("Owner's address")
    t.sendeof()
    t.expect(pexpect.EOF)
    t.close()
    assert t.exitstatus == 1 and "nothing was written" in t.before and not path.exists()


def test_yes_and_a_pipe_ask_nothing(place):
    a, b = place.home / "a.conf", place.home / "b.conf"
    code, said = dialogue(place, a, [], ["--yes"])
    assert code == 0 and a.exists() and "Owner's address, which" not in said
    r = place.command("init", b, stdin="never asked\n", env={"HOME": str(place.home)})
    assert r.code == 0 and b.read_text() == a.read_text(), r


def test_it_knows_the_package(bench):
    """A directory `credentials` beside the config: the secrets are named as the unit hands them on, and found
    there by a command of root's."""
    chain, agent = bench(chain={"perp": -10})
    etc = agent.home / "etc"
    (etc / "credentials").mkdir(parents=True)
    conf = etc / "evenkeel.conf"
    r = agent.command("init", conf, env={"HOME": str(agent.home)})
    assert r.code == 0 and "sudo systemctl start evenkeel" in r.out, r
    assert "sudo evenkeel key new %s/credentials/delegate.json" % etc in r.out
    assert active(conf) == {
        "account": ["keypair = ${CREDENTIALS_DIRECTORY}/delegate.json"],
        "gates": ["kill_file = %s/STOP" % etc],
    }
    shutil.move(agent.key, etc / "credentials/delegate.json")
    text = conf.read_text().replace("[rpc]\n", "[rpc]\nurl = %s/?k=${RPC_KEY}\n" % chain.url)
    text = text.replace("[account]\n", "[account]\nauthority = %s\n" % chain.authority)
    text = text.replace("[agent]\n", "[agent]\nstate = %s/s.bin\ncontrol =\n" % agent.home)
    conf.write_text(text.replace("# listen = 127.0.0.1:8000", "listen ="))
    (etc / "credentials/RPC_KEY").write_text("abc\n")
    r = agent.command("check", "--json", "-c", conf, env={"CREDENTIALS_DIRECTORY": None})
    rows = {x["name"]: x for x in json.loads(r.out)["data"]["rows"]}
    assert rows["key file"]["value"].startswith("%s/credentials/delegate.json" % etc), r
    # The drill of operations.md: a kill file lies where a reboot leaves it.
    (etc / "STOP").touch()
    r = agent.command("check", "--json", "-c", conf, env={"CREDENTIALS_DIRECTORY": None})
    assert r.code == 3 and "%s/STOP is there" % etc in r.out, r


def test_key_new_makes_its_directory(place):
    path = place.home / "keys/delegate.json"
    r = place.command("key", "new", path)
    assert r.code == 0 and path.parent.stat().st_mode & 0o777 == 0o700, r
    assert len(unbase58(r.out.strip())) == 32
    assert place.command("key", "new", place.home / "no/such/k.json").code == 1
