"""A fresh Debian 12 in a directory, and the same booted with systemd in a container: where the package is
installed, run and purged. Needs root, mmdebstrap, systemd-nspawn, and once a Debian mirror; what is missing
is named as the reason to skip."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
PACKAGES = (
    "systemd,systemd-sysv,dbus,libcurl4,libsodium23,libjansson4,libinih1,libwebsockets17,ca-certificates"
)
NSPAWN = [
    "systemd-nspawn",
    "--quiet",
    "--register=no",
    "--keep-unit",
    "--link-journal=no",
    "--resolv-conf=off",
    "--timezone=off",
]


class Missing(Exception):
    """Why there can be no machine here."""


def tarball():
    """build/deploy/debian.tar, made once: minbase with systemd and the libraries that the package needs."""
    if os.geteuid() != 0:
        raise Missing("root is needed to install a system into a directory")
    for tool in ("mmdebstrap", "systemd-nspawn"):
        if not shutil.which(tool):
            raise Missing("%s is not installed (bash Tools/deps.sh deploy)" % tool)
    made = ROOT / "build" / "deploy" / "debian.tar"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        new = made.with_suffix(".new.tar")
        try:
            p = subprocess.run(
                ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + PACKAGES, SUITE, str(new)],
                capture_output=True,
                text=True,
                timeout=420,
            )
        except subprocess.TimeoutExpired:
            raise Missing("mmdebstrap did not end within seven minutes (a slow mirror?)") from None
        if p.returncode != 0:
            raise Missing("mmdebstrap could not make a system (no mirror?): " + p.stderr.strip()[-300:])
        new.rename(made)
    return made


class System:
    """A root directory of its own, in memory where there is enough of it."""

    def __init__(self, home):
        shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
        roomy = shm and shm.f_bavail * shm.f_frsize > 1 << 30
        self.home = Path(tempfile.mkdtemp(prefix="ek", dir="/dev/shm" if roomy else home))
        self.root = self.home / "root"
        self.root.mkdir()
        subprocess.run(["tar", "-C", str(self.root), "-xf", str(tarball())], check=True)
        self.container = self.leader = None
        p = self.run("true")
        if p.returncode != 0:
            self.remove()
            raise Missing("systemd-nspawn cannot start a container here: " + p.stderr.strip()[-300:])

    def files(self, *without):
        """{path: (mode, owner, contents or None)} of all that is not a cache,
        a log or the package manager's own."""
        out = {}
        for at, directories, names in os.walk(self.root):
            here = "/" + str(Path(at).relative_to(self.root)) if Path(at) != self.root else ""
            directories[:] = [
                d
                for d in directories
                if here + "/" + d
                not in (
                    "/proc",
                    "/sys",
                    "/dev",
                    "/tmp",
                    "/run",
                    "/root",
                    "/var/log",
                    "/var/cache",
                    "/var/lib/dpkg",
                )
            ]
            for name in directories + names:
                path = Path(at) / name
                st = path.lstat()
                body = (
                    path.read_bytes()
                    if path.is_file() and not path.is_symlink() and st.st_size < 4096
                    else st.st_size
                    if path.is_file()
                    else None
                )
                out[here + "/" + name] = (st.st_mode, st.st_uid, body)
        return {k: v for k, v in out.items() if k not in without}

    def run(self, *words, seconds=120, check=False, env=None):
        """Runs a program in it: beside the booted system when it is up, else in a container of its own."""
        if self.leader:
            argv = ["nsenter", "--target", str(self.leader), "--all", "--", *map(str, words)]
            environment = {
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8",
                "SYSTEMD_PAGER": "",
                **(env or {}),
            }
        else:
            argv = [
                *NSPAWN,
                "-D",
                str(self.root),
                "--pipe",
                "--as-pid2",
                *["--setenv=%s=%s" % x for x in (env or {}).items()],
                *map(str, words),
            ]
            environment = None
        p = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, env=environment
        )
        # nspawn's own farewell where no systemd runs outside
        p.stderr = "".join(
            x + "\n"
            for x in p.stderr.splitlines()
            if not x.startswith("Attempted to remove disk file system")
        )
        if check and p.returncode != 0:
            raise AssertionError("%s: exit %s\n%s\n%s" % (" ".join(argv), p.returncode, p.stdout, p.stderr))
        return p

    def boot(self, seconds=60):
        """Starts systemd in it. The container shares this host's network,
        so that a chain on loopback can be reached."""
        self.console = open(self.home / "console", "w+b")
        self.container = subprocess.Popen(
            [*NSPAWN, "-D", str(self.root), "--boot", "--", "systemd.unit=multi-user.target"],
            stdin=subprocess.DEVNULL,
            stdout=self.console,
            stderr=subprocess.STDOUT,
        )
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.container.poll() is None:
            children = (
                Path("/proc/%d/task/%d/children" % (self.container.pid, self.container.pid))
                .read_text()
                .split()
            )
            for pid in children:
                if Path("/proc/%s/root/run/systemd/private" % pid).exists():
                    self.leader = int(pid)
                    state = self.run("systemctl", "is-system-running").stdout.strip()
                    if state in ("running", "degraded"):
                        return
                    self.leader = None
            time.sleep(0.2)
        text = (self.home / "console").read_text(errors="replace")[-600:]
        self.close()
        raise Missing("systemd does not boot in a container here: " + text)

    def close(self):
        if self.container and self.container.poll() is None:
            self.container.send_signal(
                signal.SIGTERM
            )  # nspawn: an orderly poweroff; a second one ends it at once
            try:
                self.container.wait(15)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
        self.container = self.leader = None

    def remove(self):
        self.close()
        subprocess.run(["rm", "-rf", "--one-file-system", str(self.home)], check=False)
