/* ek_scan against ek_json: two readers of the same text must agree on everything the scanner reports. */
#include "text/ek_codec.h"
#include "text/ek_json.h"
#include "snapshot/ek_scan.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

static void same_account(const uint8_t *text, size_t size, const ek_scan_account *acc, ek_json v) {
    ek_json m;
    ek_key key;
    uint64_t u;
    size_t n;
    need(acc->present == (ek_json_kind(v) == '{'));
    if (!acc->present) {
        need(ek_json_kind(v) == 'n' && acc->lamports == 0 && acc->data_b64.len == 0);
        return;
    }
    need(ek_json_path(v, "lamports", &m) == EK_OK && ek_json_u64(m, &u) == EK_OK && u == acc->lamports);
    need(ek_json_path(v, "owner", &m) == EK_OK && ek_json_key(m, &key) == EK_OK
         && memcmp(&key, &acc->owner, 32) == 0);
    need(ek_json_path(v, "data.1", &m) == EK_OK && ek_json_text_is(m, "base64"));
    need(ek_json_path(v, "data.0", &m) == EK_OK);
    need((size_t)acc->data_b64.off + acc->data_b64.len < size);
    need(text + acc->data_b64.off == m.at + 1 && text + acc->data_b64.off + acc->data_b64.len == m.end - 1);
    need(memchr(text + acc->data_b64.off, '\\', acc->data_b64.len) == NULL);
    static uint8_t a[4096];
    ek_err err = ek_scan_data(text, acc, a, sizeof a, &n);
    need(err == EK_OK || err == EK_E_SYNTAX || err == EK_E_FULL);
    if (ek_json_path(v, "executable", &m) == EK_OK) need(acc->executable == (ek_json_kind(m) == 't'));
    else need(acc->executable == 0);
}

/* With lengths foretold, some rightly: a result whose texts all decode is the strict reader's result. `err`,
 * `res`, `accs`: what that one says. */
static void same_when_foretold(const uint8_t *data, size_t size, ek_err err, const ek_scan_result *res,
                               const ek_scan_account *accs) {
    static uint8_t bytes[4096];
    ek_scan_result fast_res;
    ek_scan_account fast[6];
    uint32_t chars[6];
    size_t n;
    for (uint32_t i = 0; i < 6; i++)
        chars[i] = size == 0                        ? 0
                   : data[i * 7 % size] & 1         ? data[i * 5 % size] % 64u * 4u
                   : err == EK_OK && i < res->count ? accs[i].data_b64.len
                                                    : 4;
    ek_err fast_err = ek_scan_expecting(data, size, chars, &fast_res, fast, 6);
    if (fast_err != EK_OK) {
        need(err != EK_OK); /* nothing is refused that the strict reader takes */
        return;
    }
    for (uint32_t i = 0; i < fast_res.count; i++)
        if (fast[i].present && ek_scan_data(data, &fast[i], bytes, sizeof bytes, &n) != EK_OK) return;
    need(err == EK_OK && fast_res.count == res->count && fast_res.slot == res->slot
         && fast_res.has_id == res->has_id && fast_res.id == res->id);
    for (uint32_t i = 0; i < res->count; i++) {
        need(fast[i].present == accs[i].present && fast[i].executable == accs[i].executable
             && fast[i].lamports == accs[i].lamports);
        need(memcmp(&fast[i].owner, &accs[i].owner, 32) == 0 && fast[i].data_b64.off == accs[i].data_b64.off
             && fast[i].data_b64.len == accs[i].data_b64.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ek_scan_result res;
    ek_scan_account accs[6];
    ek_json root, v, item;
    uint64_t u;
    int64_t i;
    ek_err err = ek_scan_accounts(data, size, &res, accs, 6);
    same_when_foretold(data, size, err, &res, accs);
    if (err != EK_OK && err != EK_E_RPC) return 0;
    need(res.count <= 6 && ek_json_root(data, size, &root) == EK_OK);
    if (res.has_id) need(ek_json_path(root, "id", &v) == EK_OK && ek_json_u64(v, &u) == EK_OK && u == res.id);
    if (err == EK_E_RPC) {
        need(res.is_error && ek_json_path(root, "error.code", &v) == EK_OK && ek_json_i64(v, &i) == EK_OK
             && i == res.error_code);
        need(ek_json_member(root, "result", &v) == EK_E_MISSING);
        return 0;
    }
    need(!res.is_error && ek_json_member(root, "error", &v) == EK_E_MISSING);
    need(ek_json_path(root, "result.context.slot", &v) == EK_OK && ek_json_u64(v, &u) == EK_OK
         && u == res.slot);
    need(ek_json_path(root, "result.value", &v) == EK_OK);
    if (ek_json_kind(v) != '[') {
        need(res.count == 1);
        same_account(data, size, &accs[0], v);
        return 0;
    }
    uint32_t k = 0;
    ek_json_iter it = ek_json_over(v);
    for (; ek_json_next(&it, NULL, &item); k++) {
        need(k < res.count);
        same_account(data, size, &accs[k], item);
    }
    need(k == res.count);
    return 0;
}
