/* ek_ring.h - the history: fixed-size records in three rings of one preallocated file beside the state (its
 * path + ".ring").
 *
 * History only: nothing is ever decided by it. A record that is torn, rotten or not yet written is skipped; a
 * file that is missing, another account's or newer than the program costs the history and nothing else.
 *
 * The file is EK_RING_FILE bytes, little-endian, in pages of EK_RING_PAGE:
 *   page 0     header: 0 magic "EVENRING", 8 u32 format version, 12 u16 sub-account, 14 u16 zero, 16 venue
 *              (16 bytes), 32 authority,
 *              64 u64 check of the 64 bytes before; zeros
 *   EK_RING_MINUTES      samples of EK_RING_SAMPLE bytes, 25 a page and zeros behind them, one a minute and
 *                        market (with n markets each every n minutes): a day
 *   EK_RING_QUARTERS     the same, every 15 minutes (x n): 30 days
 *   EK_RING_CORRECTIONS  corrections of EK_RING_CORRECTION bytes: the last 512
 * Record number `seq` (from 1, counted for each ring) lies at place (seq - 1) % capacity. A record's first 4
 * bytes are a check over the rest and the ring's number, the next 4 its seq. So the newest is the highest
 * seq, and a record in a wrong place is no record.
 *
 * Version 1 has samples of EK_RING_SAMPLE_1 bytes, which end before `network_e6`. Its rings are named
 * EK_RING_OLD + ring here: they are only read, and what later programs added is 0 in their samples.
 *
 * A sample is one market's book and the account's money at one moment. The account's money is split so that
 * always, to the unit,
 *
 *     equity_e6 = flows_e6 + funding_e6 + fees_e6 + network_e6 + interest_e6 + yield_e6
 *                 + sum over the markets (basis_e6 + delta_e6 + slippage_e6) + other
 *
 * where each part counts from the start of the history (the equity of the first sample is a flow), so any two
 * samples give the split of the time between them by subtraction. ek_vault.h says what each part means. */
#ifndef EK_RING_H
#define EK_RING_H

#include "base/ek_types.h"

#define EK_RING_VERSION 2u
#define EK_RING_PAGE 4096u
#define EK_RING_SAMPLE 160u
#define EK_RING_SAMPLE_1 128u
#define EK_RING_CORRECTION 256u

enum { EK_RING_MINUTES = 0, EK_RING_QUARTERS = 1, EK_RING_CORRECTIONS = 2, EK_RINGS = 3 };
enum { EK_RING_OLD = EK_RINGS };
enum {
    EK_RING_MINUTES_CAP = 1475,
    EK_RING_QUARTERS_CAP = 2925,
    EK_RING_CORRECTIONS_CAP = 512
};
/* 856,064: header, 59 + 117 + 32 pages; of version 1 696,320: header, 46 + 91 + 32 pages. */
#define EK_RING_FILE ((1u + 59u + 117u + 32u) * EK_RING_PAGE)
#define EK_RING_FILE_1 ((1u + 46u + 91u + 32u) * EK_RING_PAGE)

typedef struct {
    uint32_t seq;             /* of its ring; 0: none */
    uint64_t slot;
    int64_t unix_s;
    uint8_t market;           /* index into ek_record.markets */
    uint8_t mode;             /* EK_MODE_* */
    uint8_t status; /* of the tick, in the order of the words of docs/interface.md: 0 balanced .. 11 paused */
    uint8_t flags;            /* EK_SAMPLE_* */
    uint16_t health_bp;
    uint16_t leverage_e2;     /* UINT16_MAX: infinite or larger */
    int32_t drift_ppm;        /* saturated; 0 when there is no spot */
    int32_t funding_hourly_ppb; /* last rate, positive: longs pay shorts; saturated */
    /* the account */
    int64_t equity_e6;        /* all legs, in and outside the venue */
    int64_t collateral_e6;    /* total collateral, Initial and strict */
    int64_t flows_e6, funding_e6, fees_e6; /* since the start; fees are negative */
    /* the market */
    int64_t spot_base_e9, perp_base_e9, spot_price_e6, perp_price_e6;
    int64_t basis_e6, delta_e6; /* since the start */
    /* from version 2 on: of the account, of the market */
    int64_t network_e6, interest_e6, yield_e6, slippage_e6;
} ek_sample;

