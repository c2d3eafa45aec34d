/* ek_policy_read.h - private: the message half of ek_policy.h. */
#ifndef EK_POLICY_READ_H
#define EK_POLICY_READ_H
#include "order/ek_order.h"
#include "signer/ek_policy.h"

typedef struct {
    uint8_t kind;             /* EK_KIND_* */
    uint8_t names_oracle;     /* the claim's oracle is among the accounts */
    uint8_t has_condition;
    uint32_t condition;
    uint8_t user_order_id;    /* of a cancel */
    uint64_t lamports;        /* fee of the transaction, signature included */
    ek_order_params order;    /* of a take or place */
} ek_policy_message;

/* Form, payer, instructions, fee, accounts and data; what the order says is not judged. */
uint32_t ek_policy_read(const ek_policy *p, const uint8_t *message, size_t n, const ek_policy_claim *claim,
                        ek_policy_message *out);

#endif
