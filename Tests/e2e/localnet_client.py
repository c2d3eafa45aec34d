"""Talks to `evenkeel localnet` and to the test node over the real program: starts them,
builds orders with solders, sends."""

import base64, hashlib, json, os, pathlib, struct, subprocess, sys, urllib.error, urllib.request

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("EK_SHARED", ROOT.parent / "shared"))
BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
CLOCK = "SysvarC1ock11111111111111111111111111111111"
AUTHORITY = Keypair.from_seed(bytes([7]) * 32)
DELEGATE = Keypair.from_seed(bytes([8]) * 32)
STRANGER = Keypair.from_seed(bytes([9]) * 32)
FULL = 2 | 100 << 8  # all or nothing, the whole auction assumed elapsed


def binary():
    """The built program, or None."""
    for p in (os.environ.get("EK_BIN"), ROOT / "bin" / "evenkeel"):
        if p and os.access(p, os.X_OK):
            return str(p)
    return None


def disc(name):
    return hashlib.sha256(("global:" + name).encode()).digest()[:8]


def opt(fmt, v):
    return b"\0" if v is None else b"\1" + struct.pack(fmt, v)


class Node:
    """A running node: JSON-RPC on /, control on /ctl."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("node did not start: " + self.process.stderr.read()[-2000:])
        self.hello = json.loads(line)
        self.url = self.hello["listening"]
        self.keys = self.ctl("state")
        self.drift = self.keys.get("venue") == "drift"
        self.program = Pubkey.from_string(
            "dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH"
            if self.drift
            else "vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P"
        )

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()

    # --- the wire
    def raw(self, body, path="/"):
        """(status, bytes) of one POST."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data), timeout=20) as r:
                return r.status, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def rpc(self, method, *params):
        """The whole answer object."""
        return json.loads(self.raw({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})[1])

    def ask(self, method, *params):
        a = self.rpc(method, *params)
        assert "result" in a, a
        return a["result"]

    def ctl(self, op, **k):
        a = json.loads(self.raw({"op": op, **k}, "/ctl")[1])
        if not a["ok"]:
            raise ValueError(a["error"])
        return a["result"]

    def user(self):
        return self.ctl("user")["account"]

    def live(self):
        return [o for o in self.user()["orders"] if o["status"] == 1]

    def perp(self):
        p = [x for x in self.user()["perp_positions"] if x["market_index"] == 0]
        return p[0] if p else None

    def account(self, key, **c):
        return self.ask("getAccountInfo", str(key), {"encoding": "base64", **c})["value"]

    # --- transactions
    def key(self, name):
        return Pubkey.from_string(self.keys[name])

    def metas(
        self, take=False, writable_perp=None, signer=None, groups="ooSSp", stats=None, writable_user=True
    ):
        """Accounts of an order. groups: o oracle, S spot market, p perp market in this order;
        x and X leave one out."""
        a = [
            AccountMeta(self.key("state"), False, False),
            AccountMeta(self.key("user"), False, writable_user),
        ]
        if take if stats is None else stats:
            a.append(AccountMeta(self.key("user_stats"), False, True))
        a.append(AccountMeta(signer or self.key("delegate"), True, False))
        oracles, spots = ["oracle_sol", "oracle_usdt"], ["spot_market_usdt", "spot_market_sol"]
        for g in groups:
            if g in "oS":
                a.append(AccountMeta(self.key((oracles if g == "o" else spots).pop(0)), False, False))
            elif g in "xX":
                (oracles if g == "x" else spots).pop(0)
            else:
                a.append(
                    AccountMeta(
                        self.key("perp_market"), False, take if writable_perp is None else writable_perp
                    )
                )
        return a

    def params(
        self,
        kind=0,
        side=1,
        base=10**8,
        price=0,
        market=0,
        uid=0,
        reduce=0,
        post=0,
        bits=0,
        max_ts=None,
        trigger=None,
        when=0,
        offset=None,
        slots=None,
        start=None,
        end=None,
        market_type=1,
    ):
        b = struct.pack("<BBBBQQHBBB", kind, market_type, side, uid, base, price, market, reduce, post, bits)
        b += opt("<q", max_ts) + opt("<Q", trigger) + bytes([when])
        b += opt("<i" if self.drift else "<q", offset) + opt("<B", slots) + opt("<q", start) + opt("<q", end)
        return b if self.drift else b + b"\0\0"

    def place(self, metas=None, **k):
        return Instruction(
            self.program,
            disc("place_perp_order") + self.params(**k),
            metas or self.metas(signer=k.pop("signer", None)),
        )

    def take(self, condition=None, metas=None, **k):
        return Instruction(
            self.program,
            disc("place_and_take_perp_order") + self.params(**k) + opt("<I", condition),
            metas or self.metas(True),
        )

    def cancel(self, order_id=None, metas=None):
        return Instruction(self.program, disc("cancel_order") + opt("<I", order_id), metas or self.metas())

    def other(self, name, tail, metas=None):
        return Instruction(self.program, disc(name) + tail, metas or self.metas())

    def transaction(self, instructions, payer=DELEGATE, blockhash=None):
        h = blockhash or Hash.from_string(self.ask("getLatestBlockhash")["value"]["blockhash"])
        return Transaction([payer], Message.new_with_blockhash(instructions, payer.pubkey(), h), h)

    def send(self, instructions, payer=DELEGATE, tx=None, **c):
        tx = tx or self.transaction(instructions, payer)
        return self.rpc("sendTransaction", base64.b64encode(bytes(tx)).decode(), {"encoding": "base64", **c})

    def simulate(self, instructions, payer=DELEGATE, tx=None, **c):
        tx = tx or self.transaction(instructions, payer)
        return self.rpc(
            "simulateTransaction", base64.b64encode(bytes(tx)).decode(), {"encoding": "base64", **c}
        )


def limit(units):
    return Instruction(BUDGET, b"\2" + struct.pack("<I", units), [])


def unit_price(micro_lamports):
    return Instruction(BUDGET, b"\3" + struct.pack("<Q", micro_lamports), [])


def localnet(*more, venue="velocity", seed=1):
    """A chain that moves only by warp, with prices at rest unless `more` says otherwise."""
    return Node(
        [
            binary(),
            "localnet",
            "--venue",
            venue,
            "--port",
            "0",
            "--tick-ms",
            "0",
            "--volatility",
            "0",
            "--seed",
            str(seed),
            *more,
        ]
    )


def program_node():
    """The test node over the real program, or None when it is not there."""
    so = os.environ.get("EK_VELOCITY_SO")
    tool, fixtures = SHARED / "tools" / "svmnode.py", SHARED / "fixtures" / "velocity"
    if not so or not os.path.exists(so) or not tool.exists() or not fixtures.exists():
        return None
    return Node(
        [
            sys.executable,
            str(tool),
            "--program",
            so,
            "--fixtures",
            str(fixtures),
            "--port",
            "0",
            "--tick-ms",
            "0",
        ]
    )
