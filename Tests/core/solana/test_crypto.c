#include "check.h"
#include "text/ek_codec.h"
#include "solana/ek_crypto.h"
#include "solana/ek_curve.h"

static void hex(const uint8_t *b, size_t n, char *out) {
    for (size_t i = 0; i < n; i++) snprintf(out + 2 * i, 3, "%02x", b[i]);
}
static void unhex(const char *text, uint8_t *out) {
    for (size_t i = 0; text[2 * i]; i++) {
        unsigned v;
        CHECK_EQ(sscanf(text + 2 * i, "%2x", &v), 1);
        out[i] = (uint8_t)v;
    }
}

static void digests(void) {
    uint8_t d[32];
    char text[65];
    ek_sha256("abc", 3, d);
    hex(d, 32, text);
    CHECK_TEXT(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ek_blake2b_256("abc", 3, d);
    hex(d, 32, text);
    CHECK_TEXT(text, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/* RFC 8032, section 7.1, test 2. */
static void signatures(void) {
    uint8_t seed[32], secret[64], sig[64], want[64];
    ek_key pub;
    char text[129];
    unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed);
    unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
          want);
    ek_ed25519_from_seed(seed, &pub, secret);
    hex(pub.bytes, 32, text);
    CHECK_TEXT(text, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    CHECK_BYTES(secret, seed, 32);
    CHECK_BYTES(secret + 32, pub.bytes, 32);
    ek_ed25519_sign(secret, (const uint8_t *)"\x72", 1, sig);
    CHECK_BYTES(sig, want, 64);
    CHECK_EQ(ek_ed25519_verify(sig, (const uint8_t *)"\x72", 1, &pub), EK_OK);
    CHECK_EQ(ek_ed25519_verify(sig, (const uint8_t *)"\x73", 1, &pub), EK_E_CRYPTO);
    for (size_t i = 0; i < 64; i += 7) {
        sig[i] ^= 1;
        CHECK_EQ(ek_ed25519_verify(sig, (const uint8_t *)"\x72", 1, &pub), EK_E_CRYPTO);
        sig[i] ^= 1;
    }
}

/* Points a strict validator refuses and Solana takes, and the edges of the field. */
static void curve_edges(void) {
    static const struct {
        const char *hex;
        int on;
    } cases[] = {
        {"0100000000000000000000000000000000000000000000000000000000000000", 1}, /* identity */
        {"0100000000000000000000000000000000000000000000000000000000000080", 1}, /* x = 0 with the sign bit */
        {"0000000000000000000000000000000000000000000000000000000000000000", 1}, /* order 4 */
        {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 1}, /* y = -1, order 2 */
        {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 1},
        {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
         1}, /* y = p: 0 in another spelling */
        {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 1}, /* y = p + 1 */
        {"0200000000000000000000000000000000000000000000000000000000000000", 0},
        {"efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", 0}, /* y = p + 2 */
        {"5866666666666666666666666666666666666666666666666666666666666666", 1}, /* base point */
        {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", 1}, /* order 8 */
        {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t b[32];
        unhex(cases[i].hex, b);
        CHECK_EQ(ek_on_curve(b), cases[i].on);
        CHECK_EQ(ek_curve_sodium(b), cases[i].on);
    }
}

static void the_two_curve_tests_agree(void) {
    uint8_t b[32] = {0};
    unsigned on = 0, differ = 0;
    for (uint32_t round = 0; round < 3000; round++) {
        ek_sha256(b, 32, b);
        if (round % 16 == 0) memset(b + 1, round % 32 ? 0xFF : 0, 30);
        int one = ek_on_curve(b);
        if (one != ek_curve_sodium(b)) differ++;
        on += (unsigned)one;
    }
    CHECK_EQ(differ, 0);
    CHECK(on > 1300 && on < 1700);
}

static void pda(void) {
    ek_key program, out, again;
    uint8_t bump, zeros[33] = {0};
    static const char name[] = "dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH";
    CHECK_EQ(ek_key_from_base58(name, strlen(name), &program), EK_OK);
    ek_seed seeds[17];
    for (int i = 0; i < 17; i++) {
        seeds[i].bytes = zeros;
        seeds[i].len = 32;
    }
    seeds[0].bytes = (const uint8_t *)"drift_state";
    seeds[0].len = 11;
    CHECK_EQ(ek_find_pda(seeds, 1, &program, &out, &bump), EK_OK);
    char text[EK_KEY_TEXT];
    ek_key_to_base58(&out, text);
    CHECK_TEXT(text, "5zpq7DvB6UdFFvpmBPspGPNfUGoBRRCE2HHg5u3gxcsN");
    seeds[1].bytes = &bump;
    seeds[1].len = 1;
    again = out;
    seeds[1].bytes = zeros;
    seeds[1].len = 32;
    CHECK_EQ(ek_find_pda(seeds, 15, &program, &out, &bump), EK_OK);
    CHECK_EQ(ek_find_pda(seeds, 16, &program, &out, &bump), EK_E_RANGE);
    seeds[1].len = 33;
    CHECK_EQ(ek_find_pda(seeds, 2, &program, &out, &bump), EK_E_RANGE);
    seeds[1].bytes = NULL;
    seeds[1].len = 0;
    CHECK_EQ(ek_find_pda(seeds, 2, &program, &out, &bump), EK_OK);
    CHECK_BYTES(out.bytes, again.bytes, 32); /* an empty seed adds nothing */
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(digests);
    RUN(signatures);
    RUN(curve_edges);
    RUN(the_two_curve_tests_agree);
    RUN(pda);
    return check_end();
}
