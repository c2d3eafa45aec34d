#include "check.h"
#include "base/sys_args.h"
#include "base/sys_number.h"
#include "base/sys_io.h"
#include "base/sys_process.h"
#include "base/sys_clock.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *words[16];
static int count;
/* "evenkeel run -c x" as a vector. */
static void line(const char *text) {
    static char copy[256];
    snprintf(copy, sizeof copy, "%s", text);
    count = 0;
    for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " ")) words[count++] = w;
    words[count] = NULL;
}

static const char spec[] = "c:config= once paper for= h:help";
enum { CONFIG, ONCE, PAPER, FOR, HELP };
static sys_opts o;

static void options(void) {
    line("evenkeel run -c a.conf --once --for=2h");
    sys_opts_begin_over(&o, spec, count, words, 2);
    CHECK_EQ(sys_opts_next(&o), CONFIG);
    CHECK_TEXT(o.value, "a.conf");
    CHECK_EQ(sys_opts_next(&o), ONCE);
    CHECK(o.value == NULL);
    CHECK_EQ(sys_opts_next(&o), FOR);
    CHECK_TEXT(o.value, "2h");
    CHECK_EQ(sys_opts_next(&o), SYS_OPT_END);
    CHECK_EQ(sys_opts_words(&o), 0);
    CHECK(sys_opts_word(&o, 0) == NULL);

    line("evenkeel state show FILE --config b.conf OTHER"); /* words may stand before options */
    sys_opts_begin_over(&o, spec, count, words, 2);
    CHECK_EQ(sys_opts_next(&o), CONFIG);
    CHECK_TEXT(o.value, "b.conf");
    CHECK_EQ(sys_opts_next(&o), SYS_OPT_END);
    CHECK_EQ(sys_opts_words(&o), 3);
    CHECK_TEXT(sys_opts_word(&o, 0), "show");
    CHECK_TEXT(sys_opts_word(&o, 1), "FILE");
    CHECK_TEXT(sys_opts_word(&o, 2), "OTHER");
    CHECK(sys_opts_word(&o, 3) == NULL);

    line("evenkeel x --once -- --paper -h");
    sys_opts_begin_over(&o, spec, count, words, 2);
    CHECK_EQ(sys_opts_next(&o), ONCE);
    CHECK_EQ(sys_opts_next(&o), SYS_OPT_END);
    CHECK_EQ(sys_opts_words(&o), 2);
    CHECK_TEXT(sys_opts_word(&o, 0), "--paper");
    line("evenkeel -h");
    sys_opts_begin_over(&o, spec, count, words, 1);
    CHECK_EQ(sys_opts_next(&o), HELP);
    CHECK_EQ(sys_opts_next(&o), SYS_OPT_END);
    line("evenkeel");
    sys_opts_begin_over(&o, spec, count, words, 2);
    CHECK_EQ(sys_opts_next(&o), SYS_OPT_END);
    CHECK_EQ(sys_opts_words(&o), 0);
}

