/* The WebSockets of the page: nothing is queued, a client gets the newest when it can take it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sys_clock.h"
#include "sys_web_server.h"

void web_want(session *s, uint8_t what) {
    if (!s->allowed && what != WANT_TOKEN) return;
    if (!s->wants) s->blocked_ms = sys_mono_ms();
    s->wants |= what;
    lws.callback_on_writable(s->wsi);
}

static int put_frame(struct lws *wsi, size_t n) {
    return lws.write(wsi, web->frame + LWS_PRE, n, LWS_WRITE_TEXT) < 0 ? -1 : 0;
}

int web_socket_write(struct lws *wsi, session *s) {
    char *out = (char *)web->frame + LWS_PRE;
    size_t cap = sizeof web->frame - LWS_PRE, n = 0;
    if (s->wants & WANT_TOKEN) {
        s->wants &= (uint8_t)~WANT_TOKEN;
        n = (size_t)snprintf(out, cap, "{\"type\":\"TOKEN\",\"data\":{\"ok\":%s}}",
                             s->controls ? "true" : "false");
    } else if (s->wants & WANT_STATUS) {
        s->wants &= (uint8_t)~WANT_STATUS;
        memcpy(out, web->snapshot.status, web->snapshot.status_len);
        n = web->snapshot.have ? web->snapshot.status_len : 0;
    } else if (s->wants & WANT_RESULT) {
        if (web->results_made - s->next_result > RESULTS) s->next_result = web->results_made - RESULTS;
        if (s->next_result != web->results_made)
            n = (size_t)web_result_json(&web->results[s->next_result++ % RESULTS], out, cap);
        if (s->next_result == web->results_made) s->wants &= (uint8_t)~WANT_RESULT;
    } else if (s->wants & WANT_BEAT) {
        s->wants &= (uint8_t)~WANT_BEAT;
        n = web_snapshot_heartbeat(&web->snapshot, sys_mono_ms(), web->sockets,
                                   web->settings->guard.token_len != 0, out, cap);
    }
    s->blocked_ms = sys_mono_ms(); /* it took something: its time begins anew */
    if (n && put_frame(wsi, n) != 0) return -1;
    if (s->wants) lws.callback_on_writable(wsi);
    return 0;
}

int web_socket_open(struct lws *wsi, session *s) {
    memset(s, 0, sizeof *s);
    web_link(s, wsi);
    s->socket = 1;
    s->since_ms = sys_mono_ms();
    s->next_result = web->results_made;
    s->allowed = web->settings->guard.open_read;
    web->sockets++;
    lws.set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    web_want(s, WANT_STATUS | WANT_BEAT);
    return 0;
}

/* The only thing a page ever says: its token. A wrong one ends the connection after the wait that a wrong one
 * costs. */
int web_socket_heard(struct lws *wsi, session *s, const char *message, size_t len) {
    if (++s->messages > 8 || !lws.is_first_fragment(wsi) || !lws.is_final_fragment(wsi)
        || lws.frame_is_binary(wsi))
        return -1;
    if (web_guard_said(&web->settings->guard, message, len)) {
        s->allowed = s->controls = 1;
        web_want(s, WANT_TOKEN | WANT_STATUS | WANT_BEAT);
        return 0;
    }
    lws.set_timer_usecs(wsi, WRONG_TOKEN_US);
    return 0;
}

static int put_header(struct lws *wsi, const char *name, const char *value, uint8_t **p, uint8_t *end) {
    return lws.add_http_header_by_name(wsi, (const uint8_t *)name, (const uint8_t *)value, (int)strlen(value),
                                       p, end);
}

/* Before the upgrade: over here the answer is still plain HTTP. > 0: answered. */
int web_upgrade(struct lws *wsi, const char *to) {
    char uri[64];
    const char *why = NULL;
    unsigned status = 403;
    int n = web_header(wsi, WSI_TOKEN_GET_URI, uri, sizeof uri);
    if (to == NULL || strcmp(to, "websocket") != 0 || lws.hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
        status = 400, why = "unknown upgrade\n";
    else if (!web_from_here(wsi)) why = "this name or origin is not allowed\n";
    else if (n != 3 || memcmp(uri, "/ws", 3) != 0) status = 404, why = "no such page\n";
    else if (web->sockets >= SOCKETS_MAX || web_too_fast()) status = 503, why = "too many clients\n";
    if (why == NULL) return 0;
    uint8_t head[LWS_PRE + 512], *p = head + LWS_PRE, *end = head + sizeof head - 1;
    size_t len = strlen(why);
    if (lws.add_http_header_status(wsi, status, &p, end)
        || put_header(wsi, "content-type:", "text/plain", &p, end)
        || put_header(wsi, "connection:", "close", &p, end)
        || lws.add_http_header_content_length(wsi, (lws_filepos_t)len, &p, end)
        || lws.finalize_http_header(wsi, &p, end) || p + len >= end)
        return -1;
    memcpy(p, why, len);
    p += len;
    if (lws.write(wsi, head + LWS_PRE, (size_t)(p - head) - LWS_PRE, LWS_WRITE_HTTP_HEADERS) < 0) return -1;
    return -1;
}

void web_drop(session *s) {
    struct linger none = {1, 0};
    int fd = (int)lws.get_socket_fd(s->wsi);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    shutdown(fd, SHUT_RDWR);
    s->wants = 0;
    s->blocked_ms = INT64_MAX;
    lws.set_timeout(s->wsi, PENDING_TIMEOUT_HTTP_CONTENT, 1);
}
