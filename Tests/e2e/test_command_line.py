"""The command line as an operator meets it: which config is taken, what a command needs, how it ends, and
what it says to a slip of the fingers."""

import json
import os
import shutil
import socket
import subprocess

import pytest

from harness import wait_for


def bare(agent, *words, cwd=None, env=None):
    """A command without -c, from a directory of its own."""
    environment = {
        k: v for k, v in {**os.environ, "EVENKEEL_CONFIG": None, **(env or {})}.items() if v is not None
    }
    return subprocess.run(
        [str(agent.binary), *words],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=cwd or agent.home,
        env=environment,
    )


# --- which config


def test_the_config_is_looked_for(bench):
    """$EVENKEEL_CONFIG, the package's, the one in this directory; run takes only what was named."""
    chain, agent = bench(chain={"perp": -10})
    running = agent.start()
    running.until("balanced")
    elsewhere = agent.home / "elsewhere"
    elsewhere.mkdir()
    r = bare(agent, "status", cwd=elsewhere)
    assert (
        r.returncode == 2 and "/etc/evenkeel/evenkeel.conf" in r.stderr and "./evenkeel.conf" in r.stderr
    ), r
    shutil.copy(agent.config, elsewhere / "evenkeel.conf")
    for words in (["status"], ["pause"], ["resume"]):
        assert bare(agent, *words, cwd=elsewhere).returncode == 0, words
    r = bare(agent, "status", cwd=elsewhere, env={"EVENKEEL_CONFIG": "/no/such.conf"})
    assert r.returncode == 2 and "/no/such.conf: cannot be read" in r.stderr, r
    r = bare(agent, "run", "--once", cwd=elsewhere)
    assert r.returncode == 2 and "name one with -c FILE or EVENKEEL_CONFIG" in r.stderr, r
    assert running.stop() == 143


def test_commands_to_the_agent_need_no_secret(bench):
    """The names that systemd gives the service are not known in an operator's shell."""
    chain, agent = bench(chain={"perp": -10})
    secrets = agent.home / "secrets"
    secrets.mkdir()
    shutil.move(agent.key, secrets / "key.json")
    agent.set(
        rpc__url=chain.url + "/?k=${RPC_KEY}",
        account__keypair="${CREDENTIALS_DIRECTORY}/key.json",
        web__token_file="${CREDENTIALS_DIRECTORY}/WEB_TOKEN",
    )
    (secrets / "WEB_TOKEN").write_text("x" * 32)
    names = {"RPC_KEY": "abc", "CREDENTIALS_DIRECTORY": str(secrets)}
    running = agent.start(env=names)
    running.until("balanced")
    unknown = {k: None for k in names}
    for words in (
        ["status"],
        ["status", "--json"],
        ["pause"],
        ["resume"],
        ["rebalance"],
        ["flatten", "--yes"],
    ):
        r = agent.command(*words, "-c", agent.config, env=unknown)
        assert r.code == 0, (words, r)
    r = agent.command("run", "-c", agent.config, "--once", env=unknown)
    assert r.code == 2 and "is neither in the environment nor a systemd credential" in r.err, r
    assert running.stop() == 143
    r = agent.command("status", "-c", agent.config, env=unknown)
    assert r.code == 5 and "no agent is running" in r.out, r


def test_paths_from_home_and_from_the_config(bench):
    """`~/` is the home directory, and what does not begin with a slash counts from where the config lies."""
    chain, agent = bench(chain={"perp": -9})
    (agent.home / "keys").mkdir()
    shutil.move(agent.key, agent.home / "keys/k.json")
    agent.set(agent__state="here.bin", agent__control="c.sock", account__keypair="~/keys/k.json")
    r = agent.command("run", "-c", agent.config, "--once", "--json", env={"HOME": str(agent.home)})
    assert r.code == 0 and r.status["status"] == "executed_live", r
    assert (agent.home / "here.bin").stat().st_size == 16384
    r = agent.command("run", "-c", agent.config, "--once", env={"HOME": None})
    assert r.code == 2 and "HOME is not set: write the path in full" in r.err, r
    agent.set(account__keypair="~root/k.json")
    r = agent.command("run", "-c", agent.config, "--once")
    assert r.code == 2 and "~ of another user" in r.err, r


