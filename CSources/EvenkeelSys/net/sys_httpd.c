/* The server: one libwebsockets protocol; a connection holds its request body and its answer. */
#include "net/sys_httpd.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys_lws.h"

struct sys_httpd {
    struct lws_context *context;
    struct lws_vhost *vhost;
    sys_httpd_handler handler;
    sys_httpd_timer timer;
    void *user;
    lws_sorted_usec_list_t sul;
    uint64_t every_us;
};

enum { HEAD_MAX = 1024, BODY_AT = LWS_PRE + HEAD_MAX };

/* libwebsockets zeroes this for a new connection. */
struct session {
    char path[128];
    int is_post;
    uint8_t *in;
    size_t in_len, in_cap;
    /* room for LWS_PRE bytes and the head, then the body: they are sent in one piece, as nodes do */
    uint8_t *out;
    size_t out_len, out_cap;
    int status, plain, ready;
};

static int grow(uint8_t **buf, size_t *cap, size_t need) {
    if (need <= *cap) return 0;
    size_t n = *cap ? *cap : 4096;
    while (n < need) n *= 2;
    uint8_t *p = realloc(*buf, n);
    if (!p) return -1;
    *buf = p;
    *cap = n;
    return 0;
}

static int keep_answer(struct session *s, const uint8_t *body, size_t len, int status, int plain) {
    if (grow(&s->out, &s->out_cap, BODY_AT + len + 1)) return -1;
    if (len) memcpy(s->out + BODY_AT, body, len);
    s->out_len = len;
    s->status = status;
    s->plain = plain;
    s->ready = 1;
    return 0;
}

static int refuse(struct lws *wsi, struct session *s, int status, const char *text) {
    if (keep_answer(s, (const uint8_t *)text, strlen(text), status, 1)) return -1;
    lws.callback_on_writable(wsi);
    return 0;
}

int sys_httpd_body(sys_httpd_answer *a, const void *body, size_t len) {
    return keep_answer(a->session, body, len, 200, 0);
}

static int ask(struct sys_httpd *h, struct lws *wsi, struct session *s) {
    sys_httpd_answer a = {200, 0, 0, 0, s};
    s->out_len = 0;
    if (grow(&s->out, &s->out_cap, BODY_AT + 1)) return -1;
    h->handler(h->user, s->is_post, s->path, s->in ? s->in : (const uint8_t *)"", s->in_len, &a);
    s->in_len = 0;
    if (a.close) return -1;
    s->status = a.status;
    s->plain = a.plain;
    s->ready = 1;
    if (a.delay_ms > 0) {
        lws.set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
        lws.set_timer_usecs(wsi, (lws_usec_t)a.delay_ms * 1000);
    } else {
        lws.callback_on_writable(wsi);
    }
    return 0;
}

