/* ek_say.h - private: short texts for people, built into a fixed buffer without stdio. A text that does not
 * fit is cut, never overrun. */
#ifndef EK_SAY_H
#define EK_SAY_H
#include <string.h>

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
/* In full: an account that is in trouble is one to look up. */
static inline void ek_say_key(ek_say *s, const ek_key *key) {
    char text[45];
    ek_key_to_base58(key, text);
    ek_say_text(s, text);
}
/* The first four letters, where the key is only there to be told from another one. */
static inline void ek_say_key_head(ek_say *s, const ek_key *key) {
    char text[45];
    ek_key_to_base58(key, text);
    ek_say_bytes(s, text, 4);
    ek_say_text(s, "..");
}

static inline void ek_say_i64(ek_say *s, int64_t v) {
    if (v < 0) ek_say_text(s, "-");
    ek_say_u64(s, ek_abs_i64(v));
}

#endif
