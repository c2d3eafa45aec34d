/* Requests: what is served, who may ask, commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/ek_assert.h"
#include "base/sys_clock.h"
#include "sys_web_server.h"

void web_link(session *s, struct lws *wsi) {
    s->wsi = wsi;
    if (s->linked) return;
    s->linked = 1;
    s->next = web->first;
    if (web->first) web->first->prev = s;
    web->first = s;
}

void web_unlink(session *s) {
    free(s->owned);
    s->owned = NULL;
    if (!s->linked) return;
    s->linked = 0;
    if (s->prev) s->prev->next = s->next;
    else web->first = s->next;
    if (s->next) s->next->prev = s->prev;
    s->next = s->prev = NULL;
}
/* --- answers */

static int add(struct lws *wsi, const char *name, const char *value, uint8_t **p, uint8_t *end) {
    return lws.add_http_header_by_name(wsi, (const uint8_t *)name, (const uint8_t *)value, (int)strlen(value),
                                       p, end);
}

/* Sends the head and keeps the body for the writeable callbacks. 0, or -1: close. */
static int answer(struct lws *wsi, session *s, unsigned status, const char *type, const uint8_t *body,
                  size_t len, uint8_t *owned, int page) {
    uint8_t *head = web->head, *p = head + LWS_PRE, *end = head + sizeof web->head - 1;
    web_link(s, wsi);
    free(s->owned);
    s->owned = owned;
    s->body = body;
    s->len = len;
    s->at = 0;
    s->waiting_id = 0;
    s->answering = 1;
    if (lws.add_http_header_status(wsi, status, &p, end) || add(wsi, "content-type:", type, &p, end)
        || lws.add_http_header_content_length(wsi, (lws_filepos_t)len, &p, end)
        || add(wsi, "cache-control:", "no-store", &p, end)
        || add(wsi, "x-content-type-options:", "nosniff", &p, end)
        || add(wsi, "x-frame-options:", "DENY", &p, end)
        || add(wsi, "referrer-policy:", "no-referrer", &p, end)
        || add(wsi, "cross-origin-resource-policy:", "same-origin", &p, end)
        || add(wsi, "cross-origin-opener-policy:", "same-origin", &p, end)
        || add(wsi, "permissions-policy:", "camera=(), geolocation=(), microphone=(), payment=(), usb=()", &p,
               end)
        || add(wsi, "content-security-policy:",
               page ? web_page_csp : "default-src 'none'; frame-ancestors 'none'", &p, end)
        || (page
            && (add(wsi, "content-encoding:", "gzip", &p, end)
                || add(wsi, "vary:", "accept-encoding", &p, end)))
        || (status == 401 && add(wsi, "www-authenticate:", "Bearer", &p, end))
        || (status == 405 && add(wsi, "allow:", "GET, POST", &p, end))
        || lws.finalize_write_http_header(wsi, head + LWS_PRE, &p, end))
        return -1;
    lws.set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, SEND_S);
    lws.callback_on_writable(wsi);
    return 0;
}

int web_say(struct lws *wsi, session *s, unsigned status, const char *words) {
    return answer(wsi, s, status, "text/plain; charset=utf-8", (const uint8_t *)words, strlen(words), NULL,
                  0);
}

int web_give(struct lws *wsi, session *s, unsigned status, const char *type, uint8_t *owned, size_t len) {
    if (owned == NULL) return web_say(wsi, s, 503, "out of memory\n");
    return answer(wsi, s, status, type, owned, len, owned, 0);
}

int web_send_more(struct lws *wsi, session *s) {
    uint8_t *chunk = web->chunk;
    size_t n = s->len - s->at;
    if (!s->answering) return 0;
    EK_ASSERT(s->at <= s->len);
    if (n > CHUNK) n = CHUNK;
    if (n) memcpy(chunk + LWS_PRE, s->body + s->at, n);
    s->at += n;
    int last = s->at == s->len;
    if ((n || last) && lws.write(wsi, chunk + LWS_PRE, n, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if (!last) {
        lws.callback_on_writable(wsi);
        return 0;
    }
    s->answering = 0;
    free(s->owned);
    s->owned = NULL;
    return s->refuse_later || lws.http_transaction_completed(wsi) ? -1 : 0;
}

int web_result_json(const web_msg *m, char *out, size_t cap) {
    static const char *const names[SYS_WEB_COMMANDS] = {"",        "pause", "resume", "rebalance",
                                                        "flatten", "paper", "live"};
    char text[2 * SYS_WEB_TEXT + 1];
    size_t n = 0;
    for (uint32_t i = 0; i < m->len && i < SYS_WEB_TEXT; i++) {
        char c = m->text[i];
        if (c == '"' || c == '\\') text[n++] = '\\';
        if ((unsigned char)c >= 0x20) text[n++] = c;
    }
    text[n] = 0;
    return snprintf(
        out, cap, "{\"type\":\"COMMAND_RESULT\",\"data\":{\"command\":\"%s\",\"ok\":%s,\"message\":\"%s\"}}",
        names[m->command < SYS_WEB_COMMANDS ? m->command : 0], m->ok ? "true" : "false", text);
}

/* --- what a request is allowed */

int web_header(struct lws *wsi, enum lws_token_indexes which, char *out, int cap) {
    int n = lws.hdr_copy(wsi, out, cap, which);
    return n > 0 ? n : 0;
}

int web_from_here(struct lws *wsi) {
    char host[136], origin[160];
    int h = web_header(wsi, WSI_TOKEN_HOST, host, sizeof host);
    if (!h || !web_guard_host(&web->settings->guard, host, (size_t)h)) return 0;
    if (lws.hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0) return 1;
    int o = web_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin);
    return o && web_guard_origin(origin, (size_t)o, host, (size_t)h);
}

static int has_token(struct lws *wsi) {
    char value[7 + WEB_TOKEN_MAX + 8];
    int n = web_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, value, sizeof value);
    return n && web_guard_bearer(&web->settings->guard, value, (size_t)n);
}

