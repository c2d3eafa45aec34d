/* A whole answer into the book: accounts are built byte by byte at Velocity's offsets, and every check of
 * ek_book_load is broken once. */
#include "check.h"
#include "base/ek_bytes.h"
#include "snapshot/ek_book.h"
#include "solana/ek_crypto.h"
#include "solana/ek_tx.h"
#include "text/ek_codec.h"

enum {
    USER_LEN = 4496,
    STATS_LEN = 240,
    PERP_LEN = 1304,
    SPOT_LEN = 808,
    STATE_LEN = 1752,
    ORACLE_LEN = 48,
    CAP = 96
};

/* One account as the node has it. */
typedef struct {
    int present;
    ek_key owner;
    uint64_t lamports;
    uint8_t data[USER_LEN];
    size_t len;
} node_account;

static ek_plan plan;
static ek_book book;
static ek_fault fault;
static uint8_t work[8192];
static node_account node[CAP];
static const ek_key authority = {{7}}, payer = {{9}}, perp_oracle = {{0xA1}}, quote_oracle = {{0xA0}};
static char json[1 << 17];
static const char *id = "7";

static node_account *of(int role, uint16_t market) {
    for (uint32_t i = 0; i < plan.n; i++)
        if (plan.items[i].role == role
            && (role < EK_ROLE_PERP_MARKET || plan.items[i].market_index == market))
            return &node[i];
    CHECK(0);
    return &node[0];
}

static void make(node_account *a, const char *type, size_t len) {
    char name[40];
    uint8_t hash[32];
    snprintf(name, sizeof name, "account:%s", type);
    ek_sha256(name, strlen(name), hash);
    memset(a, 0, sizeof *a);
    a->present = 1;
    a->owner = *ek_venue_program(plan.venue);
    a->lamports = 1000000;
    a->len = len;
    memcpy(a->data, hash, 8);
}

/* SOL-PERP at its place in the table, with SOL and USDT markets; the User is short 10 SOL and has 1,000 USDT.
 */
static void fill(void) {
    for (uint32_t i = 0; i < plan.n; i++) {
        const ek_plan_item *item = &plan.items[i];
        node_account *a = &node[i];
        switch (item->role) {
        case EK_ROLE_STATE: make(a, "State", STATE_LEN); break;
        case EK_ROLE_USER:
            make(a, "User", USER_LEN);
            memcpy(a->data + 8, authority.bytes, 32);
            ek_set_u64(a->data + 104, UINT64_C(1000000000000));      /* spot position 0: 1,000 scaled */
            ek_set_u64(a->data + 424 + 8, (uint64_t)-10000000000);   /* perp position 0: base */
            ek_set_u64(a->data + 424 + 16, 1500000000);              /* quote */
            ek_set_u32(a->data + 4456, 5);                           /* next order id */
            ek_set_u16(a->data + 4466, 3);                           /* sub-account */
            break;
        case EK_ROLE_USER_STATS:
            make(a, "UserStats", STATS_LEN);
            memcpy(a->data + 8, authority.bytes, 32);
            break;
        case EK_ROLE_CLOCK:
            memset(a, 0, sizeof *a);
            a->present = 1;
            a->owner = EK_SYSVAR_OWNER;
            a->len = 40;
            ek_set_u64(a->data, 1000);
            ek_set_u64(a->data + 32, 1700000000);
            break;
        case EK_ROLE_PERP_MARKET:
            make(a, "PerpMarket", PERP_LEN);
            memcpy(a->data + 8, item->key.bytes, 32);
            memcpy(a->data + 312, perp_oracle.bytes, 32);
            memcpy(a->data + 424, "SOL-PERP                        ", 32);
            break;
        case EK_ROLE_SPOT_MARKET:
            make(a, "SpotMarket", SPOT_LEN);
            memcpy(a->data + 8, item->key.bytes, 32);
            break;
        case EK_ROLE_ORACLE: make(a, "PythLazerOracle", ORACLE_LEN); break;
        default: /* wallets: of the system program */
            memset(a, 0, sizeof *a);
            a->present = 1;
            a->lamports = 5000000000 + i;
        }
    }
}

static size_t write_json(void) {
    size_t n = (size_t)snprintf(
        json, sizeof json,
        "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"context\":{\"slot\":1234},\"value\":[", id);
    for (uint32_t i = 0; i < plan.n; i++) {
        const node_account *a = &node[i];
        char owner[EK_KEY_TEXT];
        if (i > 0) json[n++] = ',';
        if (!a->present) {
            n += (size_t)snprintf(json + n, sizeof json - n, "null");
            continue;
        }
        ek_key_to_base58(&a->owner, owner);
        n += (size_t)snprintf(json + n, sizeof json - n, "{\"data\":[\"");
        n += ek_base64_encode(a->data, a->len, json + n);
        n += (size_t)snprintf(json + n, sizeof json - n,
                              "\",\"base64\"],\"executable\":false,\"lamports\":%llu,\"owner\":\"%s\","
                              "\"rentEpoch\":1,\"space\":%zu}",
                              (unsigned long long)a->lamports, owner, a->len);
    }
    return n + (size_t)snprintf(json + n, sizeof json - n, "]}}");
}

