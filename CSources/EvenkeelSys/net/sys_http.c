#include "net/sys_http.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sys_clock.h"
#include "base/sys_number.h"
#include "sys_curl.h"

typedef struct {
    CURL *easy;
    int endpoint;
    int busy;
    uint32_t id;
    uint8_t *body;               /* SYS_HTTP_BODY_MAX; untouched pages cost nothing */
    uint8_t *answer;             /* SYS_HTTP_ANSWER_MAX */
    size_t answer_len;
    int too_large;
    size_t answer_max;
    int proxied;                      /* the environment sends it through a proxy */
    struct curl_slist *own_headers;   /* of a hook */
} lane;

enum {
    HOOK_ANSWER_MAX = 4096,
    OWN_FDS = 8,
    SOCKETS = 5
              * (SYS_HTTP_ENDPOINTS * SYS_HTTP_LANES
                 + SYS_HTTP_HOOKS) /* a transfer has at most five in libcurl: addresses tried side by side,
                                      the resolver */
};

struct sys_http {
    CURLM *multi;
    /* the caller's descriptors end at OWN_FDS, libcurl's sockets begin there: one poll for all */
    struct pollfd set[OWN_FDS + SOCKETS];
    nfds_t n_sockets;
    /* when libcurl wants to be called though no socket is ready; -1: it does not */
    int64_t due_ms;
    struct curl_slist *headers;
    int n_endpoints;
    lane lanes[SYS_HTTP_ENDPOINTS][SYS_HTTP_LANES];
    lane hooks[SYS_HTTP_HOOKS];
};

/* Lane i of target e, endpoint or hook; NULL past the last one. */
static lane *lane_of(sys_http *h, int e, int i) {
    if (e < 0 || i >= (e < SYS_HTTP_ENDPOINTS ? SYS_HTTP_LANES : 1)) return NULL;
    if (e < SYS_HTTP_ENDPOINTS) return e < h->n_endpoints ? &h->lanes[e][i] : NULL;
    return e < SYS_HTTP_ENDPOINTS + SYS_HTTP_HOOKS && h->hooks[e - SYS_HTTP_ENDPOINTS].easy
               ? &h->hooks[e - SYS_HTTP_ENDPOINTS]
               : NULL;
}

static void free_lane(sys_http *h, lane *l) {
    if (l->easy) {
        if (l->busy) curl.multi_remove_handle(h->multi, l->easy);
        curl.easy_cleanup(l->easy);
    }
    if (l->own_headers) curl.slist_free_all(l->own_headers);
    free(l->body);
    free(l->answer);
    memset(l, 0, sizeof *l);
}

/* ---- what libcurl waits for ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *mine) {
    (void)easy, (void)mine;
    sys_http *h = user;
    struct pollfd *sockets = h->set + OWN_FDS;
    nfds_t i = 0;
    while (i < h->n_sockets && sockets[i].fd != fd) i++;
    if (what == CURL_POLL_REMOVE) {
        if (i < h->n_sockets) sockets[i] = sockets[--h->n_sockets];
        return 0;
    }
    if (i == SOCKETS) return -1;
    if (i == h->n_sockets) h->n_sockets++;
    sockets[i] = (struct pollfd){
        .fd = fd,
        .events = (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0))};
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *user) {
    (void)multi;
    sys_http *h = user;
    /* A millisecond later than asked for rather than a fraction of one too early: then it would only ask
     * again. */
    h->due_ms = ms < 0 ? -1 : sys_mono_ms() + ms + (ms > 0);
    return 0;
}

/* Told what is ready, libcurl asks the kernel no second time. An error shows when it reads or writes, with
 * its number. */
static int bits_of(const struct pollfd *p) {
    int bits = 0;
    if (p->events & POLLIN && p->revents & (POLLIN | POLLHUP | POLLERR)) bits |= CURL_CSELECT_IN;
    if (p->events & POLLOUT && p->revents & (POLLOUT | POLLHUP | POLLERR)) bits |= CURL_CSELECT_OUT;
    return bits ? bits : CURL_CSELECT_ERR;
}

