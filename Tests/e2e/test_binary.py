"""What the shipped binary is hardened with, read from the file itself."""

import os
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def shipped():
    from harness import binary_of

    return str(binary_of("embedded"))


def readelf(*words):
    return subprocess.run(["readelf", "-W", *words], capture_output=True, text=True, check=True).stdout


def imports(path):
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))


def test_position_independent_and_read_only_after_relocation(shipped):
    dynamic, program = readelf("-d", shipped), readelf("-l", shipped)
    assert "DYN (" in readelf("-h", shipped) and re.search(r"FLAGS_1.*\bPIE\b", dynamic)
    assert "GNU_RELRO" in program and re.search(
        r"FLAGS_1.*\bNOW\b", dynamic
    )  # full RELRO: nothing of the table of addresses stays writable
    assert "TEXTREL" not in dynamic and "RPATH" not in dynamic and "RUNPATH" not in dynamic


def test_no_memory_is_writable_and_executable(shipped):
    program = readelf("-l", shipped)
    flags = re.findall(r"^  (\w+)\s+(?:0x[0-9a-f]+\s+){5}([RWE ]{3})", program, re.M)
    assert [f for n, f in flags if n == "GNU_STACK"] == ["RW "]
    assert len([1 for n, _ in flags if n == "LOAD"]) >= 3 and not [
        f for _, f in flags if "W" in f and "E" in f
    ]


def test_stack_protector_and_fortify(shipped):
    names = imports(shipped)
    assert "__stack_chk_fail" in names
    assert {n for n in names if n.endswith("_chk")} & {
        "__snprintf_chk",
        "__vsnprintf_chk",
        "__memcpy_chk",
        "__memset_chk",
        "__read_chk",
        "__recv_chk",
    }, names
    # nothing that cannot be fortified
    assert not names & {
        "strcpy",
        "strcat",
        "sprintf",
        "vsprintf",
        "gets",
        "system",
        "popen",
        "tmpnam",
        "mktemp",
    }


def test_within_its_budget(shipped):
    assert os.path.getsize(shipped) <= 1_100 * 1024


def test_no_path_of_the_builder(shipped):
    with open(shipped, "rb") as f:
        data = f.read()
    assert not re.search(rb"/(home|root|work|tmp)/[\w./-]*\.(swift|c|h)\b", data)
    assert b".debug_info" not in data


def test_a_library_that_is_not_there_is_named_with_its_package(binary, agents, tmp_path):
    """libcurl and libwebsockets are loaded by who needs them: the others work without,
    and who needs one says what to install."""
    for soname in ("libcurl.so.4", "libwebsockets.so.17"):
        (tmp_path / soname).write_bytes(b"")
    agent = agents(binary, None)

    def run(*words):
        p = subprocess.run(
            [str(agent.binary), *map(str, words)],
            capture_output=True,
            text=True,
            timeout=20,
            env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        )
        return p.returncode, p.stdout, p.stderr

    assert (
        run("version")[0] == 0
        and run("init", tmp_path / "new.conf")[0] == 0
        and run("key", "new", tmp_path / "key.json")[0] == 0
    )
    for words in (("run", "-c", agent.config, "--once"), ("check", "-c", agent.config)):
        code, out, err = run(*words)
        assert code == 1 and "libcurl.so.4: file too short; on Debian: apt install libcurl4" in err, (
            code,
            out,
            err,
        )
    code, out, err = run("localnet", "--port", "0")
    assert (
        code == 1 and "libwebsockets.so.17: file too short; on Debian: apt install libwebsockets17" in err
    ), (code, out, err)