int web_too_fast(void) {
    int64_t now = sys_mono_ms();
    int64_t more = (now - web->tokens_at_ms) * REQUESTS_A_SECOND / 1000;
    if (more > 0) {
        web->tokens = more + web->tokens > REQUESTS_BURST ? REQUESTS_BURST : web->tokens + (int)more;
        web->tokens_at_ms = now;
    }
    if (web->tokens == 0) return 1;
    web->tokens--;
    return 0;
}

/* A wrong token is answered late and costs the connection: guessing is slow, and nobody else waits for it. */
static int refuse_token(struct lws *wsi, session *s) {
    web_link(s, wsi);
    s->refuse_later = 1;
    lws.set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, SEND_S);
    lws.set_timer_usecs(wsi, WRONG_TOKEN_US);
    return 0;
}

/* --- routes */

static int get_metrics(struct lws *wsi, session *s) {
    char *out = malloc(SYS_METRICS_TEXT);
    size_t n = 0;
    if (out) {
        n = sys_metrics_text(&web->snapshot.metrics, out, SYS_METRICS_TEXT - 256);
        int k =
            snprintf(out + n, 256,
                     "# HELP evenkeel_web_clients Open WebSockets of the page.\n# TYPE evenkeel_web_clients "
                     "gauge\nevenkeel_web_clients %u\n"
                     "# HELP evenkeel_up 1 while ticks complete.\n# TYPE evenkeel_up gauge\nevenkeel_up %d\n",
                     web->sockets, web_snapshot_healthy(&web->snapshot, sys_mono_ms(), (char[160]){0}, 160));
        n += k > 0 && k < 256 ? (size_t)k : 0;
    }
    return web_give(wsi, s, 200, "text/plain; version=0.0.4; charset=utf-8", (uint8_t *)out, n);
}

static int get_status(struct lws *wsi, session *s) {
    if (!web->snapshot.have) return web_say(wsi, s, 503, "no status yet: the first tick has not ended\n");
    uint8_t *out = malloc(web->snapshot.status_len + 1);
    if (out) memcpy(out, web->snapshot.status, web->snapshot.status_len);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the session owns it; web_unlink frees */
    return web_give(wsi, s, 200, "application/json", out, web->snapshot.status_len);
}

static int get_history(struct lws *wsi, session *s) {
    char query[96];
    int64_t since = 0;
    uint32_t points = 1500;
    int total = lws.hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS), n = 0;
    if (total > 0) {
        /* libwebsockets keeps the arguments as fragments, cut at each &. */
        char part[48];
        for (int i = 0;
             i < 8 && lws.hdr_copy_fragment(wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
            int k = snprintf(query + n, sizeof query - (size_t)n, "%s%s", n ? "&" : "", part);
            if (k < 0 || n + k >= (int)sizeof query) return web_say(wsi, s, 400, "the query is too long\n");
            n += k;
        }
        if (n == 0 || !web_guard_query(query, (size_t)n, &since, &points))
            return web_say(wsi, s, 400, "known: since=UNIX_SECONDS and points=1..5000\n");
    }
    size_t len = 0;
    if (web->history == NULL) web->history = web_history_open(web->settings->history);
    char *out = web_history_json(web->history, &web->snapshot.tail, since, points, &len);
    return web_give(wsi, s, 200, "application/json", (uint8_t *)out, len);
}

static int get_health(struct lws *wsi, session *s) {
    char *out = malloc(200);
    int ok = 0;
    size_t n = 0;
    if (out) {
        ok = web_snapshot_healthy(&web->snapshot, sys_mono_ms(), out, 190);
        n = strlen(out);
        out[n++] = '\n';
    }
    return web_give(wsi, s, ok ? 200 : 503, "text/plain; charset=utf-8", (uint8_t *)out, n);
}

static int get_page(struct lws *wsi, session *s) {
    char encodings[128];
    int n = web_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, encodings, sizeof encodings);
    if (!n || strcasestr(encodings, "gzip") == NULL)
        return web_say(wsi, s, 406,
                       "the page is kept compressed: ask with Accept-Encoding: gzip (curl --compressed)\n");
    return answer(wsi, s, 200, "text/html; charset=utf-8", web_page_gz, web_page_gz_len, NULL, 1);
}

