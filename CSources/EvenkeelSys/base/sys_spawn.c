#include "base/sys_spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys_io.h"
#include "base/sys_process.h"

int sys_spawn_self(const char *const *argv, int *out_fd) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        int err = errno;
        close(ends[0]);
        close(ends[1]);
        return -err;
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127); /* the parent died before the line above */
        sys_signals_default();
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (dup2(ends[1], 1) < 0 || dup2(null, 2) < 0 || dup2(null, 0) < 0) _exit(127);
        /* A terminal's Ctrl-C is for the parent, which ends the child itself. */
        setpgid(0, 0);
        execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(ends[1]);
    *out_fd = ends[0];
    return pid;
}

int sys_read_line(int fd, char *out, size_t cap, int timeout_ms) {
    size_t n = 0;
    while (n + 1 < cap) {
        struct pollfd p = { .fd = fd, .events = POLLIN, .revents = 0 };
        int r = poll(&p, 1, timeout_ms);
        if (r < 0 && errno == EINTR) continue;
        if (r <= 0) return -1;
        ssize_t k = read(fd, out + n, 1);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return -1;
        if (out[n] == '\n') {
            out[n] = 0;
            return (int)n;
        }
        n++;
    }
    return -1;
}

void sys_end_child(int pid) {
    if (pid <= 0) return;
    kill(pid, SIGTERM);
    for (int i = 0; i < 200; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0) return;
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 10000000 }, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int sys_temp_dir(char *out, size_t cap) {
    const char *base = getenv("TMPDIR");
    int n = snprintf(out, cap, "%s/evenkeel-XXXXXX", base && *base ? base : "/tmp");
    if (n < 0 || (size_t)n >= cap) return ENAMETOOLONG;
    return mkdtemp(out) ? 0 : errno;
}

int sys_write_private(const char *path, const void *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    int err = sys_write_all(fd, bytes, n);
    if (close(fd) != 0 && err == 0) err = errno;
    return err;
}

void sys_remove_dir(const char *path) {
    DIR *d = opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    rmdir(path);
}
