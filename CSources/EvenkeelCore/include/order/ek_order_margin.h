/* ek_order_margin.h - would the program admit this order? Units and errors as in ek_margin.h. Pure; about 3
 * us. */
#ifndef EK_ORDER_MARGIN_H
#define EK_ORDER_MARGIN_H
#include "margin/ek_margin.h"
#include "order/ek_order.h"

/* Margin as the program computes it while it admits this perp order: orders past max_ts at the book's chain
 * time are dropped (trigger orders stay), the new one (base floored to the step) is added, the type is chosen
 * by the program's rule and written to *type. Accepted iff total >= requirement. EK_E_RANGE: base below one
 * step, unknown market. */
ek_err ek_margin_if_placed(const ek_book *b, const ek_order_params *order, int *type, ek_margin *out,
                           ek_fault *fault);
/* The same for the account as it would stand. */
ek_err ek_margin_if_placed_by(const ek_book *b, const ek_user *user, const ek_order_params *order, int *type,
                              ek_margin *out, ek_fault *fault);

#endif
