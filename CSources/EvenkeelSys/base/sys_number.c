#include "base/sys_number.h"

#include <string.h>

int sys_parse_i64(const char *text, int64_t min, int64_t max, int64_t *out) {
    const char *p = text;
    int negative = *p == '-';
    uint64_t v = 0;
    if (negative) p++;
    if (*p == 0) return 0;
    for (; *p != 0; p++) {
        if (*p < '0' || *p > '9' || v > (uint64_t)INT64_MAX / 10) return 0;
        v = v * 10 + (uint64_t)(*p - '0');
        if (v > (uint64_t)INT64_MAX) return 0;
    }
    int64_t value = negative ? -(int64_t)v : (int64_t)v;
    if (value < min || value > max) return 0;
    *out = value;
    return 1;
}

int sys_parse_duration_s(const char *text, int64_t *out) {
    char digits[20];
    size_t n = strlen(text);
    if (n == 0 || n >= sizeof digits) return 0;
    memcpy(digits, text, n + 1);
    int64_t unit = 1, v = 0;
    switch (digits[n - 1]) {
    case 'd': unit = 86400; break;
    case 'h': unit = 3600; break;
    case 'm': unit = 60; break;
    case 's': break;
    default: n++; break;
    }
    digits[n - 1] = 0;
    if (!sys_parse_i64(digits, 1, 315360000 / unit, &v)) return 0;
    *out = v * unit;
    return 1;
}
