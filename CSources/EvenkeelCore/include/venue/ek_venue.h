/* ek_venue.h - what differs between venues and program versions, as const tables.
 *
 * A venue is a program on chain with its account layouts, enum numbers, seeds and error names. Tables exist
 * for
 *   "velocity"  the deployed mainnet ABI of August 2026 (vELoC1aud...), quote USDT
 *   "drift"     Drift v2 (dRiftyHA...), quote USDC
 * A new program version is a new table, never a patched offset. Everything here is const: no lock, no
 * start-up. Sources: docs/venues.md; checked against recorded results of the real programs. */
#ifndef EK_VENUE_H
#define EK_VENUE_H
#include "base/ek_types.h"

typedef struct ek_venue ek_venue; /* opaque; lives for ever */

/* Exactly "velocity" or "drift"; NULL for anything else. */
const ek_venue *ek_venue_by_name(const char *name, size_t n);
/* All tables: 0 .. ek_venue_count()-1; NULL beyond. */
const ek_venue *ek_venue_at(uint32_t i);
uint32_t ek_venue_count(void);

const char *ek_venue_name(const ek_venue *v);       /* "velocity" */
const char *ek_venue_layout(
    const ek_venue *v); /* "velocity-2026-08": name of the account layouts, for people */
const ek_key *ek_venue_program(const ek_venue *v);
/* 1: place_and_take fills against the venue's own liquidity inside the transaction (Velocity), 0: an auction
 * order is the way (Drift). */
int ek_venue_can_take(const ek_venue *v);
size_t ek_venue_user_len(const ek_venue *v);        /* bytes of a User account */

/* Addresses the program derives. AUTHORITY: USER, USER_STATS need it, others take NULL. `index`: sub-account
 * of USER, market of the *_MARKET, SPOT_VAULT, INSURANCE_VAULT and PRELAUNCH_ORACLE kinds; else ignored.
 * EK_E_RANGE: unknown kind or missing authority. EK_E_UNSUPPORTED: the venue has no such account. Cost: 10 to
 * 40 us (curve test). */
enum {
    EK_ADDR_STATE = 0,
    EK_ADDR_USER = 1,
    EK_ADDR_USER_STATS = 2,
    EK_ADDR_PERP_MARKET = 3,
    EK_ADDR_SPOT_MARKET = 4,
    EK_ADDR_SPOT_VAULT = 5,
    EK_ADDR_SIGNER = 6,
    EK_ADDR_INSURANCE_VAULT = 7,
    EK_ADDR_PRELAUNCH_ORACLE = 8,
    EK_ADDR_HIGH_LEVERAGE_CONFIG = 9
};
ek_err ek_venue_address(const ek_venue *v, int kind, const ek_key *authority, uint16_t index, ek_key *out);

/* Anchor's and the program's error by number, "InsufficientCollateral" for 6003; NULL when unknown. */
const char *ek_venue_error_name(const ek_venue *v, uint32_t code);
/* What can be done about it, "the account holds 32 open orders: cancel some of them"; NULL: nothing known. */
const char *ek_venue_error_remedy(uint32_t code);
/* 1: only programs that are newer than this version have the error (of Velocity: after August 2026). */
int ek_venue_error_newer(uint32_t code);

#endif
