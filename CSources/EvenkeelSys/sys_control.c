#include "sys_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address(const char *path, struct sockaddr_un *a) {
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof a->sun_path) return -1;
    memcpy(a->sun_path, path, n);
    return 0;
}

int sys_control_listen(const char *path) {
    struct sockaddr_un a;
    if (address(path, &a) != 0) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    mode_t old = umask(0117);
    int bound = bind(fd, (struct sockaddr *)&a, sizeof a);
    if (bound != 0 && errno == EADDRINUSE) {
        /* Left by a crash, or alive? Only a socket that refuses may be replaced. */
        struct stat st;
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int dead = probe >= 0 && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)
            && connect(probe, (struct sockaddr *)&a, sizeof a) != 0 && errno == ECONNREFUSED;
        if (probe >= 0) close(probe);
        if (dead && unlink(path) == 0) bound = bind(fd, (struct sockaddr *)&a, sizeof a);
        else errno = EADDRINUSE;
    }
    int err = errno;
    umask(old);
    if (bound != 0 || listen(fd, 8) != 0) {
        if (bound == 0) err = errno;
        close(fd);
        return -err;
    }
    return fd;
}

static int wait_for(int fd, short events, int ms) {
    struct pollfd p = { .fd = fd, .events = events, .revents = 0 };
    int n;
    do n = poll(&p, 1, ms); while (n < 0 && errno == EINTR);
    return n > 0;
}

static int allowed(int client) {
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) return 0;
    return peer.uid == 0 || peer.uid == geteuid() || peer.gid == getegid();
}

int sys_control_accept(int fd, char line[SYS_CONTROL_LINE]) {
    int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (c < 0) return -1;
    size_t n = 0;
    while (allowed(c) && n < SYS_CONTROL_LINE - 1 && wait_for(c, POLLIN, SYS_CONTROL_WAIT_MS)) {
        ssize_t got = read(c, line + n, SYS_CONTROL_LINE - 1 - n);
        if (got <= 0) break;
        char *end = memchr(line + n, '\n', (size_t)got);
        n += (size_t)got;
        if (end) {
            *end = 0;
            return c;
        }
    }
    close(c);
    return -1;
}

void sys_control_answer(int client, const uint8_t *bytes, size_t n) {
    while (n > 0) {
        ssize_t put = send(client, bytes, n, MSG_NOSIGNAL);
        if (put > 0) {
            bytes += put;
            n -= (size_t)put;
        } else if (put < 0 && errno == EINTR) {
            continue;
        } else if (put < 0 && errno == EAGAIN && wait_for(client, POLLOUT, SYS_CONTROL_WAIT_MS)) {
            continue;
        } else {
            break;
        }
    }
    close(client);
}

void sys_control_close(int fd, const char *path) {
    if (fd < 0) return;
    close(fd);
    unlink(path);
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
