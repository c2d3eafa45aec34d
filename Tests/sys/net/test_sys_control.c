/* The control socket and the supervisor's socket, over real sockets in a scratch directory. */
#include "check.h"
#include "base/sys_clock.h"
#include "net/sys_control.h"
#include "net/sys_notify.h"
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char home[] = "/tmp/ek-control-XXXXXX", path[64];

static int dial(void) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval t = { .tv_sec = 5 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    return connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? fd : -1;
}

static void say(int fd, const char *s) { CHECK_EQ(send(fd, s, strlen(s), MSG_NOSIGNAL), strlen(s)); }

/* Everything until the other side closes. */
static size_t listen_to(int fd, char *out, size_t cap) {
    size_t n = 0;
    ssize_t k;
    while (n < cap && (k = read(fd, out + n, cap - n)) > 0) n += (size_t)k;
    return n;
}

static void one_line_one_answer(void) {
    int err = 0;
    char line[SYS_CONTROL_LINE], got[64];
    sys_control *c = sys_control_open(path, &err);
    CHECK(c != NULL);
    struct stat st;
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660);
    CHECK(sys_control_open(path, &err) == NULL && err == EADDRINUSE);
    CHECK_EQ(sys_control_next(c, line), 0); /* also serves the probe of the second one */
    int a = dial(), b = dial();
    say(a, "sta");
    CHECK_EQ(sys_control_next(c, line), 0);
    say(a, "tus\nrest is ignored");
    say(b, "pause\n");
    uint32_t first = sys_control_next(c, line);
    CHECK(first != 0);
    CHECK_TEXT(line, "status");
    uint32_t second = sys_control_next(c, line);
    CHECK(second != 0 && second != first);
    CHECK_TEXT(line, "pause");
    CHECK_EQ(sys_control_next(c, line), 0);
    /* In any order, at any time, once. */
    sys_control_answer(c, second, (const uint8_t *)"paused", 6);
    sys_control_answer(c, second, (const uint8_t *)"again", 5);
    CHECK_EQ(listen_to(b, got, sizeof got), 6);
    CHECK_BYTES(got, "paused", 6);
    CHECK_EQ(sys_control_busy(c), 1);
    sys_control_answer(c, first, (const uint8_t *)"well", 4);
    CHECK_EQ(listen_to(a, got, sizeof got), 4);
    CHECK_EQ(sys_control_busy(c), 0);
    sys_control_answer(c, 4711, (const uint8_t *)"nobody", 6);
    close(a);
    close(b);
    sys_control_close(c, 0);
    CHECK(access(path, F_OK) != 0);
    c = sys_control_open("/no/such/place", &err);
    CHECK(c == NULL && err == ENOENT);
    sys_control_close(NULL, 0);
}

/* Silent, dripping, too long, gone, never reading: no call may wait, and the next honest client is served. */
static void rude_clients(void) {
    int err = 0;
    char line[SYS_CONTROL_LINE], got[64];
    sys_control *c = sys_control_open(path, &err);
    int idle[SYS_CONTROL_CLIENTS + 4];
    int64_t began = sys_mono_ms();
    for (int i = 0; i < SYS_CONTROL_CLIENTS + 4; i++) {
        idle[i] = dial();
        say(idle[i], "x");
        CHECK_EQ(sys_control_next(c, line), 0);
    }
    for (int i = 0; i < 8; i++) CHECK_EQ(sys_control_next(c, line), 0);
    CHECK_EQ(sys_control_busy(c), SYS_CONTROL_CLIENTS); /* the oldest ones made room */
    int honest = dial();
    say(honest, "status\n");
    uint32_t n = 0;
    for (int i = 0; i < 4 && n == 0; i++) n = sys_control_next(c, line);
    CHECK(n != 0);
    CHECK_TEXT(line, "status");
    CHECK(sys_mono_ms() - began < 500);
    /* An answer of 4 MB to somebody who does not read it: taken over at once, dropped in the end. */
    uint8_t *big = calloc(1, 4 << 20);
    began = sys_mono_ms();
    sys_control_answer(c, n, big, 4 << 20);
    CHECK(sys_mono_ms() - began < 500);
    free(big);
    char longest[200];
    memset(longest, 'a', sizeof longest);
    int rude = dial();
    CHECK(send(rude, longest, sizeof longest, MSG_NOSIGNAL) > 0);
    for (int i = 0; i < 4; i++) CHECK_EQ(sys_control_next(c, line), 0);
    CHECK_EQ(listen_to(rude, got, sizeof got), 0); /* dropped */
    sys_sleep_ms(SYS_CONTROL_IDLE_MS + 100);
    CHECK_EQ(sys_control_next(c, line), 0);
    CHECK_EQ(sys_control_busy(c), 0);
    /* One that goes before it is answered. */
    int gone = dial();
    say(gone, "rebalance\n");
    for (int i = 0; i < 3 && (n = sys_control_next(c, line)) == 0; i++) {}
    close(gone);
    CHECK_EQ(sys_control_next(c, line), 0);
    CHECK_EQ(sys_control_busy(c), 0);
    sys_control_answer(c, n, (const uint8_t *)"late", 4);
    for (int i = 0; i < SYS_CONTROL_CLIENTS + 4; i++) close(idle[i]);
    close(honest);
    close(rude);
    sys_control_close(c, 100);
}

