/* ek_policy_parts.h - private to ek_policy*.c: parts of the judgement that orders and shown prices share. */
#ifndef EK_POLICY_PARTS_H
#define EK_POLICY_PARTS_H
#include "signer/ek_policy.h"
#include "venue/ek_account.h"

/* The market is configured, and is what its name was bound to. */
uint32_t ek_policy_market_fault(const ek_policy *p, const ek_ledger *ledger, const ek_policy_claim *c);
/* The account shown is one, with a price above zero. */
uint32_t ek_policy_oracle(const ek_policy *p, uint8_t source, const uint8_t *bytes, size_t n,
                          ek_oracle *price);

#endif
