/* The keeper and the signer of sys_signer.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ek_bytes.h"
#include "base/sys_clock.h"
#include "base/sys_sandbox.h"
#include "signer/sys_keyfile.h"
#include "signer/sys_ledger.h"
#include "signer/sys_signer.h"
#include "solana/ek_crypto.h"

_Static_assert(sizeof(sys_signer_head) == 16, "docs/signer.md");
_Static_assert(sizeof(sys_signer_seal) == 16 + 320 + 512, "docs/signer.md");
_Static_assert(sizeof(sys_signer_ready) == 16 + 32 + 384, "docs/signer.md");
_Static_assert(sizeof(sys_signer_ask) == 16 + 80 + 8 + 144 + 1232, "docs/signer.md");
_Static_assert(sizeof(sys_signer_answer) == 16 + 8 + 64, "docs/signer.md");

enum {
    SOCKET = 0,
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 30000,
    WELL_MS = 60000,
    EXIT_OVER = 0,
    EXIT_REFUSED = 3,
    EXIT_REST = 4
};

typedef struct {
    int fd;
    uint64_t generation;
} ledger_file;

static int keep_in_file(void *context, const ek_policy_ledger *ledger) {
    ledger_file *f = context;
    return sys_ledger_store(f->fd, ledger, &f->generation);
}

/* ---- one request ---- */

void sys_signer_judge(const ek_policy *p, ek_policy_ledger *ledger, int64_t unix_s, const uint8_t *secret,
                      const void *packet, size_t n, int (*keep)(void *, const ek_policy_ledger *),
                      void *keeper, sys_signer_answer *answer) {
    sys_signer_ask ask;
    memset(answer, 0, sizeof *answer);
    answer->head =
        (sys_signer_head){.magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_ANSWER, .value = EK_REFUSE_PROTOCOL};
    int whole = n == sizeof ask;
    if (whole) {
        memcpy(&ask, packet, sizeof ask);
        answer->head.sequence = ask.head.sequence;
        whole = ask.head.magic == SYS_SIGNER_MAGIC && ask.head.type == SYS_SIGNER_ASK
                && ask.message_len <= sizeof ask.message && ask.oracle_len <= sizeof ask.oracle;
    }
    if (!whole) ek_policy_count_refusal(ledger);
    else
        answer->head.value = ek_policy_decide(p, ledger, unix_s, ask.message, ask.message_len, &ask.claim,
                                              ask.oracle, ask.oracle_len);
    /* Written down first: what could not be counted is not signed. */
    if (keep(keeper, ledger) != 0 && answer->head.value == EK_REFUSE_NOTHING)
        answer->head.value = EK_REFUSE_LEDGER;
    if (answer->head.value == EK_REFUSE_NOTHING)
        ek_ed25519_sign(secret, ask.message, ask.message_len, answer->signature);
    answer->breaker = (uint8_t)ek_policy_breaker(ledger);
}

static int said(const void *packet, ssize_t n, uint16_t type) {
    sys_signer_head head;
    if (n != (ssize_t)sizeof head) return 0;
    memcpy(&head, packet, sizeof head);
    return head.magic == SYS_SIGNER_MAGIC && head.type == type;
}

/* ---- the signer ---- */

static void say_ready(uint32_t value, uint32_t sandbox, const ek_key *pub, const char *text) {
    sys_signer_ready r;
    memset(&r, 0, sizeof r);
    r.head = (sys_signer_head){
        .magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_READY, .sequence = sandbox, .value = value};
    if (pub) memcpy(r.pub, pub->bytes, 32);
    if (text) snprintf(r.text, sizeof r.text, "%s", text);
    (void)!send(SOCKET, &r, sizeof r, MSG_NOSIGNAL);
}

static int serve(const sys_signer_seal *seal) {
    static ek_policy policy;
    static ek_policy_ledger ledger;
    static uint8_t packet[sizeof(sys_signer_ask) + 1]; /* one byte more shows a packet that is too long */
    ledger_file file = {.fd = -1, .generation = 0};
    char text[SYS_SIGNER_TEXT] = "";
    sys_key key;
    if (sys_key_load(seal->keypair, &key, text) != EK_OK) {
        say_ready(SYS_SIGNER_BAD_KEY, 0, NULL, text);
        return EXIT_REFUSED;
    }
    uint32_t bad = 0;
    if (ek_policy_init(&policy, &seal->limits, &key.pub) != EK_OK) {
        bad = SYS_SIGNER_BAD_LIMITS;
        snprintf(text, sizeof text, "the signer cannot use the limits of this config");
    } else {
        file.fd = sys_ledger_open(seal->ledger, &ledger, &file.generation, text);
        if (file.fd < 0) bad = SYS_SIGNER_BAD_LEDGER;
    }
    if (bad != 0) {
        sys_key_free(&key);
        say_ready(bad, 0, NULL, text);
        return EXIT_REFUSED;
    }
    uint32_t held = sys_sandbox_signer();
    say_ready(0, held, &key.pub, NULL);
    int end = EXIT_OVER;
    for (;;) {
        ssize_t n = recv(SOCKET, packet, sizeof packet, MSG_TRUNC);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break; /* the agent is gone; a packet of no bytes is an end too */
        if (said(packet, n, SYS_SIGNER_REST)) {
            end = EXIT_REST;
            break;
        }
        if (said(packet, n, SYS_SIGNER_WAKE)) { /* it is awake */
            say_ready(0, held, &key.pub, NULL);
            continue;
        }
        sys_signer_answer answer;
        sys_signer_judge(&policy, &ledger, sys_unix_ms() / 1000, sys_key_secret(&key), packet, (size_t)n,
                         keep_in_file, &file, &answer);
        if (send(SOCKET, &answer, sizeof answer, MSG_NOSIGNAL) < 0 && errno != EAGAIN) break;
    }
    sys_key_free(&key);
    return end;
}

