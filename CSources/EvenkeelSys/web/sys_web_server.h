/* What the parts of the role's server share: a client, the server, the limits. */
#ifndef SYS_WEB_SERVER_H
#define SYS_WEB_SERVER_H

#include "sys_web_internal.h"
#include "../net/sys_lws.h"

enum {
    SOCKETS_MAX = 256,
    CONNECTIONS_MAX = 320,
    BODY_MAX = 1024,
    HEAD_MAX = 2048,
    CHUNK = 16384,
    REQUESTS_A_SECOND = 200,
    REQUESTS_BURST = 600,
    SLOW_S = 10,
    SEND_S = 30,
    AUTH_S = 5,
    COMMAND_MS = 5000,
    COMMAND_REST_MS = 250,
    HEARTBEAT_MS = 5000,
    RESULTS = 8,
    WRONG_TOKEN_US = 1000000
};
enum { WANT_STATUS = 1, WANT_BEAT = 2, WANT_TOKEN = 4, WANT_RESULT = 8 };

typedef struct session {
    struct session *next, *prev;
    struct lws *wsi;
    /* HTTP */
    uint8_t *owned;               /* the body when it was made for this answer */
    const uint8_t *body;
    size_t len, at;
    uint32_t waiting_id;          /* a command's answer is waited for */
    int64_t waiting_since_ms;
    sys_web_command command;      /* waits for the request's body */
    size_t body_in;
    uint8_t answering, refuse_later, linked;
    /* WebSocket */
    uint8_t socket, allowed, controls, wants, messages;
    uint32_t next_result;
    int64_t since_ms, blocked_ms; /* open since; wants something since */
} session;

/* The one server of this process; allocated when it starts, so that no other role carries its 270 KB. */
typedef struct {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws *agent;
    const web_block *block;
    web_settings *settings;
    web_snapshot snapshot,
        fresh; /* fresh: where a copy is made, so that a torn one does not cost the last whole one */
    web_history *history;
    session *first;
    unsigned sockets;
    lws_sorted_usec_list_t tick;
    int64_t beat_ms, command_ms, tokens_at_ms;
    int tokens;
    uint32_t next_id, results_made;
    web_msg results[RESULTS];
    int stopped;
    /* What libwebsockets sends from wants LWS_PRE free bytes before it. */
    uint8_t head[LWS_PRE + HEAD_MAX], chunk[LWS_PRE + CHUNK], frame[LWS_PRE + SYS_WEB_STATUS_MAX + 64];
} web_server;
extern web_server *web;

/* --- sys_web_http.c */
void web_link(session *s, struct lws *wsi);
void web_unlink(session *s);
/* A text answer; `give` takes over memory of malloc (NULL: out of memory). 0, or -1: close. */
int web_say(struct lws *wsi, session *s, unsigned status, const char *words);
int web_give(struct lws *wsi, session *s, unsigned status, const char *type, uint8_t *owned, size_t len);
/* The next part of a body. */
int web_send_more(struct lws *wsi, session *s);
/* Host and Origin are fine. */
int web_from_here(struct lws *wsi);
/* 1: over the limit of requests. */
int web_too_fast(void);
/* A request's headers are whole; a command's body is. */
int web_request(struct lws *wsi, session *s, const char *path, size_t len);
int web_send_command(struct lws *wsi, session *s);
int web_result_json(const web_msg *m, char *out, size_t cap);
int web_header(struct lws *wsi, enum lws_token_indexes which, char *out, int cap);

/* --- sys_web_socket.c */
void web_want(session *s, uint8_t what);
int web_socket_open(struct lws *wsi, session *s);
int web_socket_heard(struct lws *wsi, session *s, const char *message, size_t len);
int web_socket_write(struct lws *wsi, session *s);
int web_upgrade(struct lws *wsi, const char *to);
/* No farewell to who does not read: what is unsent is thrown away, here and in the kernel. */
void web_drop(session *s);

#endif