static void act(sys_http *h) {
    struct { int fd, bits; } ready[SOCKETS];
    int n = 0, running;
    for (nfds_t i = OWN_FDS; i < OWN_FDS + h->n_sockets; i++) {
        if (h->set[i].revents) ready[n].fd = h->set[i].fd, ready[n++].bits = bits_of(&h->set[i]);
    }
    /* which may change the set */
    for (int i = 0; i < n; i++) curl.multi_socket_action(h->multi, ready[i].fd, ready[i].bits, &running);
    if (h->due_ms < 0 || sys_mono_ms() < h->due_ms) return;
    h->due_ms = -1;
    curl.multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static const char *trouble = "";

const char *sys_http_trouble(void) { return trouble; }

sys_http *sys_http_new(void) {
    signal(SIGPIPE, SIG_IGN);
    trouble = curl_load();
    if (trouble != NULL) return NULL;
    trouble = "libcurl could not be initialised";
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != 0) return NULL;
    sys_http *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->multi = curl.multi_init();
    h->due_ms = -1;
    if (h->multi
        && (curl.multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket)
            || curl.multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h)
            || curl.multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer)
            || curl.multi_setopt(h->multi, CURLMOPT_TIMERDATA, h))) {
        sys_http_free(h);
        return NULL;
    }
    h->headers = curl.slist_append(NULL, "Content-Type: application/json");
    if (h->headers) {
        /* "Expect: 100-continue" would cost a round trip on larger bodies. */
        struct curl_slist *more = curl.slist_append(h->headers, "Expect:");
        if (more) h->headers = more;
    }
    if (!h->multi || !h->headers) {
        sys_http_free(h);
        return NULL;
    }
    return h;
}

void sys_http_free(sys_http *h) {
    if (!h) return;
    for (int e = 0; e < SYS_HTTP_ENDPOINTS; e++) {
        for (int i = 0; i < SYS_HTTP_LANES; i++) free_lane(h, &h->lanes[e][i]);
    }
    for (int i = 0; i < SYS_HTTP_HOOKS; i++) free_lane(h, &h->hooks[i]);
    if (h->headers) curl.slist_free_all(h->headers);
    if (h->multi) curl.multi_cleanup(h->multi);
    free(h);
}

/* The host part of an http URL must be a loopback address; curl's own URL parser decides what the host is,
 * so what is checked is what will be connected to. */
int sys_http_url_allowed(const char *url) {
    CURLU *u = curl_load() == NULL ? curl.url() : NULL;
    if (!u) return 0;
    char *scheme = NULL, *host = NULL;
    int ok = 0;
    if (curl.url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK
        && curl.url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
        && curl.url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        if (strcmp(scheme, "https") == 0) {
            ok = 1;
        } else if (strcmp(scheme, "http") == 0) {
            unsigned a, b, c, d;
            char tail;
            ok = strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0
                 || (sscanf(host, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &tail) == 4 && a == 127 && b < 256
                     && c < 256 && d < 256);
        }
    }
    curl.free(scheme);
    curl.free(host);
    curl.url_cleanup(u);
    return ok;
}

static size_t on_data(char *data, size_t size, size_t n, void *user) {
    lane *l = user;
    size_t len = size * n;
    if (len > l->answer_max - l->answer_len) {
        if (l->answer_max == HOOK_ANSWER_MAX) return len; /* nobody reads the rest of a hook's answer */
        l->too_large = 1;
        return 0;
    }
    memcpy(l->answer + l->answer_len, data, len);
    l->answer_len += len;
    return len;
}

/* As libcurl decides it: only https leaves this machine, and NOPROXY below is the whole list of exceptions.
 */
static int goes_through_proxy(const char *url) {
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    if (strncasecmp(url, "https:", 6) != 0) return 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *set = getenv(names[i]);
        if (set != NULL && set[0] != 0) return 1;
    }
    return 0;
}

