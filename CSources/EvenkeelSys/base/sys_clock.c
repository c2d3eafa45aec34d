#include "base/sys_clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/sys_io.h"

/* These clocks cannot fail on any kernel that runs the program; 0 would only ever mean a broken seccomp
 * filter. */
static int64_t read_clock(clockid_t id, int64_t per_second, int64_t ns_per_unit) {
    struct timespec t = {0, 0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * per_second + (int64_t)t.tv_nsec / ns_per_unit;
}

int64_t sys_mono_ms(void) { return read_clock(CLOCK_MONOTONIC, 1000, 1000000); }
int64_t sys_mono_us(void) { return read_clock(CLOCK_MONOTONIC, 1000000, 1000); }
int64_t sys_boot_ms(void) { return read_clock(CLOCK_BOOTTIME, 1000, 1000000); }
int64_t sys_unix_ms(void) { return read_clock(CLOCK_REALTIME, 1000, 1000000); }

void sys_sleep_ms(uint32_t ms) {
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

void sys_iso8601(int64_t unix_s, char out[21]) {
    if (unix_s < 0 || unix_s > 253402300799) unix_s = 0; /* 9999-12-31T23:59:59Z */
    /* Days to a civil date, counting years from March so that the leap day is the last one (the usual era
     * arithmetic). */
    int64_t days = unix_s / 86400, s = unix_s % 86400;
    int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
    int64_t part[6] = {year, month, day, s / 3600, s / 60 % 60, s % 60};
    static const char shape[] = "yyyy-mm-ddThh:mm:ssZ";
    static const struct { int at, n; } place[6] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}};
    for (int i = 0; i < 21; i++) out[i] = shape[i];
    for (int i = 0; i < 6; i++)
        for (int k = place[i].n - 1; k >= 0; k--) {
            out[place[i].at + k] = (char)('0' + part[i] % 10);
            part[i] /= 10;
        }
}

int sys_random(void *bytes, size_t n) {
    uint8_t *at = bytes;
    while (n > 0) {
        ssize_t k = getrandom(at, n, 0);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return -1;
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                                                      : -1; }

void sys_boot_id(uint8_t id[16]) {
    char text[64] = "";
    int n = 0;
    int64_t len = sys_read_file("/proc/sys/kernel/random/boot_id", text, sizeof text - 1);
    memset(id, 0, 16);
    for (int64_t i = 0; i < len && n < 32; i++) {
        int digit = hex(text[i]);
        if (digit < 0) continue;
        id[n / 2] = (uint8_t)(id[n / 2] << 4 | digit);
        n++;
    }
    if (n < 32) (void)sys_random(id, 16);
}
