/* A sum over the last hour or day: never shorter than the window, at most a slot longer. */
#include "check.h"
#include "signer/ek_rolling.h"

static ek_rolling r;

static uint64_t sum_at(int64_t now_s) {
    ek_rolling later = r;
    ek_rolling_turn(&later, EK_ROLLING_DAY_S, now_s);
    return ek_rolling_sum(&later);
}

static void what_counts(void) {
    const int64_t now = 1800000000;
    r = (ek_rolling){0};
    ek_rolling_turn(&r, EK_ROLLING_DAY_S, now);
    ek_rolling_add(&r, 7);
    CHECK_EQ(sum_at(now + 86400), 7);
    CHECK_EQ(sum_at(now + 90000), 0);
    ek_rolling_turn(&r, EK_ROLLING_DAY_S, now + 43200);
    ek_rolling_add(&r, 5);
    CHECK_EQ(ek_rolling_sum(&r), 12);
    CHECK_EQ(sum_at(now + 90000), 5);
    CHECK_EQ(sum_at(now - 999999), 12); /* time does not go back */
    CHECK_EQ(ek_rolling_wait_s(&r, EK_ROLLING_DAY_S, now + 43200, 12), 0);
    int64_t wait = ek_rolling_wait_s(&r, EK_ROLLING_DAY_S, now + 43200, 11);
    CHECK(sum_at(now + 43200 + wait) == 5 && sum_at(now + 43200 + wait - 1) == 12);
    wait = ek_rolling_wait_s(&r, EK_ROLLING_DAY_S, now + 43200, 0);
    CHECK(sum_at(now + 43200 + wait) == 0 && sum_at(now + 43200 + wait - 1) == 5);
}

static void it_does_not_wrap(void) {
    r = (ek_rolling){0};
    ek_rolling_add(&r, UINT64_MAX);
    ek_rolling_add(&r, UINT64_MAX);
    CHECK_EQ(ek_rolling_sum(&r), UINT64_MAX);
    ek_rolling_turn(&r, EK_ROLLING_DAY_S, EK_ROLLING_DAY_S);
    ek_rolling_add(&r, 1);
    CHECK_EQ(ek_rolling_sum(&r), UINT64_MAX);
}

static void time_was_corrected(void) {
    r = (ek_rolling){0};
    ek_rolling_turn(&r, EK_ROLLING_DAY_S, 5000000000);
    ek_rolling_add(&r, 9);
    ek_rolling_rebase(&r, EK_ROLLING_DAY_S, 1800000000);
    CHECK_EQ(ek_rolling_sum(&r), 9);
    CHECK_EQ(sum_at(1800000000 + 86400), 9);
    CHECK_EQ(sum_at(1800000000 + 90000), 0);
}

int main(void) {
    RUN(what_counts);
    RUN(it_does_not_wrap);
    RUN(time_was_corrected);
    return check_end();
}