static int set_up(lane *l, const char *url, struct curl_slist *headers, size_t answer_max) {
    l->easy = curl.easy_init();
    l->body = malloc(SYS_HTTP_BODY_MAX);
    l->answer = malloc(answer_max);
    l->answer_max = answer_max;
    l->proxied = goes_through_proxy(url);
    if (!l->easy || !l->body || !l->answer) return -1;
    CURL *c = l->easy;
    CURLcode bad = CURLE_OK;
#define SET(option, value)                                   \
    do {                                                     \
        CURLcode rc_ = curl.easy_setopt(c, option, value);   \
        if (rc_ != CURLE_OK) bad = rc_;                      \
    } while (0)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_USERAGENT, "evenkeel");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_BUFFERSIZE, 16384L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, "/etc/ssl/certs");
    SET(CURLOPT_WRITEFUNCTION, on_data);
    SET(CURLOPT_WRITEDATA, l);
    SET(CURLOPT_PRIVATE, l);
    if (answer_max == SYS_HTTP_ANSWER_MAX) SET(CURLOPT_MAXFILESIZE, (long)SYS_HTTP_ANSWER_MAX);
    SET(CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    SET(CURLOPT_POST, 1L);
#undef SET
    return bad == CURLE_OK ? 0 : -1;
}

int sys_http_add(sys_http *h, const char *url) {
    if (h->n_endpoints >= SYS_HTTP_ENDPOINTS || strlen(url) > 2047 || !sys_http_url_allowed(url)) return -1;
    int e = h->n_endpoints++;
    for (int i = 0; i < SYS_HTTP_LANES; i++) {
        h->lanes[e][i].endpoint = e;
        if (set_up(&h->lanes[e][i], url, h->headers, SYS_HTTP_ANSWER_MAX) != 0) return -1;
    }
    return e;
}

int sys_http_hook(sys_http *h, int which, const char *url, const char *content_type) {
    if (which < 0 || which >= SYS_HTTP_HOOKS || strlen(url) > 2047 || !sys_http_url_allowed(url)) return -1;
    lane *l = &h->hooks[which];
    char line[128];
    free_lane(h, l);
    snprintf(line, sizeof line, "Content-Type: %s", content_type);
    l->own_headers = curl.slist_append(NULL, line);
    struct curl_slist *more = l->own_headers ? curl.slist_append(l->own_headers, "Expect:") : NULL;
    l->endpoint = SYS_HTTP_ENDPOINTS + which;
    if (!more || set_up(l, url, more, HOOK_ANSWER_MAX) != 0) {
        free_lane(h, l);
        return -1;
    }
    return 0;
}

