/* ek_bytes.h - bounded little-endian reading and writing, and the Borsh shapes the venues use. All inline, no
 * cost beyond the load or store itself.
 *
 * Three ways in, by how much is known of the bytes:
 *   ek_get_*   unchecked load at a pointer: only for a fixed layout whose whole length was checked before;
 *   ek_read_*  checked: EK_E_SHORT when the bytes run out, and then neither the reader nor the output moves;
 *   ek_put_*   checked append: the first failure sticks in `err` (EK_E_FULL), later puts do nothing, so a
 *              whole
 *              encoder is written straight down and asked once at its end.
 * Borsh: integers little-endian, bool one byte 0/1, Option one byte 0/1 and then the value only when it is 1.
 */
#ifndef EK_BYTES_H
#define EK_BYTES_H

#include "base/ek_types.h"
#include <string.h>

/* ---- unchecked loads and stores (memcpy: account data is not aligned) ---- */
static inline uint32_t ek_get_u32(const uint8_t *p) { uint32_t v; memcpy(&v, p, sizeof v); return v; }
static inline uint64_t ek_get_u64(const uint8_t *p) { uint64_t v; memcpy(&v, p, sizeof v); return v; }
static inline int32_t ek_get_i32(const uint8_t *p) { int32_t v; memcpy(&v, p, sizeof v); return v; }
static inline int64_t ek_get_i64(const uint8_t *p) { int64_t v; memcpy(&v, p, sizeof v); return v; }
static inline ek_key ek_get_key(const uint8_t *p) { ek_key k; memcpy(k.bytes, p, sizeof k.bytes); return k; }
static inline void ek_set_u16(uint8_t *p, uint16_t v) { memcpy(p, &v, sizeof v); }
static inline void ek_set_u32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static inline void ek_set_u64(uint8_t *p, uint64_t v) { memcpy(p, &v, sizeof v); }

/* memcmp, for Swift. */
static inline int ek_bytes_equal(const void *a, const void *b, size_t n) { return memcmp(a, b, n) == 0; }
static inline int ek_key_equal(const ek_key *a, const ek_key *b) {
    return memcmp(a->bytes, b->bytes, 32) == 0;
}
/* 1 when all 32 bytes are 0: the system program, and "no key" where a layout says so. */
static inline int ek_key_is_zero(const ek_key *k) {
    uint8_t any = 0;
    for (int i = 0; i < 32; i++) any = (uint8_t)(any | k->bytes[i]);
    return any == 0;
}

/* ---- reader ---- */
typedef struct { const uint8_t *at, *end; } ek_reader;

static inline ek_reader ek_reader_over(const uint8_t *bytes, size_t n) {
    ek_reader r;
    r.at = bytes;
    r.end = n == 0 ? bytes : bytes + n; /* adding to a null pointer is undefined even when n is 0 */
    return r;
}
static inline size_t ek_left(const ek_reader *r) { return r->at == r->end ? 0 : (size_t)(r->end - r->at); }

/* A view of the next n bytes; *out stays valid as long as the buffer does. */
static inline ek_err ek_read_view(ek_reader *r, size_t n, const uint8_t **out) {
    if (ek_left(r) < n) return EK_E_SHORT;
    *out = r->at;
    if (n != 0) r->at += n;
    return EK_OK;
}
/* Copies the next n bytes. */
static inline ek_err ek_read_bytes(ek_reader *r, void *out, size_t n) {
    if (ek_left(r) < n) return EK_E_SHORT;
    if (n != 0) {
        memcpy(out, r->at, n);
        r->at += n;
    }
    return EK_OK;
}
static inline ek_err ek_read_u8(ek_reader *r, uint8_t *out) { return ek_read_bytes(r, out, 1); }
static inline ek_err ek_read_u16(ek_reader *r, uint16_t *out) { return ek_read_bytes(r, out, 2); }
static inline ek_err ek_read_u64(ek_reader *r, uint64_t *out) { return ek_read_bytes(r, out, 8); }
/* A Borsh bool or Option tag: 0 or 1, anything else EK_E_RANGE. */
static inline ek_err ek_read_bool(ek_reader *r, uint8_t *out) {
    if (ek_left(r) < 1) return EK_E_SHORT;
    if (*r->at > 1) return EK_E_RANGE;
    return ek_read_u8(r, out);
}

/* ---- writer ---- */
typedef struct { uint8_t *buf; size_t cap, len; ek_err err; } ek_writer;

static inline ek_writer ek_writer_over(uint8_t *buf, size_t cap) {
    ek_writer w;
    w.buf = buf;
    w.cap = cap;
    w.len = 0;
    w.err = EK_OK;
    return w;
}
static inline void ek_put_bytes(ek_writer *w, const void *bytes, size_t n) {
    if (w->err != EK_OK) return;
    if (w->cap - w->len < n) {
        w->err = EK_E_FULL;
        return;
    }
    if (n == 0) return;
    memcpy(w->buf + w->len, bytes, n);
    w->len += n;
}
static inline void ek_put_u8(ek_writer *w, uint8_t v) { ek_put_bytes(w, &v, sizeof v); }
static inline void ek_put_u16(ek_writer *w, uint16_t v) { ek_put_bytes(w, &v, sizeof v); }
static inline void ek_put_u32(ek_writer *w, uint32_t v) { ek_put_bytes(w, &v, sizeof v); }
static inline void ek_put_u64(ek_writer *w, uint64_t v) { ek_put_bytes(w, &v, sizeof v); }
static inline void ek_put_i32(ek_writer *w, int32_t v) { ek_put_bytes(w, &v, sizeof v); }
static inline void ek_put_i64(ek_writer *w, int64_t v) { ek_put_bytes(w, &v, sizeof v); }
static inline void ek_put_key(ek_writer *w, const ek_key *v) { ek_put_bytes(w, v->bytes, 32); }
static inline void ek_put_bool(ek_writer *w, int v) { ek_put_u8(w, v ? 1 : 0); }

/* Borsh Option: `some` 0 writes the single byte 0 and v is not looked at. */
static inline void ek_put_opt_u8(ek_writer *w, int some, uint8_t v) {
    ek_put_bool(w, some);
    if (some) ek_put_u8(w, v);
}
static inline void ek_put_opt_u16(ek_writer *w, int some, uint16_t v) {
    ek_put_bool(w, some);
    if (some) ek_put_u16(w, v);
}
static inline void ek_put_opt_u32(ek_writer *w, int some, uint32_t v) {
    ek_put_bool(w, some);
    if (some) ek_put_u32(w, v);
}
static inline void ek_put_opt_u64(ek_writer *w, int some, uint64_t v) {
    ek_put_bool(w, some);
    if (some) ek_put_u64(w, v);
}
static inline void ek_put_opt_i32(ek_writer *w, int some, int32_t v) {
    ek_put_bool(w, some);
    if (some) ek_put_i32(w, v);
}
static inline void ek_put_opt_i64(ek_writer *w, int some, int64_t v) {
    ek_put_bool(w, some);
    if (some) ek_put_i64(w, v);
}

#endif