enum {
    EK_SAMPLE_NO_DRIFT = 1 /* no spot: drift is not defined */,
    EK_SAMPLE_GATE_CLOSED = 2,
    EK_SAMPLE_LAST_OF_GROUP = 4 /* the last market of its moment */
};

typedef struct {
    uint32_t seq;
    uint64_t slot;
    int64_t unix_s;
    char market[16];          /* "SOL-PERP", NUL-padded, always at least one */
    uint8_t action, outcome, mode; /* EK_ACTION_*, EK_OUT_*, EK_MODE_* */
    uint64_t size_base_e9;    /* what filled */
    int64_t price_e6;         /* average of the fill; 0 unknown */
    int64_t oracle_price_e6;  /* at the decision */
    int64_t fee_e6;           /* what the venue took, a rebate is negative; 0 not known */
    uint64_t fee_lamports;
    int64_t drift_before_ppm, drift_after_ppm;
    int64_t spot_base_e9, perp_base_e9; /* afterwards */
    uint8_t signature[64];    /* zeros: paper, or nothing was sent */
    uint32_t landing;         /* slots from the first send to the block, plus one; 0 not known */
} ek_ring_correction;

/* Where a ring lies. ring < EK_RINGS, or that + EK_RING_OLD; else all are 0. */
uint32_t ek_ring_offset(int ring);
uint32_t ek_ring_record_size(int ring);
uint32_t ek_ring_capacity(int ring);
/* Offset in the file of record `seq` (from 1). */
uint32_t ek_ring_place(int ring, uint32_t seq);

/* The header page. venue of 1 to 15 bytes, else EK_E_RANGE. */
ek_err ek_ring_header(const char *venue, const ek_key *authority, uint16_t sub_account,
                      uint8_t out[EK_RING_PAGE]);
/* EK_E_SHORT; EK_E_MISSING all zeros; EK_E_SYNTAX another file; EK_E_VERSION newer; EK_E_CHECKSUM;
 * EK_E_MISMATCH another account's. Of version 1 or this one. */
ek_err ek_ring_header_check(const uint8_t *page, size_t len, const char *venue, const ek_key *authority,
                            uint16_t sub_account);
/* The same for a reader that takes any account's. */
ek_err ek_ring_header_known(const uint8_t *page, size_t len);

/* Of a header that is known: 1 or EK_RING_VERSION. */
uint32_t ek_ring_header_version(const uint8_t *page);

/* `ring` is MINUTES or QUARTERS. Nothing is refused: every sample can be written. About 1 us. */
void ek_sample_encode(int ring, const ek_sample *s, uint8_t out[EK_RING_SAMPLE]);
/* EK_E_SHORT; EK_E_MISSING never written; EK_E_CHECKSUM torn, rotten or of another ring; EK_E_RANGE. Also of
 * version 1. */
ek_err ek_sample_decode(int ring, const uint8_t *in, size_t len, ek_sample *out);
void ek_ring_correction_encode(const ek_ring_correction *c, uint8_t out[EK_RING_CORRECTION]);
ek_err ek_ring_correction_decode(const uint8_t *in, size_t len, ek_ring_correction *out);

/* seq of a whole record at any place of the ring, judged by place too; 0 when it is no record. `at` counts
 * places from 0. */
uint32_t ek_ring_seq_at(int ring, uint32_t at, const uint8_t *in, size_t len);

/* For Swift: C arrays as pointers. */
char *ek_ring_correction_market(ek_ring_correction *c);
uint8_t *ek_ring_correction_signature(ek_ring_correction *c);

#endif
