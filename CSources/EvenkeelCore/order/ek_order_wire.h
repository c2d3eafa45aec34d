/* ek_order_wire.h - private: the encoders under ek_ix_place and ek_ix_place_and_take. They encode anything
 * the wire can carry; what the agent may send is judged above them. The conformance tests hold them against
 * the venues' own clients. */
#ifndef EK_ORDER_WIRE_H
#define EK_ORDER_WIRE_H
#include "order/ek_order.h"

ek_err ek_wire_place(const ek_book *b, const ek_key *signer, const ek_order_params *o, ek_ix *out);
ek_err ek_wire_take(const ek_book *b, const ek_key *signer, const ek_order_params *o, int has_condition,
                    uint32_t condition, ek_ix *out);

#endif