# --- how `status` ends


def test_the_exit_code_of_status(bench):
    chain, agent = bench(chain={"perp": -10}, agent__loop_interval_seconds="1")

    def code(expected, status):
        r = agent.said("status")
        j = agent.command("status", "--json", "-c", agent.config)
        assert (r.code, j.code, j.status["status"]) == (expected, expected, status), (r, j)

    assert agent.said("status").code == 5
    running = agent.start()
    running.until("balanced")
    code(0, "balanced")
    chain.ctl("set_user", perp=-9)
    running.until("executed_live")
    chain.ctl("set_user", perp=-9)
    running.until("cooldown")
    code(0, "cooldown")
    agent.said("pause")
    at = len(running.lines)
    running.until("paused", since=at)
    code(4, "paused")
    assert running.stop() == 143
    assert agent.said("status").code == 5
    assert agent.command("status", "--jsn").code == 2
    agent.set(gates__kill_file=agent.key, hedge__cooldown_seconds="0")
    running = agent.start()
    wait_for(lambda: agent.said("resume").code == 0, 10, "the agent answers")
    running.until("blocked")
    code(4, "blocked")


def test_the_exit_code_of_status_on_an_error(bench):
    chain, agent = bench(chain={"perp": -10})
    chain.fault("http_status", n=100000, code=503)
    running = agent.start()
    running.until("error", seconds=20)
    assert agent.said("status").code == 4 and agent.command("status", "--json", "-c", agent.config).code == 4


# --- reload


def test_reload_after_an_editor_replaced_the_file(bench):
    """With the key beside the config the running agent may not read a new file there, and says why; with the
    key elsewhere it takes it."""
    chain, agent = bench(chain={"perp": -10})

    def replace():
        new = agent.home / "new"
        new.write_text(agent.text())
        new.rename(agent.config)

    running = agent.start()
    running.until("balanced")
    replace()
    r = agent.said("reload")
    if r.code == 0:
        pytest.skip("this kernel has no Landlock")
    assert r.code == 1 and "give the key a directory of its own" in r.out and "restart it" in r.out, r
    row = next(
        x for x in json.loads(agent.said("check", "--json").out)["data"]["rows"] if x["name"] == "key file"
    )
    assert row["finding"] == "warn" and "directory of its own" in row["remedy"], row
    assert running.stop() == 143
    keys = agent.home / "keys"
    keys.mkdir()
    shutil.move(agent.key, keys / "key.json")
    apart = agent.home / "conf"
    apart.mkdir()
    agent.config = apart / "ek.conf"
    agent.set(account__keypair=keys / "key.json")
    running = agent.start()
    running.until("balanced")
    replace()
    r = agent.said("reload")
    assert r.code == 0 and "settings reloaded" in r.out, r
    row = next(
        x for x in json.loads(agent.said("check", "--json").out)["data"]["rows"] if x["name"] == "key file"
    )
    assert row["finding"] == "ok", row
    assert running.stop() == 143


# --- slips


@pytest.mark.parametrize(
    "typed,meant",
    [
        ("staus", "status"),
        ("Run", "run"),
        ("chekc", "check"),
        ("flaten", "flatten"),
        ("rebalence", "rebalance"),
        ("resum", "resume"),
        ("xyzzy", None),
        ("s", None),
    ],
)
def test_did_you_mean(agents, binary, typed, meant):
    r = agents(binary, None).command(typed)
    assert r.code == 2 and '"%s"' % typed in r.err and r.out == ""
    assert ("did you mean `evenkeel %s`?" % meant in r.err) if meant else "did you mean" not in r.err, r


