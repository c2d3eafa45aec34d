#include "web/sys_metrics.h"

#include <string.h>

#include "base/ek_fixed.h"

/* Upper bounds in microseconds; what is slower falls into +Inf. */
static const uint32_t latency_us[SYS_METRICS_BUCKETS - 1] = {1000,   5000,   20000,   50000,   100000,
                                                             200000, 500000, 1000000, 2000000, 5000000};
static const uint32_t landing_slots[SYS_METRICS_BUCKETS - 1] = {1, 2, 3, 4, 6, 10, 20, 50, 100, 150};

void sys_metrics_init(sys_metrics *m) {
    memset(m, 0, sizeof *m);
    m->health_bp = m->leverage_e4 = m->free_collateral_e6 = SYS_METRICS_UNKNOWN;
    m->signed_loss_e6 = m->signed_loss_limit_e6 = SYS_METRICS_UNKNOWN;
    m->slot_us = m->ticket_open_s = SYS_METRICS_UNKNOWN;
}

void sys_metrics_name(char *field, size_t cap, const uint8_t *text, size_t len) {
    size_t n = len < cap - 1 ? len : cap - 1;
    for (size_t i = 0; i < n; i++) /* labels are printed between quotes: nothing that would end one */
        field[i] =
            text[i] < 0x21 || text[i] > 0x7E || text[i] == '"' || text[i] == '\\' ? '_' : (char)text[i];
    memset(field + n, 0, cap - n);
}

static void observe(sys_histogram *h, uint64_t v, const uint32_t bounds[SYS_METRICS_BUCKETS - 1]) {
    int i = 0;
    while (i < SYS_METRICS_BUCKETS - 1 && v > bounds[i]) i++;
    h->bucket[i]++;
    h->count++;
    h->sum += v;
}

/* Index of a name in a table of strings `stride` bytes apart; a full table's last entry is "other". */
static uint32_t find(char *table, size_t stride, uint32_t n, const char *name) {
    for (uint32_t i = 0; i < n; i++) {
        char *at = table + stride * i;
        if (at[0] == 0) {
            size_t len = strlen(name);
            memcpy(at, i + 1 == n ? "other" : name, i + 1 == n ? sizeof "other" : len + 1);
            return i;
        }
        if (strcmp(at, name) == 0) return i;
    }
    return n - 1;
}

void sys_metrics_asked(sys_metrics *m, uint32_t id, const uint8_t *body, size_t len) {
    static const char mark[] = "\"method\":\"";
    char name[SYS_METRICS_NAME];
    const uint8_t *at = memmem(body, len, mark, sizeof mark - 1);
    if (at == NULL) return;
    at += sizeof mark - 1;
    const uint8_t *end = memchr(at, '"', (size_t)(body + len - at));
    if (end == NULL) return;
    sys_metrics_name(name, sizeof name, at, (size_t)(end - at));
    for (int i = 0; i < SYS_METRICS_PENDING; i++) {
        if (m->pending[i].id != 0) continue;
        m->pending[i].id = id;
        m->pending[i].method = find(m->methods[0], SYS_METRICS_NAME, SYS_METRICS_METHODS, name);
        return;
    }
}

void sys_metrics_answered(sys_metrics *m, uint32_t id, int endpoint, uint32_t us, int ok) {
    if (endpoint < 0 || endpoint >= SYS_METRICS_ENDPOINTS || id == 0) return;
    for (int i = 0; i < SYS_METRICS_PENDING; i++) {
        if (m->pending[i].id != id) continue;
        m->pending[i].id = 0;
        if (ok) observe(&m->rpc_us[endpoint][m->pending[i].method], us, latency_us);
        else m->rpc_errors[endpoint][m->pending[i].method]++;
        return;
    }
}

void sys_metrics_tick(sys_metrics *m, uint64_t us) { observe(&m->tick_us, us, latency_us); }
void sys_metrics_landed(sys_metrics *m, uint64_t slots) { observe(&m->slots_to_land, slots, landing_slots); }

void sys_metrics_opinion(sys_metrics *m, uint32_t i, const uint8_t *text, size_t len, uint64_t count) {
    if (i >= SYS_METRICS_OPINIONS) return;
    sys_metrics_name(m->opinions[i].name, sizeof m->opinions[i].name, text, len);
    m->opinions[i].count = count;
}

void sys_metrics_gate(sys_metrics *m, const uint8_t *text, size_t len) {
    char name[SYS_METRICS_NAME];
    sys_metrics_name(name, sizeof name, text, len);
    if (name[0]) m->gates[find(m->gates[0].name, sizeof m->gates[0], SYS_METRICS_GATES, name)].count++;
}

