#include "check.h"
#include "text/ek_codec.h"
#include "snapshot/ek_scan.h"

#define SYSTEM "11111111111111111111111111111111"
#define CLOCK "SysvarC1ock11111111111111111111111111111111"
#define ACCOUNT "{\"data\":[\"Zm9v\",\"base64\"],\"executable\":false,\"lamports\":12,\"owner\":\"" SYSTEM \
                "\",\"rentEpoch\":18446744073709551615,\"space\":3}"
#define ANSWER(value) "{\"jsonrpc\":\"2.0\",\"result\":{\"context\":{\"apiVersion\":\"2.1\",\"slot\":77}," \
                      "\"value\":" value "},\"id\":5}"

static ek_scan_result res;
static ek_scan_account acc[4];
static ek_err scan(const char *text) {
    return ek_scan_accounts((const uint8_t *)text, strlen(text), &res, acc, 4);
}

static void what_a_node_sends(void) {
    static const char text[] = ANSWER("[" ACCOUNT ",null," ACCOUNT "]");
    uint8_t data[8];
    size_t n;
    ek_key zero = {{0}};
    CHECK_EQ(scan(text), EK_OK);
    CHECK(res.has_id && res.id == 5 && res.slot == 77 && res.count == 3 && !res.is_error);
    CHECK(acc[0].present && !acc[1].present && acc[2].present && !acc[0].executable);
    CHECK_EQ(acc[2].lamports, 12);
    CHECK_BYTES(acc[0].owner.bytes, zero.bytes, 32);
    CHECK_BYTES(text + acc[0].data_b64.off, "Zm9v", 4);
    CHECK_EQ(acc[0].data_b64.len, 4);
    CHECK_EQ(ek_scan_data((const uint8_t *)text, &acc[2], data, sizeof data, &n), EK_OK);
    CHECK(n == 3 && memcmp(data, "foo", 3) == 0);
    CHECK_EQ(ek_scan_data((const uint8_t *)text, &acc[1], data, sizeof data, &n), EK_E_MISSING);
    CHECK_EQ(ek_scan_data((const uint8_t *)text, &acc[0], data, 2, &n), EK_E_FULL);
}

static void other_shapes_of_the_same(void) {
    CHECK_EQ(scan(ANSWER(ACCOUNT)), EK_OK); /* getAccountInfo */
    CHECK(res.count == 1 && acc[0].present);
    CHECK_EQ(scan(ANSWER("null")), EK_OK);
    CHECK(res.count == 1 && !acc[0].present);
    CHECK_EQ(scan(ANSWER("[]")), EK_OK);
    CHECK_EQ(res.count, 0);
    /* members in another order, white space, escaped names, unknown members with look-alike content */
    CHECK_EQ(scan("\n{ \"id\" : null , \"x\":{\"result\":[{\"value\":1}],\"error\":{}} , \"result\" : { "
                  "\"val\\u0075e\" : [ { \"owner\":\"Sysv\\u0061rC1ock1111111111111"
                  "1111111111111111111\" , \"lamports\" : 18446744073709551615 , "
                  "\"more\":{\"data\":[\"AAAA\",\"base64\"]}, \"executable\":true,"
                  " \"da\\u0074a\" : [ \"\" , \"base\\u00364\" ] } ] , \"context\" : { "
                  "\"slot\":18446744073709551615 } } } \t"),
             EK_OK);
    CHECK(!res.has_id && res.slot == UINT64_MAX && res.count == 1 && acc[0].executable
          && acc[0].lamports == UINT64_MAX && acc[0].data_b64.len == 0);
    ek_key clock;
    CHECK_EQ(ek_key_from_base58(CLOCK, strlen(CLOCK), &clock), EK_OK);
    CHECK_BYTES(acc[0].owner.bytes, clock.bytes, 32);
    /* the saved form */
    CHECK_EQ(scan("{\"keys\":[\"" SYSTEM "\"],\"result\":{\"context\":{\"slot\":1},\"value\":[null]}}"),
             EK_OK);
    CHECK(!res.has_id && res.count == 1);
}

static void owners_that_change_are_not_mixed_up(void) {
    ek_key system = {{0}}, clock;
    CHECK_EQ(ek_key_from_base58(CLOCK, strlen(CLOCK), &clock), EK_OK);
#define OWNED(k) "{\"data\":[\"\",\"base64\"],\"lamports\":1,\"owner\":\"" k "\"}"
    CHECK_EQ(scan(ANSWER("[" OWNED(SYSTEM) "," OWNED(CLOCK) "," OWNED(CLOCK) "," OWNED(SYSTEM) "]")), EK_OK);
    CHECK_BYTES(acc[0].owner.bytes, system.bytes, 32);
    CHECK_BYTES(acc[1].owner.bytes, clock.bytes, 32);
    CHECK_BYTES(acc[2].owner.bytes, clock.bytes, 32);
    CHECK_BYTES(acc[3].owner.bytes, system.bytes, 32);
}

