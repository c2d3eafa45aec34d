"""The nodes: the embedded chain and the real program, behind the same JSON-RPC and the same POST /ctl."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .words import wait_for

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("EK_SHARED", ROOT.parent / "shared"))
E9 = 10**9


class Chain:
    """A child process that serves a chain. `kind` is velocity, drift or program."""

    def __init__(self, argv, kind, seconds=20):
        self.kind = kind
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the chain did not start: %s" % self.process.stderr.read().decode()[:600])
        self.greeting = json.loads(line)
        self.url = self.greeting["listening"]
        self.host, self.port = "127.0.0.1", int(self.url.rsplit(":", 1)[1])
        self.authority, self.delegate, self.user = (
            self.greeting[k] for k in ("authority", "delegate", "user")
        )
        wait_for(lambda: self.rpc("getHealth") == "ok", seconds, "the chain answers")

    @property
    def venue(self):
        return "drift" if self.kind == "drift" else "velocity"

    def post(self, path, body):
        c = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            c.request("POST", path, json.dumps(body), {"content-type": "application/json"})
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def rpc(self, method, *params):
        answer = self.post("/", {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "result" in answer, answer
        return answer["result"]

    def ctl(self, op, **arguments):
        answer = self.post("/ctl", {"op": op, **arguments})
        assert answer["ok"], "%s %s: %s" % (op, arguments, answer)
        return answer["result"]

    def fault(self, kind, n=1, **more):
        return self.ctl("fault", kind=kind, n=n, **more)

    # --- what the chain itself says became of the book
    def account(self):
        return self.ctl("state")["account"]

    def perp(self):
        return next(
            (p["base_asset_amount"] for p in self.account()["perp_positions"] if p["market_index"] == 0), 0
        )

    def live_orders(self):
        return [o for o in self.account()["orders"] if o["status"] == 1]

    def sends(self, **having):
        """Every transaction the node received, oldest first."""
        out = self.ctl("log", n=1000)
        return [t for t in out if all(t.get(k) == v for k, v in having.items())]

    def landed(self):
        return [t for t in self.sends() if t["result"]["status"] == "landed"]

    def orders_sent(self):
        """(name, params, success_condition) of every distinct transaction received."""
        seen, out = set(), []
        for t in self.sends():
            if t["signature"] in seen:
                continue
            seen.add(t["signature"])
            for ix in t["instructions"]:
                d = ix["decoded"]
                if d and "params" in d:
                    out.append((d["name"], d["params"], d.get("success_condition")))
        return out

    def moves(self, since=0):
        """The chain's own list of changes of the perp position: (before, after), in order."""
        bases = [e["base"] for e in self.ctl("events", since=since)]
        return [(a, b) for a, b in zip(bases, bases[1:]) if a != b]

    def calls(self, method):
        return self.ctl("state")["rpc_counts"].get(method, 0)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def options(given):
    out = []
    for k, v in given.items():
        name = "--" + k.replace("_", "-")
        if v is True:
            out.append(name)
        elif v is not None and v is not False:
            out += [name, str(v)]
    return out


def localnet(binary, venue="velocity", **given):
    """10 SOL in the venue, 1000 quote, a still price, 25 slots a wall second times 2:
    a blockhash lives three to four seconds."""
    given.setdefault("tick_ms", 50)
    given.setdefault("volatility", 0)
    given.setdefault("seed", 1)
    return Chain([str(binary), "localnet", "--port", "0", "--venue", venue, *options(given)], venue)


def real_program_missing():
    """Why the real program cannot be run here, or None."""
    elf = os.environ.get("EK_VELOCITY_SO")
    if not elf:
        return "EK_VELOCITY_SO does not name the program's ELF"
    if not Path(elf).exists():
        return "%s is absent" % elf
    if not (SHARED / "tools" / "svmnode.py").exists():
        return "%s is absent" % (SHARED / "tools" / "svmnode.py")
    try:
        import solders.litesvm  # noqa: F401
    except ImportError:
        return "solders with litesvm is not installed"
    return None


def real_program(**given):
    """EK_SLOT_MS: slots of this length in every test that lets time run, in place of the test's own."""
    given.setdefault("tick_ms", 200)
    slot_ms = os.environ.get("EK_SLOT_MS")
    if slot_ms and given["tick_ms"]:
        given.update(tick_ms=int(slot_ms), slot_seconds=int(slot_ms) / 1000)
    return Chain(
        [
            sys.executable,
            str(SHARED / "tools" / "svmnode.py"),
            "--program",
            os.environ["EK_VELOCITY_SO"],
            "--fixtures",
            str(SHARED / "fixtures" / "velocity"),
            "--port",
            "0",
            "--random-blockhash",
            *options(given),
        ],
        "program",
        seconds=60,
    )
