/* ek_json.h - reading JSON in place: for small RPC answers and for requests. (Account answers: ek_scan.h, one
 * pass.)
 *
 * ek_json_root checks the WHOLE document once: the grammar of RFC 8259, UTF-8 (no overlong forms, no
 * surrogates, at most U+10FFFF), escapes with paired surrogates, at most 64 arrays and objects open at a
 * time, exactly one value, only white space around it. A value is then a view of its own bytes in that text:
 * nothing is copied or allocated; the text must outlive it. Only values that come from a successful
 * ek_json_root may be given to the other functions.
 *
 * Errors: EK_E_SYNTAX (not JSON; a key twice; a value of another kind than asked for), EK_E_RANGE (nesting; a
 * number out of range), EK_E_MISSING (no such member or item), EK_E_FULL (does not fit `cap`). On an error
 * *out is the absent value (kind 0), and asking anything of the absent value gives EK_E_MISSING: so a chain
 * of look-ups may be asked at its end. Cost: each look-up walks the container it looks in, about 1 ns a
 * byte. */
#ifndef EK_JSON_H
#define EK_JSON_H

#include "base/ek_types.h"

#define EK_JSON_MAX_DEPTH 64

typedef struct {
    const uint8_t *at, *end;
} ek_json; /* first byte of the value, one past its last; NULL, NULL: absent */

ek_err ek_json_root(const uint8_t *text, size_t len, ek_json *root);

/* '{' object, '[' array, '"' string, '#' number, 't', 'f', 'n' (null), 0 absent. */
int ek_json_kind(ek_json v);

/* Member by name, compared after unescaping both ways of spelling it. Looks through the whole object: the
 * name twice is EK_E_SYNTAX. */
ek_err ek_json_member(ek_json obj, const char *key, ek_json *out);
/* Item i, counted from 0. For a walk over all items use the iterator: this is O(i). */
ek_err ek_json_item(ek_json arr, size_t i, ek_json *out);
/* Items of an array or members of an object. */
ek_err ek_json_count(ek_json v, size_t *n);
/* "result.value.0.err": names and, in arrays, decimal indices, split at '.'. A part is at most 63 bytes. */
ek_err ek_json_path(ek_json root, const char *path, ek_json *out);

/* Walk: `ek_json_iter it = ek_json_over(v); while (ek_json_next(&it, &key, &item)) ...`, O(n) in all. For an
 * array `key` is the absent value; key may be NULL. Over anything but an array or object it ends at once. */
typedef struct { const uint8_t *at, *end; uint8_t is_object, started; } ek_json_iter;
ek_json_iter ek_json_over(ek_json v);
int ek_json_next(ek_json_iter *it, ek_json *key, ek_json *item);

/* Integer literals only: "1.0" and "1e3" are EK_E_SYNTAX; outside the type (also -1 and -0 as u64)
 * EK_E_RANGE. */
ek_err ek_json_u64(ek_json v, uint64_t *out);
ek_err ek_json_i64(ek_json v, int64_t *out);
/* The string unescaped, as UTF-8, with a NUL after it: cap >= len + 1. A \u0000 inside stays a zero byte:
 * trust *len. */
ek_err ek_json_text(ek_json v, char *out, size_t cap, size_t *len);
/* 1 when v is a string equal to `text` after unescaping. */
int ek_json_text_is(ek_json v, const char *text);
/* A base58 string of exactly 32 (64) bytes. */
ek_err ek_json_key(ek_json v, ek_key *out);
ek_err ek_json_sig(ek_json v, uint8_t sig[64]);
/* A base64 string (strict, see ek_codec.h); escapes inside it are EK_E_UNSUPPORTED. */
ek_err ek_json_base64(ek_json v, uint8_t *out, size_t cap, size_t *len);
/* The value's bytes as they stand in the text; a string with its quotes. */
static inline const uint8_t *ek_json_raw(ek_json v, size_t *len) {
    *len = v.at ? (size_t)(v.end - v.at) : 0;
    return v.at;
}

#endif
