/* /api/history: the record ring as JSON rows. Read only; what the agent has not written out yet comes with
 * its snapshot. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/ek_record.h"
#include "text/ek_codec.h"
#include "sys_web_internal.h"

struct web_history {
    sys_ring ring;
};

typedef struct {
    char *out;
    size_t n, cap;
    int failed;
} text;

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text *t, const char *format, ...) {
    char line[512];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof line || t->failed) {
        t->failed = 1;
        return;
    }
    if (t->n + (size_t)n + 1 > t->cap) {
        size_t cap = t->cap * 2 + 4096;
        char *more = realloc(t->out, cap);
        if (more == NULL) {
            t->failed = 1;
            return;
        }
        t->out = more;
        t->cap = cap;
    }
    memcpy(t->out + t->n, line, (size_t)n + 1);
    t->n += (size_t)n;
}

/* v counted in 10^-decimals (1..9), exact. */
static const char *fixed(char out[48], int64_t v, int decimals) {
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, scale = 1;
    for (int i = 0; i < decimals; i++) scale *= 10;
    snprintf(out, 48, "%s%llu.%0*llu", v < 0 ? "-" : "", (unsigned long long)(m / scale), decimals,
             (unsigned long long)(m % scale));
    return out;
}

static void put_fixed(text *t, int64_t v, int decimals) {
    char b[48];
    put(t, ",%s", fixed(b, v, decimals));
}

static void put_sample(text *t, const ek_sample *s, int first) {
    put(t, "%s[%lld,%u,%u,%u,%llu", first ? "" : ",", (long long)s->unix_s, s->market, s->mode, s->status,
        (unsigned long long)s->slot);
    put_fixed(t, s->perp_price_e6, 6);
    put_fixed(t, s->spot_base_e9, 9);
    put_fixed(t, s->perp_base_e9, 9);
    if (s->flags & EK_SAMPLE_NO_DRIFT) put(t, ",null");
    else put_fixed(t, s->drift_ppm, 4);
    put_fixed(t, s->funding_hourly_ppb, 7);
    put_fixed(t, s->health_bp, 2);
    if (s->leverage_e2 == UINT16_MAX) put(t, ",null");
    else put_fixed(t, s->leverage_e2, 2);
    put_fixed(t, s->equity_e6, 6);
    put_fixed(t, s->flows_e6, 6);
    put_fixed(t, s->funding_e6, 6);
    put_fixed(t, s->fees_e6, 6);
    put_fixed(t, s->basis_e6, 6);
    put_fixed(t, s->delta_e6, 6);
    put_fixed(t, s->slippage_e6, 6);
    put_fixed(t, s->network_e6, 6);
    put_fixed(t, s->interest_e6, 6);
    put_fixed(t, s->yield_e6, 6);
    put(t, "]");
}

/* Samples of `ring` from `from` on, older than `until`; of each `stride` moments the last. Returns how many
 * rows were put. */
static unsigned put_samples(text *t, sys_ring *r, int ring, int64_t from, int64_t until, uint32_t stride,
                            unsigned rows) {
    uint32_t newest = r->newest[ring], moment = 0;
    ek_sample s;
    for (uint32_t seq = sys_ring_find(r, ring, from); seq != 0 && seq <= newest; seq++) {
        if (sys_ring_sample(r, ring, seq, &s) != EK_OK || s.unix_s < from || s.unix_s >= until) continue;
        int last = newest - seq < EK_RECORD_MARKETS; /* what is newest is always shown */
        if (moment % stride == stride - 1 || last) put_sample(t, &s, rows++ == 0);
        if (s.flags & EK_SAMPLE_LAST_OF_GROUP) moment++;
    }
    return rows;
}