static sys_control *served;
static void *serve(void *unused) {
    char line[SYS_CONTROL_LINE];
    for (int i = 0; i < 500; i++) {
        uint32_t n = sys_control_next(served, line);
        if (n != 0) {
            sys_control_answer(served, n, (const uint8_t *)line, strlen(line));
            return unused;
        }
        sys_sleep_ms(5);
    }
    return unused;
}

static void the_asking_side(void) {
    int err = 0;
    uint8_t out[16];
    CHECK_EQ(sys_control_ask(path, "x", out, sizeof out, 100), -ENOENT);
    served = sys_control_open(path, &err);
    CHECK_EQ(sys_control_ask(path, "x", out, sizeof out, 100), -ETIMEDOUT);
    pthread_t t;
    char line[SYS_CONTROL_LINE];
    for (int i = 0; i < 4; i++) sys_control_next(served, line); /* the one that went */
    pthread_create(&t, NULL, serve, NULL);
    CHECK_EQ(sys_control_ask(path, "flatten", out, sizeof out, 3000), 7);
    CHECK_BYTES(out, "flatten", 7);
    pthread_join(t, NULL);
    sys_control_close(served, 0);
}

static void heard(int fd, const char *what) {
    char got[128] = {0};
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    CHECK(n >= 0);
    CHECK_TEXT(got, what);
}

static int supervisor(const char *name) {
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    memcpy(a.sun_path, name, strlen(name));
    if (name[0] == '@') a.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    return bind(fd, (struct sockaddr *)&a, n) == 0 ? fd : -1;
}

static void the_supervisor(void) {
    unsetenv("NOTIFY_SOCKET");
    CHECK_EQ(sys_notify_open(), -1);
    CHECK_EQ(sys_notify_send(-1, "READY=1", 7), 0);
    setenv("NOTIFY_SOCKET", "relative", 1);
    CHECK_EQ(sys_notify_open(), -EINVAL);
    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    CHECK_EQ(sys_notify_open(), -ENOENT);
    char names[2][96];
    snprintf(names[0], sizeof names[0], "%s/notify", home);
    snprintf(names[1], sizeof names[1], "@ek-test-notify-%d", (int)getpid());
    for (int i = 0; i < 2; i++) {
        int there = supervisor(names[i]);
        CHECK(there >= 0);
        setenv("NOTIFY_SOCKET", names[i], 1);
        int fd = sys_notify_open();
        CHECK(fd >= 0 && getenv("NOTIFY_SOCKET") == NULL);
        CHECK_EQ(sys_notify_send(fd, "READY=1\nSTATUS=x", 16), 0);
        heard(there, "READY=1\nSTATUS=x");
        int full = 0; /* one that does not read: never waited for */
        int64_t began = sys_mono_ms();
        for (int k = 0; k < 2000 && full == 0; k++) full = sys_notify_send(fd, "WATCHDOG=1", 10);
        CHECK_EQ(full, EAGAIN);
        CHECK(sys_mono_ms() - began < 1000);
        close(there);
        CHECK(sys_notify_send(fd, "WATCHDOG=1", 10) != 0);
        close(fd);
    }
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    CHECK_EQ(sys_notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    CHECK_EQ(sys_notify_watchdog_us(), 30000000);
    setenv("WATCHDOG_PID", "1", 1);
    CHECK_EQ(sys_notify_watchdog_us(), 0);
    char me[16];
    snprintf(me, sizeof me, "%d", (int)getpid());
    setenv("WATCHDOG_PID", me, 1);
    CHECK_EQ(sys_notify_watchdog_us(), 30000000);
    setenv("WATCHDOG_USEC", "soon", 1);
    CHECK_EQ(sys_notify_watchdog_us(), 0);
}

static void the_journal(void) {
    unsetenv("JOURNAL_STREAM");
    CHECK_EQ(sys_is_journal(2), 0);
    struct stat st;
    char text[64];
    CHECK_EQ(fstat(2, &st), 0);
    snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", text, 1);
    CHECK_EQ(sys_is_journal(2), 1);
    CHECK_EQ(sys_is_journal(-1), 0);
    snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino + 1);
    setenv("JOURNAL_STREAM", text, 1);
    CHECK_EQ(sys_is_journal(2), 0); /* stderr was sent elsewhere since */
    setenv("JOURNAL_STREAM", "8", 1);
    CHECK_EQ(sys_is_journal(2), 0);
}

int main(void) {
    if (mkdtemp(home) == NULL) return 1;
    snprintf(path, sizeof path, "%s/ctl", home);
    RUN(one_line_one_answer);
    RUN(rude_clients);
    RUN(the_asking_side);
    RUN(the_supervisor);
    RUN(the_journal);
    char name[96];
    snprintf(name, sizeof name, "%s/notify", home);
    unlink(name);
    rmdir(home);
    return check_end();
}