static ek_err load(void) {
    memset(&fault, 0, sizeof fault);
    size_t n = write_json();
    return ek_book_load(&book, &plan, (const uint8_t *)json, n, work, sizeof work, &fault);
}

static void begin(void) {
    CHECK_EQ(ek_plan_init(&plan, ek_venue_at(0), &authority, 3, &payer), EK_OK);
    CHECK_EQ(ek_plan_add_perp(&plan, 0), EK_OK);
    fill();
}

/* The fault's words without the key in the middle, which is another one for every address. */
static void refused(ek_err code, const char *starts, const char *ends) {
    CHECK_EQ(load(), code);
    CHECK_EQ(fault.code, code);
    CHECK(strncmp(fault.text, starts, strlen(starts)) == 0);
    size_t n = strlen(fault.text), m = strlen(ends);
    CHECK(n >= m && strcmp(fault.text + n - m, ends) == 0);
    if (n < m || strcmp(fault.text + n - m, ends) != 0) fprintf(stderr, "  %s\n", fault.text);
    fill();
}

static void the_plan(void) {
    begin();
    static const int roles[] = {EK_ROLE_STATE,     EK_ROLE_USER,  EK_ROLE_USER_STATS,  EK_ROLE_CLOCK,
                                EK_ROLE_AUTHORITY, EK_ROLE_PAYER, EK_ROLE_SPOT_MARKET, EK_ROLE_PERP_MARKET};
    CHECK_EQ(ek_plan_count(&plan), 8);
    for (uint32_t i = 0; i < 8; i++) CHECK_EQ(ek_plan_item_at(&plan, i)->role, roles[i]);
    CHECK(ek_plan_item_at(&plan, 8) == NULL);
    CHECK_EQ(ek_plan_add_perp(&plan, 0), EK_OK); /* once is enough */
    CHECK_EQ(ek_plan_count(&plan), 8);
    CHECK_EQ(ek_plan_init(&plan, ek_venue_at(0), &authority, 3, NULL), EK_OK);
    CHECK_EQ(ek_plan_count(&plan), 6); /* the authority pays: one wallet less, and no perp market */
    CHECK_TEXT(ek_role_name(EK_ROLE_USER), "User");
    CHECK_TEXT(ek_role_name(EK_ROLE_WATCH), "watched wallet");
    CHECK_TEXT(ek_role_name(12), "account");
    for (uint16_t i = 1; ek_plan_count(&plan) < EK_PLAN_MAX; i++) CHECK_EQ(ek_plan_add_spot(&plan, i), EK_OK);
    CHECK_EQ(ek_plan_add_spot(&plan, 999), EK_E_FULL);
    CHECK_EQ(ek_plan_add_watch(&plan, &payer), EK_E_FULL);
    CHECK_EQ(ek_plan_add_token(&plan, &payer), EK_E_FULL);
}

static void a_whole_read(void) {
    begin();
    CHECK_EQ(load(), EK_OK);
    CHECK_EQ(book.slot, 1234);
    CHECK(book.has_answer_id && book.answer_id == 7);
    CHECK_EQ(book.clock.unix_timestamp, 1700000000);
    CHECK_EQ(book.user.sub_account_id, 3);
    CHECK_EQ(ek_user_perp_base(&book.user, 0), -10000000000);
    CHECK_EQ(ek_user_perp_base(&book.user, 1), 0);
    CHECK_EQ(ek_user_perp(&book.user, 0)->quote_e6, 1500000000);
    CHECK_EQ(ek_user_spot(&book.user, 0)->scaled_balance_e9, UINT64_C(1000000000000));
    CHECK_EQ(book.user.next_order_id, 5);
    CHECK_EQ(book.authority_lamports, 5000000004);
    CHECK_EQ(book.payer_lamports, 5000000005);
    CHECK(ek_book_perp_by_name(&book, "SOL-PERP", 8) == ek_book_perp(&book, 0)
          && ek_book_perp(&book, 0) != NULL);
    CHECK(ek_book_perp(&book, 1) == NULL && ek_book_perp_by_name(&book, "SOL-PER", 7) == NULL);
    const ek_oracle *o;
    /* source 0: this venue has no such price */
    CHECK_EQ(ek_book_perp_oracle(&book, 0, &o), EK_E_UNSUPPORTED);
    CHECK_EQ(ek_book_perp_oracle(&book, 1, &o), EK_E_MISSING);
    id = "null";
    CHECK_EQ(load(), EK_OK);
    CHECK(!book.has_answer_id);
    id = "7";
}

