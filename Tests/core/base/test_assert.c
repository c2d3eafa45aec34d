/* What must hold and does not ends the process, and says where it stood. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "base/ek_assert.h"
#include "hedge/ek_hedge.h"
#include "store/ek_record.h"
#include "store/ek_vault.h"

/* The core calls this one, because it is there. */
void ek_assert_said(const char *what, const char *file, int line) {
    char text[200];
    int n = snprintf(text, sizeof text, "%s at %s:%d", what, file, line);
    if (write(2, text, (size_t)n) != n) _exit(9);
}

/* Runs it in a child; its words on stderr go into `said`. The signal that ended it, 0 when it ended by
 * itself. */
static int ends(void (*run)(void), char said[256]) {
    int ends[2], how = 0;
    memset(said, 0, 256);
    if (pipe(ends) != 0) return -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        dup2(ends[1], 2);
        run();
        _exit(0);
    }
    close(ends[1]);
    for (size_t n = 0; n < 255;) {
        ssize_t k = read(ends[0], said + n, 255 - n);
        if (k <= 0) break;
        n += (size_t)k;
    }
    close(ends[0]);
    waitpid(pid, &how, 0);
    return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}

static void nothing_wrong(void) { EK_ASSERT(1 + 1 == 2); }
enum { WRONG_LINE = __LINE__ + 1 };
static void wrong(void) { EK_ASSERT(1 + 1 == 3); }
static void no_order_id(void) {
    ek_record r;
    memset(&r, 0, sizeof r); /* never initialised */
    ek_record_take_user_order_id(&r);
}
static void nine_markets(void) {
    ek_vault v = {.known = 0};
    ek_vault_split out;
    ek_vault_now(&v, NULL, 9, &out);
}

static void a_violated_one_ends_the_process(void) {
    char said[256], want[256];
    CHECK_EQ(ends(nothing_wrong, said), 0);
    CHECK_TEXT(said, "");
    int sig = ends(wrong, said);
    CHECK(sig == SIGILL || sig == SIGTRAP);
    snprintf(want, sizeof want, "1 + 1 == 3 at test_assert.c:%d", WRONG_LINE);
    CHECK(strncmp(said, want, strlen(want)) == 0); /* an emulator may add words of its own */
}

static void the_core_says_which(void) {
    char said[256];
    CHECK(ends(no_order_id, said) != 0);
    CHECK(strncmp(said, "id != 0 at ek_record.c:", 23) == 0);
    CHECK(ends(nine_markets, said) != 0);
    CHECK(strncmp(said, "n <= MARKETS at ek_vault.c:", 27) == 0);
}

int main(void) {
    RUN(a_violated_one_ends_the_process);
    RUN(the_core_says_which);
    return check_end();
}
