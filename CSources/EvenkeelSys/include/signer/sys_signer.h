/* sys_signer.h - the process that holds the key, and the agent's end of its socket. docs/signer.md has every
 * byte of the protocol.
 *
 * `evenkeel signer-role` is this program started again. Its first process, the keeper, gets the limits once
 * over its standard input (a SOCK_SEQPACKET pair), then forks the signer: it reads the key file into guarded
 * memory, shuts itself in (sys_sandbox.h) and answers requests. When the signer dies the keeper says so and
 * starts another after a pause that doubles. Neither has the network. Both end when the agent's end of the
 * socket closes, and the kernel kills them when their parent dies.
 *
 * Every packet has a fixed size. A request is answered with a signature or the number of a reason
 * (ek_policy.h), never with both. Between requests the agent shows the signer the prices that it reads, so
 * that the signer's memory of them has no gaps. */
#ifndef SYS_SIGNER_H
#define SYS_SIGNER_H

#include "signer/ek_policy.h"

enum {
    SYS_SIGNER_MAGIC = 0x32534B45 /* "EKS2" */,
    SYS_SIGNER_MAGIC_OLD = 0x31534B45 /* "EKS1", of version 0.1 */,
    SYS_SIGNER_MESSAGE = 1232,
    SYS_SIGNER_TEXT = 384,
    SYS_SIGNER_PATH = 256
};
enum {
    SYS_SIGNER_SEAL = 1,
    SYS_SIGNER_READY = 2,
    SYS_SIGNER_ASK = 3,
    SYS_SIGNER_ANSWER = 4,
    SYS_SIGNER_GONE = 5,
    SYS_SIGNER_REST = 6,
    SYS_SIGNER_WAKE = 7,
    SYS_SIGNER_PRICE = 8,
    SYS_SIGNER_NOTED = 9
};

/* Begins every packet. 16 bytes. */
typedef struct {
    uint32_t magic;
    uint16_t type, reserved;
    uint32_t sequence;     /* of a request, repeated in its answer */
    uint32_t value;
} sys_signer_head;

typedef struct {           /* agent to signer, once */
    sys_signer_head head;
    ek_policy_limits limits;
    char keypair[SYS_SIGNER_PATH], ledger[SYS_SIGNER_PATH];
} sys_signer_seal;

typedef struct {           /* signer to agent; head.value: 0 ready, else SYS_SIGNER_BAD_* with words */
    sys_signer_head head;
    uint8_t pub[32];
    uint64_t loss_e6, limit_e6; /* as in an answer */
    uint8_t limit_from, reserved[7];
    char text[SYS_SIGNER_TEXT];
} sys_signer_ready;

typedef struct {           /* agent to signer */
    sys_signer_head head;
    ek_policy_claim claim;
    uint16_t message_len, oracle_len;
    uint32_t reserved;
    uint8_t oracle[EK_POLICY_ORACLE_MAX];
    uint8_t message[SYS_SIGNER_MESSAGE];
} sys_signer_ask;

typedef struct { /* agent to signer, between requests; answered by NOTED */
    sys_signer_head head;
    ek_policy_price price;
    uint16_t oracle_len;
    uint8_t reserved[6];
    uint8_t oracle[EK_POLICY_ORACLE_MAX];
} sys_signer_price;

/* Signer to agent. ANSWER: head.value 0 signed, else the reason. NOTED: 0 the price was taken into the
 * memory, else the reason; no signature. */
typedef struct {
    sys_signer_head head;
    uint8_t breaker;       /* 1: nothing is signed any more until the agent is restarted */
    uint8_t limit_from;    /* EK_LIMIT_* */
    uint8_t reserved[2];
    int32_t wait_s;    /* until the reason passes by itself; -1: it does not; 0: nothing to wait for */
    uint64_t loss_e6;  /* worst case of what was signed in the last day */
    uint64_t limit_e6; /* what it may come to */
    uint8_t signature[64];
} sys_signer_answer;

typedef struct { /* keeper to agent: the signer died; head.value: as waitpid tells it; head.sequence:
                    milliseconds to the next one */
    sys_signer_head head;
} sys_signer_gone;

/* REST and WAKE, agent to signer or keeper, are a head alone: the signer wipes the key and ends, the keeper
 * waits; it starts another one. */

