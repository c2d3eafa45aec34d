/* The core's hot path, timed and counted.
 *
 *   bench record VENUE PORT DIR [N]   saves N reads of the book (1) from a node on loopback: DIR/VENUE.json,
 *                                     or DIR/VENUE-00000.json ... with N > 1
 *   bench time DIR [ROUNDS]           every path by turns in short runs; one line each: name, median, 10th
 *                                     and 90th percentile in ns
 *   bench books DIR N                 assessments and decisions over N saved reads of each venue, 100,000 in
 *                                     all; then their cost by positions
 *   bench count DIR NAME TIMES        one path TIMES times and nothing else: for callgrind, which counts
 *                                     inside `counted`
 *   bench names                       the paths */
#include "bench.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bench_read velocity, drift;
static uint8_t message[1232], signature[64];
static char text32[EK_KEY_TEXT], text64[EK_SIG_TEXT];
static ek_key some_key, found;
static ek_tx parsed;
static volatile uint64_t sink;

static void to_decision(bench_read *r) {
    bench_load(r);
    bench_assess(r, 0);
    bench_decide(r);
}
static void to_signed(bench_read *r) {
    to_decision(r);
    bench_build(r);
    bench_sign(r);
}

static void p_floor_v(void) { sink += bench_scan_and_base64(&velocity, 1); }
static void p_floor_d(void) { sink += bench_scan_and_base64(&drift, 1); }
static void p_wide_v(void) { sink += bench_scan_and_base64(&velocity, 0); }
static void p_wide_d(void) { sink += bench_scan_and_base64(&drift, 0); }
static void p_scan_v(void) {
    ek_scan_result res;
    ek_scan_account accs[EK_PLAN_MAX];
    BENCH_MUST(ek_scan_accounts(velocity.json, velocity.len, &res, accs, EK_PLAN_MAX));
    sink += res.count;
}
static void p_load_v(void) { bench_load(&velocity); }
static void p_load_d(void) { bench_load(&drift); }
static void p_assess_v(void) { bench_assess(&velocity, 0); }
static void p_assess_d(void) { bench_assess(&drift, 0); }
static void p_liq_v(void) { bench_assess(&velocity, 1); }
static void p_liq_d(void) { bench_assess(&drift, 1); }
static void p_stress_v(void) { bench_stress(&velocity); }
static void p_decision_v(void) { to_decision(&velocity); }
static void p_decision_d(void) { to_decision(&drift); }
static void p_build_v(void) { bench_build(&velocity); }
static void p_build_d(void) { bench_build(&drift); }
static void p_signed_v(void) { to_signed(&velocity); }
static void p_signed_d(void) { to_signed(&drift); }
static void p_bare_sign(void) {
    crypto_sign_ed25519_detached(signature, NULL, velocity.message, velocity.message_len, velocity.secret);
}
static void p_bare_sign_d(void) {
    crypto_sign_ed25519_detached(signature, NULL, drift.message, drift.message_len, drift.secret);
}
static void p_sign_v(void) { bench_sign(&velocity); }
static void p_enc32(void) { sink += ek_key_to_base58(&some_key, text32); }
static void p_dec32(void) { BENCH_MUST(ek_key_from_base58(text32, strlen(text32), &found)); }
static void p_enc64(void) { sink += ek_sig_to_base58(velocity.signed_tx + 1, text64); }
static void p_dec64(void) { BENCH_MUST(ek_sig_from_base58(text64, strlen(text64), signature)); }
/* One bump after another over many seeds: the number of tries is 2 in the mean, as everywhere. */
static void p_pda(void) {
    static uint32_t n;
    uint8_t bump, seed[4];
    memcpy(seed, &n, sizeof seed);
    n = (n + 1) % 64;
    ek_seed seeds[3] = {{(const uint8_t *)"user", 4}, {some_key.bytes, 32}, {seed, 4}};
    BENCH_MUST(ek_find_pda(seeds, 3, ek_venue_program(velocity.plan.venue), &found, &bump));
}
static void p_parse(void) { BENCH_MUST(ek_message_parse(velocity.message, velocity.message_len, &parsed)); }