static const struct {
    const char *text;
    ek_err err;
} cases[] = {
    {"", EK_E_SYNTAX},
    {"[]", EK_E_SYNTAX},
    {"{}", EK_E_SYNTAX},
    {"{\"id\":1}", EK_E_SYNTAX},
    {"{\"result\":null,\"id\":1}", EK_E_SYNTAX},
    {"{\"result\":5}", EK_E_SYNTAX},
    {"{\"result\":{}}", EK_E_MISSING},
    {"{\"result\":{\"value\":[]}}", EK_E_MISSING},
    {"{\"result\":{\"context\":{\"slot\":1}}}", EK_E_MISSING},
    {"{\"result\":{\"context\":{},\"value\":[]}}", EK_E_MISSING},
    {"{\"result\":{\"context\":{\"slot\":1.0},\"value\":[]}}", EK_E_SYNTAX},
    {"{\"result\":{\"context\":{\"slot\":-1},\"value\":[]}}", EK_E_RANGE},
    {"{\"result\":{\"context\":{\"slot\":18446744073709551616},\"value\":[]}}", EK_E_RANGE},
    {"{\"result\":{\"context\":{\"slot\":1,\"sl\\u006ft\":1},\"value\":[]}}", EK_E_SYNTAX},
    {"{\"result\":{\"context\":{\"slot\":1},\"context\":{\"slot\":1},\"value\":[]}}", EK_E_SYNTAX},
    {"{\"result\":{\"context\":{\"slot\":1},\"value\":[],\"value\":[]}}", EK_E_SYNTAX},
    {ANSWER("[null,null,null,null,null]"), EK_E_FULL},
    {ANSWER("[null]") "x", EK_E_SYNTAX},
    {ANSWER("[null,]"), EK_E_SYNTAX},
    {ANSWER("[nul]"), EK_E_SYNTAX},
    {ANSWER("[1]"), EK_E_SYNTAX},
    {ANSWER("\"x\""), EK_E_SYNTAX},
    {ANSWER("true"), EK_E_SYNTAX},
    {"{\"id\":\"5\",\"result\":{\"context\":{\"slot\":1},\"value\":[]}}", EK_E_SYNTAX},
    {"{\"id\":5,\"id\":5,\"result\":{\"context\":{\"slot\":1},\"value\":[]}}", EK_E_SYNTAX},
    {"{\"error\":{\"code\":1,\"message\":\"m\"},\"result\":{\"context\":{\"slot\":1},\"value\":[]}}",
     EK_E_SYNTAX},
    {"{\"error\":null,\"result\":{\"context\":{\"slot\":1},\"value\":[]}}", EK_E_SYNTAX},
    {"{\"error\":{\"message\":\"m\"}}", EK_E_MISSING},
    {"{\"error\":{\"code\":1,\"code\":1}}", EK_E_SYNTAX},
    {"{\"error\":{\"code\":\"1\"}}", EK_E_SYNTAX},
    {"{\"error\":{\"code\":1}", EK_E_SYNTAX},
    {"{\"error\":{\"code\":1},\"error\":{\"code\":1}}", EK_E_SYNTAX},
    {"{\"error\":{\"code\":1,\"message\":2}}", EK_E_SYNTAX},
#define A(members) ANSWER("[{" members "}]")
#define D "\"data\":[\"Zm9v\",\"base64\"]"
#define L "\"lamports\":1"
#define O "\"owner\":\"" SYSTEM "\""
    {A(D "," L "," O), EK_OK},
    {A(D "," L), EK_E_MISSING},
    {A(D "," O), EK_E_MISSING},
    {A(L "," O), EK_E_MISSING},
    {A(""), EK_E_MISSING},
    {A(D "," L "," O "," D), EK_E_SYNTAX},
    {A(D "," L "," L "," O), EK_E_SYNTAX},
    {A(D "," L "," O "," O), EK_E_SYNTAX},
    {A(D "," L "," O ",\"executable\":true,\"executable\":true"), EK_E_SYNTAX},
    {A(D "," L "," O ",\"executable\":null"), EK_E_SYNTAX},
    {A(D "," L "," O ",\"space\":01"), EK_E_SYNTAX},
    {A(D "," L "," O ",\"rentEpoch\":1.8446744073709552e19"), EK_OK},
    {A("\"data\":\"3yZe7d\"," L "," O), EK_E_UNSUPPORTED},
    {A("\"data\":{\"parsed\":{}}," L "," O), EK_E_UNSUPPORTED},
    {A("\"data\":[\"3yZe7d\",\"base58\"]," L "," O), EK_E_UNSUPPORTED},
    {A("\"data\":[\"x\",\"base64+zstd\"]," L "," O), EK_E_UNSUPPORTED},
    {A("\"data\":[\"\\/\\/\\/\\/\",\"base64\"]," L "," O), EK_E_UNSUPPORTED},
    {A("\"data\":[\"\"]," L "," O), EK_E_SYNTAX},
    {A("\"data\":[]," L "," O), EK_E_SYNTAX},
    {A("\"data\":null," L "," O), EK_E_SYNTAX},
    {A("\"data\":[\"\",\"base64\",1]," L "," O), EK_E_SYNTAX},
    {A("\"data\":[\"\",6]," L "," O), EK_E_SYNTAX},
    {A(D ",\"lamports\":1.5," O), EK_E_SYNTAX},
    {A(D ",\"lamports\":\"1\"," O), EK_E_SYNTAX},
    {A(D ",\"lamports\":18446744073709551616," O), EK_E_RANGE},
    {A(D ",\"lamports\":-1," O), EK_E_RANGE},
    {A(D "," L ",\"owner\":\"\""), EK_E_SYNTAX},
    {A(D "," L ",\"owner\":null"), EK_E_SYNTAX},
    {A(D "," L ",\"owner\":\"" SYSTEM "1\""), EK_E_SYNTAX},
    {A(D "," L ",\"owner\":\"\\u0031" SYSTEM "\""), EK_E_SYNTAX}};

