/* ek_tx.h - Solana messages and transactions: compiling, putting together, reading.
 *
 * A message is compiled as the Solana SDK does it (CompiledKeys): payer first, then signers that are written,
 * signers only read, the rest written, the rest only read; inside a class by the bytes of the key; a key
 * named several times gets the union of its flags; program ids join the read-only class unless an instruction
 * names them otherwise. The bytes are equal to solders' Message.new_with_blockhash and MessageV0.try_compile.
 * A transaction is a packet of at most 1232 bytes: longer ones are EK_E_FULL, in writing and in reading. */
#ifndef EK_TX_H
#define EK_TX_H

#include "base/ek_types.h"

#define EK_TX_MAX 1232u      /* bytes of a signed transaction */
#define EK_TX_MAX_KEYS 64u   /* keys the compiler handles; a packet has room for 38 */
#define EK_TX_MAX_IXS 64u    /* instructions the reader handles: the runtime's own limit */
#define EK_TX_MAX_LUTS 36u   /* lookup tables a packet can name */
#define EK_TX_LEGACY 0xFFu

extern const ek_key EK_SYSTEM_PROGRAM;         /* 11111111111111111111111111111111 */
extern const ek_key EK_SYSVAR_OWNER; /* Sysvar1111111111111111111111111111111111111 owns the clock */
extern const ek_key EK_TOKEN_PROGRAM;          /* TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA */
extern const ek_key EK_ATA_PROGRAM;            /* ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL */
extern const ek_key EK_NATIVE_MINT;            /* So11111111111111111111111111111111111111112: wrapped SOL */
extern const ek_key EK_COMPUTE_BUDGET_PROGRAM; /* ComputeBudget111111111111111111111111111111 */
extern const ek_key EK_CLOCK_SYSVAR;           /* SysvarC1ock11111111111111111111111111111111 */

typedef struct { ek_key key; uint8_t signer, writable; } ek_meta;
typedef struct {
    ek_key program;
    const ek_meta *metas;
    uint16_t n_metas;
    const uint8_t *data;
    uint16_t data_len;
} ek_instruction;

/* v0 = 0 legacy, 1 version 0 without lookup tables. EK_E_FULL: does not fit cap, or more than EK_TX_MAX_KEYS
 * keys. About 1 us for an order with its compute budget. */
ek_err ek_message_compile(int v0, const ek_key *payer, const ek_key *blockhash, const ek_instruction *ixs,
                          uint32_t n, uint8_t *out, size_t cap, size_t *len);

/* n_sigs signatures of 64 bytes each, made elsewhere, put before the message; n_sigs must be what the message
 * asks for, else EK_E_MISMATCH. The signatures themselves are not checked. */
ek_err ek_tx_assemble(const uint8_t *sigs, uint32_t n_sigs, const uint8_t *msg, size_t n, uint8_t *out,
                      size_t cap, size_t *len);

/* Compute-budget instruction data. units: at most 1,400,000 is useful; price: micro-lamports a compute unit.
 */
void ek_cb_set_limit(uint32_t units, uint8_t data[5]);
void ek_cb_set_price(uint64_t micro_lamports, uint8_t data[9]);

/* ---- reading ---- */
typedef struct {
    uint8_t program_index;
    uint16_t n_accounts, data_len;
    const uint8_t *accounts; /* indices: static keys, then the tables' written keys, then their read keys */
    const uint8_t *data;
} ek_tx_ix;

typedef struct {
    const ek_key *table;
    uint16_t n_writable, n_readonly;
    const uint8_t *writable, *readonly; /* indices into the table */
} ek_tx_lut;

/* Views into the message that was parsed; its bytes must outlive it. */
typedef struct {
    uint8_t version;                 /* EK_TX_LEGACY or 0 */
    uint8_t n_required, n_ro_signed, n_ro_unsigned;
    uint16_t n_keys, n_ixs, n_luts;
    uint16_t n_loaded_writable, n_loaded; /* keys the lookup tables add: the written ones, all of them */
    const uint8_t *message;          /* what the signatures sign */
    size_t message_len;
    const uint8_t *keys;             /* n_keys * 32 */
    const uint8_t *blockhash;        /* 32 */
    ek_tx_ix ixs[64];
    ek_tx_lut luts[36];
} ek_tx;

/* Reads a message without its signatures; every byte must belong to it (EK_E_SYNTAX for bytes behind its
 * end). Refuses what the runtime's sanitize refuses: header counts that do not fit the keys, a payer that is
 * read-only, a program that is the payer or loaded from a table, indices past the keys, an empty lookup, more
 * than 256 keys: EK_E_RANGE. EK_E_SHORT: ends early. EK_E_SYNTAX: shortvec not minimal. EK_E_UNSUPPORTED: a
 * version after 0. EK_E_FULL: longer than a packet, or more than 64 instructions. */
ek_err ek_message_parse(const uint8_t *bytes, size_t n, ek_tx *tx);

/* Static keys only; NULL when i is out of range. */
const ek_key *ek_tx_key(const ek_tx *tx, uint32_t i);
/* The key of account a of an instruction: NULL when out of range or loaded from a lookup table. */
const ek_key *ek_tx_ix_key(const ek_tx *tx, const ek_tx_ix *ix, uint32_t a);
/* By header and lookup tables alone (the runtime also demotes programs and sysvars); 0 when i is out of
 * range. */
int ek_tx_is_writable(const ek_tx *tx, uint32_t i);

#endif
