#include "net/sys_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/sys_clock.h"

enum { FREE = 0, READING, ASKED, TAKEN, ANSWERING };

typedef struct {
    int fd, phase;
    uint32_t number;
    int64_t since_ms;            /* of the phase */
    char line[SYS_CONTROL_LINE];
    size_t have;
    uint8_t *out;
    size_t out_len, out_at;
} client;

struct sys_control {
    int epoll, listener;
    gid_t group;                 /* of the socket's file */
    uint32_t next_number;
    client clients[SYS_CONTROL_CLIENTS];
    char path[108];
};

static int address(const char *path, struct sockaddr_un *a) {
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof a->sun_path) return -1;
    memcpy(a->sun_path, path, n);
    return 0;
}

static int bind_and_listen(const char *path) {
    struct sockaddr_un a;
    if (address(path, &a) != 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    mode_t old = umask(0117);
    int bound = bind(fd, (struct sockaddr *)&a, sizeof a);
    if (bound != 0 && errno == EADDRINUSE) {
        /* Left by a crash, or alive? Only a socket that refuses may be replaced. */
        struct stat st;
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int dead = probe >= 0 && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)
            && connect(probe, (struct sockaddr *)&a, sizeof a) != 0 && errno == ECONNREFUSED;
        if (probe >= 0) close(probe);
        if (dead && unlink(path) == 0) bound = bind(fd, (struct sockaddr *)&a, sizeof a);
        else errno = EADDRINUSE;
    }
    int err = errno;
    umask(old);
    if (bound != 0 || listen(fd, SYS_CONTROL_CLIENTS) != 0) {
        if (bound == 0) err = errno;
        close(fd);
        return -err;
    }
    return fd;
}

static int watch(sys_control *c, int op, int fd, uint32_t events, uint32_t slot) {
    struct epoll_event e = { .events = events, .data.u32 = slot };
    return epoll_ctl(c->epoll, op, fd, &e);
}

sys_control *sys_control_open(const char *path, int *os_errno) {
    int fd = bind_and_listen(path);
    if (fd < 0) {
        *os_errno = -fd;
        return NULL;
    }
    sys_control *c = calloc(1, sizeof *c);
    struct stat st;
    if (c != NULL) {
        c->listener = fd;
        c->next_number = 1;
        c->group = lstat(path, &st) == 0 ? st.st_gid : getegid();
        snprintf(c->path, sizeof c->path, "%s", path);
        c->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (c->epoll >= 0 && watch(c, EPOLL_CTL_ADD, fd, EPOLLIN, SYS_CONTROL_CLIENTS) == 0) return c;
        *os_errno = errno;
        if (c->epoll >= 0) close(c->epoll);
    } else {
        *os_errno = ENOMEM;
    }
    free(c);
    close(fd);
    unlink(path);
    return NULL;
}

int sys_control_fd(const sys_control *c) { return c->epoll; }

int sys_control_busy(const sys_control *c) {
    int n = 0;
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) n += c->clients[i].phase != FREE;
    return n;
}

static void drop(client *k) {
    if (k->phase == FREE) return;
    close(k->fd); /* epoll forgets it */
    free(k->out);
    memset(k, 0, sizeof *k);
}

static int in_group(int fd, gid_t group) {
    gid_t some[64];
    socklen_t n = sizeof some;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, some, &n) != 0) return 0;
    for (size_t i = 0; i < n / sizeof some[0]; i++)
        if (some[i] == group) return 1;
    return 0;
}

static int allowed(const sys_control *c, int fd) {
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) return 0;
    return peer.uid == 0 || peer.uid == geteuid() || peer.gid == c->group || in_group(fd, c->group);
}

/* A free place, or that of the oldest client that has said nothing whole yet. */
static client *place(sys_control *c) {
    client *oldest = NULL;
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) {
        client *k = &c->clients[i];
        if (k->phase == FREE) return k;
        if (k->phase == READING && (oldest == NULL || k->since_ms < oldest->since_ms)) oldest = k;
    }
    if (oldest != NULL) drop(oldest);
    return oldest;
}

static void take_clients(sys_control *c, int64_t now) {
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) { /* bounded: a flood gets no more of the loop than this */
        int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        client *k = allowed(c, fd) ? place(c) : NULL;
        if (k == NULL || watch(c, EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)(k - c->clients)) != 0) {
            close(fd);
            continue;
        }
        k->fd = fd;
        k->phase = READING;
        k->since_ms = now;
        k->number = c->next_number++;
        if (c->next_number == 0) c->next_number = 1;
    }
}

