/* Writing messages and transactions. (Reading: ek_tx_parse.c) */
#include "solana/ek_tx.h"

#include "base/ek_assert.h"
#include "base/ek_bytes.h"
#include "text/ek_codec.h"

EK_SMALL_BEGIN

const ek_key EK_SYSTEM_PROGRAM = {{0}};
const ek_key EK_SYSVAR_OWNER = {{0x06, 0xa7, 0xd5, 0x17, 0x18, 0x75, 0xf7, 0x29, 0xc7, 0x3d, 0x93,
                                 0x40, 0x8f, 0x21, 0x61, 0x20, 0x06, 0x7e, 0xd8, 0x8c, 0x76, 0xe0,
                                 0x8c, 0x28, 0x7f, 0xc1, 0x94, 0x60, 0,    0,    0,    0}};
const ek_key EK_TOKEN_PROGRAM = {{6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172,
    28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169}};
const ek_key EK_ATA_PROGRAM = {{140, 151, 37, 143, 78, 36, 137, 241, 187, 61, 16, 41, 20, 142, 13, 131,
    11, 90, 19, 153, 218, 255, 16, 132, 4, 142, 123, 216, 219, 233, 248, 89}};
const ek_key EK_NATIVE_MINT = {{6, 155, 136, 87, 254, 171, 129, 132, 251, 104, 127, 99, 70, 24, 192, 53,
    218, 196, 57, 220, 26, 235, 59, 85, 152, 160, 240, 0, 0, 0, 0, 1}};
const ek_key EK_COMPUTE_BUDGET_PROGRAM = {{3,   6,   70,  111, 229, 33,  23,  50,  255, 236, 173,
                                           186, 114, 195, 155, 231, 188, 140, 229, 187, 197, 247,
                                           18,  107, 44,  67,  155, 58,  64,  0,   0,   0}};
const ek_key EK_CLOCK_SYSVAR = {{6,   167, 213, 23,  24, 199, 116, 201, 40, 86, 99, 152, 105, 29,  94, 182,
                                 139, 94,  184, 163, 155, 75, 109, 92,  115, 85, 91, 33,  0,   0,   0,  0}};

/* The keys of a message, each once. Kept in the order of first mention; `rank` sorts them. */
enum { SIGNER = 2, WRITABLE = 1 };
typedef struct {
    const uint8_t *key[EK_TX_MAX_KEYS];
    uint64_t head[EK_TX_MAX_KEYS]; /* first eight bytes, for a quick "no" */
    uint8_t flags[EK_TX_MAX_KEYS];
    uint32_t n;
} key_set;

/* Number of the key, added when it is new; -1 when the set is full. */
static int add(key_set *set, const ek_key *key, uint8_t flags) {
    uint64_t head = ek_get_u64(key->bytes);
    for (uint32_t i = 0; i < set->n; i++) {
        if (set->head[i] == head && memcmp(set->key[i], key->bytes, 32) == 0) {
            set->flags[i] = (uint8_t)(set->flags[i] | flags);
            return (int)i;
        }
    }
    if (set->n == EK_TX_MAX_KEYS) return -1;
    set->key[set->n] = key->bytes;
    set->head[set->n] = head;
    set->flags[set->n] = flags;
    return (int)set->n++;
}

static inline int comes_before(const key_set *set, uint8_t a, uint8_t b) {
    if (set->flags[a] != set->flags[b]) return set->flags[a] > set->flags[b];
    return memcmp(set->key[a], set->key[b], 32) < 0;
}

static size_t shortvec_len(uint32_t v) { return v < 0x80u ? 1 : v < 0x4000u ? 2 : 3; }

static void put_shortvec(ek_writer *w, uint32_t v) {
    uint8_t bytes[3];
    size_t n = ek_shortvec_write((uint16_t)v, bytes);
    ek_put_bytes(w, bytes, n);
}

