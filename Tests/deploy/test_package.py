"""The Debian package: lintian, what it puts where, and what installing, removing and purging leave behind."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_lintian_has_no_errors(package):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed (bash Tools/deps.sh deploy)")
    p = subprocess.run(
        ["lintian", "--allow-root", "--fail-on=error,warning", str(package)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert p.returncode == 0, p.stdout + p.stderr


def test_what_is_in_it(package, tmp_path, program):
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path)], check=True)
    assert (tmp_path / "usr/bin/evenkeel").read_bytes() == program.read_bytes()
    for name in (
        "lib/systemd/system/evenkeel.service",
        "usr/lib/sysusers.d/evenkeel.conf",
        "usr/lib/tmpfiles.d/evenkeel.conf",
        "usr/share/bash-completion/completions/evenkeel",
        "usr/share/zsh/vendor-completions/_evenkeel",
        "usr/share/fish/vendor_completions.d/evenkeel.fish",
        "usr/share/doc/evenkeel/copyright",
        "usr/share/doc/evenkeel/changelog.gz",
        "usr/share/doc/evenkeel/CHANGELOG.md.gz",
        "usr/share/doc/evenkeel/README.md",
        "usr/share/doc/evenkeel/docs/operations.md",
        "usr/share/doc/evenkeel/examples/evenkeel.conf",
    ):
        assert (tmp_path / name).stat().st_size > 60, name
    assert (tmp_path / "usr/share/doc/evenkeel/examples/evenkeel.conf").read_text().count("/root/") == 0
    changes = gzip.decompress((tmp_path / "usr/share/doc/evenkeel/changelog.gz").read_bytes()).decode()
    assert changes.startswith("evenkeel (") and changes.count("\n -- ") == 1
    assert "\n  * No order rests on one look." in changes
    assert b".SH COMMANDS" in gzip.decompress((tmp_path / "usr/share/man/man1/evenkeel.1.gz").read_bytes())
    fields = subprocess.run(
        ["dpkg-deb", "-f", str(package)], check=True, capture_output=True, text=True
    ).stdout
    needed = subprocess.run(["objdump", "-p", str(program)], capture_output=True, text=True).stdout
    loaded = subprocess.run(
        ["readelf", "-p", ".note.dlopen", str(program)], capture_output=True, text=True
    ).stdout
    for where, library, deb in (
        (loaded, "libcurl.so.4", "libcurl4"),
        (needed, "libsodium.so.23", "libsodium23"),
        (loaded, "libwebsockets.so.17", "libwebsockets17"),
    ):
        assert library in where and " %s (>= " % deb in fields, (library, fields)
    assert (
        "libcurl" not in needed and "libwebsockets" not in needed
    )  # only the roles that need them load them
    assert "$ORIGIN" not in needed  # no libraries from beside the program


def test_the_arm64_package(program):
    """Of the cross-built program, with the same files and needs."""
    other = ROOT / "bin" / "evenkeel-arm64"
    if not other.exists():
        pytest.skip("bin/evenkeel-arm64 is not built (make arm64)")
    p = subprocess.run(
        [str(ROOT / "Deploy/deb/build.sh")],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "BINARY": "bin/evenkeel-arm64", "ARCH": "arm64"},
    )
    assert p.returncode == 0, p.stderr
    deb = ROOT / p.stdout.strip()
    assert deb.name.endswith("_arm64.deb")
    fields = subprocess.run(
        ["dpkg-deb", "-f", str(deb), "Architecture", "Depends"], check=True, capture_output=True, text=True
    ).stdout
    assert "Architecture: arm64" in fields and all(
        deb + " (>= " in fields for deb in ("libsodium23", "libcurl4", "libwebsockets17")
    )
    body = subprocess.run(
        "dpkg-deb --fsys-tarfile %s | tar -xO ./usr/bin/evenkeel" % deb,
        shell=True,
        check=True,
        capture_output=True,
    ).stdout
    assert body == other.read_bytes() and body[:4] == b"\x7fELF" and body[18] == 183  # EM_AARCH64


def test_install_remove_and_purge(package, system):
    s = system
    before = s.files()
    deb = s.root / "root" / package.name
    shutil.copy(package, deb)
    p = s.run("dpkg", "-i", "/root/" + package.name, check=True)
    assert "is installed and not started" in p.stdout
    there = s.files()
    account = next(
        x for x in (s.root / "etc/passwd").read_text().splitlines() if x.startswith("evenkeel:")
    ).split(":")
    assert account[6] == "/usr/sbin/nologin" and 0 < int(account[2]) < 1000
    assert there["/var/lib/evenkeel"][0] & 0o777 == 0o750 and there["/var/lib/evenkeel"][1] == int(account[2])
    assert (
        there["/etc/evenkeel/credentials"][0] & 0o777 == 0o700 and there["/etc/evenkeel/credentials"][1] == 0
    )
    assert not any("multi-user.target.wants/evenkeel" in x for x in there)  # not enabled
    assert s.run("evenkeel", "version", check=True).stdout.startswith("evenkeel ")
    assert (
        "cannot be read"
        in s.run(
            "runuser", "-u", "evenkeel", "--", "evenkeel", "run", "-c", "/etc/evenkeel/evenkeel.conf"
        ).stderr
    )

    s.run("dpkg", "-r", "evenkeel", check=True)
    assert not (s.root / "usr/bin/evenkeel").exists() and (s.root / "var/lib/evenkeel").is_dir()
    s.run("dpkg", "-i", "/root/" + package.name, check=True)
    p = s.run("dpkg", "-P", "evenkeel", check=True)
    assert p.stderr == ""
    after = s.files()
    left = {x for x in set(before) | set(after) if before.get(x) != after.get(x)}
    assert not (s.root / "var/log/evenkeel").exists()
    # a user stays, by Debian's policy, and so do the files that hold users and the trigger's notes
    assert not any("evenkeel" in x for x in left), left
    assert {
        x
        for x in left
        if not x.startswith(("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/.pwd.lock"))
    } == set(), left

    # a second time, with a config and a key: these are the operator's, and purge says where they are
    s.run("dpkg", "-i", "/root/" + package.name, check=True)
    s.run("evenkeel", "init", "/etc/evenkeel/evenkeel.conf", check=True)
    (s.root / "etc/evenkeel/credentials/delegate.json").write_text("[]")
    (s.root / "var/lib/evenkeel/state.bin").write_bytes(b"x")
    p = s.run("dpkg", "-P", "evenkeel", check=True)
    assert "left in /etc/evenkeel" in p.stderr
    assert (
        not (s.root / "var/lib/evenkeel").exists()
        and (s.root / "etc/evenkeel/credentials/delegate.json").exists()
    )
    shutil.rmtree(s.root / "etc/evenkeel")
