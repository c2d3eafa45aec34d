/* sys_metrics.h - the agent's counters and gauges: one struct of fixed size, and its Prometheus text.
 *
 * The agent counts into it (no allocation, no lock, a few nanoseconds a call); the web role gets a copy and
 * prints it. Names in tables (method, gate, outcome) are kept as given, cut to their width; a table that is
 * full counts under its last entry, "other". */
#ifndef SYS_METRICS_H
#define SYS_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "margin/ek_stress.h"
#include "store/ek_vault.h"

enum {
    SYS_METRICS_ENDPOINTS = 8,
    SYS_METRICS_METHODS = 12,
    SYS_METRICS_GATES = 40,
    SYS_METRICS_OUTCOMES = 24,
    SYS_METRICS_MARKETS = 8,
    SYS_METRICS_BUCKETS = 11, /* the last one has no upper bound */
    SYS_METRICS_PENDING = 32,
    SYS_METRICS_NAME = 24,
    SYS_METRICS_OPINIONS = 4
};
#define SYS_METRICS_UNKNOWN INT64_MIN /* a gauge that is not known is left out */

typedef struct {
    uint64_t count, sum; /* sum in the histogram's own unit: microseconds, or slots */
    uint64_t bucket[SYS_METRICS_BUCKETS];
} sys_histogram;

typedef struct {
    char name[SYS_METRICS_NAME];
    uint64_t count;
} sys_counter;

typedef struct {
    char name[SYS_METRICS_NAME]; /* "SOL-PERP"; empty: not used */
    int64_t drift_ppm, net_delta_e9, spot_e9, perp_e9, funding_hourly_ppb, oracle_age_slots;
    ek_stress stress; /* price 0: not known */
} sys_market_gauges;

typedef struct {
    char version[24], build[16], venue[16], mode[8], status[20];
    uint64_t ticks, fee_lamports, state_writes, resident_bytes, failures_in_row;
    uint8_t ticket_state; /* EK_TICKET_* */
    uint8_t paused, breaker_open;
    int64_t health_bp, leverage_e4, free_collateral_e6, signed_loss_e6, signed_loss_limit_e6;
    uint8_t vault_known;
    ek_vault_split vault;           /* since the start: pnl_usd, equity_usd */
    int64_t slot_us, ticket_open_s; /* SYS_METRICS_UNKNOWN: not measured, none open */
    sys_market_gauges markets[SYS_METRICS_MARKETS];
    sys_histogram tick_us, slots_to_land;
    char methods[SYS_METRICS_METHODS][SYS_METRICS_NAME];
    sys_histogram rpc_us[SYS_METRICS_ENDPOINTS][SYS_METRICS_METHODS];
    uint64_t rpc_errors[SYS_METRICS_ENDPOINTS][SYS_METRICS_METHODS];
    sys_counter gates[SYS_METRICS_GATES];
    sys_counter opinions[SYS_METRICS_OPINIONS]; /* "agreed": how a second look ended */
    sys_counter corrections[SYS_METRICS_OUTCOMES]; /* "EXPAND_SHORT filled" */
    struct { uint32_t id, method; } pending[SYS_METRICS_PENDING];
} sys_metrics;

/* All zero, gauges unknown. */
void sys_metrics_init(sys_metrics *m);
/* A request goes out: its method is read from the JSON-RPC body. Then its end; `ok` 0 counts as an error and
 * not into the latencies. */
void sys_metrics_asked(sys_metrics *m, uint32_t id, const uint8_t *body, size_t len);
void sys_metrics_answered(sys_metrics *m, uint32_t id, int endpoint, uint32_t latency_us, int ok);
void sys_metrics_tick(sys_metrics *m, uint64_t us);
void sys_metrics_landed(sys_metrics *m, uint64_t slots);
void sys_metrics_opinion(sys_metrics *m, uint32_t i, const uint8_t *name, size_t len, uint64_t count);
void sys_metrics_gate(sys_metrics *m, const uint8_t *name, size_t len);
/* `action` "EXPAND_SHORT", `outcome` "filled": words without blanks. */
void sys_metrics_correction(sys_metrics *m, const char *action, const char *outcome);
/* Room for the gauges of market i; NULL past the last. */
sys_market_gauges *sys_metrics_market(sys_metrics *m, uint32_t i);
/* Copies text into one of the char fields above, cut to `cap` with its NUL. */
void sys_metrics_name(char *field, size_t cap, const uint8_t *text, size_t len);
/* Pointers for Swift, which sees C arrays as tuples. */
char *sys_metrics_version(sys_metrics *m);
char *sys_metrics_venue(sys_metrics *m);
char *sys_metrics_mode(sys_metrics *m);
char *sys_metrics_status(sys_metrics *m);
char *sys_metrics_build(sys_metrics *m);
char *sys_market_gauges_name(sys_market_gauges *g);
/* NULL: not known. */
void sys_market_gauges_stress(sys_market_gauges *g, const ek_stress *s);

/* Prometheus text format 0.0.4. Returns its length; never more than cap - 1 (cut at a line's end, which the
 * size below makes impossible). */
enum { SYS_METRICS_TEXT = 256 * 1024 };
size_t sys_metrics_text(const sys_metrics *m, char *out, size_t cap);

#endif