def test_help_of_a_command_and_versions(agents, binary):
    agent = agents(binary, None)
    for command in ("run", "status", "check", "localnet"):
        r = agent.command("help", command)
        assert r.code == 0 and r.out == agent.command(command, "--help").out, r
    assert agent.command("help", "sail").code == 2
    assert agent.command("-V").out == agent.command("version").out == agent.command("--version").out


@pytest.mark.parametrize(
    "words,said",
    [
        (["run", "--speed", "1x"], '--speed "1x": must be a whole number'),
        (["run", "--log", "xml"], '--log "xml": must be logfmt, json or plain'),
        (["demo", "--for", "soon"], '--for "soon": must be a length of time, as 90s'),
        (["demo", "--venue", "mango"], '--venue "mango": must be velocity or drift'),
        (["demo", "--listen", "8000"], '--listen "8000": must be ADDRESS:PORT'),
    ],
)
def test_a_bad_value_is_named_with_its_option(agents, binary, words, said):
    r = agents(binary, None).command(*words)
    assert r.code == 2 and said in r.err and r.out == "", r


# --- what root leaves behind


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_one_run_by_root_leaves_the_services_files(bench):
    """The directory is the service's: so are the files in it afterwards."""
    chain, agent = bench(chain={"perp": -9}, agent__mode="paper")
    home = agent.home / "var"
    home.mkdir()
    os.chown(home, 12345, 12345)
    agent.set(agent__state=home / "state.bin")
    victim = agent.home / "victim"
    victim.touch()
    os.link(victim, home / "state.bin.linked")  # a second name of a file that is not the agent's
    r = agent.once("--paper")
    assert r.code == 0, r
    owners = {x.name: x.stat().st_uid for x in home.iterdir()}
    assert owners.pop("state.bin.linked") == 0 and victim.stat().st_uid == 0
    assert "state.bin" in owners and "state.bin.ring" in owners and set(owners.values()) == {12345}, owners


def test_a_paper_fill_does_not_contradict_itself(bench):
    """The book that was decided on, and the one afterwards."""
    chain, agent = bench(chain={"perp": -9}, agent__mode="paper")
    r = agent.command("run", "-c", agent.config, "--once", "--paper")
    lines = r.out.splitlines()
    assert " net       +1.0000 SOL   drift +10.00 %  (tolerance 1.00 %)" in lines, r
    assert " after     -10.0000 SOL perp   net +0.0000 SOL   drift +0.00 %" in lines and lines[-1] != "", r


# --- check: the page


def rows(agent):
    return {x["name"]: x for x in json.loads(agent.said("check", "--json").out)["data"]["rows"]}


def test_check_looks_at_the_page(bench):
    chain, agent = bench(chain={"perp": -10})
    assert rows(agent)["page"]["value"] == "off"
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        port = s.getsockname()[1]
        agent.set(web__listen="127.0.0.1:%d" % port)
        row = rows(agent)["page"]
        assert (
            row["finding"] == "warn"
            and "Address already in use" in row["value"]
            and "[web] listen" in row["remedy"]
        )
    found = rows(agent)
    assert found["page"]["finding"] == "ok" and found["page"]["value"].endswith("free"), found["page"]
    assert "controls nothing" in found["token file"]["value"]
    token = agent.home / "token"
    agent.set(web__token_file=token)
    assert "cannot be read" in rows(agent)["token file"]["value"]
    for text, mode, words in (
        ("short", 0o600, "no token of 16 to 128"),
        ("a b" * 10, 0o600, "holds a blank"),
        ("x" * 32, 0o644, "mode 0644"),
        ("x" * 32 + "\n", 0o600, None),
    ):
        token.write_text(text)
        token.chmod(mode)
        row = rows(agent)["token file"]
        assert (
            (row["finding"] == "ok")
            if words is None
            else (row["finding"] == "warn" and words in row["value"])
        ), row
    running = agent.start()
    running.until("balanced")
    wait_for(lambda: "an agent runs" in rows(agent)["page"]["value"], 10, lambda: rows(agent)["page"])
    assert running.stop() == 143