/* ---- the keeper ---- */

static pid_t start_signer(const sys_signer_seal *seal) {
    pid_t keeper = getpid(), pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(EXIT_OVER);
    prctl(PR_SET_NAME, "evenkeel-signer");
    _exit(serve(seal));
}

/* 1 when the agent hung up meanwhile. */
static int pause_ms(int ms) {
    int64_t ends = sys_mono_ms() + ms;
    for (;;) {
        int64_t left = ends - sys_mono_ms();
        struct pollfd p = {.fd = SOCKET, .events = 0, .revents = 0};
        if (left <= 0) return 0;
        if (poll(&p, 1, (int)left) > 0 && p.revents & (POLLHUP | POLLERR)) return 1;
    }
}

/* There is no signer until the agent wants one again. 0: the agent hung up. */
static int rest(void) {
    sys_signer_head head;
    for (;;) {
        ssize_t n = recv(SOCKET, &head, sizeof head, MSG_TRUNC);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        if (said(&head, n, SYS_SIGNER_WAKE)) return 1;
    }
}

static int keep(const sys_signer_seal *seal) {
    int pause = FIRST_PAUSE_MS;
    for (int first = 1;; first = 0) {
        int64_t began = sys_mono_ms();
        pid_t pid = start_signer(seal);
        int how = 0;
        while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR) {}
        if (pid > 0 && WIFEXITED(how)
            && (WEXITSTATUS(how) == EXIT_OVER || (first && WEXITSTATUS(how) == EXIT_REFUSED)))
            return 0;
        if (pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == EXIT_REST) {
            if (!rest()) return 0;
            continue;
        }
        if (sys_mono_ms() - began >= WELL_MS) pause = FIRST_PAUSE_MS;
        sys_signer_gone gone = {.head = {.magic = SYS_SIGNER_MAGIC,
                                         .type = SYS_SIGNER_GONE,
                                         .sequence = (uint32_t)pause,
                                         .value = (uint32_t)how}};
        (void)!send(SOCKET, &gone, sizeof gone, MSG_NOSIGNAL);
        if (pause_ms(pause)) return 0;
        pause = pause * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause * 2;
        /* What was asked of the dead one is never answered by the next: the agent has given it up. */
        sys_signer_head head;
        int resting = 0;
        for (ssize_t n; (n = recv(SOCKET, &head, sizeof head, MSG_DONTWAIT | MSG_TRUNC)) > 0;)
            resting = said(&head, n, SYS_SIGNER_REST) || (resting && !said(&head, n, SYS_SIGNER_WAKE));
        if (resting && !rest()) return 0;
    }
}

int sys_signer_role(void) {
    static sys_signer_seal seal;
    static ek_policy_ledger ledger;
    uint64_t generation = 0;
    char text[SYS_LEDGER_TEXT] = "";
    signal(SIGINT, SIG_IGN); /* the agent's end of the socket is what ends the role */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, "evenkeel-keeper");
    sys_sandbox_still();
    ssize_t n = recv(SOCKET, &seal, sizeof seal, MSG_TRUNC);
    if (n != (ssize_t)sizeof seal || seal.head.magic != SYS_SIGNER_MAGIC || seal.head.type != SYS_SIGNER_SEAL
        || memchr(seal.keypair, 0, sizeof seal.keypair) == NULL
        || memchr(seal.ledger, 0, sizeof seal.ledger) == NULL || ek_crypto_init() != EK_OK)
        return 1;
    /* A start by a person forgives the refusals of the run before; a restart by the keeper does not. */
    int fd = sys_ledger_open(seal.ledger, &ledger, &generation, text);
    if (fd >= 0 && ledger.refusals != 0) {
        ek_policy_forgive(&ledger);
        (void)sys_ledger_store(fd, &ledger, &generation);
    }
    if (fd >= 0) close(fd);
    sys_sandbox_keeper(seal.keypair, seal.ledger);
    return keep(&seal);
}
