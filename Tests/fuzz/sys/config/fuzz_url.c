/* URLs, against libcurl's own reader: what evenkeel takes, curl takes for the same scheme and host, so what
 * is checked is what will be connected to; and what is shown of a URL never holds its path, query, user or
 * password. */
#include "config/sys_config.h"
#include "config/sys_config_table.h"
#include "net/sys_http.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void need(int ok) {
    if (!ok) abort();
}

static void same_host(const char *url, const char *host, char scheme) {
    CURLU *u = curl_url();
    char *theirs = NULL, *protocol = NULL;
    need(u != NULL);
    if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) { /* curl may refuse more */
        need(curl_url_get(u, CURLUPART_HOST, &theirs, 0) == CURLUE_OK
             && curl_url_get(u, CURLUPART_SCHEME, &protocol, 0) == CURLUE_OK);
        need(strcmp(protocol, scheme == 's' ? "https" : "http") == 0);
        size_t n = strlen(theirs);
        const char *from = theirs;
        /* curl keeps the brackets, and shortens some forms of an IPv6 address */
        if (n > 2 && theirs[0] == '[') from++, n -= 2;
        if (from == theirs && strspn(host, "0123456789.xabcdefABCDEFX") != strlen(host))
            need(strlen(host) == n && strncasecmp(from, host, n) == 0);
    }
    curl_free(theirs);
    curl_free(protocol);
    curl_url_cleanup(u);
}

/* 1 when curl reads a host that is not this machine. */
static int curl_takes_elsewhere(const char *url) {
    CURLU *u = curl_url();
    char *host = NULL;
    int elsewhere = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK
                    && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK
                    && strcasecmp(host, "localhost") != 0 && strcmp(host, "[::1]") != 0
                    && strncmp(host, "127.", 4) != 0;
    curl_free(host);
    curl_url_cleanup(u);
    return elsewhere;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char url[512], host[256], shown[300], value[40], scheme = 0;
    if (size >= sizeof url) return 0;
    memcpy(url, data, size);
    url[size] = 0;
    int known = sys_url_host(url, host, sizeof host, &scheme);
    if (known) same_host(url, host, scheme);
    if (sys_url_allowed(url)) {
        need(known && (scheme == 's' || sys_url_is_loopback(url)));
        /* Plain HTTP leaves this machine on nobody's reading of the URL. */
        if (scheme == 'h') need(sys_http_url_allowed(url) || !curl_takes_elsewhere(url));
    }
    sys_url_redact(url, shown, sizeof shown);
    const char *at = strstr(url, "//");
    if (known) {
        need(strchr(shown, '@') == NULL && strchr(shown, '?') == NULL && strchr(shown, '#') == NULL);
        need(strlen(shown) <= strlen(url) + 4 && at != NULL);
    }
    size_t n = sys_url_query(url, "chat_id", value, sizeof value);
    need(n < sizeof value && value[n] == 0);
    return 0;
}