void sys_metrics_correction(sys_metrics *m, const char *action, const char *outcome) {
    char name[SYS_METRICS_NAME];
    size_t a = strlen(action), o = strlen(outcome);
    if (a > 12) a = 12;
    if (o > SYS_METRICS_NAME - 2 - a) o = SYS_METRICS_NAME - 2 - a;
    memcpy(name, action, a);
    name[a] = ' ';
    memcpy(name + a + 1, outcome, o);
    name[a + 1 + o] = 0;
    m->corrections[find(m->corrections[0].name, sizeof m->corrections[0], SYS_METRICS_OUTCOMES, name)]
        .count++;
}

sys_market_gauges *sys_metrics_market(sys_metrics *m, uint32_t i) {
    return i < SYS_METRICS_MARKETS ? &m->markets[i] : NULL;
}
char *sys_metrics_version(sys_metrics *m) { return m->version; }
char *sys_metrics_venue(sys_metrics *m) { return m->venue; }
char *sys_metrics_mode(sys_metrics *m) { return m->mode; }
char *sys_metrics_status(sys_metrics *m) { return m->status; }
char *sys_metrics_build(sys_metrics *m) { return m->build; }
char *sys_market_gauges_name(sys_market_gauges *g) { return g->name; }
void sys_market_gauges_stress(sys_market_gauges *g, const ek_stress *s) {
    if (s != NULL) g->stress = *s;
    else memset(&g->stress, 0, sizeof g->stress);
}

/* --- text */

typedef struct {
    char *out;
    size_t n, cap;
} text;

static void put(text *t, const char *s) {
    size_t len = strlen(s);
    if (len >= t->cap - t->n) len = t->cap - t->n - 1;
    memcpy(t->out + t->n, s, len);
    t->n += len;
}

static void put_u64(text *t, uint64_t v) {
    char b[21];
    int i = 20;
    b[20] = 0;
    do b[--i] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    put(t, b + i);
}

/* v counted in 10^-decimals. */
static void put_fixed(text *t, int64_t v, int decimals) {
    char frac[20];
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    for (int i = decimals; i-- > 0; m /= 10) frac[i] = (char)('0' + m % 10);
    frac[decimals] = 0;
    if (v < 0) put(t, "-");
    put_u64(t, m);
    if (decimals) {
        put(t, ".");
        put(t, frac);
    }
}

static void head(text *t, const char *name, const char *type, const char *help) {
    put(t, "# HELP evenkeel_"), put(t, name), put(t, " "), put(t, help);
    put(t, "\n# TYPE evenkeel_"), put(t, name), put(t, " "), put(t, type), put(t, "\n");
}

static void line_u64(text *t, const char *name, uint64_t v) {
    put(t, "evenkeel_"), put(t, name), put(t, " "), put_u64(t, v), put(t, "\n");
}

static void gauge(text *t, const char *name, const char *help, int64_t v, int decimals) {
    if (v == SYS_METRICS_UNKNOWN) return;
    head(t, name, "gauge", help);
    put(t, "evenkeel_"), put(t, name), put(t, " "), put_fixed(t, v, decimals), put(t, "\n");
}

static void single(text *t, const char *name, const char *type, const char *help, uint64_t v) {
    head(t, name, type, help);
    line_u64(t, name, v);
}

static void per_market(text *t, const sys_metrics *m, const char *name, const char *help, size_t offset,
                       int decimals) {
    int said = 0;
    for (int i = 0; i < SYS_METRICS_MARKETS; i++) {
        int64_t v;
        if (m->markets[i].name[0] == 0) continue;
        memcpy(&v, (const char *)&m->markets[i] + offset, sizeof v);
        if (v == SYS_METRICS_UNKNOWN) continue;
        if (!said++) head(t, name, "gauge", help);
        put(t, "evenkeel_"), put(t, name), put(t, "{market=\""), put(t, m->markets[i].name), put(t, "\"} "),
            put_fixed(t, v, decimals), put(t, "\n");
    }
}

static void stress(text *t, const sys_metrics *m) {
    static const char *const to[EK_STRESS_LEVELS] = {"health50", "health20", "liquidation"};
    int said = 0;
    for (int i = 0; i < SYS_METRICS_MARKETS * EK_STRESS_LEVELS * 2; i++) {
        const sys_market_gauges *g = &m->markets[i / (EK_STRESS_LEVELS * 2)];
        const ek_stress_level *l = &g->stress.levels[i / 2 % EK_STRESS_LEVELS];
        int64_t now = g->stress.price_e6, price = i & 1 ? l->down_e6 : l->up_e6, move_ppm;
        if (price == 0 || ek_mul_div_floor_i64(price - now, 1000000, now, &move_ppm) != EK_OK) continue;
        if (!said++)
            head(t, "stress_price_ratio", "gauge",
                 "Move of the price to a health of 50 %, 20 % and liquidation, as a part of it.");
        put(t, "evenkeel_stress_price_ratio{market=\""), put(t, g->name), put(t, "\",to=\""),
            put(t, to[i / 2 % EK_STRESS_LEVELS]), put(t, i & 1 ? "\",side=\"down\"} " : "\",side=\"up\"} "),
            put_fixed(t, move_ppm, 6), put(t, "\n");
    }
}

