#include "snapshot/ek_scan.h"

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "text/ek_codec.h"
#include "text/ek_json.h"
#include "../text/ek_lex.h"
#include "ek_usual.h"

enum { OWNERS = 4 };

typedef struct {
    ek_lex x;
    const uint8_t *base;
    ek_scan_result *res;
    ek_scan_account *accs;
    uint32_t cap;
    const uint32_t *chars; /* expected length of every account's text, or NULL */
    /* The owners last decoded: accounts of one read share a few, and comparing 44 bytes is cheaper than
     * base58. */
    struct { const uint8_t *text; size_t len; ek_key key; } owners[OWNERS];
    unsigned n_owners; /* ever decoded; the oldest makes room */
} scan;

/* Enters an object or goes on in it: 1 with its next key read, 0 at its end; *err says when it is no object
 * at all. */
static inline int next_key(ek_lex *x, int *first, ek_lex_text *key, ek_err *err) {
    *err = EK_OK;
    if (*first) {
        *first = 0;
        if (!ek_lex_take(x, '{')) { *err = EK_E_SYNTAX; return 0; }
        if (ek_lex_take(x, '}')) return 0;
    } else if (!ek_lex_take(x, ',')) {
        if (!ek_lex_take(x, '}')) *err = EK_E_SYNTAX;
        return 0;
    }
    if (ek_lex_peek(x) != '"') { *err = EK_E_SYNTAX; return 0; }
    if ((*err = ek_lex_string(x, key)) != EK_OK) return 0;
    if (!ek_lex_take(x, ':')) { *err = EK_E_SYNTAX; return 0; }
    ek_lex_space(x);
    return 1;
}

/* Names come plain nearly always: then a length and a constant-size compare decide. */
#define KEY_IS(key, word)                                                                                    \
    ((key).escaped ? ek_lex_equals(&(key), word, sizeof(word) - 1)                                           \
                   : (size_t)((key).end - (key).at) == sizeof(word) - 1                                      \
                         && memcmp((key).at, word, sizeof(word) - 1) == 0)

/* Marks a member as seen; 0 when it was seen before. */
static inline int once(unsigned *seen, unsigned bit) {
    unsigned was = *seen & bit;
    *seen |= bit;
    return was == 0;
}

static ek_err read_u64(ek_lex *x, uint64_t *out) {
    int negative;
    uint64_t magnitude;
    ek_err err = ek_lex_integer(x, &negative, &magnitude);
    return err != EK_OK ? err : ek_lex_to_u64(negative, magnitude, out);
}

static ek_span span_of(const scan *s, const ek_lex_text *t) {
    EK_ASSERT(t->at >= s->base && t->at <= t->end && t->end <= s->x.end);
    ek_span span = {(uint32_t)(t->at - s->base), (uint32_t)(t->end - t->at)};
    return span;
}

static ek_err read_owner(scan *s, ek_key *out) {
    ek_lex_text t;
    char plain[EK_KEY_TEXT];
    size_t len;
    if (ek_lex_peek(&s->x) != '"') return EK_E_SYNTAX;
    ek_err err = ek_lex_string(&s->x, &t);
    if (err != EK_OK) return err;
    size_t n = (size_t)(t.end - t.at);
    for (unsigned i = 0; i < OWNERS && i < s->n_owners; i++)
        if (s->owners[i].len == n && memcmp(s->owners[i].text, t.at, n) == 0) {
            *out = s->owners[i].key;
            return EK_OK;
        }
    if (!t.escaped) {
        err = ek_key_from_base58((const char *)t.at, n, out);
    } else {
        if (ek_lex_unescape(&t, (uint8_t *)plain, sizeof plain, &len) != EK_OK) return EK_E_SYNTAX;
        err = ek_key_from_base58(plain, len, out);
    }
    if (err != EK_OK) return err;
    unsigned place = s->n_owners++ % OWNERS;
    s->owners[place].text = t.at;
    s->owners[place].len = n;
    s->owners[place].key = *out;
    return EK_OK;
}

