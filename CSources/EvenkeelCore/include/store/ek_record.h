/* ek_record.h - what must survive a power cut: one fixed-size record, and its image in a state file.
 *
 * A state file is two slots of EK_RECORD_SLOT bytes. A write goes to the slot with the lower generation, so
 * the other one is always whole; reading takes the valid slot with the higher generation. Slot image, every
 * number little-endian:
 *   0      8   magic "EVENKEEL"
 *   8      4   format version
 *   12     4   payload length n
 *   16     8   generation, from 1
 *   24     n   payload
 *   24+n   .   zeros
 *   8160   32  BLAKE2b-256 of the 8160 bytes before it
 * This frame is the same in every format; only the payload changes, so a newer file is told apart from a
 * damaged one.
 *
 * The payload of format 3 is sections: u16 tag, u16 length, that many bytes. Some are a table: u16 bytes of a
 * row, u16 rows, the rows. docs/architecture.md has every byte. The rules, by which later programs add to it
 * without a new format:
 *   order      Tags ascend, none twice. A program writes every section it knows: one content, one image.
 *   longer     A section or row that is longer than known is read for its known part. The rest is not kept:
 *              what must outlive a save by an older program gets a section of its own.
 *   shorter    The fields after the end are zero. A field that is cut in the middle is EK_E_RANGE. Zero
 *              therefore means "not known" or "none" in every field that is added later.
 *   missing    The fields are zero, the table is empty. But identity, switches, counts, ticket, markets and
 *              days must be there with all that the first program of format 3 wrote, else EK_E_RANGE: there
 *              is no safe default for what must not be traded and what was traded.
 *   unknown    A tag under EK_TAG_MUST_KNOW that this program does not know is kept byte for byte and written
 *              again, up to EK_RECORD_KEPT bytes in all. What is kept may be of an earlier save, so such a
 *              section says itself of when it is. More than that, or a tag from EK_TAG_MUST_KNOW on: the file
 *              is a newer program's (EK_E_VERSION) and is left alone.
 *   numbers    Of what is enumerated, a number that is not known is EK_E_RANGE. A program that adds one also
 *              writes a section from EK_TAG_MUST_KNOW on while that number is in the record. */
#ifndef EK_RECORD_H
#define EK_RECORD_H

#include "hedge/ek_hedge.h"
#include "order/ek_ticket.h"
#include "base/ek_types.h"
#include "store/ek_vault.h"

#define EK_RECORD_SLOT 8192u
#define EK_RECORD_FILE (2u * EK_RECORD_SLOT)
/* 1 and 2 are one row of fields without sections (2 added the vault and the paper notional of the day). They
 * load, with what they do not have zero, and are written as 3. There is no way back. */
#define EK_RECORD_VERSION 3u
#define EK_RECORD_MARKETS 8u
#define EK_RECORD_LST_RATES 16u
/* For sections of a newer program. The largest record takes 5,596 bytes; with these 6,620 of 8,136. */
#define EK_RECORD_KEPT 1024u

/* The sections of format 3. A new one takes the next number and moves EK_TAG_LAST_KNOWN. */
enum {
    EK_TAG_IDENTITY = 1,
    EK_TAG_SWITCHES = 2,
    EK_TAG_COUNTS = 3,
    EK_TAG_TICKET = 4,
    EK_TAG_TRANSACTION = 5,
    EK_TAG_MARKETS = 6,
    EK_TAG_DAYS = 7,
    EK_TAG_LAST = 8,
    EK_TAG_PAPER = 9,
    EK_TAG_VAULT = 10,
    EK_TAG_VAULT_MARKETS = 11,
    EK_TAG_PROOF = 12,
    EK_TAG_CLUSTER = 13,
    EK_TAG_LST_RATES = 14,
    EK_TAG_BALANCES = 15,
    EK_TAG_LAST_KNOWN = 15,
    EK_TAG_MUST_KNOW = 0x8000
};

/* HELD is of the whole record only: on paper by command, in a config that says live. It lasts until `mode
 * live` is said. */
enum { EK_MODE_PAPER = 0, EK_MODE_LIVE = 1, EK_MODE_HELD = 2 };

/* The paper book of one market: what paper trading added to the real positions. */
typedef struct {
    uint8_t active;
    int64_t base_e9, quote_e6; /* perp base and quote bought (+) and sold (-) on paper */
    int64_t fees_e6;
    ek_moment last_success;
    int64_t day_start_unix_s;
    uint32_t trades_today;
    uint64_t corrections_total;
    int64_t notional_today_e6;
} ek_paper;

typedef struct {
    uint8_t action;  /* EK_ACTION_* */
    uint8_t outcome; /* EK_OUT_* */
    uint8_t mode;    /* EK_MODE_* */
    uint64_t size_base_e9; /* what filled */
    int64_t price_e6;      /* average of the fill; 0: unknown */
    int64_t fee_e6;        /* what the venue took (ek_fee.h), a rebate is negative; 0 when not known */
    uint64_t fee_lamports;
    uint64_t slot;
    int64_t unix_s;
    int64_t drift_before_ppm, drift_after_ppm;
    uint8_t signature[64];
} ek_last_correction;