static void refusals(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (scan(cases[i].text) != cases[i].err) fprintf(stderr, "case %zu: %s\n", i, cases[i].text);
        CHECK_EQ(scan(cases[i].text), cases[i].err);
    }
}

static void an_error_answer(void) {
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32016,\"message\":\"Minimum "
                               "context slot has not been reached\",\"data\":{\"contextSlot\":9}},\"id\":3}";
    CHECK_EQ(scan(text), EK_E_RPC);
    CHECK(res.is_error && res.error_code == -32016 && res.has_id && res.id == 3 && res.count == 0);
    CHECK_EQ(res.error_message.len, 41);
    CHECK_BYTES(text + res.error_message.off, "Minimum context slot", 20);
    CHECK_EQ(scan("{\"error\":{\"code\":-32005}}"), EK_E_RPC);
    CHECK(res.error_message.len == 0 && !res.has_id);
}

static void nesting_limit_is_the_documents(void) {
    char text[512];
    for (unsigned d = 58; d <= 62; d++) { /* the account stands inside four others */
        char deep[160];
        memset(deep, '[', d);
        memset(deep + d, ']', d);
        deep[2 * d] = 0;
        snprintf(text, sizeof text, A(D "," L "," O ",\"x\":%s"), deep);
        CHECK_EQ(scan(text), d <= 60 ? EK_OK : EK_E_RANGE);
    }
}

static void no_prefix_is_an_answer(void) {
    static const char text[] = ANSWER("[" ACCOUNT ",null]");
    uint8_t copy[sizeof text];
    for (size_t n = 0; n < sizeof text - 1; n++) {
        memcpy(copy + sizeof copy - n, text, n);
        CHECK_EQ(ek_scan_accounts(copy + sizeof copy - n, n, &res, acc, 4), EK_E_SYNTAX);
    }
}

#define OWNED_AS_USUAL(owner) "{\"data\":[\"Zm9v\",\"base64\"],\"executable\":true,\"lamports\":1," \
                              "\"owner\":\"" owner "\",\"rentEpoch\":0,\"space\":3}"

/* An account in the spelling that nodes send is read by comparing; white space before it turns that off. Both
 * readers must say the same of every text that is one byte away from an account. */
static void same_by_both_readers(const char *account) {
    static char text[512];
    static ek_scan_result first_res;
    static ek_scan_account first[4];
    snprintf(text, sizeof text, ANSWER("[null,%s,%s]"), account, account);
    ek_err err = scan(text);
    first_res = res;
    memcpy(first, acc, sizeof first);
    snprintf(text, sizeof text, ANSWER("[null, %s, %s]"), account, account);
    if (scan(text) != err) fprintf(stderr, "%d, but word by word %d: %s\n", err, scan(text), account);
    CHECK_EQ(scan(text), err);
    if (err != EK_OK) return;
    CHECK_EQ(res.count, first_res.count);
    for (uint32_t i = 1; i < 3; i++) {
        CHECK(acc[i].present == first[i].present && acc[i].executable == first[i].executable
              && acc[i].lamports == first[i].lamports);
        CHECK_BYTES(acc[i].owner.bytes, first[i].owner.bytes, 32);
        CHECK(acc[i].data_b64.len == first[i].data_b64.len
              && acc[i].data_b64.off == first[i].data_b64.off + i);
    }
}