static void the_plan_completes_itself(void) {
    int changed = 0;
    begin();
    of(EK_ROLE_USER, 0)->data[424 + 80 + 8] = 1;                    /* a position in perp market 4 */
    ek_set_u16(of(EK_ROLE_USER, 0)->data + 424 + 80 + 76, 4);
    uint8_t *order = of(EK_ROLE_USER, 0)->data + 1064;              /* a live spot order in market 2 */
    order[86] = EK_ORDER_OPEN;
    ek_set_u16(order + 84, 2);
    CHECK_EQ(load(), EK_OK);
    book.perps[0].oracle_source = book.spots[0].oracle_source = EK_ORACLE_LAZER;
    book.spots[0].oracle = quote_oracle;
    CHECK_EQ(ek_plan_complete(&plan, &book, &changed), EK_OK);
    CHECK_EQ(changed, 1);
    CHECK_EQ(ek_plan_count(&plan), 12);
    static const struct {
        int role;
        uint16_t market;
    } added[] = {
        {EK_ROLE_PERP_MARKET, 4}, {EK_ROLE_SPOT_MARKET, 2}, {EK_ROLE_ORACLE, 0}, {EK_ROLE_ORACLE, 0}};
    for (uint32_t i = 0; i < 4; i++)
        CHECK(plan.items[8 + i].role == added[i].role && plan.items[8 + i].market_index == added[i].market);
    CHECK(plan.items[10].perp == 1 && ek_key_equal(&plan.items[10].key, &perp_oracle));
    CHECK(plan.items[11].perp == 0 && ek_key_equal(&plan.items[11].key, &quote_oracle));
    CHECK_EQ(ek_plan_complete(&plan, &book, &changed), EK_OK);
    CHECK_EQ(changed, 0);
    book.have = 0;
    CHECK_EQ(ek_plan_complete(&plan, &book, &changed), EK_E_MISSING);
}

static void every_check_refuses(void) {
    begin();
    of(EK_ROLE_USER, 0)->present = 0;
    refused(EK_E_MISSING, "User ", ": does not exist");
    of(EK_ROLE_USER_STATS, 0)->len = 239;
    refused(EK_E_LENGTH, "UserStats ",
            ": 239 bytes, layout velocity-2026-08 has exactly 240; update evenkeel");
    of(EK_ROLE_USER, 0)->owner = EK_TOKEN_PROGRAM;
    refused(EK_E_OWNER, "User ", ": owned by Toke.., not by vELo..");
    of(EK_ROLE_CLOCK, 0)->owner = EK_SYSTEM_PROGRAM;
    refused(EK_E_OWNER, "Clock Sysv", ": owned by 1111.., not by Sysv..");
    of(EK_ROLE_STATE, 0)->data[0] ^= 1;
    refused(EK_E_DISCRIMINATOR, "State ", ": another type of account (discriminator)");
    of(EK_ROLE_USER, 0)->data[8] ^= 1;
    refused(EK_E_MISMATCH, "User ", ": holds another account's contents");
    of(EK_ROLE_USER, 0)->data[4466] ^= 1;
    refused(EK_E_MISMATCH, "User ", ": holds another account's contents");
    of(EK_ROLE_USER_STATS, 0)->data[8] ^= 1;
    refused(EK_E_MISMATCH, "UserStats ", ": holds another account's contents");
    of(EK_ROLE_PERP_MARKET, 0)->data[8] ^= 1;
    refused(EK_E_MISMATCH, "PerpMarket 0 ", ": holds another account's contents");
    of(EK_ROLE_SPOT_MARKET, 0)->data[8] ^= 1;
    refused(EK_E_MISMATCH, "SpotMarket 0 ", ": holds another account's contents");
    of(EK_ROLE_PAYER, 0)->owner = EK_TOKEN_PROGRAM;
    refused(EK_E_OWNER, "payer wallet ", ": belongs to a program and cannot pay fees");
    of(EK_ROLE_AUTHORITY, 0)->owner = EK_TOKEN_PROGRAM; /* may be a program's: it signs nothing here */
    CHECK_EQ(load(), EK_OK);
    CHECK(!book.authority_is_system);
    fill();
    of(EK_ROLE_AUTHORITY, 0)->present = 0; /* a wallet that was never funded holds nothing */
    of(EK_ROLE_PAYER, 0)->present = 0;
    CHECK_EQ(load(), EK_OK);
    CHECK(book.authority_is_system && book.authority_lamports == 0 && book.payer_lamports == 0);
    fill();
    CHECK_EQ(load(), EK_OK);
}

