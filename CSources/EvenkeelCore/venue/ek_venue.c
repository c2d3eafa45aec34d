#include "venue/ek_venue.h"

#include <string.h>

#include "solana/ek_crypto.h"
#include "ek_venue_table.h"

static const struct ek_venue *const ALL[] = {&EK_VENUE_VELOCITY, &EK_VENUE_DRIFT};

uint32_t ek_venue_count(void) { return sizeof ALL / sizeof ALL[0]; }
const ek_venue *ek_venue_at(uint32_t i) { return i < ek_venue_count() ? ALL[i] : NULL; }

const ek_venue *ek_venue_by_name(const char *name, size_t n) {
    for (uint32_t i = 0; i < ek_venue_count(); i++)
        if (strlen(ALL[i]->name) == n && memcmp(ALL[i]->name, name, n) == 0) return ALL[i];
    return NULL;
}

const char *ek_venue_name(const ek_venue *v) { return v->name; }
const char *ek_venue_layout(const ek_venue *v) { return v->layout; }
const ek_key *ek_venue_program(const ek_venue *v) { return &v->program; }
int ek_venue_can_take(const ek_venue *v) { return v->can_take; }
size_t ek_venue_user_len(const ek_venue *v) { return v->user.account.len; }

/* seed text, then the authority, then the index: each kind has the first and any of the others */
static ek_err derive(const ek_venue *v, const char *text, const ek_key *authority, const uint16_t *index,
                     ek_key *out) {
    ek_seed seeds[3];
    uint32_t n = 0;
    uint8_t number[2], bump;
    seeds[n++] = (ek_seed){(const uint8_t *)text, (uint8_t)strlen(text)};
    if (authority) seeds[n++] = (ek_seed){authority->bytes, 32};
    if (index) {
        number[0] = (uint8_t)*index;
        number[1] = (uint8_t)(*index >> 8);
        seeds[n++] = (ek_seed){number, 2};
    }
    return ek_find_pda(seeds, n, &v->program, out, &bump);
}

ek_err ek_venue_address(const ek_venue *v, int kind, const ek_key *authority, uint16_t index, ek_key *out) {
    switch (kind) {
    case EK_ADDR_STATE: return derive(v, v->state_seed, NULL, NULL, out);
    case EK_ADDR_USER: return authority ? derive(v, "user", authority, &index, out) : EK_E_RANGE;
    case EK_ADDR_USER_STATS: return authority ? derive(v, "user_stats", authority, NULL, out) : EK_E_RANGE;
    case EK_ADDR_PERP_MARKET: return derive(v, "perp_market", NULL, &index, out);
    case EK_ADDR_SPOT_MARKET: return derive(v, "spot_market", NULL, &index, out);
    case EK_ADDR_SPOT_VAULT: return derive(v, "spot_market_vault", NULL, &index, out);
    case EK_ADDR_SIGNER: return derive(v, v->signer_seed, NULL, NULL, out);
    case EK_ADDR_INSURANCE_VAULT: return derive(v, "insurance_fund_vault", NULL, &index, out);
    case EK_ADDR_PRELAUNCH_ORACLE:
        return v->prelaunch ? derive(v, "prelaunch_oracle", NULL, &index, out) : EK_E_UNSUPPORTED;
    case EK_ADDR_HIGH_LEVERAGE_CONFIG:
        return v->high_leverage_config ? derive(v, "high_leverage_mode_config", NULL, NULL, out)
                                       : EK_E_UNSUPPORTED;
    default: return EK_E_RANGE;
    }
}

/* Anchor's own codes, the same for every program made with it. */
static const ek_error_name ANCHOR[] = {
    {100, "InstructionMissing"},
    {101, "InstructionFallbackNotFound"},
    {102, "InstructionDidNotDeserialize"},
    {103, "InstructionDidNotSerialize"},
    {2000, "ConstraintMut"},
    {2001, "ConstraintHasOne"},
    {2002, "ConstraintSigner"},
    {2003, "ConstraintRaw"},
    {2004, "ConstraintOwner"},
    {2006, "ConstraintSeeds"},
    {2012, "ConstraintAddress"},
    {3000, "AccountDiscriminatorAlreadySet"},
    {3001, "AccountDiscriminatorNotFound"},
    {3002, "AccountDiscriminatorMismatch"},
    {3003, "AccountDidNotDeserialize"},
    {3004, "AccountDidNotSerialize"},
    {3005, "AccountNotEnoughKeys"},
    {3006, "AccountNotMutable"},
    {3007, "AccountOwnedByWrongProgram"},
    {3008, "InvalidProgramId"},
    {3009, "InvalidProgramExecutable"},
    {3010, "AccountNotSigner"},
    {3011, "AccountNotSystemOwned"},
    {3012, "AccountNotInitialized"},
};

static const char *lookup(const ek_error_name *list, size_t n, uint32_t code) {
    for (size_t i = 0; i < n; i++)
        if (list[i].code == code) return list[i].name;
    return NULL;
}

/* What the owner of the account can do about an error of the venue's. */
static const char NEWER[] = "the venue's program is newer than this version: update evenkeel";
static const ek_error_name REMEDIES[] = {
    {6003, "deposit collateral, or reduce by hand"},
    {6035, "an oracle behind a borrow is not valid at the venue: wait until it posts, or repay the borrow"},
    {6060, "the account holds 32 open orders: cancel some of them"},
    {6166, "the position is off the market's step, so every take is refused: close it at the venue"},
    {6358, "the account is under its own equity floor: deposit, or lower the floor at the venue"},
    {6371, "the interest of a borrowed market is old: the next order updates it; else repay the borrow"},
    {6382, NEWER},
    {6396, NEWER},
    {6397, NEWER},
    {6398, NEWER},
    {6399, NEWER},
    {6400, NEWER},
    {6403, NEWER},
    {6404, NEWER},
    {6405, NEWER},
    {6406, NEWER},
};

const char *ek_venue_error_remedy(uint32_t code) { return lookup(EK_ROWS(REMEDIES), code); }
/* What it says marks them: the sentence stands once. */
int ek_venue_error_newer(uint32_t code) { return ek_venue_error_remedy(code) == NEWER; }

const char *ek_venue_error_name(const ek_venue *v, uint32_t code) {
    const char *name = lookup(EK_ROWS(ANCHOR), code);
    return name ? name : lookup(v->errors, v->n_errors, code);
}
