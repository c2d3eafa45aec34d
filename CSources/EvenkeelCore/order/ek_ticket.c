#include "order/ek_ticket.h"

#include <string.h>

EK_SMALL_BEGIN

int ek_kind_takes(uint8_t kind) { return kind == EK_KIND_TAKE || kind == EK_KIND_TAKE_PART; }
int ek_kind_orders(uint8_t kind) { return ek_kind_takes(kind) || kind == EK_KIND_PLACE; }

void ek_ticket_clear(ek_ticket *t) { memset(t, 0, sizeof *t); }
uint8_t *ek_ticket_tx(ek_ticket *t) { return t->tx; }
uint8_t *ek_ticket_signature(ek_ticket *t) { return t->signature; }

const char *ek_ticket_state_name(uint8_t state) {
    static const char *const names[] = {"none", "journalled", "sent", "landed", "resting", "cancelling"};
    return state < EK_TICKET_STATES ? names[state] : "?";
}
const char *ek_kind_name(uint8_t kind) {
    static const char *const names[] = {"none", "take", "place", "cancel", "take_part", "settle"};
    return kind < EK_KINDS ? names[kind] : "?";
}
const char *ek_outcome_name(uint8_t outcome) {
    static const char *const names[] = {"none",   "not_placed",   "resting",       "partial_resting",
                                        "filled", "partial_gone", "unfilled_gone", "expired",
                                        "failed", "paper"};
    return outcome < EK_OUTCOMES ? names[outcome] : "?";
}

EK_SMALL_END
