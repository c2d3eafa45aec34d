"""Man page and completions, made by Tools/words.py from the program's help: whole, well formed,
and working in the real shells."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(program, tmp_path_factory):
    home = tmp_path_factory.mktemp("words")
    for kind, name in (
        ("man", "evenkeel.1"),
        ("bash", "evenkeel.bash"),
        ("zsh", "_evenkeel"),
        ("fish", "evenkeel.fish"),
    ):
        p = subprocess.run(
            [sys.executable, str(ROOT / "Tools/words.py"), kind, str(program)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert p.returncode == 0, p.stderr
        (home / name).write_text(p.stdout)
    return home


@pytest.fixture(scope="module")
def said(program):
    """{command: its help}, as this test reads the program, not as words.py does."""
    listed = subprocess.run([str(program), "help"], capture_output=True, text=True).stdout
    words = re.findall(r'word == "([a-z]+)"', (ROOT / "Sources/evenkeel/main.swift").read_text())
    names = {
        n for n in words if n != "help" and re.search(r"evenkeel ([a-z]+\|)*%s\b" % n, listed)
    }  # but for hidden ones
    assert len(names) >= 12
    return {
        n: subprocess.run([str(program), n, "--help"], capture_output=True, text=True, timeout=20).stdout
        for n in sorted(names)
    }


def options(text):
    return {x for x in re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub("`[^`]*`", "", text))}


def test_the_page_tells_every_command_and_option(made, said):
    page = (made / "evenkeel.1").read_text().replace("\\-", "-")
    heads = " ".join(re.findall(r"^\.SS (.*)$", page, re.M))
    for name, text in said.items():
        assert re.search(r"\b%s\b" % name, heads), name
        assert [o for o in options(text) if o not in page] == []
    assert "@" not in re.sub(r"\S*@ ?\$", "", page)  # no template left


def test_the_page_is_well_formed(made):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed (bash Tools/deps.sh deploy)")
    p = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(made / "evenkeel.1")],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (p.returncode, p.stdout) == (0, ""), p.stdout


def complete(made, *words):
    """What bash offers for the last word."""
    script = (
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _evenkeel; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    p = subprocess.run(
        ["bash", "-c", script, str(made / "evenkeel.bash"), "evenkeel", *words],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=made,
    )
    assert p.stderr == "", p.stderr
    return set(p.stdout.split())


def test_bash(made, said):
    assert complete(made, "") == set(said) | {"help"}
    assert complete(made, "st") == {n for n in said if n.startswith("st")}
    for name, text in said.items():
        assert complete(made, name, "--") == options(text) | {"--help"}, name
    assert complete(made, "demo", "--venue", "") == {"velocity", "drift"}
    assert complete(made, "run", "--log", "j") == {"json"}
    assert {"all", "none", "loss", "skipslots", "torn"} <= complete(made, "sim", "--faults", "")
    assert complete(made, "state", "") >= {"show", "verify"}
    assert complete(made, "run", "-c", "even") == {"evenkeel.1", "evenkeel.bash", "evenkeel.fish"}
    assert complete(made, "localnet", "--port", "") == set()


def test_fish(made, said):
    if not shutil.which("fish"):
        pytest.skip("fish is not installed (bash Tools/deps.sh deploy)")

    def offered(line):
        p = subprocess.run(
            ["fish", "--no-config", "-c", "source %s; complete -C %r" % (made / "evenkeel.fish", line)],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=made,
            env={"HOME": str(made), "PATH": "/usr/bin:/bin"},
        )
        assert p.stderr == "", p.stderr
        return {x.split("\t")[0] for x in p.stdout.splitlines()}

    assert offered("evenkeel ") == set(said) | {"help"}
    for name in ("run", "status", "demo", "sim"):
        assert offered("evenkeel %s --" % name) - {"--config"} == options(said[name]) | {"--help"}, name
    assert offered("evenkeel demo --venue ") == {"velocity", "drift"}
    assert {"show", "verify"} <= offered("evenkeel state ")


ZPTY = r"""
zmodload zsh/zpty
zpty z 'TERM=dumb PS1=ready zsh -f -i'
zpty -w z "fpath=(%(home)s \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w z "zstyle ':completion:*' list-prompt ''; zstyle ':completion:*' menu no; LISTMAX=9999"
zpty -w z "print loa''ded"
while zpty -r -t z line || sleep 0.1; do [[ $line == *loaded* ]] && break; done
zpty -n -w z $'evenkeel %(line)s\t\t'
sleep 2
while zpty -r -t z line; do print -rn -- "$line"; done
zpty -d z
"""


def test_zsh(made, said):
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed (bash Tools/deps.sh deploy)")

    def offered(line):
        p = subprocess.run(
            ["zsh", "-f", "-c", ZPTY % {"home": made, "line": line}],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=made,
            env={"HOME": str(made), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )
        return set(
            re.findall(r"(?<!\S)[\w-]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", p.stdout.replace("\r", "\n")))
        )

    assert set(said) <= offered("")
    assert options(said["run"]) <= offered("run --")
    assert {"velocity", "drift"} <= offered("demo --venue ")
