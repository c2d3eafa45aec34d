"""What an agent that is taken over can lose, played against the real signer: its time is moved by a shim, the
market is a price, and an accomplice fills whatever was signed at its worst price.

`World` keeps the account: position, cash, lamports. What is signed is filled by the accomplice at the worst
price of the order (or by the vAMM, at the true price and half a per cent, only where the order's bound allows
that), with the venue's highest fee and the lamports of the transaction. `lost()` is what all of it cost
against the true price."""

import os
import struct
import subprocess
import time

from test_policy import E9, LONG, NOTHING, SHORT, Case, oracle_bytes
from test_protocol import REST, WAKE, Role

SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile long *passed; /* seconds that went by, of every clock but the monotonic one */
__attribute__((constructor)) static void begin(void) {
    int fd = open(getenv("EK_TEST_PASSED"), O_RDONLY);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) _exit(99);
    passed = at;
    close(fd);
}
int clock_gettime(clockid_t id, struct timespec *t) {
    long r = syscall(SYS_clock_gettime, id, t);
    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME)) t->tv_sec += *passed;
    return (int)r;
}
"""


def time_shim(home):
    (home / "shim.c").write_text(SHIM)
    cc = os.environ.get("CC", "gcc")
    subprocess.run([cc, "-O1", "-shared", "-fPIC", "-o", home / "shim.so", home / "shim.c"], check=True)
    return home / "shim.so"


class Signer(Role):
    """The role with a clock that the test moves."""

    def __init__(self, home, case, shim):
        self.clock = home / "passed"
        if not self.clock.exists():
            self.clock.write_bytes(bytes(4096))
        self.environment = {**os.environ, "LD_PRELOAD": str(shim), "EK_TEST_PASSED": str(self.clock)}
        super().__init__(home, case)
        self.seal()
        value, _, text, _ = self.ready()
        assert value == 0, text

    def pass_time(self, seconds):
        (passed,) = struct.unpack("<q", self.clock.read_bytes()[:8])
        with open(self.clock, "r+b") as f:
            f.write(struct.pack("<q", passed + seconds))


class World:
    def __init__(self, home, shim, equity_usd, price=150_000_000, vamm=False, **limits):
        self.home, self.shim, self.price, self.vamm = home, shim, price, vamm
        self.equity = equity_usd * 10**6
        self.case = Case(max_loss_day_e6=0, **limits)
        self.signer = Signer(home, self.case, shim)
        self.base = self.cash = self.lamports = self.largest = self.signed = 0
        self.reducing_lamports = 0
        # The agent was honest until now.
        assert self.show(price) == NOTHING

    def show(self, price):
        return self.signer.show(price, int(time.time()) - 86400, self.equity)

    def wait(self, seconds):
        self.signer.pass_time(seconds)

    def order(self, direction, size, shown, reduces=0, lamports=205_000):
        """Asks for it at the worst price that the signer may allow; fills it where it was signed."""
        c = self.case
        worst = -(-shown * 995 // 1000) if direction == SHORT else shown * 1005 // 1000
        for o in (c.params, c.claim):
            o.direction, o.reduce_only = direction, reduces
        c.params.price_e6 = c.claim.worst_price_e6 = worst
        c.params.base_e9 = c.claim.size_base_e9 = size
        c.claim.equity_e6 = self.equity
        c.oracle = oracle_bytes(shown, int(time.time()) - 86400)
        c.message = c.compiled([c.budget(200_000, (lamports - 5000) * 5), c.venue_ix()])
        reason = self.signer.judge(self.signer.ask())
        if reason == NOTHING:
            self.signed += 1
            self.lamports += lamports
            self.reducing_lamports += lamports if reduces else 0
            self.fill(direction, size, worst, reduces)
        return reason

    def fill(self, direction, size, worst, reduces):
        if reduces:
            open_base = self.base if direction == SHORT else -self.base
            size = min(size, max(0, open_base))
        at = worst
        if self.vamm:  # half a per cent off the true price, if the order allows that
            at = self.price * (995 if direction == SHORT else 1005) // 1000
            if at < worst if direction == SHORT else at > worst:
                return
        quote = size * at // E9
        self.base += size if direction == LONG else -size
        self.cash += (-quote if direction == LONG else quote) - quote * 1350 // 10**6
        self.largest = max(self.largest, abs(self.base))

    def lost(self):
        """Dollars, against the true price."""
        return -(self.cash + self.base * self.price / E9 - self.lamports * self.price / 10**9) / 10**6

    def bound(self, moved):
        """SECURITY.md, in dollars: 2 L + P x (s + fee) + P x m + the lamports of orders that only reduce."""
        limit = self.signer.limit_e6 / 10**6
        position = self.largest * self.price / E9 / 10**6
        gas = self.reducing_lamports * self.price / 10**15
        return 2 * limit + position * (0.005 + 0.00135) * (1 + moved) + position * moved + gas

    def restart(self):
        """The agent is started anew: keeper and signer, too."""
        self.signer.close()
        self.signer = Signer(self.home, self.case, self.shim)

    def nap(self):
        """`mode paper` and `mode live`, as the agent passes them on: the signer ends, another one starts."""
        for word in (REST, WAKE):
            self.signer.socket.send(self.signer.head(word))
        value, _, text, _ = self.signer.ready()
        assert value == 0, text


def most_of(world, direction, shown, largest=50 * E9, before=lambda: None):
    """As much as is signed, in orders of falling size, `before` each of them. The number of orders."""
    n, size = 0, largest
    while size >= 5_000_000:
        before()
        if world.order(direction, size, shown) == NOTHING:
            n += 1
        else:
            size //= 2
    return n
