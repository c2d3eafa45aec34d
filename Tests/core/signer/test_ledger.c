/* The ledger's own time: by the boot clock within a boot, by the wall clock after one, never back but for a
 * clock that was once far ahead. */
#include "check.h"
#include "signer/ek_ledger.h"

static ek_ledger l;
static const int64_t NOW = 1800000000;

static void at(uint8_t boot, int64_t boot_s, int64_t unix_s) {
    ek_ledger_clock c = {.unix_s = unix_s, .boot_s = boot_s, .boot_id = {boot}};
    ek_ledger_advance(&l, &c);
}
static void begin(void) {
    l = (ek_ledger){0};
    at(1, 100, NOW);
    ek_rolling_add(&l.loss, 5);
    ek_price_accept(&l.prices[0], 150000000, 0, l.time_s);
}

static void within_a_boot(void) {
    begin();
    CHECK_EQ(l.time_s, NOW);
    at(1, 160, NOW + 900000); /* the wall clock is set: it opens nothing */
    CHECK(l.time_s == NOW + 60 && ek_rolling_sum(&l.loss) == 5);
    at(1, 160 + 90000, NOW - 900000);
    CHECK(l.time_s == NOW + 60 + 90000 && ek_rolling_sum(&l.loss) == 0);
    at(1, 5, NOW); /* a boot clock that went back */
    CHECK_EQ(l.time_s, NOW + 60 + 90000);
}

static void after_a_boot(void) {
    begin();
    at(2, 3, NOW + 7200);
    CHECK(l.time_s == NOW + 7200 && ek_rolling_sum(&l.loss) == 5);
    at(2, 63, NOW + 7200);
    CHECK_EQ(l.time_s, NOW + 7260);
    at(3, 3, NOW); /* behind, by less than a day: time goes on from where it was */
    CHECK_EQ(l.time_s, NOW + 7260);
    at(3, 63, NOW);
    CHECK_EQ(l.time_s, NOW + 7320);
}

/* A clock that was in 2038 once does not lock anything until then; nothing is forgotten either. */
static void a_clock_that_was_once_ahead(void) {
    l = (ek_ledger){0};
    at(1, 100, 2145916800);
    ek_rolling_add(&l.loss, 5);
    ek_price_accept(&l.prices[0], 150000000, 0, l.time_s);
    at(2, 100, NOW);
    CHECK(l.time_s == NOW && ek_rolling_sum(&l.loss) == 5);
    CHECK_EQ(ek_price_of_day(&l.prices[0], NOW).highest_e6, 150000000);
    CHECK(l.prices[0].last_s == NOW && l.prices[0].last_e6 == 150000000);
    at(2, 100 + 90000, NOW);
    CHECK_EQ(ek_rolling_sum(&l.loss), 0);
    at(3, 0, -5); /* no time at all */
    CHECK_EQ(l.time_s, 0);
}

static void what_a_file_may_hold(void) {
    begin();
    CHECK(ek_ledger_valid(&l));
    l.time_s = -1;
    CHECK(!ek_ledger_valid(&l));
    begin();
    l.loss.slot = INT64_MAX;
    CHECK(!ek_ledger_valid(&l));
    begin();
    l.prices[3].day[24].lowest_e6 = 7;
    CHECK(!ek_ledger_valid(&l));
    begin();
    l.limit_from = 9;
    CHECK(!ek_ledger_valid(&l));
    begin();
    memset(l.pins[7].name, 'x', 16);
    CHECK(!ek_ledger_valid(&l));
}

/* Whatever a file holds that passes for a ledger still does after its clock has moved. */
static void time_has_an_end(void) {
    begin();
    l.begun = 1;
    l.boot_s = -2000000000000; /* no boot was then */
    CHECK(!ek_ledger_valid(&l));
    begin();
    l.begun = 1;
    l.time_s = ((int64_t)1 << 48) - 1;
    CHECK(ek_ledger_valid(&l));
    ek_ledger_clock later = {.boot_s = 1000};
    ek_ledger_advance(&l, &later);
    CHECK(ek_ledger_valid(&l));
    ek_ledger_clock never = {.unix_s = INT64_MAX, .boot_s = 1, .boot_id = {1}};
    ek_ledger_advance(&l, &never);
    CHECK(ek_ledger_valid(&l));
}

int main(void) {
    RUN(within_a_boot);
    RUN(after_a_boot);
    RUN(a_clock_that_was_once_ahead);
    RUN(what_a_file_may_hold);
    RUN(time_has_an_end);
    return check_end();
}
