/* ek_fault.h - what stood in the way, for people: who computes something of a book fills one beside its error
 * code. */
#ifndef EK_FAULT_H
#define EK_FAULT_H
#include "base/ek_types.h"

/* item = index into the plan or 0xFFFF. text: NUL-terminated, e.g.
 * "User 7xKX..: 2248 bytes, layout velocity-2026-08 needs 4496". */
typedef struct {
    ek_err code;
    uint16_t item;
    uint8_t role;
    uint16_t market_index;
    char text[160];
} ek_fault;
const char *ek_fault_text(const ek_fault *f);

#endif
