/* The agent's end of sys_signer.h. */
#include "signer/sys_signer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys_clock.h"
#include "base/sys_process.h"
#include "base/sys_sandbox.h"
#include "sys_signer_dial.h"

enum { START_MS = 10000, FIRST_BACK_MS = 200, LAST_BACK_MS = 30000 };

static int child(int fd, int parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127); /* the parent died before the line above */
    sys_signals_default();
    setpgid(0, 0); /* a terminal's Ctrl-C is for the agent */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (dup2(fd, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(127);
    char *const argv[] = {(char *)(uintptr_t)"evenkeel", (char *)(uintptr_t)"signer-role", NULL};
    execv("/proc/self/exe", argv);
    /* no exec (an emulator): the same role in a copy of this process, which never had the key */
    return sys_signer_role();
}

/* The next packet within timeout_ms, or 0; -1: the other end is closed. */
static ssize_t receive(int fd, void *packet, size_t cap, int timeout_ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN, .revents = 0};
    int r = 1;
    while (timeout_ms > 0 && (r = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR) {}
    if (r <= 0) return r;
    ssize_t n = recv(fd, packet, cap, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return n <= 0 ? -1 : n;
}

typedef union {
    sys_signer_head head;
    sys_signer_ready ready;
    sys_signer_answer answer;
    sys_signer_gone gone;
} packet;

static int is(const packet *p, ssize_t n, uint16_t type, size_t size) {
    return n == (ssize_t)size && p->head.magic == SYS_SIGNER_MAGIC && p->head.type == type;
}

static void closed(sys_signer *s) {
    s->there = 0;
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    s->sealed = s->silent = 0;
    if (s->pid > 0) waitpid(s->pid, NULL, WNOHANG);
    if (!s->outside) return;
    s->back_ms = s->back_ms == 0                 ? FIRST_BACK_MS
                 : s->back_ms * 2 > LAST_BACK_MS ? LAST_BACK_MS
                                                 : s->back_ms * 2;
    s->again_ms = sys_mono_ms() + s->back_ms;
}

/* Connects again when it is time. READY comes later, as news. */
static void connect_again(sys_signer *s) {
    char text[SYS_SIGNER_TEXT];
    if (!s->outside || s->resting || s->fd >= 0 || sys_mono_ms() < s->again_ms) return;
    s->fd = sys_signer_dial(s->path, text);
    if (s->fd >= 0 && sys_signer_send_seal(s->fd, &s->limits, "", "")) s->sealed = 1;
    else closed(s);
}

int sys_signer_wait_ms(const sys_signer *s) {
    if (!s->outside || s->resting || s->fd >= 0) return -1;
    int64_t left = s->again_ms - sys_mono_ms();
    return left <= 0 ? 0 : (int)left;
}

static int say(sys_signer *s, uint16_t type) {
    sys_signer_head head = {.magic = SYS_SIGNER_MAGIC, .type = type};
    return send(s->fd, &head, sizeof head, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof head;
}

/* What it says of its loss limit. */
static void note_loss(sys_signer *s, uint64_t loss_e6, uint64_t limit_e6, uint8_t limit_from) {
    s->loss_e6 = loss_e6;
    s->limit_e6 = limit_e6;
    s->limit_from = limit_from;
}

/* News bits of one packet that is no awaited answer. */
static int note(sys_signer *s, const packet *p, ssize_t n) {
    if (is(p, n, SYS_SIGNER_GONE, sizeof p->gone)) {
        if (s->resting) return 0;
        s->there = s->silent = 0;
        s->died = p->head.value;
        s->back_ms = p->head.sequence;
        return 1;
    }
    if (is(p, n, SYS_SIGNER_READY, sizeof p->ready)) {
        /* Another key than at the start is another account's: never. */
        if (p->head.value != 0 || memcmp(p->ready.pub, s->pub.bytes, 32) != 0) return 0;
        if (s->resting) { /* it was just being started when it was told to rest */
            (void)say(s, SYS_SIGNER_REST);
            return 0;
        }
        s->there = 1;
        s->sealed = 0;
        s->back_ms = 0;
        note_loss(s, p->ready.loss_e6, p->ready.limit_e6, p->ready.limit_from);
        return 2;
    }
    int noted = is(p, n, SYS_SIGNER_NOTED, sizeof p->answer);
    if (noted) {
        s->breaker = p->answer.breaker;
        note_loss(s, p->answer.loss_e6, p->answer.limit_e6, p->answer.limit_from);
    }
    if ((noted || is(p, n, SYS_SIGNER_ANSWER, sizeof p->answer)) && s->silent) {
        s->silent = 0; /* late, for a request that was given up: dropped, but it lives */
        return 2;
    }
    return 0;
}

int sys_signer_news(sys_signer *s) {
    packet p;
    int bits = 0;
    connect_again(s);
    for (int i = 0; i < 16 && s->fd >= 0; i++) {
        ssize_t n = receive(s->fd, &p, sizeof p, 0);
        if (n == 0) break;
        if (n < 0) {
            int was = s->there;
            closed(s);
            return bits | (!s->outside ? 4 : was ? 8 : 0);
        }
        bits |= note(s, &p, n);
    }
    return bits;
}

static int no_start(sys_signer *s, const char *why, char text[SYS_SIGNER_TEXT]) {
    snprintf(text, SYS_SIGNER_TEXT, "the signer did not start: %s", why);
    sys_signer_end(s);
    return SYS_SIGNER_NO_START;
}

int sys_signer_launch(sys_signer *s, const ek_policy_limits *limits, const char *keypair, const char *ledger,
                      char text[SYS_SIGNER_TEXT]) {
    int ends[2], parent = getpid();
    memset(s, 0, sizeof *s);
    s->fd = -1;
    text[0] = 0;
    if (strlen(keypair) >= SYS_SIGNER_PATH || strlen(ledger) >= SYS_SIGNER_PATH) {
        snprintf(text, SYS_SIGNER_TEXT, "the path of the key or of the signer's counters is too long");
        return SYS_SIGNER_NO_START;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        snprintf(text, SYS_SIGNER_TEXT, "no socket for the signer: %s", strerror(errno));
        return SYS_SIGNER_NO_START;
    }
    s->pid = fork();
    if (s->pid == 0) {
        close(ends[0]);
        _exit(child(ends[1], parent));
    }
    close(ends[1]);
    s->fd = ends[0];
    if (s->pid < 0) return no_start(s, strerror(errno), text);
    return sys_signer_send_seal(s->fd, limits, keypair, ledger) ? 0 : no_start(s, "it ended at once", text);
}

int sys_signer_await(sys_signer *s, char text[SYS_SIGNER_TEXT]) {
    packet p;
    ssize_t n = receive(s->fd, &p, sizeof p, START_MS);
    text[0] = 0;
    if (is(&p, n, SYS_SIGNER_READY, sizeof p.ready)) {
        if (p.head.value == 0) {
            memcpy(s->pub.bytes, p.ready.pub, 32);
            s->sandbox = (uint8_t)p.head.sequence;
            s->there = 1;
            note_loss(s, p.ready.loss_e6, p.ready.limit_e6, p.ready.limit_from);
            return 0;
        }
        memcpy(text, p.ready.text, SYS_SIGNER_TEXT);
        text[SYS_SIGNER_TEXT - 1] = 0;
        sys_signer_end(s);
        return (int)p.head.value;
    }
    return no_start(s, n == 0 ? "no answer in 10 s" : "it ended at once", text);
}

int sys_signer_connect(sys_signer *s, const ek_policy_limits *limits, const char *path, const ek_key *key,
                       char text[SYS_SIGNER_TEXT]) {
    packet p;
    memset(s, 0, sizeof *s);
    s->fd = -1;
    s->outside = 1;
    s->sandbox = SYS_SANDBOX_ALL; /* what holds it in is not this agent's to say */
    s->pub = *key;
    s->limits = *limits;
    if (snprintf(s->path, sizeof s->path, "%s", path) >= (int)sizeof s->path) {
        snprintf(text, SYS_SIGNER_TEXT, "the path of the signer's socket is too long");
        return SYS_SIGNER_BAD_SOCKET;
    }
    int fd = sys_signer_dial(path, text);
    if (fd < 0) return fd == -EPERM ? SYS_SIGNER_BAD_SOCKET : SYS_SIGNER_NO_START;
    s->fd = fd;
    ssize_t n = sys_signer_send_seal(fd, limits, "", "") ? receive(fd, &p, sizeof p, START_MS) : -1;
    if (n >= (ssize_t)sizeof p.head && p.head.magic == SYS_SIGNER_MAGIC_OLD) {
        snprintf(text, SYS_SIGNER_TEXT, "%s: the signer behind it speaks EKS1, this agent EKS2", path);
        sys_signer_end(s);
        return SYS_SIGNER_BAD_VERSION;
    }
    if (!is(&p, n, SYS_SIGNER_READY, sizeof p.ready)) {
        snprintf(text, SYS_SIGNER_TEXT, "%s: the signer behind it said %s", path,
                 n == 0  ? "nothing in 10 s"
                 : n < 0 ? "nothing and hung up, as one does that speaks another version than EKS2"
                         : "something else than READY");
    } else if (p.head.value != 0) {
        p.ready.text[SYS_SIGNER_TEXT - 1] = 0;
        snprintf(text, SYS_SIGNER_TEXT, "%.100s: the signer behind it is not ready: %.240s", path,
                 p.ready.text);
    } else if (memcmp(p.ready.pub, key->bytes, 32) != 0) {
        snprintf(text, SYS_SIGNER_TEXT, "%s: the signer behind it has another key than [signer] public_key",
                 path);
        sys_signer_end(s);
        return SYS_SIGNER_BAD_SOCKET;
    } else {
        s->there = 1;
        note_loss(s, p.ready.loss_e6, p.ready.limit_e6, p.ready.limit_from);
        return 0;
    }
    sys_signer_end(s);
    return SYS_SIGNER_NO_START;
}

void sys_signer_rest(sys_signer *s) {
    s->there = s->silent = 0;
    s->resting = 1;
    if (s->outside) { /* its key is its own affair: it is left alone until it is needed */
        if (s->fd >= 0) close(s->fd);
        s->fd = -1;
    } else if (s->fd >= 0) {
        (void)say(s, SYS_SIGNER_REST);
    }
}

uint32_t sys_signer_wake(sys_signer *s, int timeout_ms, char text[SYS_SIGNER_TEXT]) {
    packet p;
    (void)sys_signer_news(s);
    text[0] = 0;
    if (s->there) return 0;
    if (s->outside) {
        sys_signer before = *s;
        int bad = sys_signer_connect(s, &before.limits, before.path, &before.pub, text);
        s->resting = bad != 0;
        return (uint32_t)bad;
    }
    if (s->fd < 0) {
        snprintf(text, SYS_SIGNER_TEXT, "the signer is gone for good; restart the agent");
        return SYS_SIGNER_NOT_THERE;
    }
    uint32_t why = SYS_SIGNER_SILENT;
    int64_t ends = sys_mono_ms() + timeout_ms;
    s->resting = 0;
    snprintf(text, SYS_SIGNER_TEXT, "the signer does not answer");
    for (int64_t left = say(s, SYS_SIGNER_WAKE) ? timeout_ms : -1; left >= 0; left = ends - sys_mono_ms()) {
        ssize_t n = receive(s->fd, &p, sizeof p, (int)left);
        if (n == 0) continue;
        if (n < 0) {
            closed(s);
            snprintf(text, SYS_SIGNER_TEXT, "the signer is gone for good; restart the agent");
            return SYS_SIGNER_NOT_THERE;
        }
        if (is(&p, n, SYS_SIGNER_READY, sizeof p.ready) && p.head.value != 0) {
            why = p.head.value;
            memcpy(text, p.ready.text, SYS_SIGNER_TEXT);
            text[SYS_SIGNER_TEXT - 1] = 0;
            break;
        }
        if (note(s, &p, n) & 2 && s->there) {
            text[0] = 0;
            return 0;
        }
    }
    sys_signer_rest(s);
    return why;
}

uint32_t sys_signer_sign(sys_signer *s, const uint8_t *message, size_t n, const ek_policy_claim *claim,
                         const uint8_t *oracle, size_t oracle_len, int timeout_ms, uint8_t signature[64]) {
    sys_signer_ask ask;
    packet p;
    if (n > sizeof ask.message || oracle_len > sizeof ask.oracle) return EK_REFUSE_PROTOCOL;
    (void)sys_signer_news(s);
    if (!s->there) return SYS_SIGNER_NOT_THERE;
    memset(&ask, 0, sizeof ask);
    ask.head =
        (sys_signer_head){.magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_ASK, .sequence = ++s->sequence};
    ask.claim = *claim;
    ask.message_len = (uint16_t)n;
    ask.oracle_len = (uint16_t)oracle_len;
    memcpy(ask.message, message, n);
    if (oracle_len > 0) memcpy(ask.oracle, oracle, oracle_len);
    if (send(s->fd, &ask, sizeof ask, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof ask)
        return SYS_SIGNER_NOT_THERE;
    int64_t ends = sys_mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = ends - sys_mono_ms();
        if (left < 0) break;
        ssize_t got = receive(s->fd, &p, sizeof p, (int)left);
        if (got < 0) {
            closed(s);
            return SYS_SIGNER_NOT_THERE;
        }
        if (got == 0) continue;
        if (is(&p, got, SYS_SIGNER_ANSWER, sizeof p.answer) && p.head.sequence == ask.head.sequence) {
            s->silent = 0;
            s->breaker = p.answer.breaker;
            s->wait_s = p.answer.wait_s;
            note_loss(s, p.answer.loss_e6, p.answer.limit_e6, p.answer.limit_from);
            if (p.head.value == 0) memcpy(signature, p.answer.signature, 64);
            return p.head.value;
        }
        if (note(s, &p, got) & 1) return SYS_SIGNER_NOT_THERE; /* this request died with it */
    }
    s->silent = 1;
    return SYS_SIGNER_SILENT;
}

int sys_signer_show(sys_signer *s, const ek_policy_price *price, const uint8_t *oracle, size_t oracle_len) {
    sys_signer_price p;
    if (!s->there || s->silent || s->fd < 0 || oracle_len > sizeof p.oracle) return 0;
    memset(&p, 0, sizeof p);
    p.head =
        (sys_signer_head){.magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_PRICE, .sequence = ++s->sequence};
    p.price = *price;
    p.oracle_len = (uint16_t)oracle_len;
    if (oracle_len > 0) memcpy(p.oracle, oracle, oracle_len);
    return send(s->fd, &p, sizeof p, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof p;
}

void sys_signer_end(sys_signer *s) {
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    s->there = 0;
    if (s->pid <= 0) return;
    for (int i = 0; i < 200; i++) {
        if (waitpid(s->pid, NULL, WNOHANG) != 0) {
            s->pid = 0;
            return;
        }
        nanosleep(&(struct timespec){.tv_sec = 0, .tv_nsec = 5000000}, NULL);
    }
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}
