/* Who may ask the page's server, what it copies from the agent, and the numbers it prints; the server itself
 * is Tests/web. */
#include <stdlib.h>

#include "check.h"
#include "web/sys_web_internal.h"

static int host(const web_guard *g, const char *text) { return web_guard_host(g, text, strlen(text)); }
static int origin(const char *from, const char *to) {
    return web_guard_origin(from, strlen(from), to, strlen(to));
}

static void names_and_addresses(void) {
    static const web_guard g = {.names = "book.example, ek.local"};
    static const char *const fine[] = {"127.0.0.1",   "127.0.0.1:8080",   "10.1.2.3",
                                       "[::1]",       "[::1]:8080",       "localhost",
                                       "LOCALHOST:1", "book.example:443", "Ek.Local"};
    static const char *const bad[] = {"",           "evil.example",  "book.example.evil",      "book.exampl",
                                      "127.0.0.1:", "127.0.0.1:80x", "localhost:123456",       "[::1",
                                      "[evil]",     ":80",           "127.0.0.1.evil.example", "[::1]x"};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) CHECK(host(&g, fine[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK(!host(&g, bad[i]));
    CHECK(!web_guard_host(&g, "localhost\0.evil", 15));
    CHECK(origin("http://localhost:8080", "localhost:8080")
          && origin("https://Book.example", "book.example"));
    CHECK(!origin("http://localhost:8081", "localhost:8080") && !origin("ftp://localhost", "localhost")
          && !origin("localhost", "localhost") && !origin("null", "null"));
}

static void the_token(void) {
    web_guard g = {.token_len = 0};
    static const char *const token = "correct-horse-battery";
    CHECK(!web_guard_bearer(&g, "Bearer ", 7)); /* no token: every check fails */
    CHECK(!web_guard_token(&g, (const uint8_t *)"fifteen-letters", 15));
    CHECK(!web_guard_token(&g, (const uint8_t *)"a blank is in this one", 22));
    uint8_t longest[WEB_TOKEN_MAX + 1];
    memset(longest, 'x', sizeof longest);
    CHECK(!web_guard_token(&g, longest, sizeof longest));
    CHECK(web_guard_token(&g, longest, WEB_TOKEN_MAX));
    CHECK(web_guard_token(&g, (const uint8_t *)" correct-horse-battery\r\n", 24));
    CHECK_EQ(g.token_len, strlen(token));
    CHECK(web_guard_bearer(&g, "Bearer correct-horse-battery", 28)
          && web_guard_bearer(&g, "bearer correct-horse-battery", 28));
    CHECK(web_guard_said(&g, "token correct-horse-battery", 27));
    CHECK(!web_guard_said(&g, "Token correct-horse-battery", 27));
    CHECK(!web_guard_bearer(&g, "Bearer correct-horse-batter", 27));
    CHECK(!web_guard_bearer(&g, "Bearer correct-horse-battery!", 29));
    CHECK(!web_guard_bearer(&g, "Basic correct-horse-battery", 27));
}

static void a_query(void) {
    int64_t since = -1;
    uint32_t points = 77;
    CHECK(web_guard_query("", 0, &since, &points) && since == -1 && points == 77);
    CHECK(web_guard_query("since=1700000000&points=500", 27, &since, &points) && since == 1700000000
          && points == 500);
    CHECK(!web_guard_query("points=0", 8, &since, &points)
          && !web_guard_query("points=5001", 11, &since, &points));
    CHECK(!web_guard_query("since=-1", 8, &since, &points) && !web_guard_query("since=", 6, &since, &points)
          && !web_guard_query("x=1", 3, &since, &points));
}

static void a_copy_is_whole_or_none(void) {
    web_block *b = calloc(1, sizeof *b);
    web_snapshot *s = calloc(1, sizeof *s), *fresh = calloc(1, sizeof *fresh);
    char why[160], beat[400];
    CHECK(b != NULL && s != NULL && fresh != NULL);
    if (b == NULL || s == NULL || fresh == NULL) return;
    CHECK(!web_snapshot_take(s, fresh, b));                     /* nothing was written yet */
    CHECK(!web_snapshot_healthy(s, 0, why, sizeof why));
    CHECK_TEXT(why, "no tick has completed yet");
    memcpy(b->status, "{\"a\":1}", 7);
    b->status_len = 7;
    b->times = (sys_web_times){
        .interval_ms = 1500, .tick_done_ms = 10000, .status_ms = 10000, .next_tick_ms = 11500};
    b->turn = 3;
    CHECK(!web_snapshot_take(s, fresh, b));                     /* a write is under way */
    CHECK(!s->have);
    b->turn = 4;
    CHECK(web_snapshot_take(s, fresh, b));
    CHECK(s->have && s->status_len == 7 && memcmp(s->status, "{\"a\":1}", 7) == 0);
    CHECK(!web_snapshot_take(s, fresh, b));                     /* nothing new */
    b->status_len = SYS_WEB_STATUS_MAX + 1;
    b->turn = 6;
    /* the agent's memory is not believed blindly either */
    CHECK(!web_snapshot_take(s, fresh, b));
    CHECK_EQ(s->status_len, 7);
    CHECK(web_snapshot_healthy(s, 13000, why, sizeof why));     /* two intervals, 3 s */
    CHECK(!web_snapshot_healthy(s, 13001, why, sizeof why));
    CHECK_TEXT(why, "no tick has completed for 3 s (interval 1.500 s); the last status is unknown");
    size_t n = web_snapshot_heartbeat(s, 10750, 2, 1, beat, sizeof beat);
    CHECK_EQ(n, strlen(beat));
    CHECK_TEXT(beat, "{\"type\":\"HEARTBEAT\",\"data\":{\"status_age_seconds\":0.750,\"next_tick_seconds\":0."
                     "750,\"interval_seconds\":1.500,\"healthy\":true,"
                     "\"reason\":\"ticks complete\",\"controls\":true,\"explorer\":false,\"clients\":2}}");
    CHECK_EQ(web_snapshot_heartbeat(s, 10750, 2, 1, beat, 50), 0);
    free(b);
    free(s);
    free(fresh);
}

static int has(const char *text, const char *line) {
    const char *at = strstr(text, line);
    return at != NULL && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static void the_parts_of_the_result(void) {
    static sys_metrics m;
    static char text[SYS_METRICS_TEXT];
    sys_metrics_init(&m);
    m.vault_known = 1;
    m.vault = (ek_vault_split){.equity_e6 = 1999000000, .slippage_e6 = -1500000, .flows_e6 = 2000500000};
    CHECK(sys_metrics_text(&m, text, sizeof text) > 0);
    CHECK(has(text, "evenkeel_equity_usd 1999.000000"));
    CHECK(has(text, "evenkeel_pnl_usd{part=\"slippage\"} -1.500000"));
    CHECK(has(text, "evenkeel_pnl_usd{part=\"flows\"} 2000.500000"));
    CHECK(has(text, "evenkeel_pnl_usd{part=\"yield\"} 0.000000"));
    CHECK(has(text, "evenkeel_pnl_usd{part=\"other\"} 0.000000"));
}

static void metrics(void) {
    static sys_metrics m;
    static char text[SYS_METRICS_TEXT];
    static const char body[] =
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"getMultipleAccounts\",\"params\":[]}";
    sys_metrics_init(&m);
    sys_metrics_asked(&m, 5, (const uint8_t *)body, sizeof body - 1);
    sys_metrics_answered(&m, 5, 1, 6000, 1);
    sys_metrics_answered(&m, 5, 1, 6000, 1);                    /* once answered it is no request any more */
    sys_metrics_asked(&m, 6, (const uint8_t *)body, sizeof body - 1);
    sys_metrics_answered(&m, 6, 1, 1, 0);
    sys_metrics_answered(&m, 7, SYS_METRICS_ENDPOINTS, 1, 0);   /* no such endpoint */
    sys_metrics_tick(&m, 1500000);
    sys_metrics_landed(&m, 200);
    sys_metrics_gate(&m, (const uint8_t *)"max\"leverage", 12);
    sys_metrics_correction(&m, "EXPAND_SHORT", "filled");
    m.leverage_e4 = -5;
    m.ticket_state = 2;
    strcpy(sys_metrics_market(&m, 0)->name, "SOL-PERP");
    sys_metrics_market(&m, 0)->drift_ppm = -1500;
    CHECK(sys_metrics_market(&m, SYS_METRICS_MARKETS) == NULL);
    size_t n = sys_metrics_text(&m, text, sizeof text);
    CHECK_EQ(n, strlen(text));
    CHECK(has(text, "evenkeel_rpc_latency_seconds_bucket{endpoint=\"2\",method=\"getMultipleAccounts\",le="
                    "\"0.005000\"} 0"));
    CHECK(has(text, "evenkeel_rpc_latency_seconds_bucket{endpoint=\"2\",method=\"getMultipleAccounts\",le="
                    "\"0.020000\"} 1"));
    CHECK(has(text, "evenkeel_rpc_latency_seconds_count{endpoint=\"2\",method=\"getMultipleAccounts\"} 1"));
    CHECK(has(text, "evenkeel_rpc_errors_total{endpoint=\"2\",method=\"getMultipleAccounts\"} 1"));
    CHECK(has(text, "evenkeel_tick_seconds_bucket{le=\"1.000000\"} 0")
          && has(text, "evenkeel_tick_seconds_bucket{le=\"2.000000\"} 1"));
    CHECK(has(text, "evenkeel_slots_to_land_bucket{le=\"150\"} 0")
          && has(text, "evenkeel_slots_to_land_bucket{le=\"+Inf\"} 1"));
    CHECK(has(text, "evenkeel_gate_blocks_total{gate=\"max_leverage\"} 1"));
    CHECK(has(text, "evenkeel_corrections_total{action=\"EXPAND_SHORT\",outcome=\"filled\"} 1"));
    CHECK(has(text, "evenkeel_drift_ratio{market=\"SOL-PERP\"} -0.001500"));
    CHECK(has(text, "evenkeel_leverage -0.0005"));
    CHECK(has(text, "evenkeel_ticket_state{state=\"sent\"} 1")
          && has(text, "evenkeel_ticket_state{state=\"landed\"} 0"));
    CHECK(strstr(text, "evenkeel_health_ratio") == NULL);       /* not known: left out */
    CHECK(strstr(text, "evenkeel_equity_usd") == NULL && strstr(text, "evenkeel_pnl_usd") == NULL);
    /* A full table counts under its last name. */
    for (int i = 0; i < SYS_METRICS_GATES + 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "gate%d", i);
        sys_metrics_gate(&m, (const uint8_t *)name, strlen(name));
    }
    sys_metrics_text(&m, text, sizeof text);
    CHECK(has(text, "evenkeel_gate_blocks_total{gate=\"gate37\"} 1")
          && has(text, "evenkeel_gate_blocks_total{gate=\"other\"} 7"));
}

int main(void) {
    RUN(names_and_addresses);
    RUN(the_token);
    RUN(a_query);
    RUN(a_copy_is_whole_or_none);
    RUN(metrics);
    RUN(the_parts_of_the_result);
    return check_end();
}
