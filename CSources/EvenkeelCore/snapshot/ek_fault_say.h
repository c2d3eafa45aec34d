/* ek_fault_say.h - private: the text of an ek_fault. */
#ifndef EK_FAULT_SAY_H
#define EK_FAULT_SAY_H
#include "../text/ek_say.h"
#include "snapshot/ek_fault.h"

/* Starts a fault's text; f may be NULL (then the text goes nowhere). */
ek_say ek_fault_begin(ek_fault *f, ek_err code, uint16_t item, uint8_t role, uint16_t market_index);
/* "text" or "text 3": a fault that is about no account, returned in one line. */
ek_err ek_fault_say(ek_fault *f, ek_err code, const char *text);
/* A fault about a market of the book: "SOL-PERP: text". */
ek_err ek_fault_market(ek_fault *f, ek_err code, int perp, uint16_t index, const char *name,
                       const char *text);

#endif