static void answers_that_are_none(void) {
    static const struct {
        const char *text;
        ek_err err;
        const char *said;
    } bad[] = {
        {"", EK_E_SYNTAX, "the answer is not a getMultipleAccounts result"},
        {"[]", EK_E_SYNTAX, "the answer is not a getMultipleAccounts result"},
        {"{\"id\":1,\"result\":{\"context\":{\"slot\":1},\"value\":[]}}", EK_E_MISMATCH,
         "the answer holds another number of accounts than were asked for"},
        {"{\"id\":1,\"result\":{\"context\":{},\"value\":[]}}", EK_E_MISSING,
         "the answer is not a getMultipleAccounts result"},
        {"{\"id\":1,\"error\":{\"code\":-32016,\"message\":\"slot not reached\"}}", EK_E_RPC,
         "node answered: slot not reached"},
    };
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(ek_book_load(&book, &plan, (const uint8_t *)bad[i].text, strlen(bad[i].text), work,
                              sizeof work, &fault),
                 bad[i].err);
        CHECK_TEXT(fault.text, bad[i].said);
    }
    size_t n = write_json();
    char *at = strstr(json, "[\"");
    at[20] = '*';
    CHECK_EQ(ek_book_load(&book, &plan, (const uint8_t *)json, n, work, sizeof work, &fault), EK_E_SYNTAX);
    CHECK(strstr(fault.text, "data is not base64") != NULL);
    n = write_json();
    CHECK_EQ(ek_book_load(&book, &plan, (const uint8_t *)json, n, work, 100, &fault), EK_E_FULL);
    CHECK(strstr(fault.text, "larger than any account of this layout") != NULL);
    /* nobody asks why */
    CHECK_EQ(ek_book_load(&book, &plan, (const uint8_t *)json, n, work, 100, NULL), EK_E_FULL);
}

/* wSOL needs no mint; another token does, and a watched wallet is only looked at. Trouble stays with the
 * holding. */
static void tokens_and_wallets(void) {
    static const ek_key mint = {{0x33}}, watched = {{0x44}};
    begin();
    CHECK_EQ(ek_plan_add_token(&plan, &EK_NATIVE_MINT), EK_OK);
    CHECK_EQ(ek_plan_add_token(&plan, &mint), EK_OK);
    CHECK_EQ(ek_plan_add_token(&plan, &mint), EK_OK);
    CHECK_EQ(ek_plan_add_watch(&plan, &watched), EK_OK);
    CHECK_EQ(ek_plan_count(&plan), 12);
    fill();
    node_account *wsol = &node[8], *token = &node[9], *decimals = &node[10], *wallet = &node[11];
    for (int i = 0; i < 2; i++) {
        node_account *t = i ? token : wsol;
        t->owner = EK_TOKEN_PROGRAM;
        t->len = 165;
        memcpy(t->data, i ? mint.bytes : EK_NATIVE_MINT.bytes, 32);
        memcpy(t->data + 32, authority.bytes, 32);
        ek_set_u64(t->data + 64, 700 + (uint64_t)i);
        t->data[108] = 1;
    }
    decimals->owner = EK_TOKEN_PROGRAM;
    decimals->len = 82;
    decimals->data[44] = 6;
    decimals->data[45] = 1;
    CHECK_EQ(load(), EK_OK);
    const ek_book_token *w = ek_book_token_of(&book, &EK_NATIVE_MINT), *t = ek_book_token_of(&book, &mint);
    CHECK(w->err == EK_OK && w->amount == 700 && w->decimals == 9);
    CHECK(t->err == EK_OK && t->amount == 701 && t->decimals == 6);
    CHECK_EQ(ek_book_watch_of(&book, &watched)->lamports, 5000000011);
    CHECK(ek_book_token_of(&book, &watched) == NULL && ek_book_watch_of(&book, &mint) == NULL);
    token->data[32] ^= 1;
    CHECK_EQ(load(), EK_OK);
    CHECK_EQ(t->err, EK_E_MISMATCH);
    token->data[32] ^= 1;
    token->len = 170; /* Token-2022 has longer ones */
    CHECK_EQ(load(), EK_OK);
    CHECK_EQ(t->err, EK_E_SHORT);
    token->present = 0;
    CHECK_EQ(load(), EK_OK);
    CHECK(t->err == EK_OK && t->amount == 0);
    decimals->present = 0;
    wallet->owner = EK_TOKEN_PROGRAM;
    CHECK_EQ(load(), EK_OK);
    CHECK_EQ(t->err, EK_E_MISSING);
    CHECK_EQ(ek_book_watch_of(&book, &watched)->is_system, 0);
    CHECK_EQ(w->err, EK_OK);
}

int main(void) {
    CHECK_EQ(ek_crypto_init(), EK_OK);
    RUN(the_plan);
    RUN(a_whole_read);
    RUN(the_plan_completes_itself);
    RUN(every_check_refuses);
    RUN(answers_that_are_none);
    RUN(tokens_and_wallets);
    return check_end();
}
