/* A disk that misbehaves, for one file: LD_PRELOAD around the state file of the agent (EK_SHIM_FILE, and that
 * name with ".new").
 *
 * EK_SHIM_PLAN  rules "op@n=action" or "op@n+=action" (the n-th call and all later ones), separated by
 *               blanks.
 *   ops      open pwrite fdatasync fsync (file) dirsync (its directory) fallocate rename send (a request to
 *            sendTransaction) reply (the first
 *            bytes read from the socket after a send)
 *   actions  kill        the process dies before the call
 *            after       the process dies after the call
 *            torn:K      pwrite: the first K bytes reach the disk, then the process dies
 *            short:K     pwrite: K bytes are written and K is returned
 *            errno:N     fails with errno N, nothing done
 *            flip:BIT    after the call: this bit of the slot that was not written last is inverted
 *            sleep:MS    takes so long before it is done
 * EK_SHIM_CACHE  "drop": what was written reaches the disk only with fdatasync or fsync; what was not synced
 *                dies with the process.
 *                "lie": the same, and fdatasync claims success without doing it (fsync still does).
 * EK_SHIM_TRACE  a file that gets a line for each call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { OPEN, PWRITE, FDATASYNC, FSYNC, DIRSYNC, FALLOCATE, RENAME, SEND, REPLY, OPS };
static const char *const names[OPS] = {"open",      "pwrite", "fdatasync", "fsync", "dirsync",
                                       "fallocate", "rename", "send",      "reply"};
enum { NOTHING, KILL, AFTER, TORN, SHORT, ERRNO, FLIP, SLEEP };
static const char *const verbs[] = {"", "kill", "after", "torn", "short", "errno", "flip", "sleep"};
enum { SLOT = 8192, RULES = 32, KEPT = 16 };

static struct { int op, from, on, verb; long value; } rules[RULES];
static int n_rules, calls[OPS], state_fd = -1, dir_fd = -1, trace_fd = -1, cache, awaiting = -1;
static char file[PATH_MAX], file_new[PATH_MAX], dir[PATH_MAX];
static off_t last_at;
static struct { off_t at; size_t n; char bytes[2 * SLOT]; } kept[KEPT];
static int n_kept;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static void refuse(const char *what) {
    dprintf(2, "shim: %s\n", what);
    _exit(99);
}

__attribute__((constructor)) static void begin(void) {
    const char *f = getenv("EK_SHIM_FILE"), *p = getenv("EK_SHIM_PLAN"), *c = getenv("EK_SHIM_CACHE"),
               *t = getenv("EK_SHIM_TRACE");
    if (!f) return;
    snprintf(file, sizeof file, "%s", f);
    if (snprintf(file_new, sizeof file_new, "%s.new", f) >= (int)sizeof file_new) refuse("path too long");
    snprintf(dir, sizeof dir, "%s", f);
    char *slash = strrchr(dir, '/');
    if (slash) *slash = 0;
    cache = !c || !*c ? 0 : strcmp(c, "drop") == 0 ? 1 : strcmp(c, "lie") == 0 ? 2 : -1;
    if (cache < 0) refuse("EK_SHIM_CACHE");
    if (t) trace_fd = (int)syscall(SYS_openat, AT_FDCWD, t, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    while (p && *p) {
        char op[16], verb[16];
        int at = 0, used = 0;
        long value = 0;
        if (n_rules == RULES || sscanf(p, " %15[a-z]@%d%n", op, &at, &used) != 2) refuse("EK_SHIM_PLAN");
        p += used;
        rules[n_rules].on = *p == '+';
        if (*p == '+') p++;
        if (sscanf(p, "=%15[a-z]%n", verb, &used) != 1) refuse("EK_SHIM_PLAN");
        p += used;
        if (*p == ':') value = strtol(p + 1, (char **)&p, 10);
        rules[n_rules].op = rules[n_rules].verb = -1;
        for (int i = 0; i < OPS; i++) if (strcmp(op, names[i]) == 0) rules[n_rules].op = i;
        for (int i = KILL; i <= SLEEP; i++) if (strcmp(verb, verbs[i]) == 0) rules[n_rules].verb = i;
        if (rules[n_rules].op < 0 || rules[n_rules].verb < 0) refuse("EK_SHIM_PLAN: unknown word");
        rules[n_rules].from = at;
        rules[n_rules++].value = value;
        while (*p == ' ') p++;
    }
}

static void trace(const char *what, long a, long b) {
    if (trace_fd < 0) return;
    char line[96];
    int n = snprintf(line, sizeof line, "%s %ld %ld\n", what, a, b);
    syscall(SYS_write, trace_fd, line, (size_t)n);
}

/* Counts a call and does what comes before it. The rule's verb is handed back for what comes after. */
static int before(int op, long *value) {
    int n = ++calls[op];
    *value = 0;
    for (int i = 0; i < n_rules; i++) {
        if (rules[i].op != op || !(rules[i].from == n || (rules[i].on && n > rules[i].from))) continue;
        *value = rules[i].value;
        if (rules[i].verb == KILL) die();
        if (rules[i].verb == SLEEP) {
            struct timespec t = {*value / 1000, *value % 1000 * 1000000};
            while (nanosleep(&t, &t) != 0 && errno == EINTR) { }
        }
        return rules[i].verb;
    }
    return NOTHING;
}

static void put(const char *bytes, size_t n, off_t at) {
    if (syscall(SYS_pwrite64, state_fd, bytes, n, at) != (long)n) refuse("the disk under the shim failed");
}

