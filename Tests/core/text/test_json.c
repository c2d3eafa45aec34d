#include "check.h"
#include "text/ek_json.h"
#include "text/ek_lex.h"

static ek_err root(const char *text, ek_json *v) {
    return ek_json_root((const uint8_t *)text, strlen(text), v);
}
static ek_json doc(const char *text) {
    ek_json v;
    CHECK_EQ(root(text, &v), EK_OK);
    return v;
}

static void accepts(void) {
    static const char *const good[] = {"0",
                                       "-0",
                                       "1",
                                       "-1.5e+10",
                                       "1E5",
                                       "0.0",
                                       "123456789012345678901234567890",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "[]",
                                       "{}",
                                       " [ ] ",
                                       "\t\r\n{ }\n",
                                       "[1,2,3]",
                                       "{\"a\":1}",
                                       "{\"a\":{\"b\":[{}]}}",
                                       "[[],[],{}]",
                                       "\"\\u0000\"",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                       "\"\\ud83d\\ude00\"",
                                       "\"\x7f\"",
                                       "\"\xc2\x80\"",
                                       "\"\xdf\xbf\"",
                                       "\"\xe0\xa0\x80\"",
                                       "\"\xed\x9f\xbf\"",
                                       "\"\xee\x80\x80\"",
                                       "\"\xf0\x90\x80\x80\"",
                                       "\"\xf4\x8f\xbf\xbf\"",
                                       "\"\xef\xbb\xbf\"",
                                       "{\"a\":1,\"a\":2}",
                                       "{\"\":0}"};
    ek_json v;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (root(good[i], &v) != EK_OK) fprintf(stderr, "refused: %s\n", good[i]);
        CHECK_EQ(root(good[i], &v), EK_OK);
    }
}

static void refuses(void) {
    static const char *const bad[] = {
        "", " ", "1 2", "[1,]", "[,1]", "[1 2]", "[", "]", "{", "}", "{]", "[}", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "01", "-", "-01", "+1", ".5",
        "5.", "1e", "1e+", "1.e5", "0x10", "1a", "NaN", "Infinity", "-Infinity", "tru", "truE", "nul",
        "falsee", "truefalse", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"\\u",
        "\"\n\"", "\"\t\"", "\"\x1f\"", "'a'", "\xef\xbb\xbf[]", "[1]x", "[1]//", "/**/1", "\v1", "\f1",
        "\xc2\xa0[]", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\n\"", "\"\\ud83d\\ud83d\"",
        "\"\\ud83d\\u0041\"", "\"\\ud83d\\u\"", "\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
        "\"\xc2\"", "\"\xc2x\"", "\"\xe0\x9f\xbf\"", "\"\xe2\x82\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"",
        "\"\xf0\x8f\xbf\xbf\"", "\"\xf0\x90\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
        "\"\xff\"", "\"\xe0\xa0x\""
    };
    ek_json v;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (root(bad[i], &v) != EK_E_SYNTAX) fprintf(stderr, "accepted: %s\n", bad[i]);
        CHECK_EQ(root(bad[i], &v), EK_E_SYNTAX);
        CHECK_EQ(ek_json_kind(v), 0);
    }
    CHECK_EQ(ek_json_root((const uint8_t *)"1\0", 2, &v), EK_E_SYNTAX);
    CHECK_EQ(ek_json_root((const uint8_t *)"\"\0\"", 3, &v), EK_E_SYNTAX);
}

static void depth(void) {
    char text[400];
    ek_json v;
    for (unsigned d = 62; d <= 66; d++) {
        memset(text, '[', d);
        memset(text + d, ']', d);
        text[2 * d] = 0;
        CHECK_EQ(root(text, &v), d <= EK_JSON_MAX_DEPTH ? EK_OK : EK_E_RANGE);
        char *p = text;
        for (unsigned i = 0; i < d; i++, p += 5) memcpy(p, "{\"a\":", 5);
        *p++ = '1';
        memset(p, '}', d);
        p[d] = 0;
        CHECK_EQ(root(text, &v), d <= EK_JSON_MAX_DEPTH ? EK_OK : EK_E_RANGE);
        if (d <= EK_JSON_MAX_DEPTH) CHECK_EQ(ek_json_member(v, "a", &v), EK_OK);
    }
}