static void usual_spelling_and_all_beside_it(void) {
    static const char *const ACCOUNTS[] = {ACCOUNT,
                                           OWNED_AS_USUAL("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
                                           OWNED_AS_USUAL("vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P"),
                                           OWNED_AS_USUAL("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH"),
                                           OWNED_AS_USUAL("G6EoTTTgpkNBtVXo96EQp2m6uwwVh2Kt6YidjkmQqoha"),
                                           OWNED_AS_USUAL("Sysvar1111111111111111111111111111111111111"),
                                           OWNED_AS_USUAL(CLOCK)};
    static const char OTHERS[] = "09\"\\ ,.:-eEA=tf{}[]\n\x80\x01";
    char text[256];
    for (size_t a = 0; a < sizeof ACCOUNTS / sizeof ACCOUNTS[0]; a++) {
        same_by_both_readers(ACCOUNTS[a]);
        CHECK_EQ(res.count, 3);
        size_t len = strlen(ACCOUNTS[a]);
        for (size_t i = 0; i < len; i++) {
            for (size_t k = 0; k < sizeof OTHERS - 1; k++) { /* another byte instead, and one more */
                strcpy(text, ACCOUNTS[a]);
                text[i] = OTHERS[k];
                same_by_both_readers(text);
                memcpy(text + i + 1, ACCOUNTS[a] + i, len - i + 1);
                same_by_both_readers(text);
            }
            strcpy(text, ACCOUNTS[a]); /* one less */
            memmove(text + i, text + i + 1, len - i);
            same_by_both_readers(text);
        }
    }
}

static void numbers_at_their_ends(void) {
    static const char *const NUMBERS[] = {"0",
                                          "00",
                                          "1",
                                          "9999999999999999999",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "99999999999999999999",
                                          "184467440737095516150",
                                          "1e3",
                                          "1.0",
                                          "-0",
                                          "-1",
                                          ""};
    char text[256];
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        for (int place = 0; place < 3; place++) {
            snprintf(text, sizeof text,
                     "{\"data\":[\"\",\"base64\"],\"executable\":false,\"lamports\":%s,\"owner\":\"" SYSTEM
                     "\",\"rentEpoch\":%s,\"space\":%s}",
                     place == 0 ? NUMBERS[i] : "7", place == 1 ? NUMBERS[i] : "7",
                     place == 2 ? NUMBERS[i] : "7");
            same_by_both_readers(text);
        }
}

/* A foretold length that is right changes nothing, a wrong one neither; only where a text ends as foretold
 * are its characters left to the decoder. */
static void foretold_lengths(void) {
    static const char text[] = ANSWER("[" ACCOUNT ",null," ACCOUNT "]");
    ek_scan_account want[4];
    CHECK_EQ(scan(text), EK_OK);
    memcpy(want, acc, sizeof want);
    for (uint32_t n = 0; n < sizeof text + 4; n++) {
        uint32_t chars[4] = {n, 4, n, 0};
        CHECK_EQ(ek_scan_expecting((const uint8_t *)text, strlen(text), chars, &res, acc, 4), EK_OK);
        uint8_t data[8];
        size_t k;
        if (res.count != 3) { /* foretold to end where the last account's text ends: then it is no base64 */
            CHECK(res.count == 1 && n > 4
                  && ek_scan_data((const uint8_t *)text, &acc[0], data, sizeof data, &k) != EK_OK);
            continue;
        }
        for (uint32_t i = 0; i < 3; i++)
            CHECK(acc[i].data_b64.off == want[i].data_b64.off && acc[i].data_b64.len == want[i].data_b64.len);
    }
    static const char broken[] =
        ANSWER("[{\"data\":[\"Zm\"v\",\"base64\"],\"executable\":false,\"lamports\":12,\"owner\":\"" SYSTEM
               "\",\"rentEpoch\":0,\"space\":3}]");
    uint32_t chars[4] = {4, 0, 0, 0};
    uint8_t data[8];
    size_t n;
    CHECK_EQ(scan(broken), EK_E_SYNTAX);
    CHECK_EQ(ek_scan_expecting((const uint8_t *)broken, strlen(broken), chars, &res, acc, 4), EK_OK);
    CHECK_EQ(ek_scan_data((const uint8_t *)broken, &acc[0], data, sizeof data, &n), EK_E_SYNTAX);
}

int main(void) {
    RUN(what_a_node_sends);
    RUN(other_shapes_of_the_same);
    RUN(owners_that_change_are_not_mixed_up);
    RUN(refusals);
    RUN(an_error_answer);
    RUN(nesting_limit_is_the_documents);
    RUN(no_prefix_is_an_answer);
    RUN(usual_spelling_and_all_beside_it);
    RUN(numbers_at_their_ends);
    RUN(foretold_lengths);
    return check_end();
}
