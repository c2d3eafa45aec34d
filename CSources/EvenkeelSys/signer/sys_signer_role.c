/* The keeper and the signer of sys_signer.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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
_Static_assert(sizeof(sys_signer_ready) == 16 + 32 + 24 + 384, "docs/signer.md");
_Static_assert(sizeof(sys_signer_price) == 16 + 48 + 8 + 144, "docs/signer.md");
_Static_assert(sizeof(sys_signer_ask) == 16 + 80 + 8 + 144 + 1232, "docs/signer.md");
_Static_assert(sizeof(sys_signer_answer) == 16 + 8 + 16 + 64, "docs/signer.md");

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
    uint64_t *known; /* where the keeper reads the generation of the last write */
} ledger_file;

static int keep_in_file(void *context, const ek_ledger *ledger) {
    ledger_file *f = context;
    int err = sys_ledger_store(f->fd, ledger, &f->generation);
    if (err == 0) *f->known = f->generation;
    return err;
}

/* ---- one request ---- */

/* The ask in the packet; 0 when it is none. */
static int read_ask(const void *packet, size_t n, sys_signer_ask *ask) {
    if (n != sizeof *ask) return 0;
    memcpy(ask, packet, sizeof *ask);
    return ask->head.magic == SYS_SIGNER_MAGIC && ask->head.type == SYS_SIGNER_ASK
           && ask->message_len <= sizeof ask->message && ask->oracle_len <= sizeof ask->oracle;
}

static int read_price(const void *packet, size_t n, sys_signer_price *price) {
    if (n != sizeof *price) return 0;
    memcpy(price, packet, sizeof *price);
    return price->head.magic == SYS_SIGNER_MAGIC && price->head.type == SYS_SIGNER_PRICE
           && price->oracle_len <= sizeof price->oracle;
}

void sys_signer_judge(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                      const uint8_t *secret, const void *packet, size_t n,
                      int (*keep)(void *, const ek_ledger *), void *keeper, sys_signer_answer *answer) {
    sys_signer_ask ask;
    sys_signer_price price;
    int64_t wait_s = 0;
    memset(answer, 0, sizeof *answer);
    answer->head =
        (sys_signer_head){.magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_ANSWER, .value = EK_REFUSE_PROTOCOL};
    int asks = read_ask(packet, n, &ask), shows = !asks && read_price(packet, n, &price);
    sys_signer_head head = {0};
    if (n >= sizeof head) memcpy(&head, packet, sizeof head);
    answer->head.sequence = head.sequence;
    if (asks) {
        answer->head.value = ek_policy_decide(p, ledger, clock, ask.message, ask.message_len, &ask.claim,
                                              ask.oracle, ask.oracle_len, &wait_s);
    } else if (shows) {
        answer->head.type = SYS_SIGNER_NOTED;
        answer->head.value =
            ek_policy_show(p, ledger, clock, &price.price, price.oracle, price.oracle_len, &wait_s);
    } else {
        if (head.magic == SYS_SIGNER_MAGIC_OLD) answer->head.value = EK_REFUSE_VERSION;
        ek_policy_count_refusal(ledger);
    }
    /* Written down first: what could not be counted is not signed. */
    if (keep(keeper, ledger) != 0 && answer->head.value == EK_REFUSE_NOTHING)
        answer->head.value = EK_REFUSE_LEDGER;
    if (asks && answer->head.value == EK_REFUSE_NOTHING)
        ek_ed25519_sign(secret, ask.message, ask.message_len, answer->signature);
    answer->breaker = (uint8_t)ek_policy_breaker(ledger);
    answer->limit_from = ledger->limit_from;
    answer->wait_s = wait_s > INT32_MAX ? INT32_MAX : (int32_t)wait_s;
    answer->loss_e6 = ek_rolling_sum(&ledger->loss);
    answer->limit_e6 = ledger->limit_e6;
}

static int said(const void *packet, ssize_t n, uint16_t type) {
    sys_signer_head head;
    if (n != (ssize_t)sizeof head) return 0;
    memcpy(&head, packet, sizeof head);
    return head.magic == SYS_SIGNER_MAGIC && head.type == type;
}

/* ---- the signer ---- */

static void say_ready(uint32_t value, uint32_t sandbox, const ek_key *pub, const ek_ledger *ledger,
                      const char *text) {
    sys_signer_ready r;
    memset(&r, 0, sizeof r);
    r.head = (sys_signer_head){
        .magic = SYS_SIGNER_MAGIC, .type = SYS_SIGNER_READY, .sequence = sandbox, .value = value};
    if (pub) memcpy(r.pub, pub->bytes, 32);
    if (ledger) {
        r.loss_e6 = ek_rolling_sum(&ledger->loss);
        r.limit_e6 = ledger->limit_e6;
        r.limit_from = ledger->limit_from;
    }
    if (text) snprintf(r.text, sizeof r.text, "%s", text);
    (void)!send(SOCKET, &r, sizeof r, MSG_NOSIGNAL);
}

/* The signer's clocks; those of an agent in accelerated time run as fast as its own. */
static ek_ledger_clock now(const ek_policy_limits *l, const uint8_t boot_id[EK_LEDGER_BOOT_ID]) {
    ek_ledger_clock c;
    sys_ledger_clock(boot_id, &c);
    if (l->start_unix_ms == 0) return c;
    int64_t passed_ms = sys_mono_ms() - l->start_mono_ms;
    if (passed_ms < 0 || passed_ms > INT64_MAX / (1 + (int64_t)l->speed)) passed_ms = 0;
    c.unix_s = l->start_unix_ms / 1000 + passed_ms * (int64_t)l->speed / 1000;
    c.boot_s = passed_ms * (int64_t)l->speed / 1000;
    memcpy(c.boot_id, &l->start_mono_ms, sizeof l->start_mono_ms); /* its own run is its boot */
    return c;
}

