#include <stdio.h>
#include <string.h>

#include "sys_web_internal.h"

int web_snapshot_take(web_snapshot *s, web_snapshot *fresh, const web_block *b) {
    for (int tries = 0; tries < 20; tries++) {
        uint32_t before = atomic_load_explicit(&b->turn, memory_order_acquire);
        if (before == 0 || before == s->turn) return 0;
        if (before & 1) continue; /* a write is under way, or the agent was stopped inside one */
        uint32_t n = b->status_len;
        if (n > SYS_WEB_STATUS_MAX) return 0;
        fresh->times = b->times;
        memcpy(&fresh->metrics, &b->metrics, sizeof fresh->metrics);
        fresh->tail = b->tail;
        memcpy(fresh->status, b->status, n);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&b->turn, memory_order_relaxed) != before) continue;
        s->times = fresh->times;
        memcpy(&s->metrics, &fresh->metrics, sizeof s->metrics);
        s->tail = fresh->tail;
        memcpy(s->status, fresh->status, n);
        s->status_len = n;
        s->turn = before;
        s->have = 1;
        return 1;
    }
    return 0;
}

static int64_t allowed_ms(const web_snapshot *s) {
    int64_t two = 2 * (int64_t)s->times.interval_ms;
    return two < 2000 ? 2000 : two;
}

int web_snapshot_healthy(const web_snapshot *s, int64_t now_ms, char *why, size_t cap) {
    if (!s->have || s->times.tick_done_ms == 0) {
        snprintf(why, cap, "no tick has completed yet");
        return 0;
    }
    int64_t age = now_ms - s->times.tick_done_ms;
    if (age <= allowed_ms(s)) {
        snprintf(why, cap, "ticks complete");
        return 1;
    }
    snprintf(why, cap, "no tick has completed for %lld s (interval %u.%03u s); the last status is %.20s",
             (long long)(age / 1000), s->times.interval_ms / 1000, s->times.interval_ms % 1000,
             s->metrics.status[0] ? s->metrics.status : "unknown");
    return 0;
}

size_t web_snapshot_heartbeat(const web_snapshot *s, int64_t now_ms, unsigned clients, int controls,
                              char *out, size_t cap) {
    char why[160], age[32] = "null", next[32] = "null";
    int healthy = web_snapshot_healthy(s, now_ms, why, sizeof why);
    if (s->have && s->times.status_ms) {
        int64_t a = now_ms - s->times.status_ms;
        snprintf(age, sizeof age, "%lld.%03u", (long long)((a < 0 ? 0 : a) / 1000),
                 (unsigned)((a < 0 ? 0 : a) % 1000));
    }
    if (s->have && s->times.next_tick_ms) {
        int64_t a = s->times.next_tick_ms - now_ms;
        snprintf(next, sizeof next, "%lld.%03u", (long long)((a < 0 ? 0 : a) / 1000),
                 (unsigned)((a < 0 ? 0 : a) % 1000));
    }
    int n = snprintf(out, cap,
                     "{\"type\":\"HEARTBEAT\",\"data\":{\"status_age_seconds\":%s,\"next_tick_seconds\":%s,"
                     "\"interval_seconds\":%u.%03u,"
                     "\"healthy\":%s,\"reason\":\"%s\",\"controls\":%s,\"explorer\":%s,\"clients\":%u}}",
                     age, next, s->times.interval_ms / 1000, s->times.interval_ms % 1000,
                     healthy ? "true" : "false", why, controls ? "true" : "false",
                     s->times.explorer ? "true" : "false", clients);
    return n < 0 || (size_t)n >= cap ? 0 : (size_t)n;
}
