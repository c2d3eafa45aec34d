#include "check.h"
#include "signed_tx.h"

static uint8_t secret[64];
static ek_key payer, blockhash, program;
static ek_tx tx;
static signed_tx whole;

static ek_key key_of(uint8_t n) {
    ek_key k;
    memset(k.bytes, n, 32);
    return k;
}

static size_t compile(int v0, const ek_instruction *ixs, uint32_t n, uint8_t *out) {
    size_t len = 0;
    CHECK_EQ(ek_message_compile(v0, &payer, &blockhash, ixs, n, out, EK_TX_MAX, &len), EK_OK);
    return len;
}

/* An instruction that mentions keys of every class, one of them twice with different flags. */
static size_t mixed(int v0, uint8_t *out) {
    const ek_meta metas[] = {{key_of(9), 0, 1}, {key_of(3), 0, 0}, {key_of(5), 0, 1}, {key_of(9), 0, 0},
                             {key_of(3), 0, 1}, {payer, 1, 0},     {key_of(1), 0, 0}};
    const ek_instruction ix = {program, metas, 7, (const uint8_t *)"hello", 5};
    return compile(v0, &ix, 1, out);
}

static void order_and_flags(void) {
    uint8_t out[EK_TX_MAX];
    for (int v0 = 0; v0 <= 1; v0++) {
        size_t len = mixed(v0, out);
        CHECK_EQ(ek_message_parse(out, len, &tx), EK_OK);
        CHECK_EQ(tx.version, v0 ? 0 : EK_TX_LEGACY);
        CHECK(tx.n_required == 1 && tx.n_ro_signed == 0 && tx.n_ro_unsigned == 2 && tx.n_keys == 6);
        const ek_key want[] = {payer, key_of(3), key_of(5), key_of(9), key_of(1), program};
        for (uint32_t i = 0; i < 6; i++) {
            CHECK(ek_key_equal(ek_tx_key(&tx, i), &want[i]));
            CHECK_EQ(ek_tx_is_writable(&tx, i), i < 4);
        }
        CHECK(ek_tx_key(&tx, 6) == NULL && !ek_tx_is_writable(&tx, 6));
        const ek_tx_ix *ix = &tx.ixs[0];
        CHECK(tx.n_ixs == 1 && tx.n_luts == 0);
        CHECK_EQ(ix->program_index, 5);
        CHECK(ix->n_accounts == 7 && ix->data_len == 5);
        CHECK_BYTES(ix->accounts, "\3\1\2\3\1\0\4", 7);
        CHECK_BYTES(ix->data, "hello", 5);
        CHECK(ek_key_equal(ek_tx_ix_key(&tx, ix, 0), &want[3]) && ek_tx_ix_key(&tx, ix, 7) == NULL);
        CHECK_BYTES(tx.blockhash, blockhash.bytes, 32);
    }
}

static void several_signers(void) {
    uint8_t out[EK_TX_MAX];
    const ek_meta metas[] = {
        {key_of(0xF0), 1, 0}, {key_of(0x02), 1, 1}, {key_of(0x04), 1, 0}, {key_of(0xF1), 1, 1}};
    const ek_instruction ix = {program, metas, 4, NULL, 0};
    CHECK_EQ(ek_message_parse(out, compile(0, &ix, 1, out), &tx), EK_OK);
    CHECK(tx.n_required == 5 && tx.n_ro_signed == 2 && tx.n_ro_unsigned == 1);
    const uint8_t want[] = {0x02, 0xF1, 0x04, 0xF0};
    for (uint32_t i = 0; i < 4; i++) CHECK_EQ(ek_tx_key(&tx, i + 1)->bytes[0], want[i]);
    CHECK(ek_tx_is_writable(&tx, 2) && !ek_tx_is_writable(&tx, 3) && !ek_tx_is_writable(&tx, 5));
    uint8_t sigs[5 * 64], done[EK_TX_MAX];
    size_t len = compile(0, &ix, 1, out), n;
    memset(sigs, 7, sizeof sigs);
    CHECK_EQ(ek_tx_assemble(sigs, 4, out, len, done, sizeof done, &n), EK_E_MISMATCH);
    CHECK_EQ(ek_tx_assemble(sigs, 5, out, len, done, 1 + 5 * 64 + len - 1, &n), EK_E_FULL);
    CHECK_EQ(ek_tx_assemble(sigs, 5, out, len, done, sizeof done, &n), EK_OK);
    CHECK_EQ(signed_tx_parse(done, n, &whole), EK_OK);
    CHECK(whole.n_sigs == 5 && whole.sigs[5 * 64 - 1] == 7);
    CHECK_EQ(signed_tx_verify(&whole), EK_E_CRYPTO);
    CHECK_EQ(signed_tx_make(out, len, secret, done, sizeof done, &n), EK_E_MISMATCH); /* it asks for five */
}

