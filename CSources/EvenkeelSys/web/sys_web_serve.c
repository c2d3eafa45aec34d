/* The server of the web role: one libwebsockets loop; the agent's socket is one more descriptor in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ek_assert.h"
#include "base/sys_clock.h"
#include "base/sys_sandbox.h"
#include "sys_web_server.h"

web_server *web;

static int on_request(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    session *s = user;
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION: {
        /* Little is kept in the kernel for a client that does not read. */
        int room = 32 * 1024;
        setsockopt((int)(intptr_t)in, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        return 0;
    }
    case LWS_CALLBACK_HTTP: return web_request(wsi, s, in, len);
    case LWS_CALLBACK_HTTP_BODY:
        s->body_in += len;
        return s->body_in > BODY_MAX ? -1 : 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return s->command && !s->waiting_id && !s->answering ? web_send_command(wsi, s) : 0;
    case LWS_CALLBACK_HTTP_WRITEABLE: return web_send_more(wsi, s);
    case LWS_CALLBACK_TIMER:
        if (s->socket) return -1;
        return s->refuse_later && !s->answering ? web_say(wsi, s, 403, "wrong token\n") : 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return web_upgrade(wsi, in);
    case LWS_CALLBACK_ESTABLISHED: return web_socket_open(wsi, s);
    case LWS_CALLBACK_RECEIVE: return web_socket_heard(wsi, s, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE: return web_socket_write(wsi, s);
    case LWS_CALLBACK_CLOSED:
        if (s && s->socket) {
            EK_ASSERT(web->sockets > 0);
            web->sockets--;
            s->socket = 0;
        }
        if (s) web_unlink(s);
        return 0;
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (s) web_unlink(s);
        return 0;
    default: return 0;
    }
}
/* --- the agent's socket */

static void changed(void) {
    if (!web_snapshot_take(&web->snapshot, &web->fresh, web->block)) return;
    for (session *s = web->first; s; s = s->next)
        if (s->socket) web_want(s, WANT_STATUS | WANT_BEAT);
}

