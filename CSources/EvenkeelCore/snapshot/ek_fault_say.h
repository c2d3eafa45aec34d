/* ek_fault_say.h - private: the text of an ek_fault. */
#ifndef EK_FAULT_SAY_H
#define EK_FAULT_SAY_H
#include "../text/ek_say.h"
#include "snapshot/ek_fault.h"

/* Starts a fault's text; f may be NULL (then the text goes nowhere). */
ek_say ek_fault_begin(ek_fault *f, ek_err code, uint16_t item, uint8_t role, uint16_t market_index);
/* The texts of the two below. Who refuses returns the code where analysers see it, and holds no copy. */
void ek_fault_put(ek_fault *f, ek_err code, const char *text);
void ek_fault_put_market(ek_fault *f, ek_err code, int perp, uint16_t index, const char *name,
                         const char *text);

/* "text" or "text 3": a fault that is about no account, returned in one line. */
static inline ek_err ek_fault_say(ek_fault *f, ek_err code, const char *text) {
    ek_fault_put(f, code, text);
    return code;
}
/* A fault about a market of the book: "SOL-PERP: text". */
static inline ek_err ek_fault_market(ek_fault *f, ek_err code, int perp, uint16_t index, const char *name,
                                     const char *text) {
    ek_fault_put_market(f, code, perp, index, name, text);
    return code;
}

#endif