int sys_http_post(sys_http *h, int endpoint, uint32_t id, const uint8_t *body, size_t len,
                  uint32_t timeout_ms) {
    if (len > SYS_HTTP_BODY_MAX) return -1;
    lane *l = NULL;
    for (int i = 0; (l = lane_of(h, endpoint, i)) != NULL && l->busy; i++) {}
    if (!l) return -1;
    if (len > 0) memcpy(l->body, body, len);
    l->answer_len = 0;
    l->too_large = 0;
    l->id = id;
    if (len == 0) {
        curl.easy_setopt(l->easy, CURLOPT_HTTPGET, 1L);
    } else {
        curl.easy_setopt(l->easy, CURLOPT_POST, 1L);
        curl.easy_setopt(l->easy, CURLOPT_POSTFIELDS, (const char *)l->body);
        curl.easy_setopt(l->easy, CURLOPT_POSTFIELDSIZE, (long)len);
    }
    curl.easy_setopt(l->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl.easy_setopt(l->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    if (curl.multi_add_handle(h->multi, l->easy) != CURLM_OK) return -1;
    l->busy = 1;
    int running;
    curl.multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running); /* begins at once */
    return 0;
}

int sys_http_busy(const sys_http *h) {
    int n = 0;
    for (int e = 0; e < h->n_endpoints; e++) {
        for (int i = 0; i < SYS_HTTP_LANES; i++) n += h->lanes[e][i].busy;
    }
    for (int i = 0; i < SYS_HTTP_HOOKS; i++) n += h->hooks[i].busy;
    return n;
}

uint32_t sys_http_wait(sys_http *h, const int *fds, int n_fds, int timeout_ms) {
    if (n_fds > OWN_FDS) n_fds = OWN_FDS;
    struct pollfd *own = h->set + OWN_FDS - n_fds;
    for (int i = 0; i < n_fds; i++) own[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    int64_t wait_ms = timeout_ms < 0 ? 0 : timeout_ms;
    if (h->due_ms >= 0) {
        int64_t left_ms = h->due_ms - sys_mono_ms();
        if (left_ms < wait_ms) wait_ms = left_ms < 0 ? 0 : left_ms;
    }
    if (poll(own, (nfds_t)n_fds + h->n_sockets, (int)wait_ms) < 0) return 0; /* a signal */
    act(h);
    uint32_t ready = 0;
    for (int i = 0; i < n_fds; i++) {
        if (own[i].revents) ready |= 1u << i;
    }
    return ready;
}

/* Behind a proxy it is the proxy that was called. */
static sys_http_kind no_connection(const lane *l) {
    long os_errno = 0;
    if (l->proxied) return SYS_HTTP_PROXY;
    curl.easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &os_errno);
    return os_errno == 0 || os_errno == ECONNREFUSED ? SYS_HTTP_CONNECT : SYS_HTTP_UNREACHABLE;
}

/* The proxy's own answer to CONNECT, when it is not 200: 403, 407, 502 ... */
static int proxy_said_no(const lane *l) {
    long status = 0;
    curl.easy_getinfo(l->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return l->proxied && status != 0 && status / 100 != 2;
}

static sys_http_kind kind_of(CURLcode code, const lane *l) {
    if (l->too_large) return SYS_HTTP_TOO_LARGE;
    switch (code) {
    case CURLE_OK: return SYS_HTTP_OK;
    case CURLE_OPERATION_TIMEDOUT: return SYS_HTTP_TIMEOUT;
    case CURLE_FILESIZE_EXCEEDED: return SYS_HTTP_TOO_LARGE;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return SYS_HTTP_PROXY;
    case CURLE_COULDNT_RESOLVE_HOST: return SYS_HTTP_NAME;
    case CURLE_COULDNT_CONNECT: return no_connection(l);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR: return SYS_HTTP_TLS;
    default: return proxy_said_no(l) ? SYS_HTTP_PROXY : SYS_HTTP_BROKEN;
    }
}

int sys_http_next(sys_http *h, sys_http_result *out) {
    int left;
    CURLMsg *m;
    while ((m = curl.multi_info_read(h->multi, &left))) {
        if (m->msg != CURLMSG_DONE) continue;
        CURLcode code = m->data.result;
        CURL *easy = m->easy_handle;
        char *private_ptr = NULL;
        curl.easy_getinfo(easy, CURLINFO_PRIVATE, &private_ptr);
        lane *l = (lane *)(void *)private_ptr;
        curl_off_t us = 0, retry = 0;
        memset(out, 0, sizeof *out);
        curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &out->status);
        curl.easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
        curl.easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry);
        struct curl_header *left_now = NULL;
        out->requests_left = -1;
        for (int i = 0; i < 3 && left_now == NULL; i++) {
            static const char *const names[] = {"x-ratelimit-rps-remaining", "x-ratelimit-remaining",
                                                "ratelimit-remaining"};
            int64_t v;
            if (curl.easy_header(easy, names[i], 0, CURLH_HEADER, -1, &left_now) != CURLHE_OK)
                left_now = NULL;
            else if (sys_parse_i64(left_now->value, 0, INT64_MAX, &v)) out->requests_left = v;
        }
        curl.multi_remove_handle(h->multi, easy);
        l->busy = 0;
        out->id = l->id;
        out->endpoint = l->endpoint;
        out->kind = kind_of(code, l);
        out->body = l->answer;
        out->body_len = l->answer_len;
        out->latency_us = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
        out->retry_after_s = retry < 0 ? 0 : (retry > 3600 ? 3600 : (int64_t)retry);
        out->error = code == CURLE_OK ? "" : curl.easy_strerror(code);
        return 1;
    }
    return 0;
}
