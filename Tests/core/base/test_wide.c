/* ek_wide and ek_fixed at their edges; the wide range is Tests/property/test_numbers.py. */
#include "check.h"
#include "base/ek_fixed.h"
#include "base/ek_calc.h"
#include "base/ek_wide.h"

static const ek_i128 LOWEST = {0, INT64_MIN}, HIGHEST = {UINT64_MAX, INT64_MAX};

static void edges_of_128_bits(void) {
    ek_i128 r = {5, 5}, one = ek_wide_i64(1), minus = ek_wide_i64(-1), big;
    CHECK_EQ(ek_wide_neg(LOWEST, &r), EK_E_OVERFLOW);
    CHECK_EQ(ek_wide_div_trunc(LOWEST, minus, &r), EK_E_OVERFLOW);
    CHECK_EQ(ek_wide_mul(LOWEST, minus, &r), EK_E_OVERFLOW);
    CHECK_EQ(ek_wide_div_trunc(one, ek_wide_i64(0), &r), EK_E_RANGE);
    CHECK(r.lo == 5 && r.hi == 5); /* a refusal leaves the output alone */
    CHECK_EQ(ek_wide_mul(LOWEST, one, &r), EK_OK);
    CHECK(r.lo == LOWEST.lo && r.hi == LOWEST.hi);
    ek_u128 square = ek_wide_umul(UINT64_MAX, UINT64_MAX);
    CHECK(square.hi == UINT64_MAX - 1 && square.lo == 1);
    CHECK_EQ(ek_wide_u128(square, &big), EK_E_OVERFLOW);
    uint64_t root;
    CHECK_EQ(ek_wide_isqrt(HIGHEST, &root), EK_OK);
    CHECK(root == 13043817825332782212u);
    CHECK_EQ(ek_wide_isqrt(minus, &root), EK_E_RANGE);
}

/* What the formulas are written with: the first error stays, and what comes after it is 0. */
static void a_calculation_keeps_its_first_error(void) {
    ek_calc c = {EK_OK};
    ek_w sum = ek_w_sub(&c, ek_w_add(&c, HIGHEST, LOWEST), ek_wi(-2));
    CHECK(c.err == EK_OK && sum.lo == 1 && sum.hi == 0);
    CHECK(ek_w_abs(&c, ek_wi(-7)).lo == 7 && ek_w_abs(&c, ek_wi(7)).lo == 7 && c.err == EK_OK);
    CHECK(ek_w_cmp(LOWEST, HIGHEST) < 0 && ek_w_cmp(HIGHEST, LOWEST) > 0 && ek_w_cmp(LOWEST, LOWEST) == 0
          && ek_w_cmp(ek_wu(UINT64_MAX), ek_wi(-1)) > 0);
    const ek_w one = ek_wi(1);
    const struct {
        ek_w a, b;
        int minus;
    } over[] = {{HIGHEST, one, 0},
                {LOWEST, ek_wi(-1), 0},
                {LOWEST, one, 1},
                {HIGHEST, ek_wi(-1), 1},
                {ek_wi(0), LOWEST, 1}};
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        ek_calc o = {EK_OK};
        ek_w r = over[i].minus ? ek_w_sub(&o, over[i].a, over[i].b) : ek_w_add(&o, over[i].a, over[i].b);
        CHECK(o.err == EK_E_OVERFLOW && r.lo == 0 && r.hi == 0);
    }
    CHECK(ek_w_abs(&c, LOWEST).lo == 0 && c.err == EK_E_OVERFLOW);
    ek_w after = ek_w_add(&c, one, one);
    CHECK(after.lo == 0 && c.err == EK_E_OVERFLOW);
    ek_w_div(&c, one, ek_wi(0));
    CHECK_EQ(c.err, EK_E_OVERFLOW);
}

static void clamping(void) {
    CHECK_EQ(ek_clamp_i64(HIGHEST), INT64_MAX);
    CHECK_EQ(ek_clamp_i64(LOWEST), INT64_MIN);
    CHECK_EQ(ek_clamp_i64((ek_i128){.lo = (uint64_t)INT64_MAX + 1, .hi = 0}), INT64_MAX);
    CHECK_EQ(ek_clamp_i64((ek_i128){.lo = (uint64_t)INT64_MAX, .hi = -1}), INT64_MIN);
    CHECK_EQ(ek_clamp_i64(ek_wide_i64(INT64_MIN)), INT64_MIN);
    CHECK_EQ(ek_clamp_i64(ek_wide_i64(-5)), -5);
}

