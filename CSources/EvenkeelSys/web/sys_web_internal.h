/* What the parts of the web role share. Not for the agent. */
#ifndef SYS_WEB_INTERNAL_H
#define SYS_WEB_INTERNAL_H

#include <stdatomic.h>
#include "store/sys_ring.h"
#include "web/sys_web.h"

enum { WEB_FD_SOCKET = 3, WEB_FD_BLOCK = 4, WEB_TOKEN_MIN = 16, WEB_TOKEN_MAX = 128, WEB_NAMES_MAX = 200 };

/* What of the history is not in its file yet. */
typedef struct {
    uint32_t known, newest[EK_RINGS], unwritten[EK_RINGS];
    uint8_t page[EK_RINGS][EK_RING_PAGE];
} web_tail;

/* Written by the agent, read by the role. `turn` is odd while a write is under way. */
typedef struct {
    uint32_t magic, size;
    _Atomic uint32_t turn;
    uint32_t status_len;
    sys_web_times times;
    sys_metrics metrics;
    web_tail tail;
    uint8_t status[SYS_WEB_STATUS_MAX];
} web_block;
#define WEB_MAGIC 0x31574b45u /* "EKW1" */

/* One datagram of the socket, either way. */
enum { WEB_MSG_NUDGE = 1, WEB_MSG_COMMAND = 2, WEB_MSG_RESULT = 3, WEB_MSG_READY = 4, WEB_MSG_GONE = 5 };
typedef struct {
    uint32_t kind, id; /* READY: the server's pid; GONE: how it ended, as waitpid tells it */
    uint32_t command;  /* sys_web_command; READY: the port; GONE: milliseconds to the next server */
    uint32_t ok, len;
    char text[SYS_WEB_TEXT];
} web_msg;

/* --- sys_web_guard.c: who may ask. Pure. */
typedef struct {
    char token[WEB_TOKEN_MAX]; /* padded with zeros, so that comparing takes the same time for every length */
    size_t token_len;          /* 0: none, every check of it fails */
    char names[WEB_NAMES_MAX]; /* "a.example,b.example" */
    uint8_t open_read;         /* 1: reading needs no token */
} web_guard;

/* Takes the token from the bytes of its file: blanks around it are cut; 16 to 128 printable ASCII characters,
 * else 0. */
int web_guard_token(web_guard *g, const uint8_t *bytes, size_t len);
/* The Host header: an address (a rebound DNS name is never one), localhost, or one of the names; any port. */
int web_guard_host(const web_guard *g, const char *host, size_t len);
/* An Origin must be http:// or https:// and then exactly the Host; none at all (curl, Prometheus) is fine. */
int web_guard_origin(const char *origin, size_t len, const char *host, size_t host_len);
/* "Bearer TOKEN". */
int web_guard_bearer(const web_guard *g, const char *value, size_t len);
/* The bare token, as the first message of a WebSocket brings it ("token TOKEN"). */
int web_guard_said(const web_guard *g, const char *message, size_t len);
/* `since=UNIX&points=N` of a query; missing ones stay as they are. 0: something else, or not a number. */
int web_guard_query(const char *query, size_t len, int64_t *since, uint32_t *points);

/* --- sys_web_page.c, made by Tools/page.py from Web/page.html */
extern const unsigned char web_page_gz[];
extern const size_t web_page_gz_len;
extern const char web_page_csp[]; /* the hashes of its script and its style */

/* --- sys_web_history.c */
typedef struct web_history web_history;
/* NULL when there is none (yet). */
web_history *web_history_open(const char *path);
/* The JSON of /api/history into memory of its own; free() it. NULL when memory is short. */
char *web_history_json(web_history *h, const web_tail *tail, int64_t since_unix_s, uint32_t points,
                       size_t *len);

/* --- sys_web_serve.c */
typedef struct {
    const char *host;
    uint16_t port;
    uint16_t *listening; /* shared by all servers: the port once one listens, for a later one to take the
                            same; 0: none yet */
    uint8_t any_port;
    const char *history;
    web_guard guard;
} web_settings;
/* Serves until the socket to the agent closes. The exit code. */
int web_serve(web_settings *s, const web_block *block);

/* --- sys_web_snapshot.c: a private copy of the block, and what is said of it. */
typedef struct {
    uint32_t turn;
    int have;
    sys_web_times times;
    sys_metrics metrics;
    web_tail tail;
    size_t status_len;
    uint8_t status[SYS_WEB_STATUS_MAX];
} web_snapshot;
/* Copies the block when it changed, by way of `fresh`, whose contents are of no use otherwise: a torn copy
 * does not cost the last whole one. 1 changed, 0 not (or a write was under way: the next look finds it). */
int web_snapshot_take(web_snapshot *s, web_snapshot *fresh, const web_block *b);
/* Whether ticks complete: 1, or 0 with the reason in words. Two missed ticks (but at least 2 s) are too many.
 */
int web_snapshot_healthy(const web_snapshot *s, int64_t now_ms, char *why, size_t cap);
/* {"type":"HEARTBEAT",…}: ages that only this process can know. */
size_t web_snapshot_heartbeat(const web_snapshot *s, int64_t now_ms, unsigned clients, int controls,
                              char *out, size_t cap);

#endif
