"""Fixtures of the end-to-end tests. EK_BIN and EK_BIN_ORDINARY name the binaries (default bin/evenkeel,
bin/evenkeel-ordinary); EK_VELOCITY_SO names the real program's ELF, without which the tests marked
real_program are skipped by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import Agent, binary_of, localnet, real_program, real_program_missing  # noqa: E402


def built(build):
    path = binary_of(build)
    if not path.exists():
        pytest.fail("%s is not built: `make %s`" % (path, build))
    return path


@pytest.fixture
def binary():
    """The shipped build."""
    return built("embedded")


@pytest.fixture(params=["embedded", "ordinary"])
def each_binary(request):
    return built(request.param)


@pytest.fixture
def chains(request):
    """Starts chains that end with the test: chains("velocity" | "drift" | "program", binary, option=...)."""
    running = []

    def start(kind, binary, **given):
        if kind == "program":
            missing = real_program_missing()
            if missing:
                pytest.skip("real program: " + missing)
            running.append(real_program(**given))
        else:
            running.append(localnet(binary, kind, **given))
        return running[-1]

    yield start
    for c in running:
        c.close()


@pytest.fixture
def agents():
    """Makes agents whose processes and directories end with the test."""
    made = []

    def make(binary, chain=None, **given):
        made.append(Agent(binary, chain, **given))
        return made[-1]

    yield make
    for a in made:
        a.close()


SHIM = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    const char *by = getenv("EK_TEST_WALL_SHIFT");
    if (id == CLOCK_REALTIME && by) t->tv_sec += atol(by);
    const char *times = getenv("EK_TEST_MONOTONIC_TIMES");
    if (id == CLOCK_MONOTONIC && times) {
        static long long began;
        long long now = t->tv_sec * 1000000000LL + t->tv_nsec;
        if (!began) began = now;
        now = began + (now - began) * atol(times);
        t->tv_sec = now / 1000000000LL;
        t->tv_nsec = now % 1000000000LL;
    }
    return r;
}
/* The switch is mapped at the start: a process that has shut itself in can open nothing later. */
static const char *number_text = "0";
__attribute__((constructor)) static void map_switch(void) {
    const char *path = getenv("EK_TEST_DISK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) number_text = at;
    close(fd);
}
static int disk(void) {
    int number = atoi(number_text);
    errno = number;
    return number;
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return disk() ? -1 : real(fd, p, n, at);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) { return pwrite(fd, p, n, at); }
int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return disk() ? -1 : real(fd);
}
"""


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    home = tmp_path_factory.mktemp("shim")
    (home / "shim.c").write_text(SHIM)
    subprocess.run(
        [
            os.environ.get("CC", "gcc"),
            "-O1",
            "-shared",
            "-fPIC",
            "-o",
            str(home / "shim.so"),
            str(home / "shim.c"),
            "-ldl",
        ],
        check=True,
    )
    return str(home / "shim.so")


@pytest.fixture
def clock_shim(shim):
    """The environment under which the wall clock, and nothing else, stands some seconds ahead."""
    return lambda seconds: {"LD_PRELOAD": shim, "EK_TEST_WALL_SHIFT": str(seconds)}


@pytest.fixture
def fast_clock(shim):
    """The environment under which the monotonic clock runs some times as fast."""
    return lambda times: {"LD_PRELOAD": shim, "EK_TEST_MONOTONIC_TIMES": str(times)}


@pytest.fixture
def failing_disk(shim, tmp_path):
    """An environment, and a function that makes every further write of files and sync fail with an errno (0:
    work again)."""
    switch = tmp_path / "errno"
    switch.write_bytes(b"0".ljust(4096, b"\0"))

    def fail(number):
        with switch.open("r+b") as f:  # in place: the file is mapped
            f.write(b"%d\0" % number)

    return {"LD_PRELOAD": shim, "EK_TEST_DISK": str(switch)}, fail


@pytest.fixture
def bench(chains, agents, binary):
    """A chain and an agent on it with the shipped build: bench("velocity", {chain options},
    agent__key=...)."""

    def make(kind="velocity", chain=None, **settings):
        c = chains(kind, binary, **(chain or {}))
        return c, agents(binary, c, **settings)

    return make
