/* ek_plan.h - the plan of accounts to read. One getMultipleAccounts over plan.items (their order is the
 * request's order) is one read, and ek_book.h is what it makes. Pure; about 4 KB. */
#ifndef EK_PLAN_H
#define EK_PLAN_H
#include "base/ek_types.h"
#include "venue/ek_venue.h"

enum {
    EK_ROLE_STATE = 0,
    EK_ROLE_USER = 1,
    EK_ROLE_USER_STATS = 2,
    EK_ROLE_CLOCK = 3,
    EK_ROLE_AUTHORITY = 4,  /* the authority's wallet; also the payer when both are one key */
    EK_ROLE_PAYER = 5,      /* the fee payer's wallet */
    EK_ROLE_PERP_MARKET = 6,
    EK_ROLE_SPOT_MARKET = 7,
    EK_ROLE_ORACLE = 8,
    EK_ROLE_TOKEN = 9,      /* the authority's associated token account of a mint */
    EK_ROLE_MINT = 10,      /* that mint: how many decimals */
    EK_ROLE_WATCH = 11      /* another wallet, whose SOL is only looked at */
};
const char *ek_role_name(int role); /* "User", "SpotMarket" ... */

typedef struct {
    ek_key key;
    uint8_t role;
    uint16_t market_index; /* of *_MARKET; for ORACLE: of the market that named it first; TOKEN, MINT, WATCH:
                              place in the book's list */
    uint8_t perp;           /* for ORACLE: 1 when that market is a perp market */
} ek_plan_item;

enum { EK_PLAN_MAX = 96, EK_BOOK_TOKENS = 8, EK_BOOK_WATCHES = 8 };

typedef struct {
    const ek_venue *venue;
    ek_key authority, payer, user, user_stats, state;
    uint16_t sub_account;
    uint16_t n;
    uint8_t n_tokens, n_watches;
    ek_key mints[EK_BOOK_TOKENS];
    ek_plan_item items[EK_PLAN_MAX];
} ek_plan;

size_t ek_plan_size(void);

/* STATE, USER, USER_STATS, CLOCK, AUTHORITY, when it is another key PAYER, and spot market 0. payer NULL: the
 * authority pays. */
ek_err ek_plan_init(ek_plan *p, const ek_venue *v, const ek_key *authority, uint16_t sub_account,
                    const ek_key *payer);
/* Idempotent. EK_E_FULL beyond EK_PLAN_MAX. */
ek_err ek_plan_add_perp(ek_plan *p, uint16_t market_index);
ek_err ek_plan_add_spot(ek_plan *p, uint16_t market_index);
/* The authority's associated token account of the mint, and the mint (but for wrapped SOL, whose 9 decimals
 * are known). */
ek_err ek_plan_add_token(ek_plan *p, const ek_key *mint);
ek_err ek_plan_add_watch(ek_plan *p, const ek_key *wallet);
const ek_plan_item *ek_plan_item_at(const ek_plan *p, uint32_t i);
uint32_t ek_plan_count(const ek_plan *p);

#endif
