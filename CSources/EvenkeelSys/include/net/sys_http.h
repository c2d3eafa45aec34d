/* sys_http.h - JSON-RPC over HTTP(S): libcurl's multi interface behind a few calls.
 *
 * One sys_http serves all endpoints of an agent. Every endpoint has SYS_HTTP_LANES reusable transfers that
 * share one connection cache, so polls ride on a kept-alive connection. All memory is taken in
 * sys_http_new/add: after that a post copies its body into the lane's own buffer and an answer lands in the
 * lane's own buffer.
 *
 * What is refused, always: redirects, any scheme but https (http only to a loopback host), compressed answers
 * (none is asked for), answers over SYS_HTTP_ANSWER_MAX bytes. TLS certificates and host names are verified
 * against /etc/ssl/certs (CURLOPT_CAPATH; loading the whole bundle costs 30 ms and 1.3 MB).
 *
 * Every accepted post yields exactly one result, also when it times out. Not thread-safe. */
#ifndef SYS_HTTP_H
#define SYS_HTTP_H

#include <stddef.h>
#include <stdint.h>

enum {
    SYS_HTTP_ENDPOINTS = 8,
    SYS_HTTP_LANES = 4,
    SYS_HTTP_BODY_MAX = 8192, /* a sendTransaction body is under 2 KB, the largest account list about 5 KB */
    SYS_HTTP_ANSWER_MAX = 1 << 20
};

typedef struct sys_http sys_http;

typedef enum {
    SYS_HTTP_OK = 0,  /* an HTTP answer arrived whole; look at `status` */
    SYS_HTTP_TIMEOUT, /* nothing is known about what the server did */
    /* of the next five none was delivered */
    SYS_HTTP_CONNECT,     /* refused */
    SYS_HTTP_UNREACHABLE, /* no way to the host */
    SYS_HTTP_NAME,        /* its name was not found */
    SYS_HTTP_PROXY,       /* the proxy that the environment names was not found, refused or said no */
    SYS_HTTP_TLS,         /* certificate or handshake */
    SYS_HTTP_BROKEN,      /* closed or garbled half-way: nothing is known */
    SYS_HTTP_TOO_LARGE    /* answer over the limit, cut off */
} sys_http_kind;

typedef struct {
    uint32_t id;               /* as given to sys_http_post */
    int endpoint;
    sys_http_kind kind;
    long status;               /* HTTP status, 0 when none arrived */
    const uint8_t *body;       /* valid until the next sys_http_post or sys_http_next */
    size_t body_len;
    uint32_t latency_us;
    int64_t retry_after_s;     /* Retry-After of a 429 or 503, else 0 */
    int64_t requests_left; /* what the server says is left of the client's rate limit
                              (x-ratelimit-rps-remaining and kin); -1: it does not say */
    const char *error;         /* libcurl's words for kinds other than OK, without the URL */
} sys_http_result;

/* Loads libcurl, which takes some milliseconds: before the process shuts itself in. NULL when that or memory
 * fails; sys_http_trouble then says why. Also ignores SIGPIPE for the process. */
sys_http *sys_http_new(void);
const char *sys_http_trouble(void);
void sys_http_free(sys_http *h);

/* Adds an endpoint; returns its index, or -1 when there are 8, the URL is too long (2047), or its scheme is
 * not allowed. */
int sys_http_add(sys_http *h, const char *url);

/* Side requests in the same loop: SYS_HTTP_HOOKS targets beside the endpoints, one transfer each, so that a
 * slow or dead one delays nothing. Sets target `which` (0 based); its results come from sys_http_next with
 * endpoint SYS_HTTP_ENDPOINTS + which, and that is its number for sys_http_post, too. An empty body is sent
 * as a GET, anything else as a POST of content_type. What it answers is cut off at 4 KB. 0, or -1 (URL not
 * allowed, no memory). */
enum { SYS_HTTP_HOOKS = 2 };
int sys_http_hook(sys_http *h, int which, const char *url, const char *content_type);

/* 1 when the URL is https, or http to localhost, 127.0.0.0/8 or [::1]. */
int sys_http_url_allowed(const char *url);

/* Starts a POST. 0; -1 when the body is too large or all lanes of the endpoint are busy (nothing was sent).
 */
int sys_http_post(sys_http *h, int endpoint, uint32_t id, const uint8_t *body, size_t len,
                  uint32_t timeout_ms);

/* Transfers under way. */
int sys_http_busy(const sys_http *h);

/* Works on transfers and waits until one ends, an fd of `fds` is readable, or `timeout_ms` passed.
 * Bit i of the result is set when fds[i] is readable. At most 8 fds. */
uint32_t sys_http_wait(sys_http *h, const int *fds, int n_fds, int timeout_ms);

/* Takes the next finished transfer; 0 when there is none. */
int sys_http_next(sys_http *h, sys_http_result *out);

#endif
