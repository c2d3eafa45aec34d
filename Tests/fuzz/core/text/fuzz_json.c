/* ek_json: any bytes. What is accepted must walk without surprises, and every view stays inside its document.
 */
#include "text/ek_json.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

/* Visits everything below v; returns how many values there are. */
static size_t walk(ek_json v, unsigned depth) {
    ek_json key, item, found;
    size_t n = 0, all = 1, count;
    char text[64];
    uint8_t bytes[64];
    uint64_t u;
    int64_t i;
    ek_key k;
    need(depth <= EK_JSON_MAX_DEPTH && v.at < v.end);
    int kind = ek_json_kind(v);
    if (kind == '{' || kind == '[') {
        ek_json_iter it = ek_json_over(v);
        while (ek_json_next(&it, &key, &item)) {
            need(item.at > v.at && item.end < v.end);
            if (kind == '{') {
                need(ek_json_kind(key) == '"');
                if (ek_json_text(key, text, sizeof text, &count) == EK_OK && strlen(text) == count) {
                    ek_err err = ek_json_member(v, text, &found);
                    need(err == EK_OK || err == EK_E_SYNTAX); /* there, or there twice */
                    need(err != EK_OK || found.at == item.at);
                }
            } else if (n < 8) {
                need(ek_json_item(v, n, &found) == EK_OK && found.at == item.at && found.end == item.end);
            }
            n++;
            all += walk(item, depth + 1);
        }
        need(ek_json_count(v, &count) == EK_OK && count == n);
    } else {
        need(ek_json_count(v, &count) == EK_E_SYNTAX);
    }
    if (ek_json_u64(v, &u) == EK_OK && u <= INT64_MAX) need(ek_json_i64(v, &i) == EK_OK && (uint64_t)i == u);
    (void)ek_json_key(v, &k);
    (void)ek_json_base64(v, bytes, sizeof bytes, &count);
    if (ek_json_text(v, text, sizeof text, &count) == EK_OK)
        need(kind == '"' && count < sizeof text && text[count] == 0);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ek_json root, again;
    ek_err err = ek_json_root(data, size, &root);
    need(err == EK_OK || err == EK_E_SYNTAX || err == EK_E_RANGE);
    if (err != EK_OK || size > 2048) return 0; /* the walk is quadratic: bounded by size */
    need(walk(root, 0) > 0);
    need(ek_json_root(root.at, (size_t)(root.end - root.at), &again) == EK_OK && again.end == root.end);
    return 0;
}