/* ["text","base64"] and nothing else: a bare string is the old base58 form, an object the parsed one. */
static ek_err read_data(scan *s, ek_span *out) {
    ek_lex_text text, encoding;
    ek_err err;
    uint8_t c = ek_lex_peek(&s->x);
    if (c == '"' || c == '{') return EK_E_UNSUPPORTED;
    if (!ek_lex_take(&s->x, '[') || ek_lex_peek(&s->x) != '"') return EK_E_SYNTAX;
    if ((err = ek_lex_string(&s->x, &text)) != EK_OK) return err;
    if (!ek_lex_take(&s->x, ',') || ek_lex_peek(&s->x) != '"') return EK_E_SYNTAX;
    if ((err = ek_lex_string(&s->x, &encoding)) != EK_OK) return err;
    if (!ek_lex_take(&s->x, ']')) return EK_E_SYNTAX;
    if (!KEY_IS(encoding, "base64") || text.escaped) return EK_E_UNSUPPORTED;
    *out = span_of(s, &text);
    return EK_OK;
}

enum { A_DATA = 1, A_EXECUTABLE = 2, A_LAMPORTS = 4, A_OWNER = 8 };

/* One account object or null; it stands at depth 3 (value itself) or 4 (item of value). */
static ek_err read_account(scan *s, unsigned open) {
    ek_lex_text key;
    ek_err err;
    int first = 1;
    unsigned seen = 0;
    uint32_t i = s->res->count;
    if (i >= s->cap) return EK_E_FULL;
    ek_scan_account *acc = &s->accs[i];
    if (ek_usual_account(s->base, s->x.at, s->x.end, s->chars ? s->chars[i] : 0, acc, &s->x.at)) {
        acc->present = 1;
        s->res->count++;
        return EK_OK;
    }
    memset(acc, 0, sizeof *acc);
    if (ek_lex_peek(&s->x) == 'n') {
        if ((err = ek_lex_word(&s->x)) != EK_OK) return err;
        s->res->count++;
        return EK_OK;
    }
    acc->present = 1;
    while (next_key(&s->x, &first, &key, &err)) {
        int fresh = 1;
        if (KEY_IS(key, "data")) {
            fresh = once(&seen, A_DATA);
            err = read_data(s, &acc->data_b64);
        } else if (KEY_IS(key, "executable")) {
            fresh = once(&seen, A_EXECUTABLE);
            uint8_t c = ek_lex_peek(&s->x);
            acc->executable = c == 't';
            err = c == 't' || c == 'f' ? ek_lex_word(&s->x) : EK_E_SYNTAX;
        } else if (KEY_IS(key, "lamports")) {
            fresh = once(&seen, A_LAMPORTS);
            err = read_u64(&s->x, &acc->lamports);
        } else if (KEY_IS(key, "owner")) {
            fresh = once(&seen, A_OWNER);
            err = read_owner(s, &acc->owner);
        } else {
            err = ek_lex_value(&s->x, open + 1);
        }
        if (err != EK_OK) return err;
        if (!fresh) return EK_E_SYNTAX;
    }
    if (err != EK_OK) return err;
    if ((seen & (A_DATA | A_LAMPORTS | A_OWNER)) != (A_DATA | A_LAMPORTS | A_OWNER)) return EK_E_MISSING;
    s->res->count++;
    return EK_OK;
}

static ek_err read_accounts(scan *s) {
    ek_err err;
    if (!ek_lex_take(&s->x, '[')) return read_account(s, 2);
    if (ek_lex_take(&s->x, ']')) return EK_OK;
    do {
        if ((err = read_account(s, 3)) != EK_OK) return err;
    } while (ek_lex_take(&s->x, ','));
    return ek_lex_take(&s->x, ']') ? EK_OK : EK_E_SYNTAX;
}

static ek_err read_context(scan *s) {
    ek_lex_text key;
    ek_err err;
    int first = 1;
    unsigned seen = 0;
    while (next_key(&s->x, &first, &key, &err)) {
        if (!KEY_IS(key, "slot")) err = ek_lex_value(&s->x, 3);
        else if (!once(&seen, 1)) err = EK_E_SYNTAX;
        else err = read_u64(&s->x, &s->res->slot);
        if (err != EK_OK) return err;
    }
    if (err != EK_OK) return err;
    return seen ? EK_OK : EK_E_MISSING;
}

