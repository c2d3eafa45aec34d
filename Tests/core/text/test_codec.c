#include "check.h"
#include "text/ek_base64.h"
#include "text/ek_codec.h"

static uint64_t state = 0x9E3779B97F4A7C15u;
static uint8_t next_byte(void) { /* xorshift: fixed sequence, no seed to remember */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint8_t)(state >> 32);
}

static void base58_known(void) {
    char text[64];
    uint8_t bytes[64];
    size_t n;
    CHECK_EQ(ek_base58_encode((const uint8_t *)"Hello World!", 12, text, sizeof text, &n), EK_OK);
    CHECK_TEXT(text, "2NEpo7TZRRrLZSi2U");
    CHECK_EQ(ek_base58_encode((const uint8_t *)"\0\0\x28\x7f\xb4\xcd", 6, text, sizeof text, &n), EK_OK);
    CHECK_TEXT(text, "11233QC4");
    CHECK_EQ(ek_base58_encode(bytes, 0, text, sizeof text, &n), EK_OK);
    CHECK_EQ(n, 0);
    CHECK_TEXT(text, "");
}

static void base58_limits(void) {
    uint8_t bytes[200];
    char text[200];
    size_t n;
    memset(bytes, 0xFF, sizeof bytes);
    CHECK_EQ(ek_base58_encode(bytes, 128, text, 176, &n), EK_OK); /* 175 digits and the NUL: exactly */
    CHECK_EQ(n, 175);
    CHECK_EQ(ek_base58_encode(bytes, 128, text, 175, &n), EK_E_FULL);
    CHECK_EQ(ek_base58_encode(bytes, 129, text, sizeof text, &n), EK_E_RANGE);
    /* Every character that is no digit, wherever it stands. */
    uint8_t sig[64];
    ek_key key;
    memset(text, '1', sizeof text);
    for (const char *c = "0OIl +/\n\x80\xff"; *c; c++)
        for (size_t at = 0; at < 64; at++) {
            text[at] = *c;
            CHECK_EQ(ek_sig_from_base58(text, 64, sig), EK_E_SYNTAX);
            if (at < 32) CHECK_EQ(ek_key_from_base58(text, 32, &key), EK_E_SYNTAX);
            text[at] = '1';
        }
    text[5] = 0;
    CHECK_EQ(ek_key_from_base58(text, 32, &key), EK_E_SYNTAX);
}

/* The fixed forms must say what the general form says, zero bytes in front and 0xFF all over included. */
static void fixed_forms_equal_the_general_one(void) {
    for (int round = 0; round < 4000; round++) {
        uint8_t sig[64], back[64];
        char fast[EK_SIG_TEXT], slow[EK_SIG_TEXT];
        ek_key key, key_back;
        size_t n, zeros = (size_t)(round % 65);
        for (size_t i = 0; i < 64; i++) sig[i] = round % 3 == 0 ? 0xFF : next_byte();
        if (round % 2) memset(sig, 0, zeros);
        memcpy(key.bytes, sig, 32);
        CHECK_EQ(ek_base58_encode(sig, 64, slow, sizeof slow, &n), EK_OK);
        CHECK_EQ(ek_sig_to_base58(sig, fast), n);
        CHECK_TEXT(fast, slow);
        CHECK_EQ(ek_sig_from_base58(fast, n, back), EK_OK);
        CHECK_BYTES(sig, back, 64);
        CHECK_EQ(ek_base58_encode(key.bytes, 32, slow, sizeof slow, &n), EK_OK);
        CHECK_EQ(ek_key_to_base58(&key, fast), n);
        CHECK_TEXT(fast, slow);
        CHECK_EQ(ek_key_from_base58(fast, n, &key_back), EK_OK);
        CHECK_BYTES(key.bytes, key_back.bytes, 32);
    }
}

static void keys_of_other_lengths_are_refused(void) {
    uint8_t bytes[66];
    char text[96];
    size_t n;
    ek_key key;
    memset(&key, 0xAB, sizeof key);
    for (size_t len = 0; len <= 66; len++) {
        for (size_t i = 0; i < 66; i++) bytes[i] = next_byte();
        if (len % 2) memset(bytes, 0, len / 2);
        CHECK_EQ(ek_base58_encode(bytes, len, text, sizeof text, &n), EK_OK);
        uint8_t sig[64];
        CHECK_EQ(ek_key_from_base58(text, n, &key), len == 32 ? EK_OK : EK_E_SYNTAX);
        CHECK_EQ(ek_sig_from_base58(text, n, sig), len == 64 ? EK_OK : EK_E_SYNTAX);
    }
    memset(text, '1', 45);
    CHECK_EQ(ek_key_from_base58(text, 32, &key), EK_OK);
    CHECK_EQ(ek_key_from_base58(text, 31, &key), EK_E_SYNTAX);
    CHECK_EQ(ek_key_from_base58(text, 33, &key), EK_E_SYNTAX);
    memset(text, 'z', 45); /* 58^44 - 1 is past 2^256 */
    CHECK_EQ(ek_key_from_base58(text, 44, &key), EK_E_SYNTAX);
    CHECK_EQ(ek_key_to_base58(&key, text), 32); /* untouched by the refusals: still the zero key */
    /* 2^256 - 1, and one more */
    CHECK_EQ(ek_key_from_base58("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG", 44, &key), EK_OK);
    CHECK_EQ(ek_key_from_base58("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH", 44, &key), EK_E_SYNTAX);
}

static ek_err decode64(const char *text, uint8_t *out, size_t cap, size_t *n) {
    return ek_base64_decode((const uint8_t *)text, strlen(text), out, cap, n);
}

