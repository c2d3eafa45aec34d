/* ek_book.h - the book: what one read of a plan's accounts (ek_plan.h) says, all of one slot.
 *
 *   ek_plan_init -> ek_plan_add_perp/_spot for the hedged markets -> [ read -> ek_book_load ->
 *   ek_plan_complete ] until nothing changed
 *
 * ek_plan_complete adds what the User and the markets name (every market touched, every oracle): two or three
 * reads at start, one afterwards. Pure; loading 10 accounts costs about 15 us. Nothing is allocated: ek_book
 * is about 34 KB (ek_book_size(); allocate once, reuse). */
#ifndef EK_BOOK_H
#define EK_BOOK_H
#include "base/ek_types.h"
#include "snapshot/ek_fault.h"
#include "snapshot/ek_plan.h"
#include "venue/ek_account.h"

enum { EK_BOOK_PERPS = 16, EK_BOOK_SPOTS = 16, EK_BOOK_ORACLES = 32 };

typedef struct {
    ek_key key;
    uint8_t source;
    uint8_t raw_len;
    uint8_t raw[144]; /* the account's first bytes as they were read, enough for every kind: the signer
                         decodes them itself */
    ek_err err; /* EK_OK, or why this oracle cannot be used (EK_E_UNSUPPORTED, EK_E_OVERFLOW ...) */
    ek_oracle value;
} ek_book_oracle_entry;

/* What the authority holds of a mint. An account that does not exist holds nothing. */
typedef struct {
    ek_key key, mint;
    uint64_t amount;        /* in the mint's smallest unit */
    uint8_t decimals;
    ek_err err; /* EK_OK, or why the amount cannot be used: EK_E_OWNER (not an account of the Token program,
                 * which Token-2022 is not), EK_E_SHORT, EK_E_MISMATCH (another mint, another owner, not
                 * initialised), EK_E_MISSING (no mint) */
} ek_book_token;

typedef struct {
    ek_key key;
    uint64_t lamports;
    uint8_t is_system;      /* 0: the account belongs to a program; its lamports are not a wallet */
} ek_book_watch;

typedef struct {
    const ek_venue *venue;
    ek_key authority, payer, user_address, user_stats_address, state_address;
    uint64_t slot;          /* context slot of the answer */
    uint64_t answer_id; /* JSON-RPC id of the answer, when has_answer_id: the caller compares it with the one
                           it asked with */
    uint8_t has_answer_id;
    ek_clock clock; /* chain time; its slot may differ from the context slot by at most the node's own read */
    uint32_t have;          /* bit 1 << EK_ROLE_* for the single accounts that are loaded */
    uint64_t authority_lamports, payer_lamports;
    uint8_t authority_is_system; /* 0: the authority's account belongs to a program; its lamports are not a
                                    wallet */
    uint8_t n_perps, n_spots, n_oracles, n_tokens, n_watches;
    ek_state state;
    ek_user user;
    ek_user_stats stats;
    /* ek_book_reset does not clear these three: their counts say what of them is in use. They stand
     * together, between what it does clear. */
    ek_perp_market perps[EK_BOOK_PERPS];
    ek_spot_market spots[EK_BOOK_SPOTS];
    ek_book_oracle_entry oracles[EK_BOOK_ORACLES];
    ek_book_token tokens[EK_BOOK_TOKENS];
    ek_book_watch watches[EK_BOOK_WATCHES];
} ek_book;

size_t ek_book_size(void);

/* Adds every market the book's User has a position or live order in, the quote spot market of every perp
 * market, and the oracle of every loaded market. *changed = 1 when anything was added. Markets once in the
 * plan stay. */
ek_err ek_plan_complete(ek_plan *p, const ek_book *b, int *changed);
/* Reads a whole getMultipleAccounts answer (base64 encoding) that was asked for exactly the plan's keys in
 * order. The book is rebuilt from nothing; on an error it is not to be used. `work` receives decoded bytes,
 * one account at a time (8 KiB is enough for both venues). Checks: answer is one result with plan.n accounts;
 * owner; discriminator; length; the User's authority and sub-account are the plan's; a market's own index is
 * the asked one. A missing account is EK_E_MISSING, except wallets and token accounts: one that was never
 * funded does not exist on chain, and 0 is the truth there and only there. What is wrong with a token account
 * or a watched wallet is kept with it (err, is_system) and condemns only those who need it. */
ek_err ek_book_load(ek_book *b, const ek_plan *p, const uint8_t *json, size_t len, uint8_t *work,
                    size_t work_cap, ek_fault *fault);

/* The same, account by account (tests, `assess`): ek_book_begin, then ek_book_put for every account, markets
 * before their oracles. data NULL: the account is absent. */
void ek_book_begin(ek_book *b, const ek_plan *p, uint64_t slot);
ek_err ek_book_put(ek_book *b, const ek_plan *p, uint32_t item, const ek_key *owner, uint64_t lamports,
                   const uint8_t *data, size_t len, ek_fault *fault);
/* Without a plan: any account by role, no owner, authority or index check. oracle: `key` matters (the markets
 * in the book name it). */
ek_err ek_book_put_account(ek_book *b, int role, const ek_key *key, const uint8_t *data, size_t len);
/* A book for a venue with nothing in it. */
void ek_book_reset(ek_book *b, const ek_venue *v, uint64_t slot);

const ek_perp_market *ek_book_perp(const ek_book *b, uint16_t market_index);      /* NULL: not loaded */
const ek_spot_market *ek_book_spot(const ek_book *b, uint16_t market_index);
const ek_book_oracle_entry *ek_book_oracle(const ek_book *b, const ek_key *key, uint8_t source);
/* The usable oracle of a market. EK_E_MISSING: market or oracle not loaded; EK_E_UNSUPPORTED: source;
 * EK_E_RANGE: price <= 0. */
ek_err ek_book_perp_oracle(const ek_book *b, uint16_t market_index, const ek_oracle **out);
ek_err ek_book_spot_oracle(const ek_book *b, uint16_t market_index, const ek_oracle **out);
/* Its raw bytes; NULL and *len 0 when there are none. */
const uint8_t *ek_book_perp_oracle_raw(const ek_book *b, uint16_t market_index, size_t *len);
/* Loaded market by name ("SOL-PERP", "SOL"); NULL when none. */
const ek_perp_market *ek_book_perp_by_name(const ek_book *b, const char *name, size_t n);
const ek_spot_market *ek_book_spot_by_name(const ek_book *b, const char *name, size_t n);
const ek_book_token *ek_book_token_of(const ek_book *b, const ek_key *mint);      /* NULL: not in the plan */
const ek_book_watch *ek_book_watch_of(const ek_book *b, const ek_key *wallet);
const ek_user *ek_book_user(const ek_book *b);
/* Slots since the oracle's price was posted; 0 when it claims to be newer than the book. */
uint64_t ek_oracle_age_slots(const ek_book *b, const ek_oracle *o);

#endif
