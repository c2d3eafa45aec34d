/* ek_interest.h - what the account's deposits earned and its borrows cost, from the venue's own index.
 *
 * Between two books each balance of the first is valued at the market's cumulative interest of the second,
 * less what it came to in the first, both at the price of the second and rounded as the venue's margin rounds
 * them: over any number of books the amounts add up to what the equity shows. A balance that somebody paid
 * into or took from meanwhile counts as it was before. One whose market or price is not in the book earns
 * nothing. */
#ifndef EK_INTEREST_H
#define EK_INTEREST_H

#include "snapshot/ek_book.h"
#include "store/ek_vault.h"

/* Interest of the vault's balances since its last book, 1e-6 USD; then those of book `b`, of `unix_s`, take
 * their place. Balances that are not of the vault's last book earn nothing; one beyond 64 bits is left
 * out. */
int64_t ek_interest_take(ek_vault *v, const ek_book *b, int64_t unix_s);

#endif
