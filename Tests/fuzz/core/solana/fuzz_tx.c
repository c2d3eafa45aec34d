/* Transactions and messages: every view of an accepted one lies inside it, and a message compiled again from
 * what was read reads as the same instructions. */
#include "signed_tx.h"
#include <stdlib.h>

static void need(int ok) {
    if (!ok) abort();
}

static const uint8_t *base;
static size_t base_len;
static void inside(const void *p, size_t n) {
    const uint8_t *b = p;
    need(n == 0 || (b >= base && n <= base_len && (size_t)(b - base) <= base_len - n));
}

/* A key listed twice is well formed (the runtime refuses it later), but no compiler writes it. */
static int keys_differ(const ek_tx *tx) {
    for (uint32_t i = 1; i < tx->n_keys; i++)
        for (uint32_t j = 0; j < i; j++)
            if (ek_key_equal(ek_tx_key(tx, i), ek_tx_key(tx, j))) return 0;
    return 1;
}

/* What was read, handed to the compiler; keys from lookup tables have no bytes here, so only without tables.
 */
static void compile_again(const ek_tx *tx) {
    static ek_meta metas[EK_TX_MAX];
    static ek_instruction ixs[EK_TX_MAX_IXS];
    static uint8_t out[EK_TX_MAX];
    static ek_tx again;
    size_t used = 0, len;
    for (uint32_t i = 0; i < tx->n_ixs; i++) {
        const ek_tx_ix *ix = &tx->ixs[i];
        ixs[i] = (ek_instruction){*ek_tx_key(tx, ix->program_index), metas + used, ix->n_accounts, ix->data,
                                  ix->data_len};
        for (uint32_t a = 0; a < ix->n_accounts; a++, used++) {
            metas[used].key = *ek_tx_ix_key(tx, ix, a);
            metas[used].signer = (uint8_t)(ix->accounts[a] < tx->n_required);
            metas[used].writable = (uint8_t)ek_tx_is_writable(tx, ix->accounts[a]);
        }
    }
    ek_err err =
        ek_message_compile(tx->version == 0, ek_tx_key(tx, 0), (const ek_key *)(const void *)tx->blockhash,
                           ixs, tx->n_ixs, out, sizeof out, &len);
    need(err == EK_OK || err == EK_E_FULL); /* a bare message may leave no room for its signatures */
    if (err != EK_OK) return;
    need(ek_message_parse(out, len, &again) == EK_OK && again.n_ixs == tx->n_ixs
         && again.n_keys <= tx->n_keys);
    for (uint32_t i = 0; i < tx->n_ixs; i++) {
        const ek_tx_ix *a = &tx->ixs[i], *b = &again.ixs[i];
        need(a->n_accounts == b->n_accounts && a->data_len == b->data_len
             && memcmp(a->data, b->data, a->data_len) == 0);
        need(ek_key_equal(ek_tx_key(tx, a->program_index), ek_tx_key(&again, b->program_index)));
        for (uint32_t k = 0; k < a->n_accounts; k++) {
            need(ek_key_equal(ek_tx_ix_key(tx, a, k), ek_tx_ix_key(&again, b, k)));
            if (a->accounts[k] < tx->n_required) need(b->accounts[k] < again.n_required);
            if (ek_tx_is_writable(tx, a->accounts[k])) need(ek_tx_is_writable(&again, b->accounts[k]));
        }
    }
}

static void check(const ek_tx *tx) {
    need(tx->n_required >= 1 && tx->n_keys >= tx->n_required && tx->n_ixs <= EK_TX_MAX_IXS
         && tx->n_luts <= EK_TX_MAX_LUTS);
    inside(tx->message, tx->message_len);
    inside(tx->keys, 32u * (size_t)tx->n_keys);
    inside(tx->blockhash, 32);
    need(tx->message + tx->message_len == base + base_len);
    need(tx->n_required >= 1 && ek_tx_is_writable(tx, 0));
    for (uint32_t i = 0; i < tx->n_ixs; i++) {
        const ek_tx_ix *ix = &tx->ixs[i];
        need(ix->program_index != 0 && ix->program_index < tx->n_keys);
        inside(ix->accounts, ix->n_accounts);
        inside(ix->data, ix->data_len);
        for (uint32_t a = 0; a < ix->n_accounts; a++) need(ix->accounts[a] < tx->n_keys + tx->n_loaded);
    }
    for (uint32_t i = 0; i < tx->n_luts; i++) {
        const ek_tx_lut *lut = &tx->luts[i];
        inside(lut->table, 32);
        inside(lut->writable, lut->n_writable);
        inside(lut->readonly, lut->n_readonly);
    }
    if (tx->n_luts == 0 && keys_differ(tx)) compile_again(tx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ek_tx tx;
    base = data;
    base_len = size;
    static signed_tx whole;
    if (signed_tx_parse(data, size, &whole) == EK_OK) {
        inside(whole.sigs, 64u * (size_t)whole.n_sigs);
        check(&whole.tx);
    }
    if (ek_message_parse(data, size, &tx) == EK_OK) check(&tx);
    return 0;
}
