"""From inside each role: open, connect, exec, ptrace and the like are tried and must fail.
A program linked with the roles' own sandbox."""

import os
import pathlib
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


ALTERING = (
    "truncate ftruncate fallocate open-truncate open-create openat2 chmod fchmod fchmodat fchmodat2 "
    "chown lchown fchown fchownat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat "
    "mkdir mknod mknodat setxattr fsetxattr utimensat"
).split()


def built(out, *more):
    subprocess.run(
        [
            os.environ.get("CC", "gcc"),
            "-std=gnu11",
            "-D_GNU_SOURCE",
            "-Wall",
            "-Wextra",
            "-O1",
            "-I%s/CSources/EvenkeelSys/include" % ROOT,
            "-I%s/CSources/EvenkeelSys" % ROOT,
            str(ROOT / "Tests/signer/confined.c"),
            str(ROOT / "CSources/EvenkeelSys/base/sys_sandbox.c"),
            "-o",
            str(out),
            *more,
        ],
        check=True,
    )
    return out


@pytest.fixture(scope="session")
def confined(tmp_path_factory):
    return built(tmp_path_factory.mktemp("confined") / "confined")


@pytest.fixture(scope="session", params=[1, 2, 3, 99])
def any_landlock(request, tmp_path_factory):
    """As on kernels whose Landlock ends at this version: the first two know nothing of truncation."""
    out = tmp_path_factory.mktemp("confined") / ("landlock-%d" % request.param)
    return built(out, "-DLANDLOCK_MOST=%d" % request.param)


@pytest.fixture
def files(tmp_path):
    made = {n: tmp_path / n for n in ("key.json", "state.bin", "state.bin.signer", "ek.conf", "other")}
    for f in made.values():
        f.write_text("x")
    return made


def attempt(confined, files, role, what, argument="0"):
    """'refused', 'killed' or 'done'."""
    env = {
        "KEY": files["key.json"],
        "LEDGER": files["state.bin.signer"],
        "STATE": files["state.bin"],
        "CONFIG": files["ek.conf"],
        "PATH": os.environ["PATH"],
    }
    env["CONTROL"] = str(files["state.bin"].parent / "run" / "ctl.sock")
    with open(files["other"], "r+b") as f:  # what it had open before, at descriptor 3
        r = subprocess.run(
            [str(confined), role, what, str(argument)],
            env=env,
            stdin=subprocess.DEVNULL,
            timeout=20,
            preexec_fn=lambda: os.dup2(f.fileno(), 3),
            pass_fds=[3],
        )
    if r.returncode == 77:
        pytest.skip("this kernel has no seccomp or no Landlock")
    return {0: "refused", -signal.SIGSYS: "killed", 1: "done"}[r.returncode]


@pytest.mark.parametrize(
    "what",
    [
        "read",
        "write",
        "create",
        "unlink",
        "socket",
        "connect",
        "exec",
        "ptrace",
        "peek",
        "fork",
        "executable",
    ],
)
def test_the_signer_is_killed_for_anything_else(confined, files, what):
    argument = os.getpid() if what in ("ptrace", "peek") else files["key.json"]
    assert attempt(confined, files, "signer", "nothing") == "refused"  # it can still end by itself
    assert attempt(confined, files, "signer", what, argument) == "killed"


def as_they_were(files):
    for name, f in files.items():
        s = f.stat()
        assert (f.read_text(), s.st_mode & 0o777, s.st_nlink) == ("x", 0o644, 1), name
    assert sorted(x.name for x in files["other"].parent.iterdir()) == sorted(files)


@pytest.mark.parametrize("role", ["keeper", "agent", "web", "web-keeper"])
@pytest.mark.parametrize("what", ALTERING)
def test_no_file_is_renamed_cut_removed_or_given_away(any_landlock, files, role, what):
    """The key and the counters, which belong to the very user that tries it; with every Landlock there is."""
    for f in files.values():
        f.chmod(0o644)
    for name in ("key.json", "state.bin.signer", "state.bin"):
        assert attempt(any_landlock, files, role, "alter-" + what, files[name]) == "refused", name
    as_they_were(files)


@pytest.mark.parametrize("role", ["bare-keeper", "bare-agent", "bare-web", "bare-web-keeper"])
@pytest.mark.parametrize("what", ALTERING)
def test_not_without_landlock_either(confined, files, role, what):
    for f in files.values():
        f.chmod(0o644)
    for name in ("key.json", "state.bin.signer"):
        assert attempt(confined, files, role, "alter-" + what, files[name]) == "refused", name
    as_they_were(files)


