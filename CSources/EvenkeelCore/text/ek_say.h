/* ek_say.h - private: short texts for people, built into a fixed buffer without stdio. A text that does not fit is cut, never overrun. */
#ifndef EK_SAY_H
#define EK_SAY_H
#include <string.h>

#include "snapshot/ek_book.h"
#include "text/ek_codec.h"
#include "base/ek_fixed.h"

typedef struct {
    char *buf;
    size_t cap, len;
} ek_say;

static inline void ek_say_bytes(ek_say *s, const char *text, size_t n) {
    for (size_t i = 0; i < n && s->len + 1 < s->cap; i++) {
        char c = text[i];
        s->buf[s->len++] = c >= ' ' && c < 127 ? c : '?'; /* names come from the chain */
    }
    if (s->cap != 0) s->buf[s->len] = 0;
}
static inline void ek_say_text(ek_say *s, const char *text) { ek_say_bytes(s, text, strlen(text)); }
static inline void ek_say_u64(ek_say *s, uint64_t v) {
    char digits[20];
    size_t n = 0;
    do digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n > 0) ek_say_bytes(s, &digits[--n], 1);
}
/* The first four letters, as people recognise a key. */
static inline void ek_say_key(ek_say *s, const ek_key *key) {
    char text[45];
    ek_key_to_base58(key, text);
    ek_say_bytes(s, text, 4);
    ek_say_text(s, "..");
}

/* Starts a fault's text; f may be NULL (then the text goes nowhere). */
static inline ek_say ek_fault_begin(ek_fault *f, ek_err code, uint16_t item, uint8_t role, uint16_t market_index) {
    ek_say s = {NULL, 0, 0};
    if (f == NULL) return s;
    memset(f, 0, sizeof *f);
    f->code = code;
    f->item = item;
    f->role = role;
    f->market_index = market_index;
    s.buf = f->text;
    s.cap = sizeof f->text;
    return s;
}

/* "text" or "text 3": a fault that is about no account, returned in one line. */
static inline ek_err ek_fault_say(ek_fault *f, ek_err code, const char *text) {
    ek_say s = ek_fault_begin(f, code, 0xFFFF, 0, 0xFFFF);
    ek_say_text(&s, text);
    return code;
}

/* A fault about a market of the book: "SOL-PERP: text". */
static inline ek_err ek_fault_market(ek_fault *f, ek_err code, int perp, uint16_t index, const char *name, const char *text) {
    ek_say s = ek_fault_begin(f, code, 0xFFFF, perp ? EK_ROLE_PERP_MARKET : EK_ROLE_SPOT_MARKET, index);
    if (name && name[0]) ek_say_text(&s, name);
    else {
        ek_say_text(&s, perp ? "perp market " : "spot market ");
        ek_say_u64(&s, index);
    }
    ek_say_text(&s, ": ");
    ek_say_text(&s, text);
    return code;
}

#endif
