/* ek_ledger.h - what the signer must not forget: counts, prices, bindings, the loss limit; and its time.
 *
 * Time here does not go back and is not the wall clock's to give: within one boot of the machine it goes by
 * the boot clock, so that setting the clock opens no window. After a boot it is the wall clock's time; when
 * that is behind, time goes on from where it was, and only when it is more than a day behind (a clock that
 * was once far ahead) time begins there, with every count kept as if it had just been made.
 *
 * Pure. It goes into a file as it is: no padding, little-endian. */
#ifndef EK_LEDGER_H
#define EK_LEDGER_H
#include "base/ek_types.h"
#include "signer/ek_price_memory.h"
#include "signer/ek_rolling.h"

enum { EK_LEDGER_MARKETS = 8,
       EK_LEDGER_BOOT_ID = 16 };
/* Where the loss limit is from. */
enum { EK_LIMIT_UNSET = 0,
       EK_LIMIT_AUTO = 1,
       EK_LIMIT_CONFIG = 2,
       EK_LIMIT_OPERATOR = 3 };

/* The signer's clocks at one moment. */
typedef struct {
    int64_t unix_s; /* the wall clock */
    int64_t boot_s; /* since the machine was started, sleep included */
    uint8_t boot_id[EK_LEDGER_BOOT_ID];
} ek_ledger_clock;

/* One market as it was bound. 56 bytes. */
typedef struct {
    char name[16]; /* empty: not bound */
    uint8_t oracle[32];
    uint16_t market_index;
    uint8_t oracle_source, reserved[5];
} ek_ledger_pin;

/* 8128 bytes. */
typedef struct {
    int64_t time_s; /* the ledger's own; valid where `begun` */
    int64_t boot_s;
    uint8_t boot_id[EK_LEDGER_BOOT_ID];
    uint8_t begun, limit_from, reserved[2];
    uint32_t refusals;  /* in a row */
    uint64_t limit_e6;  /* loss of a day, 1e-6 USD */
    uint64_t equity_e6; /* what `auto` took it from */
    uint64_t signed_total, refused_total;
    ek_rolling orders;         /* signed in the last hour */
    ek_rolling notional, loss; /* of the last day, 1e-6 USD */
    ek_ledger_pin pins[EK_LEDGER_MARKETS];
    ek_price_memory prices[EK_LEDGER_MARKETS]; /* by the place of the pin */
    uint8_t reserved2[72];
} ek_ledger;

/* Moves the ledger's time and its windows on. A wall clock before 1970 counts as 1970. */
void ek_ledger_advance(ek_ledger *l, const ek_ledger_clock *clock);
/* 1 when every field that is read as a place, a text or a choice is one. For bytes from a file. */
int ek_ledger_valid(const ek_ledger *l);
/* The place of the pin with that name; -1: there is none. An empty name: the first free place. */
int ek_ledger_pin_of(const ek_ledger *l, const char name[16]);
/* A limit of the config or the operator. */
void ek_ledger_set_limit(ek_ledger *l, uint64_t limit_e6, uint8_t from);
/* `auto`, when there is no limit yet: a hundredth of the equity, at least 10 $, shared among the machines. 1
 * when it was set now. */
int ek_ledger_auto_limit(ek_ledger *l, uint64_t equity_e6, uint32_t machines);

#endif
