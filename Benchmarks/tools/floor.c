/* The floor of a tick: one request again and again over one connection that is kept, and nothing done with
 * the answer. libcurl is set as the agent sets it.
 *
 *   floor URL BODY_FILE INTERVAL_MS [TIMES]     without TIMES until a signal ends it */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char body[65536], answer[1 << 20];
static size_t answer_len;

static size_t keep(char *data, size_t size, size_t n, void *unused) {
    (void)unused;
    if (size * n > sizeof answer - answer_len) return 0;
    memcpy(answer + answer_len, data, size * n);
    answer_len += size * n;
    return size * n;
}

static size_t read_body(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return 0;
    size_t len = fread(body, 1, sizeof body, f);
    fclose(f);
    return len < sizeof body ? len : 0;
}

static void must(CURLcode rc, const char *what) {
    if (rc == CURLE_OK) return;
    fprintf(stderr, "floor: %s: %s\n", what, curl_easy_strerror(rc));
    exit(1);
}

static CURL *set_up(const char *url, size_t len) {
    must(curl_global_init(CURL_GLOBAL_DEFAULT), "libcurl");
    CURL *c = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    if (c == NULL || headers == NULL) exit(1);
#define SET(option, value) must(curl_easy_setopt(c, option, value), #option)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_USERAGENT, "evenkeel");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_BUFFERSIZE, 16384L);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, "/etc/ssl/certs");
    SET(CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    SET(CURLOPT_WRITEFUNCTION, keep);
    SET(CURLOPT_TIMEOUT_MS, 2000L);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, body);
    SET(CURLOPT_POSTFIELDSIZE, (long)len);
#undef SET
    return c;
}

int main(int argc, char **argv) {
    size_t len = argc >= 4 ? read_body(argv[2]) : 0;
    long interval_ms = argc >= 4 ? atol(argv[3]) : 0;
    if (len == 0 || interval_ms <= 0) {
        fputs("usage: floor URL BODY_FILE INTERVAL_MS [TIMES]\n", stderr);
        return 2;
    }
    CURL *c = set_up(argv[1], len);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (long left = argc > 4 ? atol(argv[4]) : -1; left != 0; left -= left > 0) {
        answer_len = 0;
        must(curl_easy_perform(c), "the request");
        due.tv_nsec += interval_ms % 1000 * 1000000;
        due.tv_sec += interval_ms / 1000 + due.tv_nsec / 1000000000;
        due.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    return 0;
}