ek_err ek_message_compile(int v0, const ek_key *payer, const ek_key *blockhash, const ek_instruction *ixs,
                          uint32_t n, uint8_t *out, size_t cap, size_t *len) {
    key_set set;
    uint8_t mention[EK_TX_MAX]; /* number of each key named, in the order the instructions name them */
    uint8_t order[EK_TX_MAX_KEYS], rank[EK_TX_MAX_KEYS], count[4] = {0};
    uint32_t named = 0;
    size_t foretold = 0; /* bytes of the instructions */
    if (n > EK_TX_MAX) return EK_E_FULL;
    set.n = 0;
    add(&set, payer, SIGNER | WRITABLE);
    for (uint32_t i = 0; i < n; i++) {
        if (named + 1u + ixs[i].n_metas > EK_TX_MAX) return EK_E_FULL; /* each takes a byte of the packet */
        int k = add(&set, &ixs[i].program, 0);
        if (k < 0) return EK_E_FULL;
        mention[named++] = (uint8_t)k;
        for (uint32_t j = 0; j < ixs[i].n_metas; j++) {
            const ek_meta *m = &ixs[i].metas[j];
            k = add(&set, &m->key, (uint8_t)((m->signer ? SIGNER : 0) | (m->writable ? WRITABLE : 0)));
            if (k < 0) return EK_E_FULL;
            mention[named++] = (uint8_t)k;
        }
        foretold += 1 + shortvec_len(ixs[i].n_metas) + ixs[i].n_metas + shortvec_len(ixs[i].data_len)
                    + ixs[i].data_len;
    }
    order[0] = 0; /* the payer leads whatever its bytes are */
    count[set.flags[0]]++;
    for (uint32_t i = 1; i < set.n; i++) {
        uint32_t at = i;
        while (at > 1 && comes_before(&set, (uint8_t)i, order[at - 1])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = (uint8_t)i;
        count[set.flags[i]]++;
    }
    for (uint32_t i = 0; i < set.n; i++) rank[order[i]] = (uint8_t)i;
    EK_ASSERT((uint32_t)count[0] + count[1] + count[2] + count[3] == set.n);
    foretold += (v0 ? 2u : 0u) + 3 + shortvec_len(set.n) + 32u * (size_t)set.n + 32 + shortvec_len(n);

    uint32_t signers = (uint32_t)count[3] + count[2];
    /* 19 signatures leave no room for 19 keys */
    size_t room = EK_TX_MAX - 1 - 64u * (signers < 19 ? signers : 19);
    ek_writer w = ek_writer_over(out, cap < room ? cap : room);
    if (v0) ek_put_u8(&w, 0x80);
    ek_put_u8(&w, (uint8_t)signers);
    ek_put_u8(&w, count[SIGNER]);
    ek_put_u8(&w, count[0]);
    put_shortvec(&w, set.n);
    for (uint32_t i = 0; i < set.n; i++) ek_put_bytes(&w, set.key[order[i]], 32);
    ek_put_key(&w, blockhash);
    put_shortvec(&w, n);
    named = 0;
    for (uint32_t i = 0; i < n; i++) {
        ek_put_u8(&w, rank[mention[named++]]);
        put_shortvec(&w, ixs[i].n_metas);
        for (uint32_t j = 0; j < ixs[i].n_metas; j++) ek_put_u8(&w, rank[mention[named++]]);
        put_shortvec(&w, ixs[i].data_len);
        ek_put_bytes(&w, ixs[i].data, ixs[i].data_len);
    }
    if (v0) ek_put_u8(&w, 0); /* no lookup tables */
    if (w.err != EK_OK) return w.err;
    EK_ASSERT(w.len == foretold);
    *len = w.len;
    return EK_OK;
}

ek_err ek_tx_assemble(const uint8_t *sigs, uint32_t n_sigs, const uint8_t *msg, size_t n, uint8_t *out,
                      size_t cap, size_t *len) {
    ek_tx tx;
    ek_err err = ek_message_parse(msg, n, &tx);
    if (err != EK_OK) return err;
    if (n_sigs != tx.n_required) return EK_E_MISMATCH;
    size_t front = 1 + 64u * (size_t)n_sigs; /* at most 38 keys fit a packet, so the count is one byte */
    if (front + n > EK_TX_MAX || front + n > cap) return EK_E_FULL;
    memmove(out + front, msg, n);
    out[0] = (uint8_t)n_sigs;
    memcpy(out + 1, sigs, front - 1);
    *len = front + n;
    return EK_OK;
}

void ek_cb_set_limit(uint32_t units, uint8_t data[5]) {
    data[0] = 2;
    ek_set_u32(data + 1, units);
}

void ek_cb_set_price(uint64_t micro_lamports, uint8_t data[9]) {
    data[0] = 3;
    ek_set_u64(data + 1, micro_lamports);
}

EK_SMALL_END
