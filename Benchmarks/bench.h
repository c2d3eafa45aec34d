/* bench.h - what the benchmark program's files share: the paths that are measured, and the input they run on.
 */
#ifndef BENCH_H
#define BENCH_H
#include "EvenkeelCore.h"
#include <stddef.h>
#include <stdint.h>

/* A read of the whole book as a node sent it, and everything that is kept between ticks: what the agent has
 * at hand when the bytes arrive. */
typedef struct {
    const char *name;       /* the venue */
    uint8_t *json;
    size_t len;
    ek_plan plan;
    ek_book book;           /* of the last load */
    ek_assessment a;
    ek_decision decision;
    uint8_t work[8192];
    uint8_t secret[64];
    ek_key signer, blockhash;
    uint8_t message[EK_TX_MAX], signed_tx[EK_TX_MAX];
    size_t message_len, signed_len;
} bench_read;

/* Fills a read from a file of one getMultipleAccounts answer of the embedded chain; ends the program with a
 * message when it cannot. */
void bench_open(bench_read *r, const char *venue, const char *path);
/* The authority and the delegate of the embedded chain: ed25519 seeds of 32 sevens and 32 eights. */
void bench_keys(ek_key *authority, ek_key *signer, uint8_t secret[64]);

/* Asks a node on loopback for the whole book until the list of accounts is complete, then `count` times; the
 * answers go to `dir`. */
void bench_record(const char *venue, uint16_t port, const char *dir, uint32_t count);

/* The floor: the answer passed over once and its base64 decoded, nothing looked at. portable: without this
 * processor's wide instructions for base64, the floor that the targets were set with. Bytes decoded. */
size_t bench_scan_and_base64(bench_read *r, int portable);
void bench_load(bench_read *r);
void bench_assess(bench_read *r, int with_liquidation);
void bench_stress(bench_read *r);
void bench_decide(bench_read *r);
void bench_assess_book(const ek_book *b, bench_read *r); /* both, of a book that lies elsewhere */
void bench_build(bench_read *r); /* order, check, instruction, message */
void bench_sign(bench_read *r);

/* Over the saved reads VENUE-00000.json ... of both venues; 0 when all went well. */
int bench_books(const char *dir, uint32_t n);

_Noreturn void bench_fail(const char *what, long detail);
#define BENCH_MUST(call) do { ek_err e_ = (call); if (e_ != EK_OK) bench_fail(#call, (long)e_); } while (0)

#endif