static int begin(struct sys_httpd *h, struct lws *wsi, struct session *s, const char *path, size_t len) {
    char num[24];
    s->in_len = 0;
    s->ready = 0;
    s->is_post = lws.hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;
    if (!s->is_post && lws.hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0)
        return refuse(wsi, s, 405, "Used HTTP Method is not allowed. POST or OPTIONS is required\n");
    if (len >= sizeof s->path) len = sizeof s->path - 1;
    memcpy(s->path, path, len);
    s->path[len] = 0;
    if (!s->is_post) return ask(h, wsi, s);
    if (lws.hdr_copy(wsi, num, sizeof num, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0) return ask(h, wsi, s);
    unsigned long long n = strtoull(num, NULL, 10);
    if (n > SYS_HTTPD_MAX_BODY) {
        /* The rest of the body is not wanted: answer and close. */
        return -1;
    }
    if (n == 0) return ask(h, wsi, s);
    if (grow(&s->in, &s->in_cap, (size_t)n)) return -1;
    return 0; /* the body follows */
}

static int answer(struct lws *wsi, struct session *s) {
    uint8_t head[HEAD_MAX], *p = head, *end = head + sizeof head - 1;
    if (!s->ready) return 0;
    s->ready = 0;
    if (lws.add_http_common_headers(wsi, (unsigned)s->status, s->plain ? "text/plain" : "application/json",
                                    s->out_len, &p, end))
        return -1;
    if (lws.finalize_http_header(wsi, &p, end)) return -1;
    size_t n = (size_t)(p - head);
    memcpy(s->out + BODY_AT - n, head, n);
    if (lws.write(wsi, s->out + BODY_AT - n, n + s->out_len, LWS_WRITE_HTTP_FINAL) < 0) return -1;
    return lws.http_transaction_completed(wsi) ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    struct session *s = user;
    struct sys_httpd *h = lws.context_user(lws.get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_HTTP: return begin(h, wsi, s, in, len);
    case LWS_CALLBACK_HTTP_BODY:
        if (s->in_len + len > SYS_HTTPD_MAX_BODY || grow(&s->in, &s->in_cap, s->in_len + len)) return -1;
        memcpy(s->in + s->in_len, in, len);
        s->in_len += len;
        return 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return ask(h, wsi, s);
    case LWS_CALLBACK_TIMER: lws.callback_on_writable(wsi); return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE: return answer(wsi, s);
    /* Between two requests of one kept-alive connection the session may be taken away without a close. */
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (s) {
            free(s->in);
            free(s->out);
            s->in = s->out = NULL;
            s->in_cap = s->out_cap = 0;
        }
        return 0;
    default: return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {"http", on_event, sizeof(struct session), 4096, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

sys_httpd *sys_httpd_open(int port, sys_httpd_handler handler, void *context, char *error, size_t error_cap) {
    struct lws_context_creation_info info;
    const char *bad = lws_load();
    if (bad) {
        snprintf(error, error_cap, "%s", bad);
        return NULL;
    }
    sys_httpd *h = calloc(1, sizeof *h);
    if (!h) {
        snprintf(error, error_cap, "out of memory");
        return NULL;
    }
    h->handler = handler;
    h->user = context;
    lws.set_log_level(0, NULL);
    memset(&info, 0, sizeof info);
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6;
    info.user = h;
    info.gid = -1;
    info.uid = -1;
    info.fd_limit_per_thread = 256;
    info.keepalive_timeout = 600;
    info.timeout_secs = 60;
    info.server_string = "evenkeel";
    h->context = lws.create_context(&info);
    if (!h->context) {
        snprintf(error, error_cap, "libwebsockets refused to start");
        free(h);
        return NULL;
    }
    info.port = port;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.vhost_name = "localhost";
    h->vhost = lws.create_vhost(h->context, &info);
    if (!h->vhost || sys_httpd_port(h) <= 0) {
        snprintf(error, error_cap, "cannot listen on 127.0.0.1:%d", port);
        lws.context_destroy(h->context);
        free(h);
        return NULL;
    }
    return h;
}

int sys_httpd_port(const sys_httpd *h) { return lws.get_vhost_listen_port(h->vhost); }

static void on_timer(lws_sorted_usec_list_t *sul) {
    sys_httpd *h = lws_container_of(sul, sys_httpd, sul);
    if (!h->timer || !h->every_us) return;
    lws.sul_schedule(h->context, 0, &h->sul, on_timer, (lws_usec_t)h->every_us);
    h->timer(h->user);
}

void sys_httpd_every(sys_httpd *h, sys_httpd_timer timer, uint64_t every_us) {
    h->timer = timer;
    h->every_us = every_us;
    lws.sul_schedule(h->context, 0, &h->sul, on_timer,
                     every_us ? (lws_usec_t)every_us : (lws_usec_t)LWS_SET_TIMER_USEC_CANCEL);
}

int sys_httpd_service(sys_httpd *h) {
    return lws.service(h->context, 0) < 0 ? -1 : 0;
}

int sys_httpd_run(sys_httpd *h, int stop_fd) {
    struct pollfd p = {stop_fd, POLLIN, 0};
    /* libwebsockets owns the wait; a heartbeat bounds how long the stop descriptor goes unlooked at. */
    for (;;) {
        if (sys_httpd_service(h) < 0) break;
        if (stop_fd >= 0 && poll(&p, 1, 0) > 0) break;
    }
    return 0;
}

void sys_httpd_close(sys_httpd *h) {
    if (!h) return;
    lws.context_destroy(h->context);
    free(h);
}