static void read_line(sys_control *c, client *k, int64_t now) {
    ssize_t got = read(k->fd, k->line + k->have, SYS_CONTROL_LINE - 1 - k->have);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    char *end = got > 0 ? memchr(k->line + k->have, '\n', (size_t)got) : NULL;
    if (got > 0) k->have += (size_t)got;
    if (end != NULL) {
        *end = 0;
        k->phase = ASKED;
        k->since_ms = now;
        /* only its going is of interest until it is answered */
        watch(c, EPOLL_CTL_MOD, k->fd, 0, (uint32_t)(k - c->clients));
    } else if (got <= 0 || k->have == SYS_CONTROL_LINE - 1) {
        drop(k);
    }
}

static void send_some(client *k) {
    while (k->out_at < k->out_len) {
        ssize_t put = send(k->fd, k->out + k->out_at, k->out_len - k->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0) k->out_at += (size_t)put;
        else if (put < 0 && errno == EINTR) continue;
        else if (put < 0 && errno == EAGAIN) return;
        else break;
    }
    drop(k);
}

uint32_t sys_control_next(sys_control *c, char line[SYS_CONTROL_LINE]) {
    struct epoll_event ready[SYS_CONTROL_CLIENTS + 1];
    int64_t now = sys_mono_ms();
    int n = epoll_wait(c->epoll, ready, SYS_CONTROL_CLIENTS + 1, 0);
    for (int i = 0; i < n; i++) {
        if (ready[i].data.u32 == SYS_CONTROL_CLIENTS) continue;
        client *k = &c->clients[ready[i].data.u32];
        if (k->phase == READING) read_line(c, k, now);
        else if (k->phase == ANSWERING) send_some(k);
        else drop(k);
    }
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) {
        client *k = &c->clients[i];
        if ((k->phase == READING || k->phase == ANSWERING) && now - k->since_ms > SYS_CONTROL_IDLE_MS)
            drop(k);
    }
    for (int i = 0; i < n; i++)
        if (ready[i].data.u32 == SYS_CONTROL_CLIENTS) take_clients(c, now);
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) {
        client *k = &c->clients[i];
        if (k->phase != ASKED) continue;
        k->phase = TAKEN;
        memcpy(line, k->line, SYS_CONTROL_LINE);
        return k->number;
    }
    return 0;
}

void sys_control_answer(sys_control *c, uint32_t number, const uint8_t *bytes, size_t n) {
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) {
        client *k = &c->clients[i];
        if (k->phase != TAKEN || k->number != number) continue;
        k->out = malloc(n == 0 ? 1 : n);
        if (k->out == NULL) {
            drop(k);
            return;
        }
        memcpy(k->out, bytes, n);
        k->out_len = n;
        k->phase = ANSWERING;
        k->since_ms = sys_mono_ms();
        watch(c, EPOLL_CTL_MOD, k->fd, EPOLLOUT, (uint32_t)i);
        send_some(k);
        return;
    }
}

void sys_control_close(sys_control *c, int wait_ms) {
    if (c == NULL) return;
    int64_t end = sys_mono_ms() + wait_ms;
    for (int i = 0; i < SYS_CONTROL_CLIENTS; i++) {
        client *k = &c->clients[i];
        while (k->phase == ANSWERING && sys_mono_ms() < end) {
            struct pollfd p = { .fd = k->fd, .events = POLLOUT, .revents = 0 };
            if (poll(&p, 1, (int)(end - sys_mono_ms())) > 0) send_some(k);
        }
        drop(k);
    }
    close(c->epoll);
    close(c->listener);
    unlink(c->path);
    free(c);
}

static int wait_for(int fd, short events, int ms) {
    struct pollfd p = { .fd = fd, .events = events, .revents = 0 };
    int n;
    do n = poll(&p, 1, ms); while (n < 0 && errno == EINTR);
    return n > 0;
}

int64_t sys_control_ask(const char *path, const char *line, uint8_t *out, size_t cap, int timeout_ms) {
    struct sockaddr_un a;
    if (address(path, &a) != 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int64_t result = -EPIPE;
    size_t n = strlen(line), have = 0;
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        result = -errno;
    } else if (send(fd, line, n, MSG_NOSIGNAL) == (ssize_t)n && send(fd, "\n", 1, MSG_NOSIGNAL) == 1) {
        for (;;) {
            if (!wait_for(fd, POLLIN, timeout_ms)) {
                result = -ETIMEDOUT;
                break;
            }
            ssize_t got = read(fd, out + have, cap - have);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) {
                result = -errno;
                break;
            }
            have += (size_t)got;
            if (got == 0 || have == cap) {
                result = (int64_t)have;
                break;
            }
        }
    }
    close(fd);
    return result;
}