/* What the keeper learned before it shut itself in, and what both look at. */
typedef struct {
    sys_signer_seal seal;
    uint8_t boot_id[EK_LEDGER_BOOT_ID];
    uint64_t *known; /* generation of the last write; shared */
} given;

static int serve(const given *g) {
    const sys_signer_seal *seal = &g->seal;
    static ek_policy policy;
    static ek_ledger ledger;
    static uint8_t packet[sizeof(sys_signer_ask) + 1]; /* one byte more shows a packet that is too long */
    ledger_file file = {.fd = -1, .generation = 0, .known = g->known};
    char text[SYS_SIGNER_TEXT] = "";
    sys_key key;
    if (sys_key_load(seal->keypair, &key, text) != EK_OK) {
        say_ready(SYS_SIGNER_BAD_KEY, 0, NULL, NULL, text);
        return EXIT_REFUSED;
    }
    uint32_t bad = 0;
    if (ek_policy_init(&policy, &seal->limits, &key.pub) != EK_OK) {
        bad = SYS_SIGNER_BAD_LIMITS;
        snprintf(text, sizeof text, "the signer cannot use the limits of this config");
    } else {
        file.fd = sys_ledger_open(seal->ledger, *g->known, &ledger, &file.generation, text);
        if (file.fd < 0) bad = SYS_SIGNER_BAD_LEDGER;
    }
    if (bad != 0) {
        sys_key_free(&key);
        say_ready(bad, 0, NULL, NULL, text);
        return EXIT_REFUSED;
    }
    uint32_t held = sys_sandbox_signer();
    say_ready(0, held, &key.pub, &ledger, NULL);
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
            say_ready(0, held, &key.pub, &ledger, NULL);
            continue;
        }
        sys_signer_answer answer;
        ek_ledger_clock clock = now(&seal->limits, g->boot_id);
        sys_signer_judge(&policy, &ledger, &clock, sys_key_secret(&key), packet, (size_t)n, keep_in_file,
                         &file, &answer);
        if (send(SOCKET, &answer, sizeof answer, MSG_NOSIGNAL) < 0 && errno != EAGAIN) break;
    }
    sys_key_free(&key);
    return end;
}

/* ---- the keeper ---- */

static pid_t start_signer(const given *g) {
    pid_t keeper = getpid(), pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(EXIT_OVER);
    prctl(PR_SET_NAME, "evenkeel-signer");
    _exit(serve(g));
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

static int keep(const given *g) {
    int pause = FIRST_PAUSE_MS;
    for (int first = 1;; first = 0) {
        int64_t began = sys_mono_ms();
        pid_t pid = start_signer(g);
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

/* The first packet. 0: it is none of this protocol. */
static int sealed(sys_signer_seal *seal) {
    ssize_t n = recv(SOCKET, seal, sizeof *seal, MSG_TRUNC);
    if (n < (ssize_t)sizeof seal->head) return 0;
    if (seal->head.magic == SYS_SIGNER_MAGIC_OLD)
        say_ready(SYS_SIGNER_BAD_VERSION, 0, NULL, NULL, "this signer speaks EKS2, the agent EKS1");
    return n == (ssize_t)sizeof *seal && seal->head.magic == SYS_SIGNER_MAGIC
           && seal->head.type == SYS_SIGNER_SEAL && memchr(seal->keypair, 0, sizeof seal->keypair) != NULL
           && memchr(seal->ledger, 0, sizeof seal->ledger) != NULL;
}

/* A start by a person: the refusals of the run before are forgiven, which a restart by the keeper does not
 * do, and a number of the config is the loss limit. The lock is held as long as this process and its children
 * live. What cannot be opened is said by the signer. 0: another process has it. */
static int begin_ledger(const given *g) {
    enum { OTHERS_END_MS = 3000 };
    static ek_ledger ledger;
    static ek_policy policy;
    static const ek_key NOBODY;
    uint64_t generation = 0;
    char text[SYS_LEDGER_TEXT] = "";
    int fd = sys_ledger_open(g->seal.ledger, 0, &ledger, &generation, text);
    if (fd < 0) return 1;
    if (!sys_ledger_lock(fd, OTHERS_END_MS)) {
        snprintf(text, sizeof text, "%s: another signer works with these counters", g->seal.ledger);
        say_ready(SYS_SIGNER_BAD_LEDGER, 0, NULL, NULL, text);
        return 0;
    }
    ek_policy_forgive(&ledger);
    if (ek_policy_init(&policy, &g->seal.limits, &NOBODY) == EK_OK) ek_policy_begin(&policy, &ledger);
    if (sys_ledger_store(fd, &ledger, &generation) == 0) *g->known = generation;
    return 1;
}

int sys_signer_role(void) {
    static given g;
    signal(SIGINT, SIG_IGN); /* the agent's end of the socket is what ends the role */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, "evenkeel-keeper");
    sys_sandbox_still();
    void *shared = mmap(NULL, sizeof *g.known, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || !sealed(&g.seal) || ek_crypto_init() != EK_OK) return 1;
    g.known = shared;
    sys_boot_id(g.boot_id);
    if (!begin_ledger(&g)) return 0;
    sys_sandbox_keeper(g.seal.keypair, g.seal.ledger);
    return keep(&g);
}