enum {
    SYS_SIGNER_BAD_KEY = 1,
    SYS_SIGNER_BAD_LEDGER = 2,
    SYS_SIGNER_BAD_LIMITS = 3,
    SYS_SIGNER_NO_START = 4,
    SYS_SIGNER_BAD_SOCKET = 5,
    SYS_SIGNER_BAD_VERSION = 6
};

/* ---- the agent's end ---- */
typedef struct {
    int fd, pid;
    uint32_t sequence;
    uint8_t there;         /* a signer is ready */
    uint8_t silent;        /* it let a request time out and has said nothing since */
    uint8_t breaker;
    uint8_t resting;       /* there is none because it was told to rest */
    uint8_t sandbox;       /* SYS_SANDBOX_* bits of what holds the signer */
    uint8_t limit_from;    /* the last that it said of its loss limit */
    uint64_t loss_e6, limit_e6;
    int32_t wait_s; /* of the last refusal */
    ek_key pub;
    uint32_t died;         /* as waitpid tells it, of the last one */
    uint32_t
        back_ms; /* the keeper's pause before the next; outside: the agent's own before it connects again */
    /* A signer of the user's own, behind a socket (sys_signer_connect). */
    uint8_t outside, sealed /* connected and sealed, READY not seen yet */;
    int64_t again_ms;      /* when to connect again */
    char path[108];
    ek_policy_limits limits;
} sys_signer;

/* Starts both processes; they come up while the caller does something else, and sys_signer_await waits for
 * READY. 0, or SYS_SIGNER_BAD_* / NO_START with words; then nothing is running. */
int sys_signer_launch(sys_signer *s, const ek_policy_limits *limits, const char *keypair, const char *ledger,
                      char text[SYS_SIGNER_TEXT]);
int sys_signer_await(sys_signer *s, char text[SYS_SIGNER_TEXT]);
/* The same with a signer of the user's own that listens on a Unix socket (SEQPACKET) and speaks this
 * protocol: hardware, another machine, another user's process. The socket's file must belong to root or to
 * the user of the process behind it, and not be writable for everybody; `key` is what it must have. It gets
 * the limits, no path. When it hangs up, sys_signer_news connects again, after 0.2 s and then twice as long
 * each time, at most 30 s. */
int sys_signer_connect(sys_signer *s, const ek_policy_limits *limits, const char *path, const ek_key *key,
                       char text[SYS_SIGNER_TEXT]);
/* Milliseconds until sys_signer_news wants to be called though nothing is readable; -1: it does not. */
int sys_signer_wait_ms(const sys_signer *s);
/* Returned beside the reasons of ek_policy.h. */
enum { SYS_SIGNER_NOT_THERE = 100, SYS_SIGNER_SILENT = 101 };
/* One request, answered within timeout_ms. 0: `signature` is filled. */
uint32_t sys_signer_sign(sys_signer *s, const uint8_t *message, size_t n, const ek_policy_claim *claim,
                         const uint8_t *oracle, size_t oracle_len, int timeout_ms, uint8_t signature[64]);
/* Shows a price; the answer comes as news. 0: it could not be sent. */
int sys_signer_show(sys_signer *s, const ek_policy_price *price, const uint8_t *oracle, size_t oracle_len);
/* Takes in what the signer said unasked. Bits: 1 it died, 2 one is there again, 4 the keeper is gone for
 * good, 8 an outside one hung up. */
int sys_signer_news(sys_signer *s);
/* No key in memory any more until it is woken: for an agent that goes on on paper. */
void sys_signer_rest(sys_signer *s);
/* Starts it again and waits for it, at most timeout_ms. 0, or SYS_SIGNER_BAD_* / NOT_THERE / SILENT with
 * words; then it rests on. */
uint32_t sys_signer_wake(sys_signer *s, int timeout_ms, char text[SYS_SIGNER_TEXT]);
/* Closes the socket and waits for the end of the processes. */
void sys_signer_end(sys_signer *s);

/* ---- the role: `evenkeel signer-role`, socket on descriptor 0; the exit code ---- */
int sys_signer_role(void);

/* One packet judged and answered, pure but for the ledger's file (`keep`: 0 when it is written). For the
 * role, its fuzzer and tests. secret: 64 bytes. */
void sys_signer_judge(const ek_policy *p, ek_ledger *ledger, const ek_ledger_clock *clock,
                      const uint8_t *secret, const void *packet, size_t n,
                      int (*keep)(void *, const ek_ledger *), void *keeper, sys_signer_answer *answer);

#endif
