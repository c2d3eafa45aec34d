/* ek_venue_table.h - private: the shape of a venue's table. The tables are ek_venue_velocity.c and
 * ek_venue_drift.c; the only readers are ek_venue.c (addresses, names), ek_account.c (decoders) and
 * ek_order*.c (instructions).
 *
 * A layout is a function of one line a field: where it stands in the account (discriminator included) or in
 * the element, and the plain struct's member, which has the width of the wire field unless the line says
 * otherwise. Written out, a field costs two instructions. That no line reads past the layout's length is
 * checked when it is compiled; that the bytes are so long, by who calls. */
#ifndef EK_VENUE_TABLE_H
#define EK_VENUE_TABLE_H
#include "venue/ek_account.h"
#include "base/ek_bytes.h"
#include "venue/ek_venue.h"

typedef ek_err ek_fields(const uint8_t *from,
                         void *out); /* EK_E_UNSUPPORTED: an enum's byte is above its largest known one */

#define FIELDS_OF(type, bytes)                          \
    type *to = out;                                     \
    enum { within = (bytes) };                          \
    int unknown = 0
#define FIELDS_END return unknown ? EK_E_UNSUPPORTED : EK_OK
#define WITHIN(off, size) ((void)sizeof(char[(off) + (size) <= within ? 1 : -1]))
/* As it stands; one byte of a known range; 32 bytes of text, trailing blanks and zeros cut; four bytes,
 * sign-extended into an int64. */
#define COPY(off, member) \
    (WITHIN(off, sizeof to->member), (void)memcpy(&to->member, from + (off), sizeof to->member))
#define ENUM(off, member, top) (WITHIN(off, 1), to->member = from[off], unknown |= from[off] > (top))
#define NAME(off, member) (WITHIN(off, 32), ek_copy_name(from + (off), to->member))
#define WIDE(off, member) (WITHIN(off, 4), to->member = ek_get_i32(from + (off)))

#define EK_ROWS(list) (list), sizeof(list) / sizeof((list)[0])

typedef struct {
    const char *name;        /* "PerpMarket" */
    uint8_t discriminator[8];
    uint16_t len;
    ek_fields *fields;
    uint8_t grows;           /* a longer one has the known fields in their places, as seen on chain */
} ek_layout;

typedef struct {
    uint16_t at, stride;     /* first element in the account; bytes between elements */
    ek_fields *fields;
} ek_array;

typedef struct {
    uint32_t code;
    const char *name;
} ek_error_name;

/* Where the arrays of a User stand, and the layout they belong to. */
typedef struct {
    ek_layout account;
    ek_array spots, perps, orders;
} ek_user_layout;

struct ek_venue {
    const char *name, *layout;
    ek_key program;
    ek_key pull_owner;          /* owner of Pyth pull feeds; zero: the venue has none */
    const char *state_seed, *signer_seed;
    uint8_t can_take;
    uint8_t prelaunch, high_leverage_config; /* the venue has these accounts */
    uint8_t offset_is_i32;      /* OrderParams.oracle_price_offset: Option<i32>, else Option<i64> */
    uint8_t has_builder_fields; /* OrderParams ends with builder_idx and builder_fee */
    uint8_t has_volume;         /* UserStats volumes are known */
    uint8_t has_funding_slope;  /* the market says how its premium is drawn toward zero */
    uint16_t funding_offset; /* the fixed part of the funding rate is the oracle's average divided by this, a
                                day */
    uint8_t metas_by_market; /* account groups: 1 perp oracles first and markets by index (Velocity's
                                vectors), 0 in the order of the User's positions (Drift's clients); the
                                programs take any order inside a group */
    uint8_t take_writes_quote;  /* place_and_take lists spot market 0 as written */
    uint32_t highest_fee_ppm;   /* the highest taker fee: the dearest tier, doubled or with the add-on */
    uint8_t settled_market_known; /* margin in a perp market in settlement was proven */
    uint32_t sources;           /* bit per oracle source that can be valued */
    const uint8_t *status_map;  /* raw MarketStatus -> EK_MARKET_* */
    uint8_t n_status;
    ek_user_layout user, next_user; /* next_user: announced, read for showing only; length 0: none */
    ek_layout stats, perp, spot, state, lazer;
    const ek_error_name *errors; /* ascending */
    size_t n_errors;
};

void ek_copy_name(const uint8_t from[32], char to[EK_NAME_CAP]);

extern const struct ek_venue EK_VENUE_VELOCITY, EK_VENUE_DRIFT;

#endif
