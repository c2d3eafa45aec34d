/* ek_side.h - the side of an order, numbered as both venues number it. */
#ifndef EK_SIDE_H
#define EK_SIDE_H

enum { EK_BUY = 0, EK_SELL = 1 };

#endif