static sys_web_command command_of(const char *path, size_t len) {
    static const struct {
        const char *path;
        sys_web_command command;
    } known[] = {
        {"/api/pause", SYS_WEB_PAUSE},         {"/api/stop", SYS_WEB_PAUSE},
        {"/api/resume", SYS_WEB_RESUME},       {"/api/start", SYS_WEB_RESUME},
        {"/api/rebalance", SYS_WEB_REBALANCE}, {"/api/flatten", SYS_WEB_FLATTEN},
        {"/api/paper", SYS_WEB_PAPER},         {"/api/live", SYS_WEB_LIVE},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].path) == len && memcmp(path, known[i].path, len) == 0) return known[i].command;
    return SYS_WEB_NONE;
}

static int is(const char *path, size_t len, const char *want) {
    return strlen(want) == len && memcmp(path, want, len) == 0;
}

static int get(struct lws *wsi, session *s, const char *path, size_t len) {
    int data = is(path, len, "/api/status") || is(path, len, "/api/history") || is(path, len, "/metrics");
    if (is(path, len, "/")) return get_page(wsi, s);
    if (is(path, len, "/healthz")) return get_health(wsi, s);
    if (is(path, len, "/favicon.ico"))
        return answer(wsi, s, 204, "image/x-icon", (const uint8_t *)"", 0, NULL, 0);
    if (!data)
        return command_of(path, len) ? web_say(wsi, s, 405, "commands are POST requests\n")
                                     : web_say(wsi, s, 404, "no such page\n");
    if (!web->settings->guard.open_read && !has_token(wsi))
        return lws.hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION) > 0
                   ? refuse_token(wsi, s)
                   : web_say(wsi, s, 401, "a token is needed: Authorization: Bearer TOKEN\n");
    if (is(path, len, "/metrics")) return get_metrics(wsi, s);
    return is(path, len, "/api/status") ? get_status(wsi, s) : get_history(wsi, s);
}

int web_send_command(struct lws *wsi, session *s) {
    int64_t now = sys_mono_ms();
    web_msg m = {.kind = WEB_MSG_COMMAND, .command = s->command};
    if (now - web->command_ms < COMMAND_REST_MS)
        return web_say(wsi, s, 429, "one command after the other: wait a moment\n");
    web->command_ms = now;
    if (++web->next_id == 0) web->next_id = 1;
    m.id = web->next_id;
    web_link(s, wsi);
    s->waiting_id = m.id;
    s->waiting_since_ms = now;
    lws.set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, SEND_S);
    if (send(WEB_FD_SOCKET, &m, sizeof m, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof m)
        return web_say(wsi, s, 503, "the agent does not take commands now; it may be stopped\n");
    return 0;
}

static int post(struct lws *wsi, session *s, const char *path, size_t len) {
    char length[24];
    sys_web_command c = command_of(path, len);
    s->refuse_later = 1; /* a refused body is not read: the connection ends with the answer */
    if (c == SYS_WEB_NONE) return web_say(wsi, s, 404, "no such command\n");
    if (web->settings->guard.token_len == 0)
        return web_say(wsi, s, 403, "controls are off: [web] token_file names no token\n");
    if (lws.hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION) <= 0)
        return web_say(wsi, s, 401, "a token is needed: Authorization: Bearer TOKEN\n");
    if (!has_token(wsi)) return refuse_token(wsi, s);
    s->command = c;
    s->body_in = 0;
    if (lws.hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0) {
        int n = web_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof length);
        char *end;
        unsigned long v = n ? strtoul(length, &end, 10) : ~0ul;
        if (v > BODY_MAX) return web_say(wsi, s, 413, "a command has no body\n");
        s->refuse_later = 0;
        return v ? 0 : web_send_command(wsi, s); /* with a body: when it is whole; it is not looked at */
    }
    /* no length: whatever follows is not read, the connection ends with the answer */
    return web_send_command(wsi, s);
}

int web_request(struct lws *wsi, session *s, const char *path, size_t len) {
    free(s->owned);
    s->owned = NULL;
    s->answering = s->refuse_later = 0;
    s->waiting_id = 0;
    s->command = SYS_WEB_NONE;
    web_link(s, wsi);
    if (web_too_fast()) {
        s->refuse_later = 1;
        return web_say(wsi, s, 429, "too many requests\n");
    }
    if (!web_from_here(wsi)) {
        s->refuse_later = 1;
        return web_say(
            wsi, s, 403,
            "this name or origin is not allowed; [web] names lists the names the page is reached under\n");
    }
    int is_get = lws.hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0,
        is_post = lws.hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;
    if (!is_get && !is_post) {
        s->refuse_later = 1;
        return web_say(wsi, s, 405,
                       lws.hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0 ? "" : "GET and POST only\n");
    }
    return is_get ? get(wsi, s, path, len) : post(wsi, s, path, len);
}
