#include "base/sys_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int sys_path_there(const char *path) {
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int sys_isatty(int fd) { return isatty(fd) == 1; }

int sys_terminal_size(int fd, int *columns, int *rows) {
    struct winsize w;
    if (ioctl(fd, TIOCGWINSZ, &w) != 0 || w.ws_col == 0 || w.ws_row == 0) return 0;
    *columns = w.ws_col;
    *rows = w.ws_row;
    return 1;
}

int sys_write_all(int fd, const void *bytes, size_t n) {
    const uint8_t *at = bytes;
    while (n > 0) {
        ssize_t k = write(fd, at, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return errno;
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

int sys_write_log(int fd, const void *bytes, size_t n) {
    const uint8_t *at = bytes;
    while (n > 0) {
        /* A pipe that is writable takes PIPE_BUF bytes without blocking: never ask for more at once. */
        struct pollfd p = {fd, POLLOUT, 0};
        int ready = poll(&p, 1, 100);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0 || (p.revents & POLLOUT) == 0) return EAGAIN;
        ssize_t k = write(fd, at, n < 4096 ? n : 4096);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return errno;
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

int64_t sys_read_file(const char *path, void *out, size_t cap) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return -1;
    uint8_t *at = out, extra;
    size_t n = 0;
    int err = 0, more = 0;
    for (;;) {
        ssize_t k = n < cap ? read(fd, at + n, cap - n) : read(fd, &extra, 1);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) err = errno;
        if (k <= 0) break;
        if (n == cap) {
            more = 1;
            break;
        }
        n += (size_t)k;
    }
    close(fd);
    if (err != 0) {
        errno = err;
        return -1;
    }
    return more ? -2 : (int64_t)n;
}

uint8_t *sys_read_alloc(const char *path, size_t max, size_t *len, int *os_errno) {
    size_t cap = max < 65536 ? max : 65536;
    *os_errno = 0;
    for (;;) { /* a few growing attempts: files here are small, and a pipe is read once whole or refused */
        uint8_t *p = malloc(cap == 0 ? 1 : cap);
        if (p == NULL) {
            *os_errno = ENOMEM;
            return NULL;
        }
        int64_t n = sys_read_file(path, p, cap);
        if (n >= 0) {
            *len = (size_t)n;
            return p;
        }
        *os_errno = n == -2 ? EFBIG : errno;
        free(p);
        if (n != -2 || cap == max) return NULL;
        cap = cap > max / 16 ? max : cap * 16;
    }
}

void sys_free(void *p) { free(p); }
const char *sys_errno_text(int os_errno) {
    if (os_errno == EFBIG) return "the file size limit of this process is too small (ulimit -f, LimitFSIZE=)";
    return strerror(os_errno);
}