static void signing(void) {
    uint8_t msg[EK_TX_MAX], out[EK_TX_MAX], inplace[EK_TX_MAX];
    size_t len = mixed(1, msg), n, m;
    CHECK_EQ(signed_tx_make(msg, len, secret, out, sizeof out, &n), EK_OK);
    CHECK_EQ(n, len + 65);
    CHECK_EQ(signed_tx_parse(out, n, &whole), EK_OK);
    CHECK_EQ(signed_tx_verify(&whole), EK_OK);
    CHECK(whole.tx.message_len == len && memcmp(whole.tx.message, msg, len) == 0);
    memcpy(inplace + 65, msg, len);
    CHECK_EQ(signed_tx_make(inplace + 65, len, secret, inplace, sizeof inplace, &m), EK_OK);
    CHECK(m == n && memcmp(inplace, out, n) == 0);
    for (size_t at = 1; at < n; at += 13) { /* no changed byte passes both reading and verifying */
        out[at] ^= 0x10;
        CHECK(signed_tx_parse(out, n, &whole) != EK_OK || signed_tx_verify(&whole) == EK_E_CRYPTO);
        out[at] ^= 0x10;
    }
    CHECK_EQ(signed_tx_make(msg, len, secret, out, len + 64, &n), EK_E_FULL);
    CHECK_EQ(signed_tx_make(msg, len - 1, secret, out, sizeof out, &n), EK_E_SHORT);
}

static void limits(void) {
    uint8_t out[EK_TX_MAX + 1], done[EK_TX_MAX], data[EK_TX_MAX];
    memset(data, 1, sizeof data);
    ek_instruction ix = {program, NULL, 0, data, 0};
    /* header, keys, blockhash, counts; two for the data's */
    size_t n, fit = EK_TX_MAX - 65 - (3 + 1 + 64 + 32 + 1 + 1 + 1 + 2);
    ix.data_len = (uint16_t)fit;
    CHECK_EQ(ek_message_compile(0, &payer, &blockhash, &ix, 1, out, sizeof out, &n), EK_OK);
    CHECK_EQ(n, EK_TX_MAX - 65);
    CHECK_EQ(signed_tx_make(out, n, secret, done, sizeof done, &n), EK_OK);
    CHECK_EQ(n, EK_TX_MAX);
    ix.data_len++;
    CHECK_EQ(ek_message_compile(0, &payer, &blockhash, &ix, 1, out, sizeof out, &n), EK_E_FULL);
    CHECK_EQ(ek_message_compile(1, &payer, &blockhash, &ix, 1, out, 30, &n), EK_E_FULL);
    ek_meta metas[70];
    for (uint8_t i = 0; i < 70; i++) {
        metas[i].key = key_of((uint8_t)(i + 1));
        metas[i].signer = i < 25;
        metas[i].writable = 0;
    }
    ix = (ek_instruction){program, metas, 70, NULL, 0};
    CHECK_EQ(ek_message_compile(0, &payer, &blockhash, &ix, 1, out, sizeof out, &n), EK_E_FULL);
    ix.n_metas = 25; /* signatures alone leave no room */
    CHECK_EQ(ek_message_compile(0, &payer, &blockhash, &ix, 1, out, sizeof out, &n), EK_E_FULL);
    ek_instruction many[65];
    for (int i = 0; i < 65; i++) many[i] = (ek_instruction){program, NULL, 0, NULL, 0};
    CHECK_EQ(ek_message_compile(0, &payer, &blockhash, many, 64, out, sizeof out, &n), EK_OK);
    CHECK_EQ(ek_message_parse(out, n, &tx), EK_OK);
    CHECK_EQ(ek_message_compile(0, &payer, &blockhash, many, 65, out, sizeof out, &n), EK_OK);
    CHECK_EQ(ek_message_parse(out, n, &tx), EK_E_FULL);
    CHECK_EQ(ek_message_parse(out, EK_TX_MAX + 1, &tx), EK_E_FULL);
}

/* Every prefix ends early, every extra byte is one too many. */
static void exact_length(void) {
    uint8_t msg[EK_TX_MAX], out[EK_TX_MAX];
    for (int v0 = 0; v0 <= 1; v0++) {
        size_t n;
        CHECK_EQ(signed_tx_make(msg, mixed(v0, msg), secret, out, sizeof out, &n), EK_OK);
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t end[EK_TX_MAX];
            memcpy(end + sizeof end - cut, out, cut);
            CHECK_EQ(signed_tx_parse(end + sizeof end - cut, cut, &whole), EK_E_SHORT);
        }
        out[n] = 0;
        CHECK_EQ(signed_tx_parse(out, n + 1, &whole), EK_E_SYNTAX);
    }
}

