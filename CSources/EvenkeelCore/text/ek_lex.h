/* ek_lex.h - the words of JSON, checked as they are passed over (internal to ek_json.c and ek_scan.c).
 *
 * Every function takes a cursor that stands on the first byte of what it reads and moves it behind that; on
 * an error the cursor's place is unspecified. EK_E_SYNTAX: not RFC 8259, or the text ends; EK_E_RANGE:
 * nesting or a number out of its type. */
#ifndef EK_LEX_H
#define EK_LEX_H

#include "base/ek_types.h"

typedef struct { const uint8_t *at, *end; } ek_lex;

/* A string's content between its quotes, still escaped. */
typedef struct { const uint8_t *at, *end; int escaped; } ek_lex_text;

static inline void ek_lex_space(ek_lex *x) {
    while (x->at < x->end && (*x->at == ' ' || *x->at == '\n' || *x->at == '\t' || *x->at == '\r')) x->at++;
}
/* White space, then the byte c: 1 and past it, or 0 and before it. */
static inline int ek_lex_take(ek_lex *x, uint8_t c) {
    ek_lex_space(x);
    if (x->at < x->end && *x->at == c) {
        x->at++;
        return 1;
    }
    return 0;
}
/* White space, then the byte that comes, 0 at the end (a zero byte is never JSON either). */
static inline uint8_t ek_lex_peek(ek_lex *x) {
    ek_lex_space(x);
    return x->at < x->end ? *x->at : 0;
}

/* First byte of [at, end) that is not plain string text: '"', '\', below 0x20, or 0x80 and above; `end` if
 * there is none. The word-wise form is what runs; the byte-wise one is what it must equal. */
const uint8_t *ek_lex_plain(const uint8_t *at, const uint8_t *end);
const uint8_t *ek_lex_plain_bytewise(const uint8_t *at, const uint8_t *end);

/* The cursor stands on the opening quote. */
ek_err ek_lex_string(ek_lex *x, ek_lex_text *text);
/* An integer literal as sign and magnitude; a fraction or exponent is EK_E_SYNTAX, past 2^64-1 EK_E_RANGE. */
ek_err ek_lex_integer(ek_lex *x, int *negative, uint64_t *magnitude);
/* sign and magnitude as the types; EK_E_RANGE when outside (-0 is not a u64). */
ek_err ek_lex_to_u64(int negative, uint64_t magnitude, uint64_t *out);
ek_err ek_lex_to_i64(int negative, uint64_t magnitude, int64_t *out);
/* true, false or null. */
ek_err ek_lex_word(ek_lex *x);
/* Any one value with all that is in it, white space before it allowed. `open`: arrays and objects already
 * open around it. */
ek_err ek_lex_value(ek_lex *x, unsigned open);

/* Unescaped UTF-8 of a checked string, no NUL added; EK_E_FULL when it needs more than cap. */
ek_err ek_lex_unescape(const ek_lex_text *text, uint8_t *out, size_t cap, size_t *len);
/* 1 when the checked string, unescaped, equals the n bytes of `word`. */
int ek_lex_equals(const ek_lex_text *text, const char *word, size_t n);

#endif