static void refused(void) {
    static const struct { const char *line, *text; } bad[] = {
        {"evenkeel run --nonsense", "unknown option --nonsense"}, {"evenkeel run -x", "unknown option -x"},
        {"evenkeel run --config", "--config needs a value"},      {"evenkeel run -c", "-c needs a value"},
        {"evenkeel run --once=1", "--once takes no value"},       {"evenkeel run -hx", "unknown option -x"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        line(bad[i].line);
        sys_opts_begin_over(&o, spec, count, words, 2);
        int k;
        while ((k = sys_opts_next(&o)) >= 0) {}
        CHECK_EQ(k, SYS_OPT_ERROR);
        CHECK_TEXT(sys_opts_text(&o), bad[i].text);
        CHECK_EQ(sys_opts_next(&o), SYS_OPT_ERROR); /* and it stays one */
    }
    line("evenkeel run --once");
    sys_opts_begin_over(&o, "name-that-is-longer-than-thirty-one-bytes", count, words, 2);
    CHECK_EQ(sys_opts_next(&o), SYS_OPT_ERROR);
}

static void numbers(void) {
    int64_t v = 0;
    CHECK(sys_parse_i64("0", 0, 10, &v) && v == 0);
    CHECK(sys_parse_i64("-5", -10, 10, &v) && v == -5);
    CHECK(sys_parse_i64("9223372036854775807", 0, INT64_MAX, &v) && v == INT64_MAX);
    static const char *const no[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "99999999999999999999", "11", "-1"};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        CHECK(!sys_parse_i64(no[i], 0, i < 9 ? INT64_MAX : 10, &v));
    CHECK(sys_parse_duration_s("90", &v) && v == 90);
    CHECK(sys_parse_duration_s("90s", &v) && v == 90);
    CHECK(sys_parse_duration_s("15m", &v) && v == 900);
    CHECK(sys_parse_duration_s("2h", &v) && v == 7200);
    CHECK(sys_parse_duration_s("3650d", &v) && v == 315360000);
    static const char *const never[] = {
        "", "s", "0", "0h", "1w", "-1h", "1h30m", "3651d", "99999999999999999999s", "1 h"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) CHECK(!sys_parse_duration_s(never[i], &v));
}

static void files(void) {
    char path[] = "/tmp/evenkeel-test-XXXXXX", buf[16];
    int fd = mkstemp(path), err = 0;
    size_t n = 0;
    CHECK(fd >= 0);
    CHECK_EQ(sys_write_all(fd, "0123456789", 10), 0);
    close(fd);
    CHECK_EQ(sys_read_file(path, buf, 16), 10);
    CHECK_EQ(sys_read_file(path, buf, 10), 10);
    CHECK_EQ(sys_read_file(path, buf, 9), -2);
    uint8_t *p = sys_read_alloc(path, 10, &n, &err);
    CHECK(p != NULL && n == 10 && memcmp(p, "0123456789", 10) == 0);
    sys_free(p);
    CHECK(sys_read_alloc(path, 9, &n, &err) == NULL);
    CHECK_EQ(err, EFBIG);
    unlink(path);
    CHECK_EQ(sys_read_file(path, buf, 16), -1);
    CHECK_EQ(errno, ENOENT);
    CHECK(sys_read_alloc(path, 9, &n, &err) == NULL);
    CHECK_EQ(err, ENOENT);
    int full = open("/dev/full", O_WRONLY);
    CHECK_EQ(sys_write_all(full, "x", 1), ENOSPC);
    close(full);
    CHECK_EQ(sys_isatty(0) == 1, isatty(0) == 1);
    CHECK(sys_resident_bytes() > 100000);
    CHECK(strlen(sys_errno_text(ENOENT)) > 5);
}

static void signals(void) {
    pid_t child = fork();
    if (child == 0) {
        int fd = sys_signals_open(), ok = fd >= 0 && sys_signals_next(fd) == 0;
        raise(SIGHUP);
        ok = ok && sys_signals_next(fd) == SIGHUP && sys_signals_next(fd) == 0;
        raise(SIGTERM);
        raise(SIGINT);
        int a = sys_signals_next(fd), b = sys_signals_next(fd);
        ok = ok && a + b == SIGTERM + SIGINT && a != b;
        int fds[2];
        /* no SIGPIPE */
        ok = ok && pipe(fds) == 0 && close(fds[0]) == 0 && sys_write_all(fds[1], "x", 1) == EPIPE;
        if (!ok) _exit(1);
        sys_signals_default();
        raise(SIGTERM); /* ends us now */
        _exit(2);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void clocks(void) {
    int64_t a = sys_mono_us();
    sys_sleep_ms(5);
    int64_t b = sys_mono_us();
    CHECK(b - a >= 5000);
    CHECK(sys_mono_ms() >= b / 1000);
    CHECK(sys_unix_ms() > 1700000000000);
    char t[21];
    static const struct {
        int64_t s;
        const char *text;
    } dates[] = {{0, "1970-01-01T00:00:00Z"},
                 {951782400, "2000-02-29T00:00:00Z"},
                 {951868799, "2000-02-29T23:59:59Z"},
                 {951868800, "2000-03-01T00:00:00Z"},
                 {1795338000, "2026-11-22T09:00:00Z"},
                 {4107542400, "2100-03-01T00:00:00Z"},
                 {1735689599, "2024-12-31T23:59:59Z"},
                 {253402300799, "9999-12-31T23:59:59Z"},
                 {253402300800, "1970-01-01T00:00:00Z"},
                 {-1, "1970-01-01T00:00:00Z"},
                 {INT64_MIN, "1970-01-01T00:00:00Z"}};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        sys_iso8601(dates[i].s, t);
        CHECK_TEXT(t, dates[i].text);
    }
    uint8_t x[32] = {0}, y[32] = {0};
    CHECK_EQ(sys_random(x, sizeof x), 0);
    CHECK_EQ(sys_random(y, sizeof y), 0);
    CHECK(memcmp(x, y, sizeof x) != 0);
}

int main(int argc, char **argv) {
    CHECK_EQ(sys_argc(), argc); /* captured before main */
    CHECK(sys_argv(0) == argv[0]);
    CHECK(sys_argv(argc) == NULL && sys_argv(-1) == NULL);
    CHECK(sys_env("EK_SURELY_NOT_SET") == NULL);
    RUN(options);
    RUN(refused);
    RUN(numbers);
    RUN(files);
    RUN(signals);
    RUN(clocks);
    return check_end();
}