typedef struct {
    char name[16]; /* "SOL-PERP", padded with NULs, always at least one */
    uint16_t perp_index;
    ek_moment last_success; /* live; {0,0}: never */
    int64_t day_start_unix_s;
    uint32_t trades_today;
    int64_t notional_today_e6;
    uint64_t corrections_total;
    int64_t fees_own_e6; /* taker fees that corrections are proven to have paid (ek_fee.h), since counting
                            began */
    ek_paper paper;
    ek_last_correction last;
    ek_vault_market vault;
} ek_market_record;

/* The attested read that proved the end of the last ticket: nothing older than both is believed. Zeros: no
 * proof yet. */
typedef struct {
    uint64_t slot;
    uint32_t next_order_id; /* of the User account */
} ek_proof;

/* What one pool's liquid staking token was worth when it was last read: lamports for `supply` units. */
typedef struct {
    ek_key pool;
    uint64_t lamports, supply; /* neither is 0 */
    uint64_t epoch;
} ek_lst_rate;

typedef struct {
    uint64_t generation; /* of the image it was read from; the store counts it up */
    char venue[16];      /* "velocity", "drift"; NUL-padded */
    ek_key authority;
    uint16_t sub_account;
    uint8_t mode;        /* EK_MODE_* of the last run */
    uint8_t paused;
    uint8_t breaker_open;
    uint8_t n_markets;
    uint8_t next_user_order_id; /* 1..255, never 0: 0 means "none" on the venue */
    uint32_t failures_in_row;
    uint64_t max_slot_seen;
    uint64_t fee_lamports_total;
    uint64_t ticks_total;
    uint64_t corrections_total;
    int64_t start_unix_s;            /* when counting began */
    ek_vault vault;
    ek_market_record markets[EK_RECORD_MARKETS];
    ek_ticket ticket;
    ek_proof proof;
    uint32_t slot_us;                /* how long a slot lasts, as last measured; 0: never was */
    uint32_t format;   /* of the image it was read from; a save writes EK_RECORD_VERSION */
    uint8_t clustered; /* the record also stands in a cluster's store */
    uint8_t n_lst_rates;
    ek_lst_rate lst_rates[EK_RECORD_LST_RATES]; /* by pool, ascending */
    uint16_t kept_len;                          /* of a newer program's sections, as they are written again */
    uint8_t kept[EK_RECORD_KEPT];
} ek_record;

/* A new record: no markets, nothing counted. `venue` of 1 to 15 printable bytes, else EK_E_RANGE. */
ek_err ek_record_init(ek_record *r, const char *venue, const ek_key *authority, uint16_t sub_account);
/* Index of the market with that perp index, or -1. */
int ek_record_find(const ek_record *r, uint16_t perp_index);
/* 1: it has a row of this name and index. */
int ek_record_knows(const ek_record *r, const char *name, uint16_t perp_index);
/* The market's index, added when it is new (name of 1 to 15 printable bytes: EK_E_RANGE; a ninth market:
 * EK_E_FULL). A known index with another name is EK_E_MISMATCH: the venue renumbered, or this is another
 * venue's file. */
ek_err ek_record_add(ek_record *r, const char *name, uint16_t perp_index, uint32_t *index);
/* The id to put on the next order; counts on, 255 is followed by 1. */
uint8_t ek_record_take_user_order_id(ek_record *r);

/* Takes over a pool's rate, in the place of its older one. EK_E_RANGE when lamports or supply is 0; EK_E_FULL
 * for a seventeenth pool. */
ek_err ek_record_remember_rate(ek_record *r, const ek_lst_rate *rate);

/* Fills a whole slot image, of EK_RECORD_VERSION whatever the record was read from. EK_E_RANGE when the
 * record breaks one of its own ranges (it would not decode). About 10 us. */
ek_err ek_record_encode(const ek_record *r, uint8_t out[EK_RECORD_SLOT]);
/* Checks everything: EK_E_SHORT under one slot; EK_E_MISSING all zeros (never written); EK_E_SYNTAX another
 * magic; EK_E_CHECKSUM; EK_E_VERSION newer than this program, as a whole or in a section; EK_E_RANGE a field
 * out of its range. On an error *r is not touched. */
ek_err ek_record_decode(const uint8_t *slot, size_t len, ek_record *r);
/* The format version that a slot names, whether it is whole or not; 0 when it names none. */
uint32_t ek_record_format(const uint8_t *slot, size_t len);
/* Looks at both slots of a file image (len may be short: a slot that is not whole is EK_E_SHORT). The valid
 * slot with the higher generation goes to *out, its number to *slot; slot_err tells of each. Fails, with
 * *slot -1, when
 *   EK_E_VERSION   either slot is whole and newer than this program: its sibling is the past and may lack an
 *                  open ticket
 *   EK_E_MISMATCH  both are valid, of one generation, and differ: somebody copied files about
 *   the first slot's error otherwise, when neither is valid. */
ek_err ek_record_pick(const uint8_t *file, size_t len, ek_record *out, int *slot, ek_err slot_err[2]);

/* Fixed arrays come into Swift as tuples: these give pointers. The record must be at a fixed address. NULL
 * past n_markets and n_lst_rates. */
ek_market_record *ek_record_market(ek_record *r, uint32_t i);
const ek_lst_rate *ek_record_lst_rate(const ek_record *r, uint32_t i);
ek_ticket *ek_record_ticket(ek_record *r);
uint8_t *ek_last_signature(ek_last_correction *l);
const char *ek_market_record_name(const ek_market_record *m);
const char *ek_record_venue(const ek_record *r);
size_t ek_record_size(void);

#endif