static void members(void) {
    ek_json v,
        r = doc(
            " { \"a\" : 1 , \"b\\u0063\" : [ true , null ] , \"\" : \"x\" , \"d\" : 1 , \"\\u0064\" : 2 } ");
    uint64_t n;
    CHECK_EQ(ek_json_kind(r), '{');
    CHECK_EQ(ek_json_member(r, "a", &v), EK_OK);
    CHECK_EQ(ek_json_u64(v, &n), EK_OK);
    CHECK_EQ(n, 1);
    CHECK_EQ(ek_json_member(r, "bc", &v), EK_OK);
    CHECK_EQ(ek_json_kind(v), '[');
    CHECK_EQ(ek_json_item(v, 0, &v), EK_OK);
    CHECK_EQ(ek_json_kind(v), 't');
    CHECK_EQ(ek_json_member(r, "", &v), EK_OK);
    CHECK(ek_json_text_is(v, "x"));
    CHECK_EQ(ek_json_member(r, "d", &v), EK_E_SYNTAX); /* twice, once in another spelling */
    CHECK_EQ(ek_json_kind(v), 0);
    CHECK_EQ(ek_json_member(r, "b", &v), EK_E_MISSING);
    CHECK_EQ(ek_json_member(v, "b", &v), EK_E_MISSING); /* of the absent value */
    CHECK_EQ(ek_json_u64(v, &n), EK_E_MISSING);
    CHECK_EQ(ek_json_member(doc("[]"), "b", &v), EK_E_SYNTAX);
    CHECK_EQ(ek_json_item(r, 0, &v), EK_E_SYNTAX);
}

static void paths_and_counts(void) {
    ek_json v, r = doc("{\"result\":{\"value\":[null,{\"err\":{\"InstructionError\":[2,{\"Custom\":6003}]}}],"
                       "\"0\":\"zero\"}}");
    uint64_t n;
    size_t count;
    CHECK_EQ(ek_json_path(r, "result.value.1.err.InstructionError.1.Custom", &v), EK_OK);
    CHECK_EQ(ek_json_u64(v, &n), EK_OK);
    CHECK_EQ(n, 6003);
    CHECK_EQ(ek_json_path(r, "result.0", &v), EK_OK); /* digits name members of objects */
    CHECK(ek_json_text_is(v, "zero"));
    CHECK_EQ(ek_json_path(r, "result.value.0", &v), EK_OK);
    CHECK_EQ(ek_json_kind(v), 'n');
    CHECK_EQ(ek_json_path(r, "result.value.2", &v), EK_E_MISSING);
    CHECK_EQ(ek_json_path(r, "result.value.x", &v), EK_E_SYNTAX);
    CHECK_EQ(ek_json_path(r, "result.value.", &v), EK_E_SYNTAX);
    CHECK_EQ(ek_json_path(r, "result.value.0.err", &v), EK_E_SYNTAX);
    CHECK_EQ(ek_json_path(r, "nothing.value", &v), EK_E_MISSING);
    CHECK_EQ(ek_json_path(r, "result.value", &v), EK_OK);
    CHECK_EQ(ek_json_count(v, &count), EK_OK);
    CHECK_EQ(count, 2);
    CHECK_EQ(ek_json_count(r, &count), EK_OK);
    CHECK_EQ(count, 1);
    CHECK_EQ(ek_json_count(doc("[ ]"), &count), EK_OK);
    CHECK_EQ(count, 0);
    CHECK_EQ(ek_json_count(doc("1"), &count), EK_E_SYNTAX);
}