typedef struct { const char *name; void (*run)(void); } path;
static const path PATHS[] = {
    {"floor_velocity", p_floor_v},
    {"floor_drift", p_floor_d},
    {"floor_wide_velocity", p_wide_v},
    {"floor_wide_drift", p_wide_d},
    {"scan_velocity", p_scan_v},
    {"load_velocity", p_load_v},
    {"load_drift", p_load_d},
    {"assess_velocity", p_assess_v},
    {"assess_drift", p_assess_d},
    {"assess_liquidation_velocity", p_liq_v},
    {"assess_liquidation_drift", p_liq_d},
    {"stress_velocity", p_stress_v},
    {"decision_velocity", p_decision_v},
    {"decision_drift", p_decision_d},
    {"build_velocity", p_build_v},
    {"build_drift", p_build_d},
    {"signed_velocity", p_signed_v},
    {"signed_drift", p_signed_d},
    {"sign_velocity", p_sign_v},
    {"bare_signature_velocity", p_bare_sign},
    {"bare_signature_drift", p_bare_sign_d},
    {"base58_encode_32", p_enc32},
    {"base58_decode_32", p_dec32},
    {"base58_encode_64", p_enc64},
    {"base58_decode_64", p_dec64},
    {"find_program_address", p_pda},
    {"message_parse", p_parse},
};
enum { N_PATHS = sizeof PATHS / sizeof PATHS[0], MAX_ROUNDS = 1000 };

static uint64_t now_ns(void) {
    struct timespec t;
    /* time on the processor: other processes' turns are left out */
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void open_all(const char *dir) {
    char path[4096];
    BENCH_MUST(ek_crypto_init());
    snprintf(path, sizeof path, "%s/velocity.json", dir);
    bench_open(&velocity, "velocity", path);
    snprintf(path, sizeof path, "%s/drift.json", dir);
    bench_open(&drift, "drift", path);
    for (unsigned i = 0; i < 32; i++) some_key.bytes[i] = (uint8_t)(37 * i + 11);
    for (unsigned i = 0; i < sizeof message; i++) message[i] = (uint8_t)i;
    to_signed(&velocity);
    to_signed(&drift);
    if (velocity.decision.verdict != EK_VERDICT_CORRECT || drift.decision.verdict != EK_VERDICT_CORRECT)
        bench_fail("the saved books ask for no correction", EK_E_MISMATCH);
    p_enc32();
    p_enc64();
}

static void time_all(unsigned rounds) {
    static double took[N_PATHS][MAX_ROUNDS];
    unsigned times[N_PATHS];
    for (unsigned i = 0; i < N_PATHS; i++) { /* about half a millisecond a turn */
        uint64_t t = now_ns();
        for (unsigned k = 0; k < 20; k++) PATHS[i].run();
        uint64_t each = (now_ns() - t) / 20 + 1;
        times[i] = (unsigned)(500000 / each) + 1;
    }
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned i = 0; i < N_PATHS; i++) {
            uint64_t t = now_ns();
            for (unsigned k = 0; k < times[i]; k++) PATHS[i].run();
            took[i][r] = (double)(now_ns() - t) / times[i];
        }
    for (unsigned i = 0; i < N_PATHS; i++) {
        qsort(took[i], rounds, sizeof took[i][0], by_size);
        printf("%s\t%.1f\t%.1f\t%.1f\n", PATHS[i].name, took[i][rounds / 2], took[i][rounds / 10],
               took[i][rounds * 9 / 10]);
    }
    printf("bytes_velocity\t%zu\nbytes_drift\t%zu\naccounts_velocity\t%u\naccounts_drift\t%u\nmessage_"
           "velocity\t%zu\nmessage_drift\t%zu\n",
           velocity.len, drift.len, ek_plan_count(&velocity.plan), ek_plan_count(&drift.plan),
           velocity.message_len, drift.message_len);
}

__attribute__((noinline)) void counted(void (*run)(void), unsigned times);
void counted(void (*run)(void), unsigned times) {
    for (unsigned i = 0; i < times; i++) run();
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "names") == 0) {
        for (unsigned i = 0; i < N_PATHS; i++) puts(PATHS[i].name);
        return 0;
    }
    if (strcmp(what, "record") == 0 && argc >= 5) {
        BENCH_MUST(ek_crypto_init());
        bench_record(argv[2], (uint16_t)atoi(argv[3]), argv[4], argc > 5 ? (uint32_t)atoi(argv[5]) : 1);
        return 0;
    }
    if (strcmp(what, "time") == 0 && argc >= 3) {
        unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 60;
        open_all(argv[2]);
        time_all(rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds < 1 ? 1 : rounds);
        return 0;
    }
    if (strcmp(what, "books") == 0 && argc == 4) {
        BENCH_MUST(ek_crypto_init());
        return bench_books(argv[2], (uint32_t)atoi(argv[3]));
    }
    if (strcmp(what, "count") == 0 && argc == 5) {
        open_all(argv[2]);
        for (unsigned i = 0; i < N_PATHS; i++)
            if (strcmp(PATHS[i].name, argv[3]) == 0) {
                counted(PATHS[i].run, (unsigned)atoi(argv[4]));
                return 0;
            }
    }
    fputs("usage: bench record VENUE PORT DIR [N] | time DIR [ROUNDS] | books DIR N | count DIR NAME TIMES | "
          "names\n",
          stderr);
    return 2;
}
