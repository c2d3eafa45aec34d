/* The history's records: raw bytes, and bytes under a right check. What decodes encodes to the same bytes. */
#include "solana/ek_crypto.h"
#include "store/ek_ring.h"
#include <stdlib.h>
#include <string.h>

static void need(int ok) {
    if (!ok) abort();
}

static void one(int ring, uint8_t *record) {
    uint8_t again[EK_RING_CORRECTION];
    uint32_t size = ek_ring_record_size(ring), seq = 0;
    for (uint32_t at = 0; at < 3 && seq == 0; at++) seq = ek_ring_seq_at(ring, at, record, size);
    if (ring == EK_RING_CORRECTIONS) {
        ek_ring_correction c;
        if (ek_ring_correction_decode(record, size, &c) != EK_OK) return;
        need(strlen(ek_ring_correction_market(&c)) < 16 && (seq == 0 || seq == c.seq));
        ek_ring_correction_encode(&c, again);
        size = 4 + 175; /* behind the fields an encoder writes zeros */
        need(memcmp(again + 4, record + 4, size - 4) == 0);
    } else {
        ek_sample s;
        if (ek_sample_decode(ring, record, size, &s) != EK_OK) return;
        need(seq == 0 || seq == s.seq);
        ek_sample_encode(ring, &s, again);
        need(memcmp(again, record, size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t record[EK_RING_CORRECTION] = {0}, sealed[EK_RING_CORRECTION], digest[32];
    static uint8_t page[EK_RING_PAGE];
    if (size == 0) return 0;
    int ring = data[0] % EK_RINGS;
    uint32_t n = ek_ring_record_size(ring);
    memcpy(record, data + 1, size - 1 < n ? size - 1 : n);
    one(ring, record);
    sealed[0] = (uint8_t)(ring + 1);
    memcpy(sealed + 1, record + 4, n - 4);
    ek_blake2b_256(sealed, n - 3, digest);
    memcpy(record, digest, 4);
    one(ring, record);
    memset(page, 0, sizeof page);
    memcpy(page, data + 1, size - 1 < sizeof page ? size - 1 : sizeof page);
    need(ek_ring_header_known(page, size - 1 < sizeof page ? size - 1 : sizeof page) != EK_OK
         || page[8] == 1 || page[8] == EK_RING_VERSION);
    return 0;
}