static void result(const web_msg *m) {
    char *text = malloc(768);
    web->results[web->results_made++ % RESULTS] = *m;
    for (session *s = web->first; s; s = s->next) {
        if (s->socket) web_want(s, WANT_RESULT);
        else if (s->waiting_id == m->id && text) {
            int n = web_result_json(m, text, 768);
            if (web_give(s->wsi, s, m->ok ? 200 : 409, "application/json", (uint8_t *)text, (size_t)n) != 0)
                lws.set_timeout(s->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
            text = NULL;
        }
    }
    free(text);
}

static int on_agent(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    (void)wsi, (void)user, (void)in, (void)len;
    web_msg m;
    switch (reason) {
    case LWS_CALLBACK_RAW_RX_FILE:
        for (;;) {
            ssize_t k = recv(WEB_FD_SOCKET, &m, sizeof m, MSG_DONTWAIT);
            if (k < 0 && errno == EINTR) continue;
            if (k < 0 && errno == EAGAIN) break;
            if (k <= 0) {
                web->stopped = 1;
                return -1;
            }
            if (k == (ssize_t)sizeof m && m.kind == WEB_MSG_RESULT) result(&m);
        }
        changed();
        return 0;
    case LWS_CALLBACK_RAW_CLOSE_FILE: web->stopped = 1; return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
    case LWS_CALLBACK_HTTP: return -1; /* no client speaks this one */
    default: return 0;
    }
}

/* Once a second: heartbeats, what took too long. */
static void each_second(lws_sorted_usec_list_t *sul) {
    int64_t now = sys_mono_ms();
    lws.sul_schedule(web->context, 0, sul, each_second, LWS_US_PER_SEC);
    changed();
    int beat = now - web->beat_ms >= HEARTBEAT_MS;
    if (beat) web->beat_ms = now;
    for (session *s = web->first; s; s = s->next) {
        if (s->socket) {
            int slow = s->wants && now - s->blocked_ms > SLOW_S * 1000,
                mute = !s->allowed && now - s->since_ms > AUTH_S * 1000;
            if (slow || mute) web_drop(s);
            else if (beat) web_want(s, WANT_BEAT);
        } else if (s->waiting_id && now - s->waiting_since_ms > COMMAND_MS) {
            s->refuse_later = 1;
            if (web_say(
                    s->wsi, s, 504,
                    "the agent did not answer in 5 s; whether the command was taken shows in the status\n")
                != 0)
                lws.set_timeout(s->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
        }
    }
}

static const struct lws_protocols protocols[] = {
    {"evenkeel", on_request, sizeof(session), 512, 0, NULL, 0},
    {"agent", on_agent, 0, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static int listen_on(const char *host, int port) {
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof info);
    int any4 = strcmp(host, "0.0.0.0") == 0, v6 = strchr(host, ':') != NULL;
    info.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND
                   | (v6 ? LWS_SERVER_OPTION_IPV6_V6ONLY_MODIFY | LWS_SERVER_OPTION_IPV6_V6ONLY_VALUE
                         : LWS_SERVER_OPTION_DISABLE_IPV6);
    info.port = port;
    info.iface = any4 || strcmp(host, "::") == 0 ? NULL : host;
    info.protocols = protocols;
    info.vhost_name = "evenkeel";
    info.timeout_secs = 5;
    info.timeout_secs_ah_idle = 5;
    info.keepalive_timeout = 10;
    info.ka_time = 60;
    info.ka_probes = 3;
    info.ka_interval = 10;
    web->vhost = lws.create_vhost(web->context, &info);
    return web->vhost ? lws.get_vhost_listen_port(web->vhost) : 0;
}

int web_serve(web_settings *settings, const web_block *block) {
    struct lws_context_creation_info info;
    lws_sock_file_fd_type fd = {.filefd = WEB_FD_SOCKET};
    memset(&info, 0, sizeof info);
    const char *bad = lws_load();
    if (bad) {
        fprintf(stderr, "evenkeel web-role: %s\n", bad);
        return 3;
    }
    web = calloc(1, sizeof *web);
    if (web == NULL) return 1;
    web->settings = settings;
    web->block = block;
    web->tokens = REQUESTS_BURST;
    web->tokens_at_ms = web->beat_ms = sys_mono_ms();
    lws.set_log_level(0, NULL);
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    info.gid = -1;
    info.uid = -1;
    info.fd_limit_per_thread = CONNECTIONS_MAX;
    info.max_http_header_data = 4096;
    info.max_http_header_pool = CONNECTIONS_MAX;
    info.pt_serv_buf_size = 4096;
    web->context = lws.create_context(&info);
    if (web->context == NULL) return 1;
    int port = listen_on(settings->host, *settings->listening ? *settings->listening : settings->port);
    if (port <= 0 && settings->any_port) port = listen_on(settings->host, 0);
    if (port <= 0) {
        fprintf(stderr,
                "evenkeel web-role: cannot listen on %s port %u: taken, or not an address of this machine; "
                "[web] listen names it\n",
                settings->host, settings->port);
        return 3;
    }
    web->agent = lws.adopt_descriptor_vhost(web->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "agent", NULL);
    if (web->agent == NULL) return 1;
    web->history = web_history_open(settings->history);
    *settings->listening = (uint16_t)port;
    sys_sandbox_web();
    web_msg ready = {.kind = WEB_MSG_READY, .id = (uint32_t)getpid(), .command = (uint32_t)port};
    send(WEB_FD_SOCKET, &ready, sizeof ready, MSG_DONTWAIT | MSG_NOSIGNAL);
    lws.sul_schedule(web->context, 0, &web->tick, each_second, LWS_US_PER_SEC);
    changed();
    while (!web->stopped && lws.service(web->context, 0) >= 0) {}
    return 0;
}