def test_the_counters_cannot_be_written_without_landlock_either(confined, files):
    for role in ("bare-agent", "bare-web", "bare-web-keeper"):
        assert attempt(confined, files, role, "write", files["state.bin.signer"]) == "refused", role
    assert attempt(confined, files, "bare-keeper", "write", files["state.bin.signer"]) == "done"


def test_the_agent_removes_its_socket_and_nothing_else(confined, files, tmp_path):
    (tmp_path / "run").mkdir()
    control, neighbour = tmp_path / "run" / "ctl.sock", tmp_path / "run" / "neighbour"
    control.write_text("x")
    assert attempt(confined, files, "agent", "unlink", files["other"]) == "refused"
    neighbour.write_text("x")
    for f in (control, neighbour):  # not a directory of its own
        assert attempt(confined, files, "agent", "unlink", f) == "refused"
    neighbour.unlink()
    assert attempt(confined, files, "agent", "unlink", control) == "done" and not control.exists()


@pytest.mark.parametrize("role", ["keeper", "agent", "web", "web-keeper"])
@pytest.mark.parametrize("what", ["exec", "ptrace", "peek"])
def test_no_exec_and_no_looking_into_others(confined, files, role, what):
    assert attempt(confined, files, role, what, os.getpid()) == "refused"


def test_the_keeper_has_no_network_and_two_files(confined, files):
    assert attempt(confined, files, "keeper", "socket") == "refused"
    assert attempt(confined, files, "keeper", "connect") == "refused"
    assert attempt(confined, files, "keeper", "read", files["key.json"]) == "done"
    assert attempt(confined, files, "keeper", "write", files["state.bin.signer"]) == "done"
    assert attempt(confined, files, "keeper", "write", files["key.json"]) == "refused"
    assert attempt(confined, files, "keeper", "write", files["state.bin"]) == "refused"
    assert attempt(confined, files, "keeper", "create", str(files["other"]) + ".new") == "refused"
    assert attempt(confined, files, "keeper", "read", "/etc/passwd") == "refused"


def test_the_agent_reads_neither_the_key_nor_the_signers_counters(confined, files):
    """The key lies in the same directory as the config here: the hardest case."""
    assert attempt(confined, files, "agent", "read", files["ek.conf"]) == "done"
    assert attempt(confined, files, "agent", "write", files["state.bin"]) == "refused"  # it has it open
    assert attempt(confined, files, "agent", "read", "/etc/ssl/certs") == "done"
    assert attempt(confined, files, "agent", "socket") == "done"
    for what, path in [
        ("read", "key.json"),
        ("write", "key.json"),
        ("unlink", "key.json"),
        ("write", "state.bin.signer"),
        ("unlink", "state.bin.signer"),
        ("write", "other"),
        ("write", "ek.conf"),
    ]:
        assert attempt(confined, files, "agent", what, files[path]) == "refused", (what, path)
    assert attempt(confined, files, "agent", "create", str(files["other"]) + ".new") == "refused"
    assert attempt(confined, files, "agent", "read", "/etc/shadow") == "refused"


def test_a_directory_without_the_key_may_be_read_whole(confined, files, tmp_path):
    (tmp_path / "keys").mkdir()
    files["key.json"] = files["key.json"].rename(tmp_path / "keys" / "key.json")
    assert (
        attempt(confined, files, "agent", "read", files["key.json"]) == "refused"
    )  # below the config's directory
    (tmp_path / "conf").mkdir()
    files["ek.conf"] = files["ek.conf"].rename(tmp_path / "conf" / "ek.conf")
    (tmp_path / "conf" / "new").write_text("x")
    assert attempt(confined, files, "agent", "read", tmp_path / "conf" / "new") == "done"
    assert attempt(confined, files, "agent", "read", files["key.json"]) == "refused"


@pytest.mark.parametrize(
    "what", ["read", "write", "create", "unlink", "socket", "connect", "exec", "ptrace", "peek", "fork"]
)
def test_the_page_may_nothing_but_serve(confined, files, what):
    argument = os.getpid() if what in ("ptrace", "peek") else files["other"]
    assert attempt(confined, files, "web", "nothing") == "refused"
    assert attempt(confined, files, "web", what, argument) == "refused"
    assert attempt(confined, files, "web", "executable") == "killed"


def test_the_pages_keeper_connects_nowhere_and_writes_nothing(confined, files):
    for what in ("connect", "write", "create", "unlink"):
        assert attempt(confined, files, "web-keeper", what, files["other"]) == "refused", what
    assert (
        attempt(confined, files, "web-keeper", "read", files["other"]) == "done"
    )  # the token's file, for the next server
