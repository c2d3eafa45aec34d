#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "sys_web_internal.h"

int web_guard_token(web_guard *g, const uint8_t *bytes, size_t len) {
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r' || bytes[len - 1] == ' ')) len--;
    while (len > 0 && (bytes[0] == ' ' || bytes[0] == '\n')) bytes++, len--;
    if (len < WEB_TOKEN_MIN || len > WEB_TOKEN_MAX) return 0;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] <= 0x20 || bytes[i] > 0x7E) return 0;
    memset(g->token, 0, sizeof g->token);
    memcpy(g->token, bytes, len);
    g->token_len = len;
    return 1;
}

/* Splits "name:port" or "[v6]:port"; the port must be digits. */
static int host_name(const char *host, size_t len, char name[128]) {
    const char *end;
    size_t n;
    if (len == 0 || len > 127) return 0;
    if (host[0] == '[') {
        end = memchr(host, ']', len);
        if (end == NULL) return 0;
        host++;
        n = (size_t)(end - host);
        len -= n + 2;
        end++;
    } else {
        end = memchr(host, ':', len);
        n = end ? (size_t)(end - host) : len;
        end = host + n;
        len -= n;
    }
    if (n == 0) return 0;
    if (len > 0) {
        if (*end != ':' || len < 2 || len > 6) return 0;
        for (size_t i = 1; i < len; i++)
            if (end[i] < '0' || end[i] > '9') return 0;
    }
    memcpy(name, host, n);
    name[n] = 0;
    return memchr(name, 0, n) == NULL;
}

int web_guard_host(const web_guard *g, const char *host, size_t len) {
    char name[128];
    unsigned char address[16];
    if (!host_name(host, len, name)) return 0;
    if (host[0] == '[') return inet_pton(AF_INET6, name, address) == 1;
    if (inet_pton(AF_INET, name, address) == 1 || strcasecmp(name, "localhost") == 0) return 1;
    size_t n = strlen(name);
    for (const char *at = g->names; *at;) {
        size_t k = strcspn(at, ",");
        const char *from = at;
        size_t width = k;
        while (width > 0 && *from == ' ') from++, width--;
        while (width > 0 && from[width - 1] == ' ') width--;
        if (width == n && n > 0 && strncasecmp(from, name, n) == 0) return 1;
        at += k + (at[k] == ',');
    }
    return 0;
}

int web_guard_origin(const char *origin, size_t len, const char *host, size_t host_len) {
    size_t scheme = len > 7 && strncasecmp(origin, "http://", 7) == 0    ? 7
                    : len > 8 && strncasecmp(origin, "https://", 8) == 0 ? 8
                                                                         : 0;
    return scheme != 0 && len - scheme == host_len && strncasecmp(origin + scheme, host, host_len) == 0;
}

static int is_token(const web_guard *g, const char *said, size_t len) {
    char padded[WEB_TOKEN_MAX] = {0};
    int whole = len <= sizeof padded;
    memcpy(padded, said, whole ? len : sizeof padded);
    int same = sodium_memcmp(padded, g->token, sizeof padded) == 0;
    sodium_memzero(padded, sizeof padded);
    return same & whole & (len == g->token_len) & (g->token_len != 0);
}

int web_guard_bearer(const web_guard *g, const char *value, size_t len) {
    return len > 7 && strncasecmp(value, "Bearer ", 7) == 0 && is_token(g, value + 7, len - 7);
}

int web_guard_said(const web_guard *g, const char *message, size_t len) {
    return len > 6 && memcmp(message, "token ", 6) == 0 && is_token(g, message + 6, len - 6);
}

int web_guard_query(const char *query, size_t len, int64_t *since, uint32_t *points) {
    while (len > 0) {
        const char *end = memchr(query, '&', len);
        size_t n = end ? (size_t)(end - query) : len, key = 0;
        int which = 0;
        if (n > 6 && memcmp(query, "since=", 6) == 0) which = 1, key = 6;
        else if (n > 7 && memcmp(query, "points=", 7) == 0) which = 2, key = 7;
        if (!which || n - key > 12) return 0;
        int64_t v = 0;
        for (size_t i = key; i < n; i++) {
            if (query[i] < '0' || query[i] > '9') return 0;
            v = v * 10 + (query[i] - '0');
        }
        if (which == 1) *since = v;
        else if (v < 1 || v > 5000) return 0;
        else *points = (uint32_t)v;
        query += n + (end != NULL);
        len -= n + (end != NULL);
    }
    return 1;
}
