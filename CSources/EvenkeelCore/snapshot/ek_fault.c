#include "snapshot/ek_fault.h"

#include <string.h>

#include "snapshot/ek_plan.h"
#include "ek_fault_say.h"

const char *ek_fault_text(const ek_fault *f) { return f->text; }

ek_say ek_fault_begin(ek_fault *f, ek_err code, uint16_t item, uint8_t role, uint16_t market_index) {
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

/* A call and not a copy: nobody waits for a fault's text. */
static __attribute__((noinline)) void say(ek_say *s, const char *text) { ek_say_text(s, text); }

void ek_fault_put(ek_fault *f, ek_err code, const char *text) {
    ek_say s = ek_fault_begin(f, code, 0xFFFF, 0, 0xFFFF);
    say(&s, text);
}

void ek_fault_put_market(ek_fault *f, ek_err code, int perp, uint16_t index, const char *name,
                         const char *text) {
    ek_say s = ek_fault_begin(f, code, 0xFFFF, perp ? EK_ROLE_PERP_MARKET : EK_ROLE_SPOT_MARKET, index);
    if (name && name[0]) say(&s, name);
    else {
        say(&s, perp ? "perp market " : "spot market ");
        ek_say_u64(&s, index);
    }
    say(&s, ": ");
    say(&s, text);
}