static void flush(void) {
    for (int i = 0; i < n_kept; i++) put(kept[i].bytes, kept[i].n, kept[i].at);
    n_kept = 0;
}

/* A whole write of the agent's, straight or into the cache. */
static void take(const char *bytes, size_t n, off_t at) {
    if (cache == 0) {
        put(bytes, n, at);
        return;
    }
    if (n > sizeof kept[0].bytes || n_kept == KEPT) refuse("more unsynced writes than the shim holds");
    memcpy(kept[n_kept].bytes, bytes, n);
    kept[n_kept].n = n;
    kept[n_kept++].at = at;
}

static void flip(long bit) {
    off_t at = (last_at == 0 ? SLOT : 0) + bit / 8;
    char c;
    if (syscall(SYS_pread64, state_fd, &c, 1, at) != 1) refuse("flip");
    c = (char)(c ^ (1 << bit % 8));
    put(&c, 1, at);
}

static void after(int verb, long value) {
    if (verb == FLIP) flip(value);
    if (verb == AFTER) die();
}

static int opened(const char *path, int flags, mode_t mode) {
    int ours = file[0] && (strcmp(path, file) == 0 || strcmp(path, file_new) == 0);
    long value;
    int verb = NOTHING;
    if (ours && (flags & O_ACCMODE) != O_RDONLY) {
        verb = before(OPEN, &value);
        trace("open", calls[OPEN], flags & O_CREAT);
        if (verb == ERRNO) { errno = (int)value; return -1; }
    }
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && ours && (flags & O_ACCMODE) != O_RDONLY) state_fd = fd;
    if (fd >= 0 && file[0] && strcmp(path, dir) == 0) dir_fd = fd;
    after(verb, 0);
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list a;
    va_start(a, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(a, mode_t) : 0;
    va_end(a);
    return opened(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list a;
    va_start(a, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(a, mode_t) : 0;
    va_end(a);
    return opened(path, flags, mode);
}

int close(int fd) {
    if (fd == state_fd) state_fd = -1;
    if (fd == dir_fd) dir_fd = -1;
    return REAL(close)(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
    if (fd < 0 || fd != state_fd) return syscall(SYS_pwrite64, fd, bytes, n, at);
    long value;
    int verb = before(PWRITE, &value);
    trace("pwrite", (long)at, (long)n);
    if (verb == ERRNO) { errno = (int)value; return -1; }
    if (verb == TORN || verb == SHORT) {
        size_t k = (size_t)value < n ? (size_t)value : n;
        take(bytes, k, at);
        if (verb == TORN) { flush(); die(); }
        return (ssize_t)k;
    }
    take(bytes, n, at);
    last_at = at;
    after(verb, value);
    return (ssize_t)n;
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at) { return pwrite(fd, bytes, n, at); }

static int sync_with(int fd, int op, int (*real)(int)) {
    long value;
    int verb = before(op, &value);
    trace(names[op], fd == state_fd ? 0 : 1, 0);
    if (verb == ERRNO) { errno = (int)value; return -1; }
    if (fd == state_fd && !(cache == 2 && op == FDATASYNC)) flush();
    int r = real(fd);
    trace("synced", op, r);
    after(verb, value);
    return r;
}
int fdatasync(int fd) {
    return fd >= 0 && fd == state_fd ? sync_with(fd, FDATASYNC, REAL(fdatasync)) : REAL(fdatasync)(fd);
}
int fsync(int fd) {
    if (fd >= 0 && fd == state_fd) return sync_with(fd, FSYNC, REAL(fsync));
    if (fd >= 0 && fd == dir_fd) return sync_with(fd, DIRSYNC, REAL(fsync));
    return REAL(fsync)(fd);
}

int posix_fallocate(int fd, off_t at, off_t n) {
    if (fd < 0 || fd != state_fd) return REAL(posix_fallocate)(fd, at, n);
    long value;
    int verb = before(FALLOCATE, &value);
    trace("fallocate", (long)at, (long)n);
    if (verb == ERRNO) return (int)value;
    int r = REAL(posix_fallocate)(fd, at, n);
    after(verb, value);
    return r;
}

int renameat2(int fd1, const char *from, int fd2, const char *to, unsigned flags) {
    if (!file[0] || strcmp(from, file_new) != 0) return REAL(renameat2)(fd1, from, fd2, to, flags);
    long value;
    int verb = before(RENAME, &value);
    trace("rename", 0, 0);
    if (verb == ERRNO) { errno = (int)value; return -1; }
    int r = REAL(renameat2)(fd1, from, fd2, to, flags);
    after(verb, value);
    return r;
}

/* Requests to the node. A send that dies "after" is in the kernel's hands: the node gets it. */
ssize_t send(int fd, const void *bytes, size_t n, int flags) {
    int ours = file[0] && memmem(bytes, n, "sendTransaction", 15) != NULL;
    if (!ours) return syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
    long value;
    int verb = before(SEND, &value);
    trace("send", calls[SEND], n_kept);
    if (verb == ERRNO) { errno = (int)value; return -1; }
    ssize_t r = syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
    awaiting = fd;
    after(verb, value);
    return r;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags) {
    ssize_t r = syscall(SYS_recvfrom, fd, bytes, n, flags, NULL, NULL);
    if (fd == awaiting && r > 0) {
        long value;
        int verb = before(REPLY, &value);
        awaiting = -1;
        trace("reply", calls[REPLY], 0);
        after(verb, value);
    }
    return r;
}
