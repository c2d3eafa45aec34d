/* The hidden command `web-role`: takes what the agent gives it, locks itself in, serves. */
#include "sys_web_internal.h"
#include "sys_args.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The token's file must not be readable by everybody. */
static int read_token(const char *path, web_guard *g) {
    uint8_t bytes[WEB_TOKEN_MAX + 64];
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 07) != 0) {
        fprintf(stderr, "evenkeel web-role: %s: mode %04o lets others read the token: chmod 600 %s\n", path, (unsigned)(st.st_mode & 07777), path);
        return 0;
    }
    int64_t n = sys_read_file(path, bytes, sizeof bytes);
    if (n < 0) {
        fprintf(stderr, "evenkeel web-role: %s: %s\n", path, n == -2 ? "too long for a token" : strerror(errno));
        return 0;
    }
    int ok = web_guard_token(g, bytes, (size_t)n);
    sodium_memzero(bytes, sizeof bytes);
    if (!ok) fprintf(stderr, "evenkeel web-role: %s: a token is 16 to 128 printable characters without blanks (make one: head -c 24 /dev/urandom | base64)\n", path);
    return ok;
}

static void limit(__rlimit_resource_t what, rlim_t most) {
    struct rlimit l;
    if (getrlimit(what, &l) != 0 || (l.rlim_max != RLIM_INFINITY && l.rlim_max < most)) return;
    l.rlim_cur = l.rlim_max = most;
    setrlimit(what, &l);
}

void web_confine(void) {
    /* Everything it needs is open. Where the kernel has Landlock (5.13, Debian 12 does): no file, no look into another process. */
    struct landlock_ruleset_attr rules = {.handled_access_fs =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR
        | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR
        | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK
        | LANDLOCK_ACCESS_FS_MAKE_SYM};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0);
    if (fd < 0) return;
    syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
}

/* evenkeel web-role HOST PORT any|this TOKEN_FILE NAMES HISTORY, with the socket as descriptor 3 and the block as 4. */
int sys_web_role(void) {
    static web_settings s;
    int64_t port = 0;
    struct stat st;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    if (sys_argc() != 8 || fstat(WEB_FD_SOCKET, &st) != 0 || !S_ISSOCK(st.st_mode) || fstat(WEB_FD_BLOCK, &st) != 0
        || (size_t)st.st_size < sizeof(web_block) || !sys_parse_i64(sys_argv(3), 0, 65535, &port)) {
        fprintf(stderr, "evenkeel: web-role is started by the agent itself ([web] listen)\n");
        return 2;
    }
    const web_block *block = mmap(NULL, sizeof(web_block), PROT_READ, MAP_SHARED, WEB_FD_BLOCK, 0);
    if (block == MAP_FAILED || block->magic != WEB_MAGIC || block->size != sizeof(web_block)) return 2;
    fcntl(WEB_FD_SOCKET, F_SETFL, O_NONBLOCK);
    s.host = sys_argv(2);
    s.port = (uint16_t)port;
    s.any_port = strcmp(sys_argv(4), "any") == 0;
    s.history = sys_argv(7);
    snprintf(s.guard.names, sizeof s.guard.names, "%s", sys_argv(6));
    if (sodium_init() < 0) return 1;
    const char *token = sys_argv(5);
    if (*token && !read_token(token, &s.guard)) return 3;
    /* Reading is free on this machine's own loopback, when no proxy carries the page elsewhere. */
    int loopback = strncmp(s.host, "127.", 4) == 0 || strcmp(s.host, "::1") == 0;
    s.guard.open_read = loopback && s.guard.names[0] == 0;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0);
    setpriority(PRIO_PROCESS, 0, 10); /* the agent comes first */
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 400);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is larger */
    limit(RLIMIT_DATA, 64u << 20);
#endif
    return web_serve(&s, block);
}