static void rounding_has_three_names(void) {
    static const int64_t rows[][5] = {/* a, b, trunc, floor, ceil */
                                      {7, 2, 3, 3, 4},
                                      {-7, 2, -3, -4, -3},
                                      {7, -2, -3, -4, -3},
                                      {-7, -2, 3, 3, 4},
                                      {6, 2, 3, 3, 3},
                                      {-6, 2, -3, -3, -3},
                                      {0, 5, 0, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ek_i128 a = ek_wide_i64(rows[i][0]), b = ek_wide_i64(rows[i][1]), r;
        int64_t v;
        CHECK(ek_wide_div_trunc(a, b, &r) == EK_OK && ek_wide_to_i64(r, &v) == EK_OK);
        CHECK_EQ(v, rows[i][2]);
        CHECK(ek_wide_div_floor(a, b, &r) == EK_OK && ek_wide_to_i64(r, &v) == EK_OK);
        CHECK_EQ(v, rows[i][3]);
        CHECK(ek_wide_div_ceil(a, b, &r) == EK_OK && ek_wide_to_i64(r, &v) == EK_OK);
        CHECK_EQ(v, rows[i][4]);
        CHECK_EQ(ek_mul_div_floor_i64(rows[i][0], 1, rows[i][1], &v), EK_OK);
        CHECK_EQ(v, rows[i][3]);
    }
}

static void text(void) {
    char out[41];
    CHECK_EQ(ek_wide_print(LOWEST, out), 40);
    CHECK_TEXT(out, "-170141183460469231731687303715884105728");
    CHECK_EQ(ek_wide_print(ek_wide_i64(0), out), 1);
    CHECK_TEXT(out, "0");
}

static void sixty_four_bits(void) {
    int64_t v = 9;
    uint64_t u = 9;
    CHECK_EQ(ek_add_i64(INT64_MAX, 1, &v), EK_E_OVERFLOW);
    CHECK_EQ(ek_sub_i64(INT64_MIN, 1, &v), EK_E_OVERFLOW);
    CHECK_EQ(ek_mul_i64(INT64_MIN, -1, &v), EK_E_OVERFLOW);
    CHECK_EQ(ek_mul_div_floor_i64(INT64_MAX, INT64_MAX, 0, &v), EK_E_RANGE);
    CHECK_EQ(v, 9);
    CHECK_EQ(ek_mul_div_floor_i64(INT64_MAX, INT64_MAX, INT64_MAX, &v), EK_OK);
    CHECK_EQ(v, INT64_MAX);
    CHECK_EQ(ek_sub_u64(1, 2, &u), EK_E_OVERFLOW);
    CHECK_EQ(ek_mul_div_ceil_u64(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, &u), EK_E_OVERFLOW);
    CHECK_EQ(u, 9);
    CHECK_EQ(ek_mul_div_ceil_u64(UINT64_MAX, 2, 2, &u), EK_OK);
    CHECK(u == UINT64_MAX);
    CHECK(ek_abs_i64(INT64_MIN) == (uint64_t)1 << 63);
}

static void decimals(void) {
    int64_t v;
    char out[32];
    CHECK_EQ(ek_parse_decimal("0.005", 5, 9, &v), EK_OK);
    CHECK_EQ(v, 5000000);
    CHECK_EQ(ek_parse_decimal("-12.5", 5, 2, &v), EK_OK);
    CHECK_EQ(v, -1250);
    CHECK_EQ(ek_parse_decimal("5.", 2, 2, &v), EK_E_SYNTAX);
    CHECK_EQ(ek_parse_decimal("0.001", 5, 2, &v), EK_E_RANGE);
    CHECK_EQ(ek_print_decimal(-9850000000, 9, 2, out, sizeof out), 5);
    CHECK_TEXT(out, "-9.85");
    CHECK_EQ(ek_print_decimal(150000000, 9, 6, out, sizeof out), 8);
    CHECK_TEXT(out, "0.150000");
    CHECK_EQ(ek_print_decimal(INT64_MIN, 18, 0, out, sizeof out), 21);
    CHECK_TEXT(out, "-9.223372036854775808");
    CHECK_EQ(ek_print_decimal(7, 0, 3, out, sizeof out), 1);
    CHECK_EQ(ek_print_decimal(150000000, 9, 6, out, 8), 0); /* no room for the NUL */
}

int main(void) {
    RUN(edges_of_128_bits);
    RUN(a_calculation_keeps_its_first_error);
    RUN(clamping);
    RUN(rounding_has_three_names);
    RUN(text);
    RUN(sixty_four_bits);
    RUN(decimals);
    return check_end();
}
