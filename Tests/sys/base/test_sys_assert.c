/* The program's own words when something that must hold does not. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "base/ek_assert.h"
#include "base/sys_process.h"

static void one_line_on_stderr(void) {
    int ends[2], how = 0;
    char said[256] = {0}, want[256];
    CHECK(sys_env("PATH") != NULL); /* of the same file as ek_assert_said */
    CHECK_EQ(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        dup2(ends[1], 2);
        ek_assert_failed("the sea is level", "ek_sea.c", 1234);
    }
    close(ends[1]);
    for (ssize_t n = 0, k; (k = read(ends[0], said + n, sizeof said - 1 - (size_t)n)) > 0;) n += k;
    close(ends[0]);
    waitpid(pid, &how, 0);
    CHECK(WIFSIGNALED(how) && (WTERMSIG(how) == SIGILL || WTERMSIG(how) == SIGTRAP));
    snprintf(want, sizeof want, "evenkeel: this must hold and does not: the sea is level (ek_sea.c:1234)\n");
    CHECK(strncmp(said, want, strlen(want)) == 0); /* an emulator may add words of its own */
}

int main(void) {
    RUN(one_line_on_stderr);
    return check_end();
}
