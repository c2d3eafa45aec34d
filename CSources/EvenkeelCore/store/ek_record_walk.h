/* ek_record_walk.h - one walk over the fields of a record serves both directions, so that what is written and
 * what is read cannot differ. Private: ek_record_image.c says how the parts fit together. */
#ifndef EK_RECORD_WALK_H
#define EK_RECORD_WALK_H

#include "base/ek_bytes.h"
#include "store/ek_record.h"

typedef struct {
    int reading;
    int ends_early; /* reading: fields past the end keep what they were; a field that is cut is an error */
    ek_reader in;
    ek_writer out;
    ek_err err; /* reading: sticks at the first field that is not there */
} ek_walk;

ek_walk ek_walk_reading(const uint8_t *bytes, size_t n, int ends_early);
ek_walk ek_walk_writing(uint8_t *to, size_t room);

void ek_walk_bytes(ek_walk *w, void *p, size_t n);
/* Little-endian is asserted in ek_types.h: the bytes of an integer are its encoding. */
static inline void ek_walk_u8(ek_walk *w, uint8_t *v) { ek_walk_bytes(w, v, sizeof *v); }
static inline void ek_walk_u16(ek_walk *w, uint16_t *v) { ek_walk_bytes(w, v, sizeof *v); }
static inline void ek_walk_u32(ek_walk *w, uint32_t *v) { ek_walk_bytes(w, v, sizeof *v); }
static inline void ek_walk_u64(ek_walk *w, uint64_t *v) { ek_walk_bytes(w, v, sizeof *v); }
static inline void ek_walk_i64(ek_walk *w, int64_t *v) { ek_walk_bytes(w, v, sizeof *v); }

/* What all formats write alike. */
void ek_walk_moment(ek_walk *w, ek_moment *m);
void ek_walk_last(ek_walk *w, ek_last_correction *l);
void ek_walk_vault(ek_walk *w, ek_vault *v);
void ek_walk_vault_market(ek_walk *w, ek_vault_market *m);
/* Without the transaction's length and bytes, which every format keeps in a place of its own. */
void ek_walk_ticket(ek_walk *w, ek_ticket *t);

/* 1 to 15 printable bytes, then NULs only. */
int ek_record_name_ok(const char name[16]);

/* Format 3 (ek_record_sections.c). Writing: what does not fit is EK_E_FULL. Reading into a record of zeros:
 * EK_E_VERSION a section that only a newer program can read; EK_E_RANGE. */
ek_err ek_record_sections_write(const ek_record *r, uint8_t *to, size_t room, size_t *len);
ek_err ek_record_sections_read(const uint8_t *payload, size_t n, ek_record *r);
/* What was kept of a newer program's sections is a chain of them. */
int ek_record_kept_ok(const ek_record *r);

/* Formats 1 and 2 (ek_record_old.c), read only, into a record of zeros. */
ek_err ek_record_old_read(uint32_t version, const uint8_t *payload, size_t n, ek_record *r);

#endif