static ek_err changed(size_t at, uint8_t value) {
    uint8_t msg[EK_TX_MAX];
    size_t len = mixed(0, msg);
    msg[at] = value;
    return ek_message_parse(msg, len, &tx);
}

static void sanitize(void) {
    size_t ixs = 3 + 1 + 6 * 32 + 32; /* count of instructions stands here */
    CHECK_EQ(changed(0, 0), EK_E_RANGE);                    /* nobody signs */
    CHECK_EQ(changed(1, 1), EK_E_RANGE);                    /* the payer would be read-only */
    CHECK_EQ(changed(2, 6), EK_E_RANGE);                    /* more than the keys */
    CHECK_EQ(changed(2, 5), EK_OK);
    CHECK_EQ(changed(0, 0x81), EK_E_UNSUPPORTED);           /* version 1 */
    CHECK_EQ(changed(ixs + 1, 0), EK_E_RANGE);              /* the payer as program */
    CHECK_EQ(changed(ixs + 1, 6), EK_E_RANGE);              /* program past the keys */
    CHECK_EQ(changed(ixs + 3, 6), EK_E_RANGE);              /* account past the keys */
    CHECK_EQ(changed(ixs + 3, 5), EK_OK);
    CHECK_EQ(changed(ixs, 0x80), EK_E_FULL);                /* reads as 5 << 7 instructions */
}

static void lookup_tables(void) {
    uint8_t msg[EK_TX_MAX];
    size_t len = mixed(1, msg);
    ek_writer w = ek_writer_over(msg, sizeof msg);
    ek_key table = key_of(0x77);
    w.len = len - 1;
    ek_put_u8(&w, 1);
    ek_put_key(&w, &table);
    size_t counts = w.len;
    ek_put_bytes(&w, "\2\4\5\1\6", 5);
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_OK);
    CHECK(tx.n_luts == 1 && tx.n_loaded == 3 && tx.n_loaded_writable == 2);
    CHECK(ek_key_equal(tx.luts[0].table, &table) && tx.luts[0].readonly[0] == 6);
    CHECK(ek_tx_is_writable(&tx, 7) && !ek_tx_is_writable(&tx, 8) && !ek_tx_is_writable(&tx, 9));
    size_t ix = 1 + 3 + 1 + 6 * 32 + 32 + 1;
    msg[ix + 2] = 8; /* an account from the table is fine, a program is not */
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_OK);
    CHECK(ek_tx_ix_key(&tx, &tx.ixs[0], 0) == NULL);
    msg[ix + 2] = 9;
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_E_RANGE);
    msg[ix + 2] = 0;
    msg[ix] = 8;
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_E_RANGE);
    msg[ix] = 5;
    w.len = counts;
    ek_put_bytes(&w, "\0\0", 2); /* a lookup that loads nothing */
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_E_RANGE);
    w.len = counts;
    ek_put_bytes(&w, "\xfa\1", 2); /* 250 + 6 static keys: the most */
    for (int i = 0; i < 250; i++) ek_put_u8(&w, 1);
    ek_put_u8(&w, 0);
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_OK);
    msg[w.len - 1] = 1;
    ek_put_u8(&w, 1);
    CHECK_EQ(ek_message_parse(msg, w.len, &tx), EK_E_RANGE);
}

static void budget_and_names(void) {
    uint8_t limit[5], price[9];
    char text[EK_KEY_TEXT];
    ek_cb_set_limit(400000, limit);
    CHECK_BYTES(limit, "\x02\x80\x1a\x06\x00", 5);
    ek_cb_set_price(UINT64_C(0x0102030405060708), price);
    CHECK_BYTES(price, "\x03\x08\x07\x06\x05\x04\x03\x02\x01", 9);
    ek_key_to_base58(&EK_COMPUTE_BUDGET_PROGRAM, text);
    CHECK_TEXT(text, "ComputeBudget111111111111111111111111111111");
    ek_key_to_base58(&EK_CLOCK_SYSVAR, text);
    CHECK_TEXT(text, "SysvarC1ock11111111111111111111111111111111");
    ek_key_to_base58(&EK_SYSTEM_PROGRAM, text);
    CHECK_TEXT(text, "11111111111111111111111111111111");
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    ek_ed25519_from_seed((const uint8_t *)"a seed of thirty-two bytes: 1234", &payer, secret);
    blockhash = key_of(0xBB);
    program = key_of(0xEE);
    RUN(order_and_flags);
    RUN(several_signers);
    RUN(signing);
    RUN(limits);
    RUN(exact_length);
    RUN(sanitize);
    RUN(lookup_tables);
    RUN(budget_and_names);
    return check_end();
}
