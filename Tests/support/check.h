/* check.h - the harness of the C unit tests: a failed check says where, what and with which values, and the
 * binary ends with 1. A test file is one binary: functions that use CHECK, and a main of RUN(function) lines
 * that ends in `return check_end();`. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int check_failed, check_done;

#define CHECK(cond)                                                              \
    do {                                                                         \
        check_done++;                                                            \
        if (!(cond)) {                                                           \
            check_failed++;                                                      \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
        }                                                                        \
    } while (0)

/* Two integers (anything that fits an int64_t or shows as one). */
#define CHECK_EQ(a, b)                                                                                       \
    do {                                                                                                     \
        int64_t check_a = (int64_t)(a), check_b = (int64_t)(b);                                              \
        check_done++;                                                                                        \
        if (check_a != check_b) {                                                                            \
            check_failed++;                                                                                  \
            fprintf(stderr, "%s:%d: %s = %" PRId64 ", %s = %" PRId64 "\n", __FILE__, __LINE__, #a, check_a,  \
                    #b, check_b);                                                                            \
        }                                                                                                    \
    } while (0)

#define CHECK_BYTES(a, b, n) CHECK(memcmp((a), (b), (n)) == 0)
#define CHECK_TEXT(a, b)                                                                              \
    do {                                                                                              \
        check_done++;                                                                                 \
        if (strcmp((a), (b)) != 0) {                                                                  \
            check_failed++;                                                                           \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #a, (a), (b));   \
        }                                                                                             \
    } while (0)

#define RUN(test) (test)()

static int check_end(void) {
    if (check_done == 0) fprintf(stderr, "no check ran\n");
    printf("%d checks, %d failed\n", check_done, check_failed);
    return check_failed != 0 || check_done == 0;
}

#endif
