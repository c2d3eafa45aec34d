/* The agent's side: the shared block, the socket, the role's life. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys_clock.h"
#include "sys_web_internal.h"

struct sys_web {
    web_block *block;
    int block_fd, socket_fd; /* socket_fd -1: no role */
    pid_t keeper;
    int server;              /* the serving process's pid, as it says */
    uint16_t port;           /* 0: nobody serves */
    char host[64], listen_port[8], names[WEB_NAMES_MAX], token_file[256], history[256];
    uint8_t any_port, quiet;
    char note[192];
    sys_metrics metrics;
    const sys_ring *ring;
};

static void copy(char *out, size_t cap, const char *text) { snprintf(out, cap, "%s", text ? text : ""); }

/* A descriptor that the role's own numbers (3 and 4) cannot collide with. */
static int high(int fd) {
    int up = fcntl(fd, F_DUPFD_CLOEXEC, 16);
    int err = errno;
    close(fd);
    errno = err;
    return up;
}

static int make_block(sys_web *w) {
    w->block_fd = memfd_create("evenkeel-web", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (w->block_fd < 0 || (w->block_fd = high(w->block_fd)) < 0) return errno;
    if (ftruncate(w->block_fd, sizeof(web_block)) != 0) return errno;
    void *p = mmap(NULL, sizeof(web_block), PROT_READ | PROT_WRITE, MAP_SHARED, w->block_fd, 0);
    if (p == MAP_FAILED) return errno;
    w->block = p;
    w->block->magic = WEB_MAGIC;
    w->block->size = sizeof(web_block);
    /* From here on nobody else can map it for writing. Kernels before 5.1 do not know the last seal; the role
     * maps it read-only anyway. */
    if (fcntl(w->block_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
        fcntl(w->block_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return 0;
}

static int spawn(sys_web *w, int theirs) {
    char *argv[] = {(char *)(uintptr_t) "evenkeel",
                    (char *)(uintptr_t) "web-role",
                    w->host,
                    w->listen_port,
                    (char *)(uintptr_t)(w->any_port ? "any" : "this"),
                    w->token_file,
                    w->names,
                    w->history,
                    NULL};
    char *env[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, pipes;
    int err = posix_spawn_file_actions_init(&files);
    if (err) return err;
    posix_spawnattr_init(&attr);
    sigemptyset(&none);
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    sigaddset(&pipes, SIGXFSZ);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &pipes);
    /* a terminal's Ctrl-C is for the agent; the role follows it by the end of the socket */
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    if (w->quiet) posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, theirs, WEB_FD_SOCKET);
    posix_spawn_file_actions_adddup2(&files, w->block_fd, WEB_FD_BLOCK);
    posix_spawn_file_actions_addclosefrom_np(&files, WEB_FD_BLOCK + 1);
    err = posix_spawn(&w->keeper, "/proc/self/exe", &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return err;
}

static int start(sys_web *w) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return errno;
    int theirs = high(ends[1]);
    int err = theirs < 0 ? errno : spawn(w, theirs);
    if (theirs >= 0) close(theirs);
    if (err) close(ends[0]);
    else w->socket_fd = ends[0];
    return err;
}

sys_web *sys_web_open(const sys_web_settings *s, int *os_errno) {
    sys_web *w = calloc(1, sizeof *w);
    *os_errno = ENOMEM;
    if (w == NULL) return NULL;
    w->block_fd = w->socket_fd = -1;
    copy(w->host, sizeof w->host, s->host);
    snprintf(w->listen_port, sizeof w->listen_port, "%u", s->port);
    copy(w->names, sizeof w->names, s->names);
    copy(w->token_file, sizeof w->token_file, s->token_file);
    copy(w->history, sizeof w->history, s->history);
    w->any_port = s->any_port;
    w->quiet = s->quiet;
    sys_metrics_init(&w->metrics);
    *os_errno = make_block(w);
    if (*os_errno == 0) *os_errno = start(w);
    if (*os_errno == 0) return w;
    sys_web_close(w);
    return NULL;
}

/* Ends the keeper; the kernel ends the server with it. */
static int reap(sys_web *w) {
    int status = 0;
    close(w->socket_fd);
    w->socket_fd = -1;
    w->port = 0;
    kill(w->keeper, SIGKILL);
    while (waitpid(w->keeper, &status, 0) < 0 && errno == EINTR) {}
    w->keeper = 0;
    return status;
}

static void say_ended(sys_web *w, const char *who, int status, const char *then) {
    snprintf(w->note, sizeof w->note, "%s ended (%s %d); %s, the agent is not touched", who,
             WIFSIGNALED(status) ? "signal" : "exit code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), then);
}

/* The keeper is gone, and the server with it. No other is started: this process may start no program any
 * more. */
static void lost(sys_web *w) {
    /* It closes the socket a moment before it is a zombie: its own exit code is worth that moment, but no
     * more than 20 ms of it. */
    for (int i = 0; i < 20; i++) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)w->keeper, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0)
            break;
        sys_sleep_ms(1);
    }
    say_ended(w, "the web role's keeper", reap(w), "the page is gone until the agent is restarted");
}

static void gone(sys_web *w, const web_msg *m) {
    char then[64];
    snprintf(then, sizeof then, "it is started again in %u s", m->command / 1000);
    w->port = 0;
    say_ended(w, "the web role", (int)m->id, then);
}

void sys_web_close(sys_web *w) {
    if (w == NULL) return;
    if (w->socket_fd >= 0) reap(w);
    if (w->block) munmap(w->block, sizeof *w->block);
    if (w->block_fd >= 0) close(w->block_fd);
    free(w);
}

void sys_web_history(sys_web *w, const sys_ring *ring) { w->ring = ring; }
sys_metrics *sys_web_metrics(sys_web *w) { return &w->metrics; }
int sys_web_fd(const sys_web *w) { return w->socket_fd; }
uint16_t sys_web_port(const sys_web *w) { return w->port; }
int sys_web_pid(const sys_web *w) { return w->server; }

const char *sys_web_said(sys_web *w) {
    static char out[sizeof w->note];
    if (w->note[0] == 0) return NULL;
    memcpy(out, w->note, sizeof out);
    w->note[0] = 0;
    return out;
}

static void tell(sys_web *w, const web_msg *m) {
    if (w->socket_fd < 0) return;
    /* Full: the role is behind or stopped. It reads the newest block when it wakes, and an answer it cannot
     * take is lost to the page only. */
    ssize_t k;
    do k = send(w->socket_fd, m, sizeof *m, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (k < 0 && errno == EINTR);
}

int sys_web_publish(sys_web *w, const uint8_t *status, size_t len, const sys_web_times *times) {
    if (len > SYS_WEB_STATUS_MAX) return 0;
    web_block *b = w->block;
    uint32_t turn = atomic_load_explicit(&b->turn, memory_order_relaxed);
    atomic_store_explicit(&b->turn, turn + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(b->status, status, len);
    b->status_len = (uint32_t)len;
    b->times = *times;
    memcpy(&b->metrics, &w->metrics, sizeof b->metrics);
    b->tail.known = w->ring != NULL && w->ring->fd >= 0;
    if (b->tail.known) {
        memcpy(b->tail.newest, w->ring->newest, sizeof b->tail.newest);
        memcpy(b->tail.unwritten, w->ring->unwritten, sizeof b->tail.unwritten);
        memcpy(b->tail.page, w->ring->page, sizeof b->tail.page);
    }
    atomic_store_explicit(&b->turn, turn + 2 == 0 ? 2 : turn + 2, memory_order_release);
    tell(w, &(web_msg){.kind = WEB_MSG_NUDGE});
    return 1;
}

sys_web_command sys_web_next(sys_web *w, uint32_t *id) {
    web_msg m;
    /* a role that floods this socket must not hold the agent */
    for (int i = 0; i < 16 && w->socket_fd >= 0; i++) {
        ssize_t k = recv(w->socket_fd, &m, sizeof m, MSG_DONTWAIT);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return SYS_WEB_NONE;
        if (k <= 0) {
            lost(w);
            return SYS_WEB_NONE;
        }
        if (k != (ssize_t)sizeof m) continue;
        if (m.kind == WEB_MSG_READY && m.command > 0 && m.command <= 65535) {
            w->port = (uint16_t)m.command;
            w->server = (int)m.id;
        }
        if (m.kind == WEB_MSG_GONE) gone(w, &m);
        if (m.kind == WEB_MSG_COMMAND && m.command > SYS_WEB_NONE && m.command < SYS_WEB_COMMANDS) {
            *id = m.id;
            return (sys_web_command)m.command;
        }
    }
    return SYS_WEB_NONE;
}

void sys_web_answer(sys_web *w, uint32_t id, sys_web_command command, int ok, const uint8_t *text,
                    size_t len) {
    web_msg m = {.kind = WEB_MSG_RESULT, .id = id, .command = command, .ok = ok != 0};
    if (len > sizeof m.text) len = sizeof m.text;
    memcpy(m.text, text, len);
    m.len = (uint32_t)len;
    tell(w, &m);
}
