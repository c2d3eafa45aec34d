/* sys_web.h - the web role: this program started again to serve the page, and the agent's side of it.
 *
 * The role gets an address, a token file, a history file and two descriptors: a shared block it can only
 * read, and a socket. No key, no RPC endpoint, no environment. The agent writes its snapshot into the block
 * (a sequence lock: it never waits) and gives a nudge on the socket (never blocking: a full one means that
 * the role is behind, and it will look at the newest block when it wakes). A role that is killed, stopped or
 * flooded costs the agent nothing: its first process, the keeper, forks the server, and another when that one
 * ended, after a pause of 1 s, doubling to 60 s. The agent itself starts no program after this one. */
#ifndef SYS_WEB_H
#define SYS_WEB_H

#include "web/sys_metrics.h"
#include "store/sys_ring.h"

enum { SYS_WEB_STATUS_MAX = 64 * 1024, SYS_WEB_TEXT = 232 };
/* What the page may ask for. */
typedef enum {
    SYS_WEB_NONE = 0,
    SYS_WEB_PAUSE,
    SYS_WEB_RESUME,
    SYS_WEB_REBALANCE,
    SYS_WEB_FLATTEN,
    SYS_WEB_PAPER,
    SYS_WEB_LIVE,
    SYS_WEB_COMMANDS
} sys_web_command;

typedef struct {
    const char *host;       /* address to listen on, without brackets */
    uint16_t port;          /* 0: a free one */
    uint8_t any_port;       /* 1: when the port is taken, a free one */
    uint8_t quiet;          /* 1: the role's complaints are dropped (a terminal view is drawn) */
    const char *token_file; /* "" : no controls */
    const char *names;      /* further names the page may be reached under, separated by commas; "" none */
    const char *history;    /* path of the record ring; "" none */
} sys_web_settings;

/* When what happened, on CLOCK_MONOTONIC in milliseconds, the same clock for both processes. */
typedef struct {
    int64_t tick_done_ms;   /* end of the last tick that read the book of a chain that moves; 0: none yet */
    int64_t status_ms;      /* when the numbers of the status were read */
    int64_t next_tick_ms;
    uint32_t interval_ms;   /* real, also where the agent's clock runs faster */
    uint32_t explorer;      /* 1: a public chain, whose explorers know the signatures */
} sys_web_times;

typedef struct sys_web sys_web;

/* Makes the block and starts the role. NULL with *os_errno when memory or descriptors are missing. A role
 * that ends at once (port taken, token file unreadable) is tried again like one that died. */
sys_web *sys_web_open(const sys_web_settings *s, int *os_errno);
/* Ends both processes and frees. NULL may be passed. */
void sys_web_close(sys_web *w);
/* The agent's own counters, in its own memory; a publication copies them. Never NULL. */
sys_metrics *sys_web_metrics(sys_web *w);
/* Readable when the role says something or has ended; -1 when its keeper is gone, for good. */
int sys_web_fd(const sys_web *w);
/* Puts the status message (a whole JSON object; one longer than SYS_WEB_STATUS_MAX is not published: 0) and
 * the metrics into the block. Never waits. 1, or 0. */
int sys_web_publish(sys_web *w, const uint8_t *status, size_t len, const sys_web_times *times);
/* The history that the publications from now on bring the newest part of (what the agent has not written to
 * the file yet); NULL: none. It must live as long as the publications. */
void sys_web_history(sys_web *w, const sys_ring *ring);
/* Takes the next command and its id; SYS_WEB_NONE: none waits. */
sys_web_command sys_web_next(sys_web *w, uint32_t *id);
/* What became of a command: goes to whoever asked, and to every open page. */
void sys_web_answer(sys_web *w, uint32_t id, sys_web_command command, int ok, const uint8_t *text,
                    size_t len);
/* The port the role listens on, 0 before it said so. */
uint16_t sys_web_port(const sys_web *w);
/* What happened to the role, in words for the log, once each; NULL when nothing did. */
const char *sys_web_said(sys_web *w);
/* The serving process, as it said itself; 0 before it did. */
int sys_web_pid(const sys_web *w);
/* Times a server was ready, the first included. */

/* The hidden command `web-role`: serves until the agent is gone. argv as sys_web_open makes it. The exit
 * code. */
int sys_web_role(void);

#endif
