/* Saving reads of the book from a node on loopback: plain HTTP/1.0, one request a connection. */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static size_t ask(uint16_t port, const char *body, uint8_t *answer, size_t cap) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {10, 0};
    static char head[16384];
    int n = snprintf(head, sizeof head,
                     "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: "
                     "close\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0 || n < 0 || n >= (int)sizeof head) bench_fail("socket", EK_E_RANGE);
    (void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(s, (struct sockaddr *)&to, sizeof to) != 0) bench_fail("no node answers on the port", port);
    for (int at = 0; at < n;) {
        ssize_t w = write(s, head + at, (size_t)(n - at));
        if (w <= 0) bench_fail("write to the node", EK_E_SHORT);
        at += (int)w;
    }
    /* The node may keep the connection: the length it names says when the answer is whole. */
    size_t have = 0, body_at = 0, want = 0;
    for (;;) {
        ssize_t got = read(s, answer + have, cap - 1 - have);
        if (got <= 0) break;
        have += (size_t)got;
        answer[have] = 0;
        char *end = body_at ? NULL : strstr((char *)answer, "\r\n\r\n");
        if (end) {
            char *length = strcasestr((char *)answer, "content-length:");
            body_at = (size_t)(end + 4 - (char *)answer);
            want = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
        }
        if (body_at && want && have >= body_at + want) break;
    }
    close(s);
    if (!body_at || !want || have < body_at + want) bench_fail("the node's answer is not whole", EK_E_SHORT);
    memmove(answer, answer + body_at, want);
    return want;
}

static void request(const ek_plan *p, char *body, size_t cap) {
    int at =
        snprintf(body, cap, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getMultipleAccounts\",\"params\":[[");
    for (uint32_t i = 0; i < ek_plan_count(p); i++) {
        char key[EK_KEY_TEXT];
        ek_key_to_base58(&ek_plan_item_at(p, i)->key, key);
        at += snprintf(body + at, cap - (size_t)at, "%s\"%s\"", i ? "," : "", key);
    }
    snprintf(body + at, cap - (size_t)at, "],{\"encoding\":\"base64\",\"commitment\":\"processed\"}]}");
}

void bench_record(const char *venue, uint16_t port, const char *dir, uint32_t count) {
    static uint8_t answer[1 << 20], work[8192];
    static char body[8192];
    static ek_book book;
    static ek_plan plan;
    ek_key authority, signer;
    uint8_t secret[64];
    ek_fault fault;
    int changed = 1;
    bench_keys(&authority, &signer, secret);
    BENCH_MUST(ek_plan_init(&plan, ek_venue_by_name(venue, strlen(venue)), &authority, 0, &signer));
    BENCH_MUST(ek_plan_add_perp(&plan, 0));
    BENCH_MUST(ek_plan_add_spot(&plan, 1));
    for (uint32_t i = 0; i < count || changed;) {
        request(&plan, body, sizeof body);
        size_t len = ask(port, body, answer, sizeof answer);
        if (ek_book_load(&book, &plan, answer, len, work, sizeof work, &fault) != EK_OK)
            bench_fail(fault.text, (long)fault.code);
        BENCH_MUST(ek_plan_complete(&plan, &book, &changed));
        if (changed) continue;
        char path[4096];
        if (count == 1) snprintf(path, sizeof path, "%s/%s.json", dir, venue);
        else snprintf(path, sizeof path, "%s/%s-%05u.json", dir, venue, i);
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(answer, 1, len, f) != len || fclose(f) != 0) bench_fail(path, EK_E_MISSING);
        if (++i < count) usleep(2000);
    }
}