static void put_corrections(text *t, sys_ring *r, int64_t since) {
    uint32_t newest = r->newest[EK_RING_CORRECTIONS];
    int first = 1;
    ek_ring_correction c;
    char b[48], signature[89];
    static const uint8_t none[64];
    for (uint32_t seq = sys_ring_oldest(r, EK_RING_CORRECTIONS); seq != 0 && seq <= newest; seq++) {
        if (sys_ring_correction(r, seq, &c) != EK_OK || c.unix_s < since) continue;
        put(t,
            "%s{\"time\":%lld,\"slot\":\"%llu\",\"market\":\"%.15s\",\"action\":\"%s\",\"outcome\":\"%s\","
            "\"mode\":\"%s\"",
            first ? "" : ",", (long long)c.unix_s, (unsigned long long)c.slot, c.market,
            ek_action_name(c.action), ek_outcome_name(c.outcome), c.mode == EK_MODE_LIVE ? "live" : "paper");
        first = 0;
        put(t, ",\"size\":%s",
            fixed(b, (int64_t)(c.size_base_e9 > INT64_MAX ? INT64_MAX : c.size_base_e9), 9));
        put(t, ",\"price\":%s", fixed(b, c.price_e6, 6));
        put(t, ",\"oracle_price\":%s", fixed(b, c.oracle_price_e6, 6));
        put(t, ",\"fee\":%s,\"fee_lamports\":\"%llu\"", fixed(b, c.fee_e6, 6),
            (unsigned long long)c.fee_lamports);
        if (c.landing != 0) put(t, ",\"slots_to_land\":%u", (unsigned)(c.landing - 1));
        else put(t, ",\"slots_to_land\":null");
        put(t, ",\"drift_before_pct\":%s", fixed(b, c.drift_before_ppm, 4));
        put(t, ",\"drift_after_pct\":%s", fixed(b, c.drift_after_ppm, 4));
        if (memcmp(c.signature, none, sizeof none) == 0) put(t, ",\"signature\":null}");
        else {
            ek_sig_to_base58(c.signature, signature);
            put(t, ",\"signature\":\"%s\"}", signature);
        }
    }
}

web_history *web_history_open(const char *path) {
    web_history *h = path[0] ? calloc(1, sizeof *h) : NULL;
    if (h == NULL) return NULL;
    if (sys_ring_open_read(path, &h->ring) == SYS_RING_OK) return h;
    free(h);
    return NULL;
}

/* The agent's own view of what it has and has not written is the newer one. */
static void catch_up(sys_ring *r, const web_tail *tail) {
    if (!tail->known) {
        sys_ring_refresh(r);
        return;
    }
    for (int i = 0; i < EK_RINGS; i++) {
        r->newest[i] = tail->newest[i];
        r->unwritten[i] = tail->unwritten[i];
        memcpy(r->page[i], tail->page[i], EK_RING_PAGE);
    }
}

char *web_history_json(web_history *h, const web_tail *tail, int64_t since, uint32_t points, size_t *len) {
    text t = {malloc(65536), 0, 65536, 0};
    unsigned rows = 0;
    if (t.out == NULL) return NULL;
    put(&t, "{\"type\":\"HISTORY\",\"data\":{\"columns\":[\"time\",\"market\",\"mode\",\"status\",\"slot\","
            "\"price\",\"spot\",\"perp\",\"drift_pct\","
            "\"funding_hourly_pct\",\"health_pct\",\"leverage\",\"equity\",\"flows\",\"funding\",\"fees\","
            "\"basis\",\"delta\",\"slippage\",\"network\",\"interest\",\"yield\"],\"rows\":[");
    if (h) {
        sys_ring *r = &h->ring;
        ek_sample s;
        int64_t split = 0; /* from here on the minutes are used */
        catch_up(r, tail);
        for (uint32_t seq = sys_ring_oldest(r, EK_RING_MINUTES);
             seq != 0 && seq <= r->newest[EK_RING_MINUTES]; seq++)
            if (sys_ring_sample(r, EK_RING_MINUTES, seq, &s) == EK_OK) {
                split = s.unix_s;
                break;
            }
        uint32_t minutes = r->newest[EK_RING_MINUTES] + 1 - sys_ring_find(r, EK_RING_MINUTES, since),
                 quarters = 0;
        if (since < split)
            quarters = r->newest[EK_RING_QUARTERS] + 1 - sys_ring_find(r, EK_RING_QUARTERS, since);
        /* more than a day of them: quarters alone, and the minutes after the last of them */
        if (quarters > 96) {
            uint32_t seq = r->newest[EK_RING_QUARTERS];
            if (sys_ring_sample(r, EK_RING_QUARTERS, seq, &s) == EK_OK) split = s.unix_s + 1;
            rows = put_samples(&t, r, EK_RING_QUARTERS, since, split, quarters / points + 1, rows);
            put_samples(&t, r, EK_RING_MINUTES, split, INT64_MAX, 15, rows);
        } else {
            if (quarters) rows = put_samples(&t, r, EK_RING_QUARTERS, since, split, 1, rows);
            put_samples(&t, r, EK_RING_MINUTES, since > split ? since : split, INT64_MAX,
                        minutes / points + 1, rows);
        }
    }
    put(&t, "],\"corrections\":[");
    if (h) put_corrections(&t, &h->ring, since);
    put(&t, "]}}");
    *len = t.n;
    if (!t.failed) return t.out;
    free(t.out);
    return NULL;
}
