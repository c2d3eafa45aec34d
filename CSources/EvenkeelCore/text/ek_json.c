#include "text/ek_json.h"

#include <string.h>

#include "text/ek_codec.h"
#include "ek_lex.h"

static const ek_json ABSENT = {NULL, NULL};

ek_err ek_json_root(const uint8_t *text, size_t len, ek_json *root) {
    *root = ABSENT;
    if (len == 0) return EK_E_SYNTAX;
    ek_lex x = {text, text + len};
    ek_lex_space(&x);
    const uint8_t *start = x.at;
    ek_err err = ek_lex_value(&x, 0);
    if (err != EK_OK) return err;
    const uint8_t *end = x.at;
    ek_lex_space(&x);
    if (x.at != x.end) return EK_E_SYNTAX;
    root->at = start;
    root->end = end;
    return EK_OK;
}

int ek_json_kind(ek_json v) {
    if (v.at == NULL || v.at >= v.end) return 0;
    return *v.at == '-' || (*v.at >= '0' && *v.at <= '9') ? '#' : *v.at;
}

/* EK_OK when v is of this kind; the absent value is missing, another kind is not what was asked for. */
static ek_err want(ek_json v, int kind) {
    int k = ek_json_kind(v);
    return k == kind ? EK_OK : k == 0 ? EK_E_MISSING : EK_E_SYNTAX;
}

/* The content of a checked string value. */
static ek_lex_text content(ek_json v) {
    ek_lex_text t = {v.at + 1, v.end - 1, 0};
    t.escaped = memchr(t.at, '\\', (size_t)(t.end - t.at)) != NULL;
    return t;
}

ek_json_iter ek_json_over(ek_json v) {
    ek_json_iter it = {NULL, NULL, 0, 0};
    int kind = ek_json_kind(v);
    if (kind == '{' || kind == '[') {
        it.at = v.at + 1;
        it.end = v.end;
        it.is_object = kind == '{';
    }
    return it;
}

int ek_json_next(ek_json_iter *it, ek_json *key, ek_json *item) {
    ek_lex x = {it->at, it->end};
    ek_json name = ABSENT;
    if (it->at == NULL) return 0;
    it->at = NULL; /* over, unless another item is found */
    if (it->started && !ek_lex_take(&x, ',')) return 0;
    uint8_t c = ek_lex_peek(&x);
    if (c == 0 || c == (it->is_object ? '}' : ']')) return 0;
    if (it->is_object) {
        ek_lex_text t;
        name.at = x.at;
        if (c != '"' || ek_lex_string(&x, &t) != EK_OK) return 0;
        name.end = x.at;
        if (!ek_lex_take(&x, ':')) return 0;
        ek_lex_space(&x);
    }
    const uint8_t *start = x.at;
    if (ek_lex_value(&x, 0) != EK_OK) return 0;
    item->at = start;
    item->end = x.at;
    if (key != NULL) *key = name;
    it->at = x.at;
    it->started = 1;
    return 1;
}

/* The member `name` of n bytes. */
static ek_err member(ek_json obj, const char *name, size_t n, ek_json *out) {
    ek_json key, item, found = ABSENT;
    *out = ABSENT;
    ek_err err = want(obj, '{');
    if (err != EK_OK) return err;
    ek_json_iter it = ek_json_over(obj);
    while (ek_json_next(&it, &key, &item)) {
        ek_lex_text t = content(key);
        if (!ek_lex_equals(&t, name, n)) continue;
        if (found.at != NULL) return EK_E_SYNTAX;
        found = item;
    }
    *out = found;
    return found.at != NULL ? EK_OK : EK_E_MISSING;
}

ek_err ek_json_member(ek_json obj, const char *key, ek_json *out) {
    return member(obj, key, strlen(key), out);
}

ek_err ek_json_item(ek_json arr, size_t i, ek_json *out) {
    ek_json item;
    *out = ABSENT;
    ek_err err = want(arr, '[');
    if (err != EK_OK) return err;
    ek_json_iter it = ek_json_over(arr);
    for (size_t k = 0; ek_json_next(&it, NULL, &item); k++) {
        if (k != i) continue;
        *out = item;
        return EK_OK;
    }
    return EK_E_MISSING;
}

