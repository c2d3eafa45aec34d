/* From format 2 to format 3: an old file loads and is written as the new one, and version 0.1 refuses
 * that one. */
#include "check.h"
#include "full_record.h"
#include "record_2.h"
#include "solana/ek_crypto.h"

static uint8_t old[EK_RECORD_FILE], image[EK_RECORD_SLOT], again[EK_RECORD_SLOT];

/* The digest that ends the slot which the program of 0.1 itself made of this record: so every byte of the
 * encoder in record_2.h is that program's. */
static void these_are_the_bytes_of_0_1(void) {
    static const uint8_t digest[32] = {0xb5, 0x38, 0xfb, 0x56, 0x6f, 0x15, 0xd6, 0xc5, 0xb1, 0xa8, 0x86,
                                       0xac, 0x35, 0x6d, 0xbe, 0x04, 0xc4, 0x5b, 0x84, 0x0e, 0x06, 0x78,
                                       0xad, 0x86, 0x1a, 0xb9, 0x7e, 0x07, 0x70, 0xf5, 0xe8, 0x19};
    ek_record r = full_record_0_1();
    CHECK_EQ(r2_encode(&r, image), EK_OK);
    CHECK_BYTES(image + EK_RECORD_SLOT - 32, digest, 32);
}

/* With an open ticket, as 0.1 leaves it at a crash. What it does not have is zero. */
static void loads_with_an_open_ticket(void) {
    ek_record r = full_record_0_1(), got, back;
    CHECK_EQ(r2_encode(&r, old), EK_OK);
    CHECK_EQ(ek_record_decode(old, EK_RECORD_SLOT, &got), EK_OK);
    CHECK_EQ(got.format, 2);
    CHECK_EQ(got.generation, 77);
    CHECK_EQ(got.ticket.state, EK_TICKET_SENT);
    CHECK_EQ(got.ticket.tx_len, 485);
    CHECK_BYTES(ek_ticket_tx(&got.ticket), r.ticket.tx, 485);
    CHECK_EQ(got.proof.slot, 0);
    CHECK_EQ(got.proof.next_order_id, 0);
    CHECK_EQ(got.clustered, 0);
    CHECK_EQ(got.n_lst_rates, 0);
    CHECK_EQ(got.kept_len, 0);
    CHECK_EQ(ek_record_encode(&got, image), EK_OK);
    CHECK_EQ(ek_record_format(image, sizeof image), 3);
    CHECK_EQ(ek_record_decode(image, sizeof image, &back), EK_OK);
    CHECK_EQ(back.format, 3);
    /* not one field of 0.1 got lost on the way: written again as format 2 it is the file of before */
    CHECK_EQ(r2_encode(&back, again), EK_OK);
    CHECK_BYTES(again, old, EK_RECORD_SLOT);
}

static void stays_checked(void) {
    ek_record r = full_record_0_1(), got;
    CHECK_EQ(r2_encode(&r, old), EK_OK);
    for (size_t i = 0; i < 3; i++) {
        static const struct {
            size_t at;
            uint8_t value;
        } bad[] = {
            {12, 0},               /* the payload ends in the middle */
            {24 + 16 + 32 + 2, 3}, /* mode */
            {24 + 16 + 32 + 5, 9}, /* nine markets */
        };
        memcpy(image, old, sizeof image);
        image[bad[i].at] = bad[i].value;
        ek_blake2b_256(image, EK_RECORD_SLOT - 32, image + EK_RECORD_SLOT - 32);
        CHECK_EQ(ek_record_decode(image, sizeof image, &got), EK_E_RANGE);
    }
}

/* One slot is written after the other: the file of both formats loads by generation, whichever is damaged. */
static void half_way(void) {
    ek_record r = full_record_0_1(), got;
    ek_err err[2];
    int slot;
    CHECK_EQ(r2_encode(&r, old), EK_OK);
    r.generation++;
    CHECK_EQ(ek_record_encode(&r, old + EK_RECORD_SLOT), EK_OK);
    CHECK_EQ(ek_record_pick(old, sizeof old, &got, &slot, err), EK_OK);
    CHECK_EQ(slot, 1);
    CHECK_EQ(got.generation, 78);
    old[EK_RECORD_SLOT + 1000] ^= 1;
    CHECK_EQ(ek_record_pick(old, sizeof old, &got, &slot, err), EK_OK);
    CHECK_EQ(slot, 0);
    CHECK_EQ(got.generation, 77);
    CHECK_EQ(got.format, 2);
    CHECK_EQ(got.ticket.state, EK_TICKET_SENT);
}

/* No way back: 0.1 takes neither a file of format 3 nor one of both, and does not call it damaged. */
static void refused_by_0_1(void) {
    ek_record r = full_record_0_1(), got;
    ek_err err[2];
    int slot;
    CHECK_EQ(r2_encode(&r, old), EK_OK);
    CHECK_EQ(r2_pick(old, sizeof old, &got, &slot, err), EK_OK);
    r.generation++;
    CHECK_EQ(ek_record_encode(&r, image), EK_OK);
    CHECK_EQ(r2_decode(image, sizeof image, &got), EK_E_VERSION);
    for (size_t newer = 0; newer < 2; newer++) {
        CHECK_EQ(r2_encode(&r, old), EK_OK);
        memcpy(old + EK_RECORD_SLOT, old, EK_RECORD_SLOT);
        memcpy(old + newer * EK_RECORD_SLOT, image, EK_RECORD_SLOT);
        CHECK_EQ(r2_pick(old, sizeof old, &got, &slot, err), EK_E_VERSION);
        CHECK_EQ(slot, -1);
    }
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(these_are_the_bytes_of_0_1);
    RUN(loads_with_an_open_ticket);
    RUN(stays_checked);
    RUN(half_way);
    RUN(refused_by_0_1);
    return check_end();
}
