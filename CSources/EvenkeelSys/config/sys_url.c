/* URLs as evenkeel takes them: scheme, host and port are read here; the rest is the HTTP client's. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/sys_config.h"
#include "sys_config_table.h"

/* The part between "//" and the first of / ? # (the user's name and password inside it). 0 when there is no
 * "scheme://". */
static int authority_of(const char *url, const char **start, size_t *n, char *scheme) {
    if (strncasecmp(url, "https://", 8) == 0) *scheme = 's';
    else if (strncasecmp(url, "http://", 7) == 0) *scheme = 'h';
    else return 0;
    *start = url + (*scheme == 's' ? 8 : 7);
    *n = strcspn(*start, "/?#");
    return 1;
}

/* After the last '@'. */
static void skip_user(const char **start, size_t *n) {
    for (size_t i = *n; i > 0; i--)
        if ((*start)[i - 1] == '@') {
            *start += i;
            *n -= i;
            return;
        }
}

/* Readers differ over blanks, backslashes and bytes that are not ASCII: none of them has a place in a URL. */
static int bytes_ok(const char *url) {
    for (const char *p = url; *p != 0; p++)
        if (*p <= 0x20 || *p >= 0x7F || strchr("\\\"<>^`{|}", *p) != NULL) return 0;
    return 1;
}

const char *sys_url_mistake(const char *url) {
    if (url[0] == '"' || url[0] == '\'' || (unsigned char)url[0] == 0xE2)
        return "stands in quotation marks: write the URL without them";
    if (strncasecmp(url, "wss://", 6) == 0 || strncasecmp(url, "ws://", 5) == 0)
        return "is a WebSocket address (wss): give the provider's https address";
    for (const char *p = url; *p != 0; p++) {
        int gap = *p == ',' || *p == ' ' || *p == '\t';
        const char *next = p + strspn(p, ", \t");
        if (gap && strncasecmp(next, "http", 4) == 0)
            return "holds two addresses: one URL a line, so write the key again for each";
    }
    if (strstr(url, "://") == NULL && strchr(url, '$') == NULL && strchr(url, '.') != NULL)
        return "has no scheme: write https:// before it";
    return NULL;
}

int sys_url_host(const char *url, char *out, size_t cap, char *scheme) {
    const char *at;
    size_t n;
    if (!bytes_ok(url) || !authority_of(url, &at, &n, scheme)) return 0;
    skip_user(&at, &n);
    size_t host;
    const char *port, *end = at + n;
    if (n > 0 && at[0] == '[') {
        const char *close = memchr(at, ']', n);
        if (close == NULL) return 0;
        port = close + 1;
        at++;
        host = (size_t)(close - at);
        for (size_t i = 0; i < host; i++)
            if (strchr("0123456789abcdefABCDEF:.", at[i]) == NULL) return 0;
    } else {
        const char *colon = memchr(at, ':', n);
        port = colon != NULL ? colon : at + n;
        host = (size_t)(port - at);
        for (size_t i = 0; i < host; i++)
            if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", at[i]) == NULL)
                return 0;
    }
    size_t port_len = (size_t)(end - port);
    if (port_len > 0) {
        unsigned value = 0;
        if (port[0] != ':' || port_len > 6) return 0;
        for (size_t i = 1; i < port_len; i++) {
            if (port[i] < '0' || port[i] > '9') return 0;
            value = value * 10 + (unsigned)(port[i] - '0');
        }
        if (port_len > 1 && (value == 0 || value > 65535)) return 0;
    }
    if (host == 0 || host >= cap) return 0;
    for (size_t i = 0; i < host; i++) out[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i]);
    out[host] = 0;
    return 1;
}

/* Written as four numbers, nothing shorter: "127.1" and "0x7f.0.0.1" mean different things to different
 * readers. */
static int is_127(const char *host) {
    int part = 0;
    for (const char *p = host; part < 4; part++) {
        unsigned v = 0, digits = 0;
        while (*p >= '0' && *p <= '9' && digits < 4) {
            v = v * 10 + (unsigned)(*p++ - '0');
            digits++;
        }
        if (digits == 0 || digits > 3 || v > 255 || (digits > 1 && p[-(int)digits] == '0')
            || (part == 0 && v != 127))
            return 0;
        if (part < 3 ? *p != '.' : *p != 0) return 0;
        if (part < 3) p++;
    }
    return 1;
}

int sys_url_is_loopback(const char *url) {
    char host[256], scheme;
    if (!sys_url_host(url, host, sizeof host, &scheme)) return 0;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || is_127(host);
}

int sys_url_allowed(const char *url) {
    char host[256], scheme;
    if (!sys_url_host(url, host, sizeof host, &scheme)) return 0;
    return scheme == 's' || sys_url_is_loopback(url);
}

void sys_url_redact(const char *url, char *out, size_t cap) {
    const char *at;
    size_t n;
    char scheme;
    if (cap == 0) return;
    if (!authority_of(url, &at, &n, &scheme)) {
        /* "${RPC_URL}" alone says which name it was and nothing else; any other text may itself be a secret.
         */
        size_t len = strlen(url);
        int name_only = len > 3 && url[0] == '$' && url[1] == '{' && strchr(url, '}') == url + len - 1;
        snprintf(out, cap, "%s", name_only ? url : "(not a URL)");
        return;
    }
    int more = at[n] != 0 && !(at[n] == '/' && at[n + 1] == 0);
    skip_user(&at, &n);
    snprintf(out, cap, "%s://%.*s%s", scheme == 's' ? "https" : "http", (int)(n > 255 ? 255 : n), at,
             more ? "/\xE2\x80\xA6" : "");
}

size_t sys_url_query(const char *url, const char *name, char *out, size_t cap) {
    size_t len = strlen(name);
    const char *p = strchr(url, '?');
    out[0] = 0;
    while (p != NULL && *p != '#') {
        p++;
        size_t n = strcspn(p, "&#");
        if (n > len && memcmp(p, name, len) == 0 && p[len] == '=') {
            if (n - len - 1 >= cap) return 0;
            memcpy(out, p + len + 1, n - len - 1);
            out[n - len - 1] = 0;
            return n - len - 1;
        }
        p = p[n] == '&' ? p + n : NULL;
    }
    return 0;
}
