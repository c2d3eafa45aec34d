/* ek_usual.h - private to ek_scan.c: one account of an answer in the spelling that nodes send, read by
 * comparing it with that spelling.
 *
 *   {"data":["...","base64"],"executable":false,"lamports":1,"owner":"...","rentEpoch":18446744073709551615,"space":0}
 *
 * Only names in this order, no white space, no escapes, and an owner that is a program this agent knows by
 * its text. What is taken here the strict reader takes too, with the same result (fuzz_scan.c compares them);
 * all else is left to the strict reader. */
#ifndef EK_USUAL_H
#define EK_USUAL_H
#include "snapshot/ek_scan.h"

/* 1: an account begins at `at`; *acc is filled but for `present`, *next is behind it. 0: none in this
 * spelling, *acc may be half filled. chars: the expected length of the base64 text. Where the text ends
 * there, its characters are NOT looked at: who decodes it does that. 0: nothing is expected, and every
 * character is looked at. */
int ek_usual_account(const uint8_t *base, const uint8_t *at, const uint8_t *end, uint32_t chars,
                     ek_scan_account *acc, const uint8_t **next);

#endif