ek_err ek_json_count(ek_json v, size_t *n) {
    ek_json item;
    size_t k = 0;
    int kind = ek_json_kind(v);
    if (kind == 0) return EK_E_MISSING;
    if (kind != '[' && kind != '{') return EK_E_SYNTAX;
    ek_json_iter it = ek_json_over(v);
    while (ek_json_next(&it, NULL, &item)) k++;
    *n = k;
    return EK_OK;
}

/* Decimal index of n digits; EK_E_SYNTAX for anything else, and for one no text could have that many items
 * for. */
static ek_err part_index(const char *part, size_t n, size_t *out) {
    size_t v = 0;
    if (n == 0 || n > 9) return EK_E_SYNTAX;
    for (size_t i = 0; i < n; i++) {
        if (part[i] < '0' || part[i] > '9') return EK_E_SYNTAX;
        v = v * 10 + (size_t)(part[i] - '0');
    }
    *out = v;
    return EK_OK;
}

ek_err ek_json_path(ek_json root, const char *path, ek_json *out) {
    ek_json v = root;
    *out = ABSENT;
    for (;;) {
        size_t n = strcspn(path, "."), i;
        ek_json next;
        ek_err err;
        if (n > 63) return EK_E_SYNTAX;
        if (ek_json_kind(v) == '[') {
            err = part_index(path, n, &i);
            if (err == EK_OK) err = ek_json_item(v, i, &next);
        } else {
            err = member(v, path, n, &next);
        }
        if (err != EK_OK) return err;
        v = next;
        if (path[n] == 0) break;
        path += n + 1;
    }
    *out = v;
    return EK_OK;
}

static ek_err integer(ek_json v, int *negative, uint64_t *magnitude) {
    ek_err err = want(v, '#');
    if (err != EK_OK) return err;
    ek_lex x = {v.at, v.end};
    return ek_lex_integer(&x, negative, magnitude);
}

ek_err ek_json_u64(ek_json v, uint64_t *out) {
    int negative;
    uint64_t magnitude;
    ek_err err = integer(v, &negative, &magnitude);
    return err != EK_OK ? err : ek_lex_to_u64(negative, magnitude, out);
}

ek_err ek_json_i64(ek_json v, int64_t *out) {
    int negative;
    uint64_t magnitude;
    ek_err err = integer(v, &negative, &magnitude);
    return err != EK_OK ? err : ek_lex_to_i64(negative, magnitude, out);
}

ek_err ek_json_text(ek_json v, char *out, size_t cap, size_t *len) {
    ek_err err = want(v, '"');
    if (err != EK_OK) return err;
    if (cap == 0) return EK_E_FULL;
    ek_lex_text t = content(v);
    err = ek_lex_unescape(&t, (uint8_t *)out, cap - 1, len);
    if (err == EK_OK) out[*len] = 0;
    return err;
}

int ek_json_text_is(ek_json v, const char *text) {
    size_t n = strlen(text);
    if (ek_json_kind(v) != '"') return 0;
    ek_lex_text t = content(v);
    return ek_lex_equals(&t, text, n);
}

ek_err ek_json_key(ek_json v, ek_key *out) {
    char text[EK_KEY_TEXT];
    size_t n;
    ek_err err = ek_json_text(v, text, sizeof text, &n);
    if (err != EK_OK) return err == EK_E_FULL ? EK_E_SYNTAX : err;
    return ek_key_from_base58(text, n, out);
}

ek_err ek_json_sig(ek_json v, uint8_t sig[64]) {
    char text[EK_SIG_TEXT];
    size_t n;
    ek_err err = ek_json_text(v, text, sizeof text, &n);
    if (err != EK_OK) return err == EK_E_FULL ? EK_E_SYNTAX : err;
    return ek_sig_from_base58(text, n, sig);
}

ek_err ek_json_base64(ek_json v, uint8_t *out, size_t cap, size_t *len) {
    ek_err err = want(v, '"');
    if (err != EK_OK) return err;
    ek_lex_text t = content(v);
    if (t.escaped) return EK_E_UNSUPPORTED;
    return ek_base64_decode(t.at, (size_t)(t.end - t.at), out, cap, len);
}