static ek_err read_result(scan *s) {
    ek_lex_text key;
    ek_err err;
    int first = 1;
    unsigned seen = 0;
    while (next_key(&s->x, &first, &key, &err)) {
        if (KEY_IS(key, "context")) err = once(&seen, 1) ? read_context(s) : EK_E_SYNTAX;
        else if (KEY_IS(key, "value")) err = once(&seen, 2) ? read_accounts(s) : EK_E_SYNTAX;
        else err = ek_lex_value(&s->x, 2);
        if (err != EK_OK) return err;
    }
    if (err != EK_OK) return err;
    return seen == 3 ? EK_OK : EK_E_MISSING;
}

static ek_err read_error(scan *s) {
    ek_lex_text key, text;
    ek_err err;
    int first = 1, negative;
    unsigned seen = 0;
    uint64_t magnitude;
    while (next_key(&s->x, &first, &key, &err)) {
        int fresh = 1;
        if (KEY_IS(key, "code")) {
            fresh = once(&seen, 1);
            err = ek_lex_integer(&s->x, &negative, &magnitude);
            if (err == EK_OK) err = ek_lex_to_i64(negative, magnitude, &s->res->error_code);
        } else if (KEY_IS(key, "message")) {
            fresh = once(&seen, 2);
            if (ek_lex_peek(&s->x) != '"') return EK_E_SYNTAX;
            err = ek_lex_string(&s->x, &text);
            if (err == EK_OK) s->res->error_message = span_of(s, &text);
        } else {
            err = ek_lex_value(&s->x, 2);
        }
        if (err != EK_OK) return err;
        if (!fresh) return EK_E_SYNTAX;
    }
    if (err != EK_OK) return err;
    return seen & 1 ? EK_OK : EK_E_MISSING;
}

enum { R_ID = 1, R_RESULT = 2, R_ERROR = 4 };

ek_err ek_scan_expecting(const uint8_t *json, size_t len, const uint32_t *chars, ek_scan_result *res,
                         ek_scan_account *accs, uint32_t cap) {
    scan s;
    ek_lex_text key;
    ek_err err;
    int first = 1;
    unsigned seen = 0;
    memset(res, 0, sizeof *res);
    if (len == 0) return EK_E_SYNTAX;
#if SIZE_MAX > UINT32_MAX
    if (len > UINT32_MAX) return EK_E_RANGE; /* offsets are 32 bits */
#endif
    s.x.at = s.base = json;
    s.x.end = json + len;
    s.res = res;
    s.accs = accs;
    s.cap = cap;
    s.chars = chars;
    s.n_owners = 0;
    while (next_key(&s.x, &first, &key, &err)) {
        if (KEY_IS(key, "result")) {
            err = once(&seen, R_RESULT) ? read_result(&s) : EK_E_SYNTAX;
        } else if (KEY_IS(key, "error")) {
            err = once(&seen, R_ERROR) ? read_error(&s) : EK_E_SYNTAX;
        } else if (KEY_IS(key, "id")) {
            if (!once(&seen, R_ID)) return EK_E_SYNTAX;
            res->has_id = ek_lex_peek(&s.x) != 'n';
            err = res->has_id ? read_u64(&s.x, &res->id) : ek_lex_word(&s.x);
        } else {
            err = ek_lex_value(&s.x, 1);
        }
        if (err != EK_OK) return err;
    }
    if (err != EK_OK) return err;
    ek_lex_space(&s.x);
    if (s.x.at != s.x.end) return EK_E_SYNTAX;
    if ((seen & (R_RESULT | R_ERROR)) == R_RESULT) return EK_OK;
    if ((seen & (R_RESULT | R_ERROR)) != R_ERROR) return EK_E_SYNTAX;
    res->is_error = 1;
    return EK_E_RPC;
}

ek_err ek_scan_accounts(const uint8_t *json, size_t len, ek_scan_result *res, ek_scan_account *accs,
                        uint32_t cap) {
    return ek_scan_expecting(json, len, NULL, res, accs, cap);
}

ek_err ek_scan_data(const uint8_t *json, const ek_scan_account *acc, uint8_t *out, size_t cap, size_t *len) {
    if (!acc->present) return EK_E_MISSING;
    return ek_base64_decode(json + acc->data_b64.off, acc->data_b64.len, out, cap, len);
}