/* `labels`: "" or `a="b",`, put before le. */
static void histogram(text *t, const char *name, const char *labels, const sys_histogram *h,
                      const uint32_t *bounds, int decimals) {
    uint64_t sum = 0;
    for (int i = 0; i < SYS_METRICS_BUCKETS; i++) {
        sum += h->bucket[i];
        put(t, "evenkeel_"), put(t, name), put(t, "_bucket{"), put(t, labels), put(t, "le=\"");
        if (i == SYS_METRICS_BUCKETS - 1) put(t, "+Inf");
        else put_fixed(t, (int64_t)bounds[i], decimals);
        put(t, "\"} "), put_u64(t, sum), put(t, "\n");
    }
    for (int k = 0; k < 2; k++) {
        put(t, "evenkeel_"), put(t, name), put(t, k ? "_count" : "_sum");
        if (labels[0]) { /* without the comma that le would have followed */
            char plain[96];
            size_t n = strlen(labels) - 1;
            memcpy(plain, labels, n);
            plain[n] = 0;
            put(t, "{"), put(t, plain), put(t, "}");
        }
        put(t, " ");
        if (k) put_u64(t, h->count);
        else put_fixed(t, (int64_t)h->sum, decimals);
        put(t, "\n");
    }
}

static const char *label(char out[96], int endpoint, const char *method) {
    text l = {out, 0, 96};
    put(&l, "endpoint=\""), put_u64(&l, (uint64_t)endpoint + 1), put(&l, "\",method=\""), put(&l, method),
        put(&l, "\",");
    out[l.n] = 0;
    return out;
}

static void rpc(text *t, const sys_metrics *m) {
    char l[96];
    int said = 0;
    for (int e = 0; e < SYS_METRICS_ENDPOINTS; e++)
        for (int k = 0; k < SYS_METRICS_METHODS; k++) {
            if (m->rpc_us[e][k].count == 0) continue;
            if (!said++)
                head(t, "rpc_latency_seconds", "histogram",
                     "Time from request to answer, by endpoint (its number in the config) and method.");
            histogram(t, "rpc_latency_seconds", label(l, e, m->methods[k]), &m->rpc_us[e][k], latency_us, 6);
        }
    head(t, "rpc_errors_total", "counter",
         "Requests that got no usable HTTP answer, by endpoint and method.");
    for (int e = 0; e < SYS_METRICS_ENDPOINTS; e++)
        for (int k = 0; k < SYS_METRICS_METHODS; k++) {
            if (m->rpc_errors[e][k] == 0 && m->rpc_us[e][k].count == 0) continue;
            label(l, e, m->methods[k]);
            l[strlen(l) - 1] = 0;
            put(t, "evenkeel_rpc_errors_total{"), put(t, l), put(t, "} "), put_u64(t, m->rpc_errors[e][k]),
                put(t, "\n");
        }
}

static void vault(text *t, const sys_metrics *m) {
    if (!m->vault_known) return;
    gauge(t, "equity_usd", "Equity of the book, in and outside the venue, USD.", m->vault.equity_e6, 6);
    head(t, "pnl_usd", "gauge", "What the equity is made of since the start, USD; the parts sum to it.");
    for (uint32_t i = 0; i < EK_VAULT_PARTS; i++)
        put(t, "evenkeel_pnl_usd{part=\""), put(t, ek_vault_part_name(i)), put(t, "\"} "),
            put_fixed(t, ek_vault_part(&m->vault, i), 6), put(t, "\n");
}

static void tables(text *t, const sys_metrics *m) {
    head(t, "corrections_total", "counter", "Corrections that ended, by action and outcome.");
    for (int i = 0; i < SYS_METRICS_OUTCOMES && m->corrections[i].name[0]; i++) {
        const char *name = m->corrections[i].name, *blank = strchr(name, ' ');
        char action[SYS_METRICS_NAME];
        size_t n = blank ? (size_t)(blank - name) : strlen(name);
        memcpy(action, name, n);
        action[n] = 0;
        put(t, "evenkeel_corrections_total{action=\""), put(t, action), put(t, "\",outcome=\""),
            put(t, blank ? blank + 1 : name);
        put(t, "\"} "), put_u64(t, m->corrections[i].count), put(t, "\n");
    }
    head(t, "second_opinion_total", "counter", "Second looks before a correction, by how they ended.");
    for (int i = 0; i < SYS_METRICS_OPINIONS && m->opinions[i].name[0]; i++)
        put(t, "evenkeel_second_opinion_total{result=\""), put(t, m->opinions[i].name), put(t, "\"} "),
            put_u64(t, m->opinions[i].count), put(t, "\n");
    head(t, "gate_blocks_total", "counter", "Ticks in which a closed gate held a correction back, by gate.");
    for (int i = 0; i < SYS_METRICS_GATES && m->gates[i].name[0]; i++)
        put(t, "evenkeel_gate_blocks_total{gate=\""), put(t, m->gates[i].name), put(t, "\"} "),
            put_u64(t, m->gates[i].count), put(t, "\n");
}