static void walks(void) {
    ek_json key, item;
    uint64_t sum = 0, n;
    unsigned seen = 0;
    ek_json_iter it = ek_json_over(doc("[ 1 , [2] , 3 ]"));
    while (ek_json_next(&it, &key, &item)) {
        CHECK_EQ(ek_json_kind(key), 0);
        seen++;
        if (ek_json_u64(item, &n) == EK_OK) sum += n;
    }
    CHECK_EQ(seen, 3);
    CHECK_EQ(sum, 4);
    CHECK(!ek_json_next(&it, NULL, &item)); /* stays over */
    it = ek_json_over(doc("{\"k\":[1,2],\"l\":{}}"));
    CHECK(ek_json_next(&it, &key, &item));
    CHECK(ek_json_text_is(key, "k") && ek_json_kind(item) == '[');
    CHECK(ek_json_next(&it, &key, &item));
    CHECK(ek_json_text_is(key, "l") && ek_json_kind(item) == '{');
    CHECK(!ek_json_next(&it, &key, &item));
    it = ek_json_over(doc("7"));
    CHECK(!ek_json_next(&it, &key, &item));
}

static void numbers(void) {
    static const struct {
        const char *text;
        ek_err u, i;
    } cases[] = {{"0", EK_OK, EK_OK},
                 {"18446744073709551615", EK_OK, EK_E_RANGE},
                 {"18446744073709551616", EK_E_RANGE, EK_E_RANGE},
                 {"184467440737095516150", EK_E_RANGE, EK_E_RANGE},
                 {"9223372036854775807", EK_OK, EK_OK},
                 {"9223372036854775808", EK_OK, EK_E_RANGE},
                 {"-9223372036854775808", EK_E_RANGE, EK_OK},
                 {"-9223372036854775809", EK_E_RANGE, EK_E_RANGE},
                 {"-1", EK_E_RANGE, EK_OK},
                 {"-0", EK_E_RANGE, EK_OK},
                 {"1.0", EK_E_SYNTAX, EK_E_SYNTAX},
                 {"1e3", EK_E_SYNTAX, EK_E_SYNTAX},
                 {"1E3", EK_E_SYNTAX, EK_E_SYNTAX},
                 {"\"1\"", EK_E_SYNTAX, EK_E_SYNTAX},
                 {"true", EK_E_SYNTAX, EK_E_SYNTAX}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        uint64_t u = 5;
        int64_t i = 5;
        CHECK_EQ(ek_json_u64(doc(cases[k].text), &u), cases[k].u);
        CHECK_EQ(ek_json_i64(doc(cases[k].text), &i), cases[k].i);
    }
    uint64_t u;
    int64_t i;
    CHECK(ek_json_u64(doc("18446744073709551615"), &u) == EK_OK && u == UINT64_MAX);
    CHECK(ek_json_i64(doc("-9223372036854775808"), &i) == EK_OK && i == INT64_MIN);
    CHECK(ek_json_i64(doc("-42"), &i) == EK_OK && i == -42);
}

