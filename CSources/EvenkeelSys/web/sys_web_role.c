/* The hidden command `web-role`. Its first process is a keeper: the agent may start no program once it runs,
 * so the keeper forks the server, and another when that one dies. The server takes what it was given, locks
 * itself in, serves. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys_args.h"
#include "base/sys_clock.h"
#include "base/sys_io.h"
#include "base/sys_number.h"
#include "base/sys_sandbox.h"
#include "sys_web_internal.h"

/* The token's file must not be readable by everybody. */
static int read_token(const char *path, web_guard *g) {
    uint8_t bytes[WEB_TOKEN_MAX + 64];
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 07) != 0) {
        fprintf(stderr, "evenkeel web-role: %s: mode %04o lets others read the token: chmod 600 %s\n", path,
                (unsigned)(st.st_mode & 07777), path);
        return 0;
    }
    int64_t n = sys_read_file(path, bytes, sizeof bytes);
    if (n < 0) {
        fprintf(stderr, "evenkeel web-role: %s: %s\n", path,
                n == -2 ? "too long for a token" : strerror(errno));
        return 0;
    }
    int ok = web_guard_token(g, bytes, (size_t)n);
    sodium_memzero(bytes, sizeof bytes);
    if (!ok)
        fprintf(stderr,
                "evenkeel web-role: %s: a token is 16 to 128 printable characters without blanks (make one: "
                "head -c 24 /dev/urandom | base64)\n",
                path);
    return ok;
}

static void limit(__rlimit_resource_t what, rlim_t most) {
    struct rlimit l;
    if (getrlimit(what, &l) != 0 || (l.rlim_max != RLIM_INFINITY && l.rlim_max < most)) return;
    l.rlim_cur = l.rlim_max = most;
    setrlimit(what, &l);
}

static int server(web_settings *s, const web_block *block, const char *token) {
    if (sodium_init() < 0) return 1;
    if (*token && !read_token(token, &s->guard)) return 3;
    /* Reading is free on this machine's own loopback, when no proxy carries the page elsewhere. */
    int loopback = strncmp(s->host, "127.", 4) == 0 || strcmp(s->host, "::1") == 0;
    s->guard.open_read = loopback && s->guard.names[0] == 0;
    setpriority(PRIO_PROCESS, 0, 10); /* the agent comes first */
    limit(RLIMIT_NOFILE, 400);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is larger */
    limit(RLIMIT_DATA, 64u << 20);
#endif
    return web_serve(s, block);
}

enum { PAUSE_FIRST_MS = 1000, PAUSE_LAST_MS = 60000, LIVED_WELL_MS = 60000 };

/* 1 when the agent hung up meanwhile. */
static int pause_ms(int ms) {
    int64_t ends = sys_mono_ms() + ms;
    for (;;) {
        int64_t left = ends - sys_mono_ms();
        struct pollfd p = {.fd = WEB_FD_SOCKET, .events = 0, .revents = 0};
        if (left <= 0) return 0;
        if (poll(&p, 1, (int)left) > 0 && p.revents & (POLLHUP | POLLERR)) return 1;
    }
}

static int keep(web_settings *s, const web_block *block, const char *token) {
    pid_t keeper = getpid();
    for (int pause = PAUSE_FIRST_MS;; pause = pause * 2 > PAUSE_LAST_MS ? PAUSE_LAST_MS : pause * 2) {
        int64_t began = sys_mono_ms();
        int how = 0;
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != keeper) _exit(0);
            prctl(PR_SET_NAME, "evenkeel-web");
            _exit(server(s, block, token));
        }
        while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR) {}
        if (pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0) return 0; /* the agent is gone */
        if (sys_mono_ms() - began >= LIVED_WELL_MS) pause = PAUSE_FIRST_MS;
        web_msg gone = {.kind = WEB_MSG_GONE, .id = (uint32_t)how, .command = (uint32_t)pause};
        (void)!send(WEB_FD_SOCKET, &gone, sizeof gone, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (pause_ms(pause)) return 0;
    }
}

/* evenkeel web-role HOST PORT any|this TOKEN_FILE NAMES HISTORY, with the socket as descriptor 3 and the
 * block as 4. */
int sys_web_role(void) {
    static web_settings s;
    int64_t port = 0;
    struct stat st;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* the agent's end of the socket is what ends the role */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (sys_argc() != 8 || fstat(WEB_FD_SOCKET, &st) != 0 || !S_ISSOCK(st.st_mode)
        || fstat(WEB_FD_BLOCK, &st) != 0 || (size_t)st.st_size < sizeof(web_block)
        || !sys_parse_i64(sys_argv(3), 0, 65535, &port)) {
        fprintf(stderr, "evenkeel: web-role is started by the agent itself ([web] listen)\n");
        return 2;
    }
    const web_block *block = mmap(NULL, sizeof(web_block), PROT_READ, MAP_SHARED, WEB_FD_BLOCK, 0);
    uint16_t *listening =
        mmap(NULL, sizeof *listening, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED || listening == MAP_FAILED || block->magic != WEB_MAGIC
        || block->size != sizeof(web_block))
        return 2;
    fcntl(WEB_FD_SOCKET, F_SETFL, O_NONBLOCK);
    s.host = sys_argv(2);
    s.port = (uint16_t)port;
    s.listening = listening;
    s.any_port = strcmp(sys_argv(4), "any") == 0;
    s.history = sys_argv(7);
    snprintf(s.guard.names, sizeof s.guard.names, "%s", sys_argv(6));
    sys_sandbox_web_keeper();
    return keep(&s, block, sys_argv(5));
}
