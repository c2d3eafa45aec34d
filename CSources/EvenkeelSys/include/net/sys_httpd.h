/* sys_httpd.h - a small HTTP/1.1 server on 127.0.0.1 for the embedded chain, over libwebsockets. Not for the
 * open network.
 *
 * One thread, one loop: everything is called from sys_httpd_run or sys_httpd_service. GET and POST only; a
 * request body is at most 1 MiB (413); connections are kept alive. An answer may be delayed or replaced by a
 * closed connection: that is how the chain plays a sick node. */
#ifndef SYS_HTTPD_H
#define SYS_HTTPD_H

#include <stddef.h>
#include <stdint.h>

#define SYS_HTTPD_MAX_BODY (1u << 20)

typedef struct sys_httpd sys_httpd;

typedef struct {
    int status;          /* HTTP status; 200 when left alone */
    int delay_ms;        /* wait before the answer goes out */
    int close;           /* 1: no answer, the connection is closed */
    int plain;           /* 1: text/plain, 0: application/json */
    void *session;       /* the server's own */
} sys_httpd_answer;

/* Gives the answer's body (copied; the last call counts; none: an empty body). 0, or -1 when out of memory.
 */
int sys_httpd_body(sys_httpd_answer *answer, const void *body, size_t len);

/* `body` and `path` (NUL-terminated, at most 127 bytes) live only during the call. A GET has an empty body.
 */
typedef void (*sys_httpd_handler)(void *context, int is_post, const char *path, const uint8_t *body,
                                  size_t len, sys_httpd_answer *answer);
typedef void (*sys_httpd_timer)(void *context);

/* Listens on 127.0.0.1:port; port 0 takes a free one. NULL with the reason in error. */
sys_httpd *sys_httpd_open(int port, sys_httpd_handler handler, void *context, char *error, size_t error_cap);
int sys_httpd_port(const sys_httpd *h);
/* Calls `timer` every `every_us` microseconds (late calls are not made up for); every_us 0 stops it. */
void sys_httpd_every(sys_httpd *h, sys_httpd_timer timer, uint64_t every_us);
/* One round: waits for work at most until the next timer. 0, or -1 when the loop has failed. */
int sys_httpd_service(sys_httpd *h);
/* Rounds until stop_fd (-1: none) becomes readable. The descriptor is not read. */
int sys_httpd_run(sys_httpd *h, int stop_fd);
void sys_httpd_close(sys_httpd *h);

#endif