static void texts(void) {
    char out[32];
    uint8_t bytes[8];
    size_t n;
    ek_key key;
    CHECK_EQ(ek_json_text(doc("\"a\\u00e9\\u20ac\\ud83d\\ude00\\/\\n\""), out, sizeof out, &n), EK_OK);
    CHECK_TEXT(out, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\n");
    CHECK_EQ(n, 12);
    CHECK_EQ(ek_json_text(doc("\"abc\""), out, 4, &n), EK_OK);
    CHECK_EQ(ek_json_text(doc("\"abc\""), out, 3, &n), EK_E_FULL);
    CHECK_EQ(ek_json_text(doc("\"\""), out, 0, &n), EK_E_FULL);
    CHECK_EQ(ek_json_text(doc("\"a\\u0000b\""), out, sizeof out, &n), EK_OK);
    CHECK_EQ(n, 3);
    CHECK_EQ(ek_json_text(doc("1"), out, sizeof out, &n), EK_E_SYNTAX);
    CHECK(!ek_json_text_is(doc("\"ab\""), "abc") && !ek_json_text_is(doc("\"abc\""), "ab"));
    CHECK(!ek_json_text_is(doc("\"\\u0061b\""), "abc") && !ek_json_text_is(doc("\"\\u0061bc\""), "ab"));
    CHECK(ek_json_text_is(doc("\"\\u0061bc\""), "abc"));
    CHECK_EQ(ek_json_base64(doc("\"Zm9v\""), bytes, sizeof bytes, &n), EK_OK);
    CHECK(n == 3 && memcmp(bytes, "foo", 3) == 0);
    CHECK_EQ(ek_json_base64(doc("\"\\/\\/\\/\\/\""), bytes, sizeof bytes, &n), EK_E_UNSUPPORTED);
    CHECK_EQ(ek_json_base64(doc("\"Zm9\""), bytes, sizeof bytes, &n), EK_E_SYNTAX);
    CHECK_EQ(ek_json_key(doc("\"11111111111111111111111111111111\""), &key), EK_OK);
    CHECK_EQ(ek_json_key(doc("\"1111111111111111111111111111111\\u0031\""), &key), EK_OK);
    CHECK_EQ(ek_json_key(doc("\"111111111111111111111111111111111\""), &key), EK_E_SYNTAX);
    CHECK_EQ(ek_json_key(doc("\"1111111111111111111111111111111111111111111111111111111111\""), &key),
             EK_E_SYNTAX);
    const uint8_t *raw = ek_json_raw(doc(" \"q\" "), &n);
    CHECK(n == 3 && memcmp(raw, "\"q\"", 3) == 0);
}

/* The word-wise skip stops where the byte-wise one does, wherever the stop stands and however the text is
 * aligned. */
static void plain_skip_equals_its_twin(void) {
    uint8_t buf[160];
    static const uint8_t stops[] = {'"', '\\', 0, 0x1f, 0x80, 0xff, 0x0a};
    unsigned bad = 0;
    for (size_t start = 0; start < 16; start++)
        for (size_t len = 0; len <= 140; len++)
            for (size_t s = 0; s < sizeof stops; s++)
                for (size_t at = 0; at <= len; at += (len < 24 ? 1 : 7)) {
                    /* never '"' or '\' */
                    for (size_t i = 0; i < sizeof buf; i++) buf[i] = (uint8_t)(0x23 + (i * 7) % 57);
                    buf[start + at] = stops[s];
                    const uint8_t *a = buf + start, *e = a + len;
                    if (ek_lex_plain(a, e) != ek_lex_plain_bytewise(a, e) || ek_lex_plain(a, e) != a + at)
                        bad++;
                }
    CHECK_EQ(bad, 0);
    for (unsigned c = 0; c < 256; c++) {
        memset(buf, 'x', sizeof buf);
        for (size_t at = 0; at < 70; at += 3) buf[at] = (uint8_t)c;
        CHECK(ek_lex_plain(buf, buf + 70) == ek_lex_plain_bytewise(buf, buf + 70));
    }
}

/* No prefix of a document is a document, and reading one never goes past its end (the sanitizers watch). */
static void prefixes(void) {
    static const char text[] =
        "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\xc3\xa9\",true,null],\"b\":{\"c\":false}}";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        uint8_t copy[sizeof text];
        ek_json v;
        memcpy(copy + sizeof copy - n, text, n);
        CHECK_EQ(ek_json_root(copy + sizeof copy - n, n, &v), EK_E_SYNTAX);
    }
}

int main(void) {
    RUN(accepts);
    RUN(refuses);
    RUN(depth);
    RUN(members);
    RUN(paths_and_counts);
    RUN(walks);
    RUN(numbers);
    RUN(texts);
    RUN(plain_skip_equals_its_twin);
    RUN(prefixes);
    return check_end();
}
