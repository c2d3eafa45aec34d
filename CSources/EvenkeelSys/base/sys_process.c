#include "base/sys_process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/ek_assert.h"
#include "base/sys_io.h"

const char *sys_env(const char *name) { return getenv(name); }
void sys_exit(int code) { exit(code); }

/* Without stdio: what is wrong may be anything, the buffers included. */
void ek_assert_said(const char *what, const char *file, int line) {
    char number[12];
    size_t at = sizeof number;
    do number[--at] = (char)('0' + line % 10);
    while ((line /= 10) > 0);
    const struct {
        const char *text;
        size_t n;
    } parts[] = {{"evenkeel: this must hold and does not: ", 39},
                 {what, strlen(what)},
                 {" (", 2},
                 {file, strlen(file)},
                 {":", 1},
                 {number + at, sizeof number - at},
                 {")\n", 2}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) sys_write_all(2, parts[i].text, parts[i].n);
}

static void set_of_ours(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int sys_signals_open(void) {
    sigset_t set;
    set_of_ours(&set);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR
        || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int sys_signals_next(int fd) {
    struct signalfd_siginfo info;
    ssize_t k;
    do k = read(fd, &info, sizeof info);
    while (k < 0 && errno == EINTR);
    return k == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void sys_signals_default(void) {
    sigset_t set;
    set_of_ours(&set);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Second number of /proc/self/statm: resident pages. */
uint64_t sys_resident_bytes(void) {
    char text[128];
    int64_t n = sys_read_file("/proc/self/statm", text, sizeof text - 1);
    if (n <= 0) return 0;
    text[n] = 0;
    const char *p = strchr(text, ' ');
    uint64_t pages = 0;
    if (p == NULL) return 0;
    for (p++; *p >= '0' && *p <= '9'; p++) pages = pages * 10 + (uint64_t)(*p - '0');
    long page = sysconf(_SC_PAGESIZE);
    return page > 0 ? pages * (uint64_t)page : 0;
}