static void base64_known(void) {
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < 7; i++) {
        char text[16] = {0};
        uint8_t back[16];
        size_t n;
        CHECK_EQ(ek_base64_encode((const uint8_t *)plain[i], i, text), strlen(coded[i]));
        CHECK_TEXT(text, coded[i]);
        CHECK_EQ(decode64(coded[i], back, i, &n), EK_OK);
        CHECK_EQ(n, i);
        CHECK_BYTES(back, plain[i], i);
        if (i != 0) CHECK_EQ(decode64(coded[i], back, i - 1, &n), EK_E_FULL);
    }
}

static void base64_strict(void) {
    static const char *const bad[] = {"Z",
                                      "Zg",
                                      "Zg=",
                                      "Zg===",
                                      "=",
                                      "====",
                                      "Z===",
                                      "Zm9=",
                                      "Zh==",
                                      "Zm8=Zm8=",
                                      "Zg==Zg==",
                                      "Zm 9",
                                      "Zm9v\n",
                                      "Zm-_",
                                      "Zm9v====",
                                      "Zm\x80v",
                                      "=m9v",
                                      "Z=9v",
                                      "Zm=v",
                                      "AAAAAAAAAAAAAA=AAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAAA-AAAA",
                                      "!AAAAAAAAAAAAAAAAAAAAAAA"};
    uint8_t out[64];
    size_t n;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(decode64(bad[i], out, sizeof out, &n), EK_E_SYNTAX);
    CHECK_EQ(ek_base64_decode((const uint8_t *)"Zm\0v", 4, out, sizeof out, &n), EK_E_SYNTAX);
}

static void base64_every_length_and_no_byte_past(void) {
    uint8_t in[200], out[202];
    char text[272];
    for (size_t len = 0; len <= 200; len++) {
        size_t n;
        for (size_t i = 0; i < len; i++) in[i] = next_byte();
        size_t chars = ek_base64_encode(in, len, text);
        CHECK_EQ(chars, ek_base64_encoded_len(len));
        memset(out, 0xEE, sizeof out);
        CHECK_EQ(ek_base64_decode((const uint8_t *)text, chars, out, len, &n), EK_OK);
        CHECK_EQ(n, len);
        CHECK_BYTES(in, out, len);
        CHECK(out[len] == 0xEE && out[len + 1] == 0xEE);
    }
}

static void shortvec_all_values(void) {
    unsigned wrong = 0;
    for (uint32_t v = 0; v <= 0xFFFF; v++) {
        uint8_t b[3];
        uint16_t back;
        size_t used, n = ek_shortvec_write((uint16_t)v, b);
        wrong += n != (v < 0x80 ? 1u : v < 0x4000 ? 2u : 3u);
        for (size_t cut = 0; cut < n; cut++) wrong += ek_shortvec_read(b, cut, &back, &used) != EK_E_SHORT;
        wrong += ek_shortvec_read(b, n, &back, &used) != EK_OK || back != v || used != n;
    }
    CHECK_EQ(wrong, 0);
}

/* Every three-byte string is read as what it is the only spelling of, or refused. */
static void shortvec_one_spelling(void) {
    uint32_t good = 0;
    for (uint32_t w = 0; w < 1u << 24; w++) {
        const uint8_t b[3] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16)};
        uint8_t again[3];
        uint16_t v;
        size_t used;
        if (ek_shortvec_read(b, 3, &v, &used) != EK_OK) continue;
        if (ek_shortvec_write(v, again) != used || memcmp(again, b, used) != 0) CHECK_EQ(w, -1);
        if (used == 3) good++;
    }
    CHECK_EQ(good, 0x10000 - 0x4000);
}

/* The wide decoder is the portable one: every length over several of its turns, every byte at every place. */
static void base64_wide_is_portable(void) {
    uint8_t in[300], text[400], one[300], two[300];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)(i * 151 + (i >> 3));
    for (size_t len = 0; len <= sizeof in; len++) {
        size_t chars = ek_base64_encode(in, len, (char *)text), n = 0, m = 0;
        CHECK_EQ(ek_base64_decode(text, chars, one, len, &n), EK_OK);
        CHECK_EQ(ek_base64_decode_portable(text, chars, two, len, &m), EK_OK);
        CHECK(n == len && m == len && memcmp(one, in, len) == 0 && memcmp(two, in, len) == 0);
    }
    size_t chars = ek_base64_encode(in, 141, (char *)text); /* turns of 64, one of 32, and a rest */
    for (size_t at = 0; at < chars; at++)
        for (unsigned c = 0; c < 256; c++) {
            uint8_t was = text[at];
            size_t n = 0, m = 0;
            text[at] = (uint8_t)c;
            ek_err a = ek_base64_decode(text, chars, one, sizeof one, &n),
                   b = ek_base64_decode_portable(text, chars, two, sizeof two, &m);
            CHECK(a == b && n == m && (a != EK_OK || memcmp(one, two, n) == 0));
            text[at] = was;
        }
    if (!ek_base64_is_wide()) puts("  this processor has no wide decoder: both runs were the portable one");
}

int main(void) {
    RUN(base58_known);
    RUN(base58_limits);
    RUN(fixed_forms_equal_the_general_one);
    RUN(keys_of_other_lengths_are_refused);
    RUN(base64_known);
    RUN(base64_strict);
    RUN(base64_every_length_and_no_byte_past);
    RUN(base64_wide_is_portable);
    RUN(shortvec_all_values);
    RUN(shortvec_one_spelling);
    return check_end();
}
