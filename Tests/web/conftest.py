"""The web role: its server alone, played by host.c, and the whole program in a browser."""

import os
import re
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
BINARY = Path(os.environ.get("EK_BIN", ROOT / "bin" / "evenkeel"))
TOKEN = "correct-horse-battery-staple"


SANITIZE = ["-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def build_host(name="host", flags=SANITIZE):
    """The role with a played agent around it; under the sanitizers, except where memory is measured."""
    out = ROOT / "build" / "web" / name
    sources = [
        HERE / "host.c",
        *sorted((ROOT / "CSources" / "EvenkeelSys" / "web").glob("*.c")),
        *sorted((ROOT / "CSources" / "EvenkeelSys" / "base").glob("*.c")),
        *(
            ROOT / "CSources" / "EvenkeelSys" / n
            for n in ("store/sys_ring.c", "net/sys_load.c", "net/sys_lws.c")
        ),
        *sorted((ROOT / "CSources" / "EvenkeelCore").rglob("*.c")),
    ]
    headers = list((ROOT / "CSources").rglob("*.h"))
    if out.exists() and out.stat().st_mtime > max(p.stat().st_mtime for p in sources + headers):
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            "gcc",
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Wconversion",
            "-Werror",
            "-D_GNU_SOURCE",
            "-O1",
            "-g",
            *flags,
            "-I",
            str(ROOT / "CSources/EvenkeelCore/include"),
            "-I",
            str(ROOT / "CSources/EvenkeelSys/include"),
            *map(str, sources),
            "-lsodium",
            "-o",
            str(out),
        ],
        check=True,
    )
    return out


class Role:
    """host.c with a role in it."""

    def __init__(self, binary, home, token=True, names="", history="", host="127.0.0.1"):
        self.token_file = Path(home) / "token"
        self.token_file.write_text(TOKEN + "\n")
        self.token_file.chmod(0o600)
        self.at = host
        self.process = subprocess.Popen(
            [str(binary), str(self.token_file) if token else "", names, history, host],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "RPC_KEY": "secret-of-the-environment"},
        )
        self.pid = self.port = None
        self.said = []
        self.lines = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.started()

    def _listen(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def started(self, seconds=30):
        m = re.match(r"pid (\d+) port (\d+)", self.line("pid ", seconds))
        self.pid, self.port = int(m.group(1)), int(m.group(2))

    def line(self, start, seconds=10):
        end = time.monotonic() + seconds
        while True:
            try:
                text = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError("no line that starts with %r; before: %s" % (start, self.said)) from None
            assert text, "the host ended: " + self.process.stderr.read()
            self.said.append(text)
            if text.startswith(start):
                return text

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def publish(self, text='{"type":"STATUS","data":{"status":"balanced","n":1}}'):
        self.tell("status " + text)
        return text

    def close(self):
        if self.process.poll() is None:
            try:
                os.kill(self.pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
            self.process.stdin.close()
            self.process.wait(20)
        rest = self.process.stderr.read()
        assert "ERROR: AddressSanitizer" not in rest and "runtime error" not in rest, rest


@pytest.fixture(scope="session")
def host():
    return build_host()


@pytest.fixture
def roles(host, tmp_path):
    made = []

    def make(plain=False, **options):
        made.append(Role(build_host("host-plain", []) if plain else host, tmp_path, **options))
        return made[-1]

    yield make
    for r in made:
        r.close()


@pytest.fixture
def role(roles):
    return roles()


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: needs chromium")
