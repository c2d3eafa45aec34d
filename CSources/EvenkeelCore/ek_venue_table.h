/* ek_venue_table.h - private: the shape of a venue's table. The tables are ek_venue_velocity.c and ek_venue_drift.c; the only readers
 * are ek_venue.c (addresses, names), ek_account.c (decoders) and ek_order*.c (instructions).
 *
 * A layout is a list of fields: from = offset in the account (discriminator included) or in the element, to = offset in the plain struct.
 * The plain struct's member has the width of the wire field, so a copy is a little-endian load; the two exceptions have a kind. */
#ifndef EK_VENUE_TABLE_H
#define EK_VENUE_TABLE_H
#include "ek_account.h"
#include "ek_venue.h"

enum {
    EK_FIELD_COPY = 0, /* size bytes as they are */
    EK_FIELD_ENUM,     /* one byte, above max -> EK_E_UNSUPPORTED */
    EK_FIELD_NAME,     /* 32 bytes of text, trailing blanks and zeros cut */
    EK_FIELD_I32       /* four bytes, sign-extended into an int64 */
};

typedef struct {
    uint16_t from, to, size;
    uint8_t kind, max;
} ek_field;

#define EK_MEMBER_SIZE(type, member) sizeof(((type *)0)->member)
#define EK_COPY(type, off, member) {(off), offsetof(type, member), EK_MEMBER_SIZE(type, member), EK_FIELD_COPY, 0}
#define EK_ENUM(type, off, member, top) {(off), offsetof(type, member), 1, EK_FIELD_ENUM, (top)}
#define EK_NAME(type, off, member) {(off), offsetof(type, member), 32, EK_FIELD_NAME, 0}
#define EK_I32(type, off, member) {(off), offsetof(type, member), 4, EK_FIELD_I32, 0}
#define EK_ROWS(list) (list), sizeof(list) / sizeof((list)[0])

typedef struct {
    const char *name;        /* "PerpMarket" */
    uint8_t discriminator[8];
    uint16_t len;
    const ek_field *fields;
    size_t n_fields;
} ek_layout;

typedef struct {
    uint16_t at, stride;     /* first element in the account; bytes between elements */
    const ek_field *fields;
    size_t n_fields;
} ek_array;

typedef struct {
    uint32_t code;
    const char *name;
} ek_error_name;

struct ek_venue {
    const char *name, *layout, *quote_name;
    ek_key program;
    ek_key pull_owner;          /* owner of Pyth pull feeds; zero: the venue has none */
    const char *state_seed, *signer_seed;
    uint8_t can_take;
    uint8_t prelaunch, high_leverage_config; /* the venue has these accounts */
    uint8_t offset_is_i32;      /* OrderParams.oracle_price_offset: Option<i32>, else Option<i64> */
    uint8_t has_builder_fields; /* OrderParams ends with builder_idx and builder_fee */
    uint8_t has_volume;         /* UserStats volumes are known */
    uint8_t has_funding_slope;  /* the market says how its premium is drawn toward zero */
    uint16_t funding_offset;    /* the fixed part of the funding rate is the oracle's average divided by this, a day */
    uint8_t metas_by_market;    /* account groups: 1 perp oracles first and markets by index (Velocity's vectors), 0 in the order
                                   of the User's positions (Drift's clients); the programs take any order inside a group */
    uint8_t take_writes_quote;  /* place_and_take lists spot market 0 as written */
    uint8_t settle_pnl_known;   /* the accounts of settle_pnl were proven */
    uint8_t settled_market_known; /* margin in a perp market in settlement was proven */
    uint32_t sources;           /* bit per oracle source that can be valued */
    const uint8_t *status_map;  /* raw MarketStatus -> EK_MARKET_* */
    uint8_t n_status;
    ek_layout user, stats, perp, spot, state, lazer;
    ek_array spots, perps, orders;
    const ek_error_name *errors; /* ascending */
    size_t n_errors;
};

extern const struct ek_venue EK_VENUE_VELOCITY, EK_VENUE_DRIFT;

#endif
