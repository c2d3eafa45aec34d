#include "net/sys_notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/sys_number.h"

int sys_notify_open(void) {
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == 0) return -1;
    struct sockaddr_un a;
    memset(&a, 0, sizeof a);
    a.sun_family = AF_UNIX;
    size_t n = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof a.sun_path) return -EINVAL;
    memcpy(a.sun_path, name, n);
    if (name[0] == '@') a.sun_path[0] = 0; /* abstract: its length counts, there is no NUL at the end */
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&a, len) != 0) {
        int err = errno;
        close(fd);
        return -err;
    }
    unsetenv("NOTIFY_SOCKET");
    return fd;
}

int sys_notify_send(int fd, const void *bytes, size_t n) {
    if (fd < 0) return 0;
    ssize_t put;
    do put = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT); while (put < 0 && errno == EINTR);
    return put < 0 ? errno : 0;
}

uint64_t sys_notify_watchdog_us(void) {
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t v = 0, p = 0;
    if (us == NULL || !sys_parse_i64(us, 1, INT64_MAX, &v)) return 0;
    if (pid != NULL && (!sys_parse_i64(pid, 1, INT32_MAX, &p) || p != getpid())) return 0;
    return (uint64_t)v;
}

int sys_is_journal(int fd) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    unsigned long long device = 0, inode = 0;
    int end = 0;
    if (stream == NULL || sscanf(stream, "%20llu:%20llu%n", &device, &inode, &end) != 2 || stream[end] != 0
        || fstat(fd, &st) != 0)
        return 0;
    return st.st_dev == (dev_t)device && st.st_ino == (ino_t)inode;
}
