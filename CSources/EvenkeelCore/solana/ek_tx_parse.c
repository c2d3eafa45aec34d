/* Reading messages, with the runtime's sanitize rules. */
#include "base/ek_bytes.h"
#include "solana/ek_tx.h"
#include "text/ek_codec.h"

static ek_err read_count(ek_reader *r, uint16_t *out) {
    size_t used = 0;
    ek_err err = ek_shortvec_read(r->at, ek_left(r), out, &used);
    if (err == EK_OK) r->at += used;
    return err;
}

/* A counted run of bytes. */
static ek_err read_run(ek_reader *r, uint16_t *n, const uint8_t **bytes) {
    ek_err err = read_count(r, n);
    return err != EK_OK ? err : ek_read_view(r, *n, bytes);
}

static ek_err read_instructions(ek_reader *r, ek_tx *tx) {
    ek_err err = read_count(r, &tx->n_ixs);
    if (err != EK_OK) return err;
    if (tx->n_ixs > EK_TX_MAX_IXS) return EK_E_FULL;
    for (uint32_t i = 0; i < tx->n_ixs; i++) {
        ek_tx_ix *ix = &tx->ixs[i];
        if ((err = ek_read_u8(r, &ix->program_index)) != EK_OK) return err;
        if ((err = read_run(r, &ix->n_accounts, &ix->accounts)) != EK_OK) return err;
        if ((err = read_run(r, &ix->data_len, &ix->data)) != EK_OK) return err;
    }
    return EK_OK;
}

static ek_err read_lookups(ek_reader *r, ek_tx *tx) {
    const uint8_t *table;
    ek_err err = read_count(r, &tx->n_luts);
    if (err != EK_OK) return err;
    /* a packet has no room for so many: the bytes must end first */
    if (tx->n_luts > EK_TX_MAX_LUTS) return EK_E_SHORT;
    for (uint32_t i = 0; i < tx->n_luts; i++) {
        ek_tx_lut *lut = &tx->luts[i];
        if ((err = ek_read_view(r, 32, &table)) != EK_OK) return err;
        lut->table = (const ek_key *)(const void *)table;
        if ((err = read_run(r, &lut->n_writable, &lut->writable)) != EK_OK) return err;
        if ((err = read_run(r, &lut->n_readonly, &lut->readonly)) != EK_OK) return err;
        tx->n_loaded_writable = (uint16_t)(tx->n_loaded_writable + lut->n_writable);
        tx->n_loaded = (uint16_t)(tx->n_loaded + lut->n_writable + lut->n_readonly);
    }
    return EK_OK;
}

/* What the runtime refuses although it is well formed. */
static ek_err sanitize(const ek_tx *tx) {
    uint32_t all = (uint32_t)tx->n_keys + tx->n_loaded;
    if ((uint32_t)tx->n_required + tx->n_ro_unsigned > tx->n_keys) return EK_E_RANGE;
    if (tx->n_ro_signed >= tx->n_required) return EK_E_RANGE; /* the payer must be writable */
    if (all > 256) return EK_E_RANGE;
    for (uint32_t i = 0; i < tx->n_luts; i++)
        if (tx->luts[i].n_writable + tx->luts[i].n_readonly == 0) return EK_E_RANGE;
    for (uint32_t i = 0; i < tx->n_ixs; i++) {
        const ek_tx_ix *ix = &tx->ixs[i];
        if (ix->program_index == 0 || ix->program_index >= tx->n_keys) return EK_E_RANGE;
        for (uint32_t j = 0; j < ix->n_accounts; j++)
            if (ix->accounts[j] >= all) return EK_E_RANGE;
    }
    return EK_OK;
}

static ek_err read_message(ek_reader *r, ek_tx *tx) {
    uint8_t first;
    ek_err err;
    tx->message = r->at;
    tx->message_len = ek_left(r);
    tx->version = EK_TX_LEGACY;
    tx->n_luts = tx->n_loaded = tx->n_loaded_writable = 0;
    if ((err = ek_read_u8(r, &first)) != EK_OK) return err;
    if (first & 0x80u) {
        tx->version = first & 0x7Fu;
        if (tx->version != 0) return EK_E_UNSUPPORTED;
        if ((err = ek_read_u8(r, &first)) != EK_OK) return err;
    }
    tx->n_required = first;
    if ((err = ek_read_u8(r, &tx->n_ro_signed)) != EK_OK) return err;
    if ((err = ek_read_u8(r, &tx->n_ro_unsigned)) != EK_OK) return err;
    if ((err = read_count(r, &tx->n_keys)) != EK_OK) return err;
    if ((err = ek_read_view(r, (size_t)tx->n_keys * 32u, &tx->keys)) != EK_OK) return err;
    if ((err = ek_read_view(r, 32, &tx->blockhash)) != EK_OK) return err;
    if ((err = read_instructions(r, tx)) != EK_OK) return err;
    if (tx->version == 0 && (err = read_lookups(r, tx)) != EK_OK) return err;
    if (ek_left(r) != 0) return EK_E_SYNTAX;
    return sanitize(tx);
}

ek_err ek_message_parse(const uint8_t *bytes, size_t n, ek_tx *tx) {
    if (n > EK_TX_MAX) return EK_E_FULL;
    ek_reader r = ek_reader_over(bytes, n);
    return read_message(&r, tx);
}

/* ek_key is 32 plain bytes without alignment, so a place in the packet may be looked at as one. */
const ek_key *ek_tx_key(const ek_tx *tx, uint32_t i) {
    return i < tx->n_keys ? (const ek_key *)(const void *)(tx->keys + 32u * i) : NULL;
}
const ek_key *ek_tx_ix_key(const ek_tx *tx, const ek_tx_ix *ix, uint32_t a) {
    return a < ix->n_accounts ? ek_tx_key(tx, ix->accounts[a]) : NULL;
}

int ek_tx_is_writable(const ek_tx *tx, uint32_t i) {
    if (i < tx->n_required) return i < (uint32_t)tx->n_required - tx->n_ro_signed;
    if (i < tx->n_keys) return i < (uint32_t)tx->n_keys - tx->n_ro_unsigned;
    return i < (uint32_t)tx->n_keys + tx->n_loaded_writable;
}
