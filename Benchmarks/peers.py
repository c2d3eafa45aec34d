"""What a user would take instead, timed on the same saved read of the Drift accounts: driftpy (decode,
health, leverage; build and sign), solders (compile and sign), Python's own json and base64. One line each, as
the C program prints them: name, median, 10th and 90th percentile in ns.

    peers.py time DRIFT.json [ROUNDS]
    peers.py import MODULE        imports it, prints resident and private KiB of this process
"""

import base64
import importlib
import json
import re
import sys
import time
from pathlib import Path


def footprint_kb():
    text = Path("/proc/self/smaps_rollup").read_text()
    kb = {k: int(v) for k, v in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    return kb["Rss"], kb["Private_Dirty"]


def spread(named, rounds):
    """Every function by turns, a few milliseconds each; time on the processor."""
    took, times = {n: [] for n in named}, {}
    for name, f in named.items():
        t = time.thread_time_ns()
        for _ in range(3):
            f()
        times[name] = max(1, 3_000_000 // ((time.thread_time_ns() - t) // 3 + 1))
    for _ in range(rounds):
        for name, f in named.items():
            t = time.thread_time_ns()
            for _ in range(times[name]):
                f()
            took[name].append((time.thread_time_ns() - t) / times[name])
    for name, t in took.items():
        t.sort()
        print("%s\t%.1f\t%.1f\t%.1f" % (name, t[len(t) // 2], t[len(t) // 10], t[len(t) * 9 // 10]))


class Subscriber:
    """Holds decoded accounts where driftpy's own subscribers hold theirs."""

    def __init__(self):
        self.perps, self.spots, self.oracles = {}, {}, {}

    def get_perp_market_and_slot(self, i):
        return self.perps.get(i)

    def get_spot_market_and_slot(self, i):
        return self.spots.get(i)

    def get_oracle_price_data_and_slot(self, oracle_id):
        return self.oracles.get(oracle_id.split("-")[0])

    def get_oracle_price_data_and_slot_for_perp_market(self, i):
        return self.oracles.get(str(self.perps[i].data.amm.oracle))

    def get_oracle_price_data_and_slot_for_spot_market(self, i):
        return self.oracles.get(str(self.spots[i].data.oracle))


def peers(path):
    from driftpy.accounts.oracle import decode_oracle
    from driftpy.accounts.types import DataAndSlot
    from driftpy.account_subscription_config import AccountSubscriptionConfig
    from driftpy.constants.numeric_constants import PRICE_PRECISION
    from driftpy.decode.user import decode_user
    from driftpy.drift_client import DriftClient
    from driftpy.drift_user import DriftUser
    from driftpy.types import MarketType, OraclePriceData, OrderParams, OrderType, PositionDirection
    from anchorpy import Wallet
    from solana.rpc.async_api import AsyncClient
    from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
    from solders.hash import Hash
    from solders.keypair import Keypair
    from solders.message import MessageV0
    from solders.pubkey import Pubkey
    from solders.transaction import VersionedTransaction

    text = Path(path).read_bytes()
    owner, delegate = Keypair.from_seed(bytes([7]) * 32), Keypair.from_seed(bytes([8]) * 32)
    client = DriftClient(
        AsyncClient("http://127.0.0.1:9"),
        Wallet(delegate),
        "mainnet",
        authority=owner.pubkey(),
        account_subscription=AccountSubscriptionConfig("cached"),
        perp_market_indexes=[0],
        spot_market_indexes=[0, 1],
        oracle_infos=[],
    )
    coder = client.program.coder.accounts
    held = client.account_subscriber = Subscriber()
    user_key = client.get_user_account_public_key(0)
    user = DriftUser(client, user_key, AccountSubscriptionConfig("cached"))

    class UserSubscriber:
        def get_user_account_and_slot(self):
            return self.now

    user.account_subscriber = UserSubscriber()
    client.users[0] = user
    names = {"user": "User", "perp": "PerpMarket", "spot": "SpotMarket"}
    kinds = {d: coder.acc_name_to_discriminator[n] for d, n in names.items()}

    def decode():
        """Bytes of the answer to the accounts that health and leverage need."""
        answer = json.loads(text)["result"]
        slot, oracles = answer["context"]["slot"], []
        for a in answer["value"]:
            data = base64.b64decode(a["data"][0]) if a else b""
            head = data[:8]
            if head == kinds["user"]:
                user.account_subscriber.now = DataAndSlot(slot, decode_user(data))
            elif head == kinds["perp"]:
                m = coder.decode(data)
                held.perps[m.market_index] = DataAndSlot(slot, m)
            elif head == kinds["spot"]:
                m = coder.decode(data)
                held.spots[m.market_index] = DataAndSlot(slot, m)
            elif len(data) == 48:
                oracles.append(data)
        return slot, oracles

    one = OraclePriceData(
        price=PRICE_PRECISION,
        slot=0,
        confidence=1,
        twap=PRICE_PRECISION,
        twap_confidence=1,
        has_sufficient_number_of_data_points=True,
    )

    def prices(slot, oracles):
        """The read asks for the oracles as its markets name them, perps first."""
        held.oracles[str(Pubkey.default())] = DataAndSlot(slot, one)
        named = []
        for m in [*(p.data.amm for p in held.perps.values()), held.spots[0].data, held.spots[1].data]:
            known = [str(n.oracle) for n in named]
            if "QuoteAsset" not in str(m.oracle_source) and str(m.oracle) not in known:
                named.append(m)
        for m, data in zip(named, oracles):
            held.oracles[str(m.oracle)] = DataAndSlot(slot, decode_oracle(data, m.oracle_source))

    def decide():
        prices(*decode())
        return user.get_health(), user.get_leverage()

    def parse():
        return [base64.b64decode(a["data"][0]) for a in json.loads(text)["result"]["value"] if a]

    order = OrderParams(
        order_type=OrderType.Market(),
        market_type=MarketType.Perp(),
        direction=PositionDirection.Short(),
        user_order_id=200,
        base_asset_amount=1_000_000_000,
        price=70 * PRICE_PRECISION,
        market_index=0,
        reduce_only=False,
    )
    blockhash = Hash(bytes([5]) * 32)

    def build():
        return [
            set_compute_unit_limit(400_000),
            set_compute_unit_price(10_000),
            client.get_place_perp_order_ix(order),
        ]

    def sign(ixs):
        compiled = MessageV0.try_compile(delegate.pubkey(), ixs, [], blockhash)
        return bytes(VersionedTransaction(compiled, [delegate]))

    health, leverage = decide()
    ixs = build()
    assert 0 < health <= 100 and leverage > 0, (health, leverage)
    assert len(sign(ixs)) > 300 and len(held.oracles) == 3, held.oracles
    seeds = [b"user", bytes(owner.pubkey())]
    state = {"n": 0}

    def pda():
        state["n"] = (state["n"] + 1) % 64
        return Pubkey.find_program_address([*seeds, state["n"].to_bytes(4, "little")], client.program_id)

    message = bytes(MessageV0.try_compile(delegate.pubkey(), ixs, [], blockhash))
    tx = sign(ixs)
    return {
        "python_json_base64": parse,
        "driftpy_decision": decide,
        "driftpy_build_sign": lambda: sign(build()),
        "driftpy_whole_path": lambda: (decide(), sign(build())),
        "solders_compile_sign": lambda: sign(ixs),
        "solders_signature": lambda: delegate.sign_message(message),
        "solders_find_program_address": pda,
        "solders_transaction_parse": lambda: VersionedTransaction.from_bytes(tx),
        "solders_base58_encode_32": lambda: str(user_key),
    }


if sys.argv[1] == "import":
    importlib.import_module(sys.argv[2])
    print("%d\t%d" % footprint_kb())
else:
    spread(peers(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 30)
