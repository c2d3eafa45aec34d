#include "base/ek_fixed.h"

#include "base/ek_wide.h"

#define CHECKED(name, type, op) \
    ek_err name(type a, type b, type *out) { \
        type r; \
        if (op(a, b, &r)) return EK_E_OVERFLOW; \
        *out = r; \
        return EK_OK; \
    }
CHECKED(ek_add_i64, int64_t, __builtin_add_overflow)
CHECKED(ek_sub_i64, int64_t, __builtin_sub_overflow)
CHECKED(ek_mul_i64, int64_t, __builtin_mul_overflow)
CHECKED(ek_add_u64, uint64_t, __builtin_add_overflow)
CHECKED(ek_sub_u64, uint64_t, __builtin_sub_overflow)
CHECKED(ek_mul_u64, uint64_t, __builtin_mul_overflow)
#undef CHECKED

const uint64_t EK_TEN_TO[EK_POWERS_OF_TEN] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

typedef ek_err (*divider)(ek_i128, ek_i128, ek_i128 *);

static ek_err mul_div_i64(int64_t a, int64_t b, int64_t c, divider div, int64_t *out) {
    ek_i128 r;
    ek_err err = ek_wide_mul(ek_wide_i64(a), ek_wide_i64(b), &r);
    if (err == EK_OK) err = div(r, ek_wide_i64(c), &r);
    return err == EK_OK ? ek_wide_to_i64(r, out) : err;
}
ek_err ek_mul_div_floor_i64(int64_t a, int64_t b, int64_t c, int64_t *out) {
    return mul_div_i64(a, b, c, ek_wide_div_floor, out);
}
ek_err ek_mul_div_ceil_i64(int64_t a, int64_t b, int64_t c, int64_t *out) {
    return mul_div_i64(a, b, c, ek_wide_div_ceil, out);
}

/* The product of two u64 may not fit a signed 128, so this goes the unsigned way. */
static ek_err mul_div_u64(uint64_t a, uint64_t b, uint64_t c, int up, uint64_t *out) {
    ek_u128 q, r, divisor = {.lo = c, .hi = 0};
    ek_err err = ek_wide_udivmod(ek_wide_umul(a, b), divisor, &q, &r);
    if (err != EK_OK) return err;
    uint64_t step = up && r.lo != 0;
    if (q.hi != 0 || q.lo > UINT64_MAX - step) return EK_E_OVERFLOW;
    *out = q.lo + step;
    return EK_OK;
}
ek_err ek_mul_div_floor_u64(uint64_t a, uint64_t b, uint64_t c, uint64_t *out) {
    return mul_div_u64(a, b, c, 0, out);
}
ek_err ek_mul_div_ceil_u64(uint64_t a, uint64_t b, uint64_t c, uint64_t *out) {
    return mul_div_u64(a, b, c, 1, out);
}

uint64_t ek_abs_i64(int64_t v) { return v < 0 ? 0u - (uint64_t)v : (uint64_t)v; }

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* Appends one digit to a magnitude that may reach 2^63 (the negative limit). */
static ek_err push_digit(uint64_t *m, unsigned digit) {
    if (*m > (((uint64_t)1 << 63) - digit) / 10) return EK_E_OVERFLOW;
    *m = *m * 10 + digit;
    return EK_OK;
}

ek_err ek_parse_decimal(const char *text, size_t n, unsigned decimals, int64_t *out) {
    if (decimals > 18) return EK_E_RANGE;
    size_t i = 0;
    int negative = n > 0 && text[0] == '-';
    if (negative) i++;
    size_t first = i;
    uint64_t m = 0;
    unsigned shown = 0;
    ek_err err = EK_OK; /* syntax is judged first, so that "1e99" is a syntax error and not an overflow */
    for (; i < n && is_digit(text[i]); i++)
        if (err == EK_OK) err = push_digit(&m, (unsigned)(text[i] - '0'));
    if (i == first) return EK_E_SYNTAX;
    if (i < n) {
        if (text[i] != '.') return EK_E_SYNTAX;
        size_t point = i++;
        for (; i < n && is_digit(text[i]); i++) {
            if (err != EK_OK) continue;
            if (shown < decimals) {
                err = push_digit(&m, (unsigned)(text[i] - '0'));
                shown++;
            } else if (text[i] != '0') {
                err = EK_E_RANGE;
            }
        }
        if (i < n || i == point + 1) return EK_E_SYNTAX;
    }
    for (; err == EK_OK && shown < decimals; shown++) err = push_digit(&m, 0);
    if (err != EK_OK) return err;
    if (!negative && m > (uint64_t)INT64_MAX) return EK_E_OVERFLOW;
    *out = negative ? (int64_t)(0u - m) : (int64_t)m;
    return EK_OK;
}

size_t ek_print_decimal(int64_t v, unsigned decimals, unsigned min_shown, char *out, size_t cap) {
    if (decimals > 18) return 0;
    char digits[20];
    unsigned n = 0;
    /* digits[0] is the last */
    for (uint64_t m = ek_abs_i64(v); m != 0 || n <= decimals; m /= 10) digits[n++] = (char)('0' + m % 10);
    unsigned least = min_shown < decimals ? min_shown : decimals, drop = 0;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): n > decimals digits are written */
    while (decimals - drop > least && digits[drop] == '0') drop++;
    unsigned whole = n - decimals, fraction = decimals - drop;
    size_t len = (v < 0) + whole + (fraction ? 1 + fraction : 0);
    if (len + 1 > cap) return 0;
    size_t at = 0;
    if (v < 0) out[at++] = '-';
    for (unsigned i = n; i-- > decimals;) out[at++] = digits[i];
    if (fraction) out[at++] = '.';
    for (unsigned i = decimals; i-- > drop;) out[at++] = digits[i];
    out[at] = 0;
    return len;
}