size_t sys_metrics_text(const sys_metrics *m, char *out, size_t cap) {
    text t = {out, 0, cap};
    static const char *const states[] = {"none", "journalled", "sent", "landed", "resting", "cancelling"};
    head(&t, "build_info", "gauge", "Always 1; what is running.");
    put(&t, "evenkeel_build_info{version=\""), put(&t, m->version), put(&t, "\",build=\""), put(&t, m->build),
        put(&t, "\",venue=\""), put(&t, m->venue);
    put(&t, "\",mode=\""), put(&t, m->mode), put(&t, "\"} 1\n");
    head(&t, "status", "gauge", "1 for the status of the last tick.");
    put(&t, "evenkeel_status{status=\""), put(&t, m->status), put(&t, "\"} 1\n");
    per_market(&t, m, "drift_ratio", "Net delta over spot, signed.", offsetof(sys_market_gauges, drift_ppm),
               6);
    per_market(&t, m, "net_delta_base", "Spot plus perp, base units.",
               offsetof(sys_market_gauges, net_delta_e9), 9);
    per_market(&t, m, "spot_base", "Spot legs, base units.", offsetof(sys_market_gauges, spot_e9), 9);
    per_market(&t, m, "perp_base", "Perp position, base units; negative is short.",
               offsetof(sys_market_gauges, perp_e9), 9);
    per_market(&t, m, "funding_rate_hourly",
               "Last funding rate as a part of the price an hour; positive: longs pay shorts.",
               offsetof(sys_market_gauges, funding_hourly_ppb), 9);
    per_market(&t, m, "oracle_age_slots", "Age of the perp's oracle price.",
               offsetof(sys_market_gauges, oracle_age_slots), 0);
    stress(&t, m);
    gauge(&t, "health_ratio", "Distance to liquidation, 1 is untouched, 0 is liquidation.", m->health_bp, 4);
    gauge(&t, "leverage", "Perp notional over equity.", m->leverage_e4, 4);
    gauge(&t, "free_collateral_usd", "What the venue would let be used, USD.", m->free_collateral_e6, 6);
    vault(&t, m);
    gauge(&t, "signed_loss_usd_day", "Worst case of what was signed in the last 24 hours, USD.",
          m->signed_loss_e6, 6);
    gauge(&t, "signed_loss_limit_usd", "What it may come to, USD.", m->signed_loss_limit_e6, 6);
    gauge(&t, "slot_seconds", "How long a slot of the chain lasts, as measured.", m->slot_us, 6);
    gauge(&t, "ticket_open_seconds", "For how long the open order has been open.", m->ticket_open_s, 0);
    rpc(&t, m);
    single(&t, "ticks_total", "counter", "Ticks that ended, whatever their status.", m->ticks);
    head(&t, "tick_seconds", "histogram",
         "Time from the start of a tick to its status, waiting for the chain included.");
    histogram(&t, "tick_seconds", "", &m->tick_us, latency_us, 6);
    tables(&t, m);
    head(&t, "ticket_state", "gauge", "1 for the state the open order is in.");
    for (uint8_t i = 0; i < sizeof states / sizeof states[0]; i++)
        put(&t, "evenkeel_ticket_state{state=\""), put(&t, states[i]),
            put(&t, i == m->ticket_state ? "\"} 1\n" : "\"} 0\n");
    head(&t, "slots_to_land", "histogram", "Slots from the first send of an order to its block.");
    histogram(&t, "slots_to_land", "", &m->slots_to_land, landing_slots, 0);
    single(&t, "fee_lamports_total", "counter", "Network fees paid, lamports.", m->fee_lamports);
    single(&t, "state_writes_total", "counter", "Writes of the state file.", m->state_writes);
    single(&t, "failures_in_row", "gauge", "Failed corrections since the last good one.", m->failures_in_row);
    single(&t, "breaker_open", "gauge", "1: too many failures, observing only until resume.",
           m->breaker_open);
    single(&t, "paused", "gauge", "1: paused by command.", m->paused);
    single(&t, "resident_bytes", "gauge", "Resident memory of the agent.", m->resident_bytes);
    out[t.n] = 0;
    return t.n;
}
