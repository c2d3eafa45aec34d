/* ek_margin_core.h - private: margin of any User over a book, with prices that may be replaced. ek_margin.h
 * is the public side. */
#ifndef EK_MARGIN_CORE_H
#define EK_MARGIN_CORE_H
#include "margin/ek_margin.h"

enum { EK_PRICE_OVERRIDES = 2 };

typedef struct {
    const ek_book *book;
    const ek_user *user;   /* the book's own, or a changed copy */
    int type, strict;
    uint32_t n_prices;     /* oracle accounts whose price is another one in this calculation */
    ek_key price_key[EK_PRICE_OVERRIDES];
    int64_t price_e6[EK_PRICE_OVERRIDES];
} ek_margin_query;

ek_err ek_margin_run(const ek_margin_query *q, ek_margin *out, ek_fault *fault);

#endif
