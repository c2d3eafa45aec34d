/* sys_number.h - numbers and durations as people write them. */
#ifndef SYS_NUMBER_H
#define SYS_NUMBER_H

#include <stdint.h>

/* Whole decimal number, nothing around it, within [min, max]: 1, else 0. */
int sys_parse_i64(const char *text, int64_t min, int64_t max, int64_t *out);
/* "90", "90s", "15m", "2h", "3d" in seconds, 1..10 years: 1, else 0. */
int sys_parse_duration_s(const char *text, int64_t *out);

#endif
