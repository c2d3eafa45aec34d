/* What the web role reads of a stranger's own words: Host, Origin, a bearer token, the page's first message,
 * a query, a token file. Byte 0 chooses. What is let through must be what the rule says, judged here by other
 * means. */
#include "web/sys_web_internal.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void need(int ok) {
    if (!ok) abort();
}

static const char TOKEN[] = "correct-horse-battery-staple";

/* An accepted Host, without its port: an address, localhost, or one of the names. */
static void is_known(const char *host, size_t n) {
    char name[160];
    unsigned char address[16];
    need(n > 0 && n < sizeof name);
    memcpy(name, host, n);
    name[n] = 0;
    need(strlen(name) == n);
    char *colon = strrchr(name, ':'), *end = strrchr(name, ']');
    if (colon && (!end || colon > end)) {
        need(colon[1] != 0 && strspn(colon + 1, "0123456789") == strlen(colon + 1));
        *colon = 0;
    }
    if (name[0] == '[') {
        need(name[strlen(name) - 1] == ']');
        name[strlen(name) - 1] = 0;
        need(inet_pton(AF_INET6, name + 1, address) == 1);
        return;
    }
    need(inet_pton(AF_INET, name, address) == 1 || strcasecmp(name, "localhost") == 0
         || strcasecmp(name, "keel.example") == 0 || strcasecmp(name, "b.example") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    web_guard g;
    if (n == 0) return 0;
    memset(&g, 0, sizeof g);
    need(web_guard_token(&g, (const uint8_t *)TOKEN, sizeof TOKEN - 1) == 1);
    memcpy(g.names, "keel.example, b.example", 24);
    /* An exact copy on the heap: a byte read past it is seen. */
    size_t len = n - 1;
    char *text = malloc(len ? len : 1);
    need(text != NULL);
    memcpy(text, bytes + 1, len);
    switch (bytes[0] % 6) {
    case 0:
        if (web_guard_host(&g, text, len)) is_known(text, len);
        break;
    case 1: {
        size_t host = len / 2;
        if (web_guard_origin(text + host, len - host, text, host)) {
            size_t scheme =
                strncasecmp(text + host, "https://", len - host < 8 ? len - host : 8) == 0 ? 8 : 7;
            need(len - host == host + scheme && strncasecmp(text + host + scheme, text, host) == 0);
        }
        break;
    }
    case 2:
        if (web_guard_bearer(&g, text, len))
            need(len == 7 + sizeof TOKEN - 1 && memcmp(text + 7, TOKEN, sizeof TOKEN - 1) == 0);
        break;
    case 3:
        if (web_guard_said(&g, text, len))
            need(len == 6 + sizeof TOKEN - 1 && memcmp(text, "token ", 6) == 0
                 && memcmp(text + 6, TOKEN, sizeof TOKEN - 1) == 0);
        break;
    case 4: {
        int64_t since = -1;
        uint32_t points = 0;
        if (web_guard_query(text, len, &since, &points))
            need(since >= -1 && since <= 999999999999 && points <= 5000);
        break;
    }
    default: {
        web_guard other;
        memset(&other, 0, sizeof other);
        if (!web_guard_token(&other, (const uint8_t *)text, len)) {
            need(other.token_len == 0);
            break;
        }
        need(other.token_len >= WEB_TOKEN_MIN && other.token_len <= WEB_TOKEN_MAX && other.token_len <= len);
        char said[7 + WEB_TOKEN_MAX] = "Bearer ";
        memcpy(said + 7, other.token, other.token_len);
        need(web_guard_bearer(&other, said, 7 + other.token_len) == 1
             && web_guard_bearer(&other, said, 6 + other.token_len) == 0);
    }
    }
    free(text);
    return 0;
}
