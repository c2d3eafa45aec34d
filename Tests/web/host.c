/* Plays the agent around the real web role, so that the server's tests need no agent and no chain.
 *
 * host TOKEN_FILE NAMES HISTORY [HOST]: prints "pid PID port PORT" for each start of the role, then follows
 * stdin:
 *   status JSON   publishes it, as a tick that ended now
 *   age MS        publishes the same again, as if the tick had ended MS ago
 *   interval MS   between ticks, for the publications that follow
 *   mute          commands are not answered any more
 * Prints "command NAME" for every command and answers it with "done: NAME". */
#include "base/sys_clock.h"
#include "web/sys_web.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char status[SYS_WEB_STATUS_MAX + 1] = "{\"type\":\"STATUS\",\"data\":{}}";
static uint32_t interval_ms = 60000;
static int mute;

static void publish(sys_web *w, int64_t age_ms) {
    int64_t now = sys_mono_ms() - age_ms;
    sys_web_times t = {
        .tick_done_ms = now, .status_ms = now, .next_tick_ms = now + interval_ms, .interval_ms = interval_ms};
    sys_web_publish(w, (const uint8_t *)status, strlen(status), &t);
}

static void serve_commands(sys_web *w) {
    static const char *const names[] = {"", "pause", "resume", "rebalance", "flatten", "paper", "live"};
    uint32_t id;
    sys_web_command c;
    while ((c = sys_web_next(w, &id)) != SYS_WEB_NONE) {
        char text[64];
        int n = snprintf(text, sizeof text, "done: %s", names[c]);
        printf("command %s\n", names[c]);
        if (!mute) sys_web_answer(w, id, c, 1, (const uint8_t *)text, (size_t)n);
    }
}

static void obey(sys_web *w, const char *line) {
    if (strncmp(line, "status ", 7) == 0) {
        snprintf(status, sizeof status, "%s", line + 7);
        publish(w, 0);
    } else if (strncmp(line, "age ", 4) == 0) {
        publish(w, atoll(line + 4));
    } else if (strncmp(line, "interval ", 9) == 0) {
        interval_ms = (uint32_t)atoi(line + 9);
    } else if (strcmp(line, "mute") == 0) {
        mute = 1;
    }
}

int main(int argc, char **argv) {
    static char line[SYS_WEB_STATUS_MAX + 16];
    if (argc > 1 && strcmp(argv[1], "web-role") == 0) return sys_web_role();
    if (argc < 4) return 2;
    sys_web_settings s = {.host = argc > 4 ? argv[4] : "127.0.0.1",
                          .port = 0,
                          .token_file = argv[1],
                          .names = argv[2],
                          .history = argv[3]};
    int err = 0;
    int said = 0;
    size_t have = 0;
    sys_web *w = sys_web_open(&s, &err);
    if (w == NULL) return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        struct pollfd p[2] = {{0, POLLIN, 0}, {sys_web_fd(w), POLLIN, 0}};
        poll(p, 2, -1);
        serve_commands(w);
        const char *words = sys_web_said(w);
        if (words) printf("said %s\n", words);
        if (sys_web_port(w) && sys_web_pid(w) != said) {
            said = sys_web_pid(w);
            printf("pid %d port %u\n", sys_web_pid(w), sys_web_port(w));
        }
        if (!p[0].revents) continue;
        ssize_t k = read(0, line + have, sizeof line - 1 - have);
        if (k <= 0) break;
        have += (size_t)k;
        line[have] = 0;
        char *at = line;
        for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
            *end = 0;
            obey(w, at);
        }
        have = strlen(at);
        memmove(line, at, have + 1);
    }
    sys_web_close(w);
    return 0;
}
