/* The record: raw bytes, and payloads of every format under a right checksum (the fuzzer cannot guess one).
 * What decodes is written in the present format, and that reads and writes as itself; what a newer program
 * added is still there. */
#include "solana/ek_crypto.h"
#include "store/ek_record.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

static void one(const uint8_t *slot) {
    static ek_record r, back;
    static uint8_t out[EK_RECORD_SLOT], again[EK_RECORD_SLOT];
    ek_err err = ek_record_decode(slot, EK_RECORD_SLOT, &r);
    if (err != EK_OK) return;
    need(r.n_markets <= EK_RECORD_MARKETS && r.ticket.tx_len <= EK_TICKET_TX_MAX && r.generation != 0);
    need(r.n_lst_rates <= EK_RECORD_LST_RATES && r.kept_len <= EK_RECORD_KEPT && r.format == slot[8]);
    need(ek_record_encode(&r, out) == EK_OK && ek_record_format(out, sizeof out) == EK_RECORD_VERSION);
    need(ek_record_decode(out, EK_RECORD_SLOT, &back) == EK_OK && back.generation == r.generation);
    need(ek_record_encode(&back, again) == EK_OK && memcmp(out, again, sizeof out) == 0);
    need(back.kept_len == r.kept_len && memcmp(back.kept, r.kept, r.kept_len) == 0);
    for (uint32_t i = 0; i < r.n_markets; i++)
        need(strlen(ek_market_record_name(ek_record_market(&r, i))) <= 15);
    need(ek_record_market(&r, r.n_markets) == NULL && ek_record_lst_rate(&r, r.n_lst_rates) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t file[EK_RECORD_FILE];
    static ek_record r;
    int slot = 7;
    ek_err errs[2];
    ek_err err = ek_record_pick(data, size, &r, &slot, errs);
    need((err == EK_OK) == (slot == 0 || slot == 1));

    /* the first byte says how the payload is sealed: generation, format */
    if (size == 0) return 0;
    size_t n = size - 1 < EK_RECORD_SLOT - 56 ? size - 1 : EK_RECORD_SLOT - 56;
    memset(file, 0, sizeof file);
    memcpy(file, "EVENKEEL\3\0\0\0", 12);
    if (data[0] & 2) file[8] = data[0] & 1 ? 1 : 2;
    file[12] = (uint8_t)n;
    file[13] = (uint8_t)(n >> 8);
    file[16] = data[0];
    memcpy(file + 24, data + 1, n);
    ek_blake2b_256(file, EK_RECORD_SLOT - 32, file + EK_RECORD_SLOT - 32);
    one(file);
    memcpy(file + EK_RECORD_SLOT, file, EK_RECORD_SLOT);
    file[EK_RECORD_SLOT + 16]++;
    ek_blake2b_256(file + EK_RECORD_SLOT, EK_RECORD_SLOT - 32, file + EK_RECORD_FILE - 32);
    err = ek_record_pick(file, sizeof file, &r, &slot, errs);
    need(err == errs[0] || err == errs[1]);
    if (errs[0] == EK_OK && errs[1] == EK_OK) need(slot == (file[16] == 0xFF ? 0 : 1));
    return 0;
}
