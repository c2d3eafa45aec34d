"""A node that lies consistently: every account it shows, in reads and in simulations,
is forged in the same way, and its slot is ahead."""

import base64
import json
import struct

SOL_POSITION = 104 + 40  # the second spot position of a Velocity User
CLOCK = 40  # bytes of the Clock account


def forged(data, deposit_times, ahead):
    if len(data) == 4496:
        data = bytearray(data)
        (scaled,) = struct.unpack_from("<Q", data, SOL_POSITION)
        struct.pack_into("<Q", data, SOL_POSITION, int(scaled * deposit_times))
    elif len(data) == CLOCK:
        data = bytearray(data)
        (slot,) = struct.unpack_from("<Q", data, 0)
        struct.pack_into("<Q", data, 0, slot + ahead)
    return bytes(data)


def accounts_of(answer):
    value = answer["result"].get("value") if isinstance(answer.get("result"), dict) else None
    if isinstance(value, list):
        return value
    return (value or {}).get("accounts") or [] if isinstance(value, dict) else []


def liar(deposit_times=2, ahead=4):
    """A rule for a Liar: it has always reached the slot it is asked for."""

    def act(turn):
        params = turn.request.get("params") or []
        for p in params:
            if isinstance(p, dict) and "minContextSlot" in p:
                p["minContextSlot"] = 0
        answer = json.loads(turn.truth)
        if "result" not in answer:
            return turn.truth
        for a in accounts_of(answer):
            if a and isinstance(a.get("data"), list) and a["data"][0]:
                a["data"][0] = base64.b64encode(
                    forged(base64.b64decode(a["data"][0]), deposit_times, ahead)
                ).decode()
        if isinstance(answer["result"], dict) and "context" in answer["result"]:
            answer["result"]["context"]["slot"] += ahead
        return json.dumps(answer).encode()

    return act


def behind(slots, clock):
    """A rule: the node answers honestly, but only for what it had reached
    `slots` ago by the given count of its own."""

    def act(turn):
        wanted = max(
            [p.get("minContextSlot", 0) for p in turn.request.get("params") or [] if isinstance(p, dict)]
            or [0]
        )
        if wanted > clock() - slots:
            return json.dumps(
                {
                    "jsonrpc": "2.0",
                    "id": turn.request["id"],
                    "error": {"code": -32016, "message": "Minimum context slot has not been reached"},
                }
            ).encode()
        return turn.truth

    return act
