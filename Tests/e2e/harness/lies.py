"""Ways for a node to answer a read of accounts wrongly: name -> (misbehaviour,
a word the agent's log must hold or None)."""

import base64
import gzip
import json
import time


def body(data):
    return lambda turn: data


def altered(change):
    return lambda turn: turn.altered(change)


def account(change, index=None):
    """Alters the account at `index`, by default every one with data."""

    def act(answer):
        for i, a in enumerate(answer["result"]["value"]):
            if a and (i == index or (index is None and a["data"][0])):
                change(a)

    return altered(act)


def data(change):
    """Alters the bytes of every account with data."""

    def act(a):
        a["data"][0] = base64.b64encode(change(base64.b64decode(a["data"][0]))).decode()

    return account(act)


def cut(turn):
    """Fewer bytes than announced, then the connection ends."""
    turn.answer(turn.truth[: len(turn.truth) // 2], length=len(turn.truth))
    turn.close()


def drip(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(turn.truth))
    for i in range(60):
        turn.raw(turn.truth[i : i + 1])
        time.sleep(0.05)
    turn.close()


def silent(turn):
    time.sleep(1.2)
    turn.close()


def close_before(turn):
    turn.close()


def close_after_headers(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n")
    turn.close()


def half_a_header(turn):
    turn.raw(b"HTTP/1.1 20")
    turn.close()


def not_http(turn):
    turn.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)
    turn.close()


def chunked_garbage(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
    turn.close()


def status(code, *headers):
    return lambda turn: turn.answer(b"Service Unavailable", code, headers)


def redirect(turn):
    turn.answer(b"", 302, [(b"location", turn.liar.url.encode() + b"/elsewhere")])


def zipped(turn):
    turn.answer(gzip.compress(turn.truth), 200, [(b"content-encoding", b"gzip")])


def long_header(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000 + b"\r\n")
    turn.answer(turn.truth)


def huge(turn):
    return b" " * (2 << 20) + turn.truth


def huge_valid(turn):
    return b'{"padding":"' + b"x" * (2 << 20) + b'",' + turn.truth.lstrip()[1:]


def huge_streamed(turn):
    turn.raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(300):
        turn.raw(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
    turn.close()


def wrong_id(a):
    a["id"] = (a["id"] or 0) + 1


def string_id(a):
    a["id"] = str(a["id"])


def slot_back(a):
    a["result"]["context"]["slot"] -= 1000


def slot_negative(a):
    a["result"]["context"]["slot"] = -5


def slot_text(a):
    a["result"]["context"]["slot"] = "99999999999999999999999"


def no_context(a):
    del a["result"]["context"]


def both(a):
    a["error"] = {"code": -32000, "message": "and an error too"}


def behind(turn):
    return json.dumps(
        {
            "jsonrpc": "2.0",
            "id": turn.request["id"],
            "error": {
                "code": -32016,
                "message": "Minimum context slot has not been reached",
                "data": {"contextSlot": 1},
            },
        }
    ).encode()


def escape_error(turn):
    return json.dumps(
        {
            "jsonrpc": "2.0",
            "id": turn.request["id"],
            "error": {"code": -32000, "message": "\x1b[2J\r\nlevel=err msg=fake\x00"},
        }
    ).encode()


def fewer(a):
    a["result"]["value"].pop()


def more(a):
    a["result"]["value"].append(a["result"]["value"][0])


def swapped(a):
    a["result"]["value"].reverse()


def nothing(a):
    a["result"]["value"] = [None] * len(a["result"]["value"])


def value_object(a):
    a["result"]["value"] = {"0": a["result"]["value"]}


def set_owner(a):
    a["owner"] = "11111111111111111111111111111111"


def short_owner(a):
    a["owner"] = a["owner"][:20]


def lamports_negative(a):
    a["lamports"] = -1


def encoding_changed(a):
    a["data"][1] = "base58"


def bad_base64(a):
    a["data"][0] = "!" + a["data"][0][1:]


def twice(turn):
    """The same key twice: readers differ on which one counts, so neither does."""
    answer = json.loads(turn.truth)
    value = json.dumps(answer["result"]["value"])
    slot = answer["result"]["context"]["slot"]
    return (
        '{"jsonrpc":"2.0","id":%d,"result":{"context":{"slot":%d},"value":[],"value":%s}}'
        % (answer["id"], slot, value)
    ).encode()


WAYS = {
    "malformed": (body(b'{"jsonrpc":"2.0","id":1,"result":{"cont'), None),
    "not json": (body(b"hello"), None),
    "html with 200": (body(b"<html><body>upstream error</body></html>"), None),
    "empty": (body(b""), None),
    "blanks": (body(b" \n\t "), None),
    "null": (body(b"null"), None),
    "list": (body(b"[]"), None),
    "nul bytes": (body(b"\0" * 500), None),
    "utf-16": (lambda turn: turn.truth.decode().encode("utf-16"), None),
    "truncated": (lambda turn: turn.truth[: len(turn.truth) // 2], None),
    "one byte short": (lambda turn: turn.truth.rstrip()[:-1], None),
    "cut by the connection": (cut, "closed before"),
    "huge": (huge, "larger than 1 MiB"),
    "huge but valid": (huge_valid, "larger than 1 MiB"),
    "huge, streamed": (huge_streamed, "larger than 1 MiB"),
    "slow drip": (drip, "timeout"),
    "silent": (silent, "timeout"),
    "429": (status(429, (b"retry-after", b"1")), "429"),
    "503": (status(503), "503"),
    "404 with a right body": (lambda turn: turn.answer(turn.truth, 404), "404"),
    "closed before the headers": (close_before, "closed before"),
    "closed after the headers": (close_after_headers, "closed before"),
    "half a status line": (half_a_header, None),
    "not http": (not_http, None),
    "chunked garbage": (chunked_garbage, None),
    "redirect": (redirect, "302"),
    "gzip unasked": (zipped, None),
    "a header of 300 KB": (long_header, None),
    "wrong id": (altered(wrong_id), "another request"),
    "id as text": (altered(string_id), None),
    "result and error": (altered(both), None),
    "deep nesting": (body(b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 200_000), None),
    "deep objects": (body(b'{"a":' * 100_000), None),
    "a key twice": (twice, None),
    "minimum context slot": (behind, "Minimum context slot"),
    "control bytes in the error": (escape_error, None),
    "no context": (altered(no_context), None),
    "slot negative": (altered(slot_negative), None),
    "slot past 64 bits": (altered(slot_text), None),
    "an account fewer": (altered(fewer), None),
    "an account more": (altered(more), None),
    "accounts swapped": (altered(swapped), None),
    "all accounts null": (altered(nothing), None),
    "accounts as object": (altered(value_object), None),
    "wrong owner": (account(set_owner), "owned by 1111.."),
    "owner cut": (account(short_owner), None),
    "lamports negative": (account(lamports_negative), None),
    "another encoding": (account(encoding_changed), None),
    "bad base64": (account(bad_base64), None),
    "wrong discriminator": (data(lambda d: bytes(8) + d[8:]), None),
    "short data": (data(lambda d: d[: len(d) // 2]), None),
    "data of 7 bytes": (data(lambda d: d[:7]), None),
    "no data": (data(lambda d: b""), None),
}
# Only a second read can show it: the first one is the oldest that was seen.
LATER = {"slot going back": (altered(slot_back), "older than slot")}
