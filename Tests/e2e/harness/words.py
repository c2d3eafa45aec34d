"""Small things everybody needs."""

import concurrent.futures
import time

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(raw):
    n, out = int.from_bytes(raw, "big"), ""
    while n:
        n, r = divmod(n, 58)
        out = ALPHABET[r] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def unbase58(text, size=32):
    n = 0
    for c in text:
        n = n * 58 + ALPHABET.index(c)
    return n.to_bytes(size, "big")


def wait_for(what, seconds, said, every=0.02):
    """The first true value of `what()` within the time; else the test fails with `said`."""
    ends = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > ends:
            raise AssertionError("%s: not within %.1f s" % (said() if callable(said) else said, seconds))
        time.sleep(every)


def together(cases, run, at_once=6):
    """Runs `run(case)` for all cases, several at a time (they mostly wait);
    fails with the list of those that failed."""
    failed = []

    def one(case):
        try:
            run(case)
        except BaseException as e:
            failed.append("--- %s: %s" % (case, e))

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, cases))
    assert not failed, "%d of %d failed\n%s" % (len(failed), len(list(cases)), "\n".join(failed))
