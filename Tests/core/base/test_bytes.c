#include "check.h"
#include "base/ek_bytes.h"

static void loads_are_little_endian(void) {
    const uint8_t b[17] = {0xAA, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xF0};
    CHECK_EQ(ek_get_u32(b + 1), 0x04030201);
    CHECK(ek_get_u64(b + 1) == UINT64_C(0x0807060504030201));
    CHECK_EQ(ek_get_i64(b + 9), (int64_t)UINT64_C(0xF00F0E0D0C0B0A09));
    CHECK_EQ(ek_get_i32(b + 13), (int32_t)0xF00F0E0D);
}

static void reader_stops_at_the_end_and_does_not_move(void) {
    const uint8_t b[3] = {1, 0, 7};
    ek_reader r = ek_reader_over(b, sizeof b);
    uint16_t u = 99;
    uint64_t big = 99;
    uint8_t one = 99;
    CHECK_EQ(ek_read_u64(&r, &big), EK_E_SHORT);
    CHECK_EQ(big, 99);
    CHECK_EQ(ek_left(&r), 3);
    CHECK_EQ(ek_read_u16(&r, &u), EK_OK);
    CHECK_EQ(u, 1);
    CHECK_EQ(ek_read_bool(&r, &one), EK_E_RANGE);
    CHECK_EQ(ek_left(&r), 1);
    CHECK_EQ(ek_read_u8(&r, &one), EK_OK);
    CHECK_EQ(one, 7);
    CHECK_EQ(ek_read_u8(&r, &one), EK_E_SHORT);
    CHECK_EQ(ek_read_bool(&r, &one), EK_E_SHORT);
    CHECK_EQ(ek_read_bytes(&r, &one, 0), EK_OK);
}

static void reader_over_nothing(void) {
    ek_reader r = ek_reader_over(NULL, 0);
    const uint8_t *view = NULL;
    uint8_t one;
    CHECK_EQ(ek_left(&r), 0);
    CHECK_EQ(ek_read_view(&r, 0, &view), EK_OK);
    CHECK_EQ(ek_read_u8(&r, &one), EK_E_SHORT);
}

static void writer_error_sticks(void) {
    uint8_t b[7];
    memset(b, 0xEE, sizeof b);
    ek_writer w = ek_writer_over(b, 6);
    ek_put_u32(&w, 0x01020304);
    ek_put_u32(&w, 5);
    CHECK_EQ(w.err, EK_E_FULL);
    ek_put_u8(&w, 9); /* would fit, but the encoding is already wrong */
    CHECK_EQ(w.len, 4);
    CHECK_EQ(b[4], 0xEE);
    CHECK_EQ(b[0], 4);
    CHECK_EQ(b[6], 0xEE);
}

static void borsh_options(void) {
    uint8_t b[64];
    ek_writer w = ek_writer_over(b, sizeof b);
    ek_put_opt_u8(&w, 0, 9);
    ek_put_opt_u8(&w, 1, 9);
    ek_put_opt_u16(&w, 2, 0x0102);
    ek_put_opt_u32(&w, 1, 1);
    ek_put_opt_i32(&w, 1, -2);
    ek_put_opt_u64(&w, 0, 1);
    ek_put_opt_i64(&w, 1, INT64_MIN);
    ek_put_bool(&w, 77);
    const uint8_t expect[] = {0,    1,    9, 1, 2, 1, 1, 1, 0, 0, 0, 1,    0xFE, 0xFF,
                              0xFF, 0xFF, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x80, 1};
    CHECK_EQ(w.err, EK_OK);
    CHECK_EQ(w.len, sizeof expect);
    CHECK_BYTES(b, expect, sizeof expect);
}

static void keys(void) {
    ek_key a = {{0}}, b = {{0}};
    CHECK(ek_key_is_zero(&a) && ek_key_equal(&a, &b));
    b.bytes[31] = 1;
    CHECK(!ek_key_is_zero(&b) && !ek_key_equal(&a, &b));
}

static void every_code_has_its_text(void) {
    for (int e = EK_OK; e <= EK_E_MISMATCH; e++) CHECK(strcmp(ek_err_text((ek_err)e), "unknown error") != 0);
    CHECK_TEXT(ek_err_text((ek_err)-1), "unknown error");
    CHECK_TEXT(ek_err_text((ek_err)(EK_E_LENGTH + 1)), "unknown error");
}

int main(void) {
    RUN(loads_are_little_endian);
    RUN(reader_stops_at_the_end_and_does_not_move);
    RUN(reader_over_nothing);
    RUN(writer_error_sticks);
    RUN(borsh_options);
    RUN(keys);
    RUN(every_code_has_its_text);
    return check_end();
}
