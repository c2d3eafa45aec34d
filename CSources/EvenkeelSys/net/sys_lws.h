/* sys_lws.h - private: libwebsockets' functions, there after lws_load (sys_load.h). lws.write() is
 * lws_write(). */
#ifndef SYS_LWS_H
#define SYS_LWS_H

#include <libwebsockets.h>

#define LWS_CALLS(x)                                                                                         \
    x(create_context) x(context_destroy) x(context_user) x(get_context) x(service) x(cancel_service)         \
        x(set_log_level) x(sul_schedule) x(create_vhost) x(get_vhost_listen_port) x(adopt_descriptor_vhost)  \
            x(get_socket_fd) x(callback_on_writable) x(set_timeout) x(set_timer_usecs) x(hdr_total_length)   \
                x(hdr_copy) x(hdr_copy_fragment) x(add_http_header_by_name) x(add_http_header_status)        \
                    x(add_http_header_content_length) x(add_http_common_headers) x(finalize_http_header)     \
                        x(finalize_write_http_header) x(write) x(http_transaction_completed)                 \
                            x(is_first_fragment) x(is_final_fragment) x(frame_is_binary)

#define LWS_POINTER(name) __typeof__(&lws_##name) name;
typedef struct {
    LWS_CALLS(LWS_POINTER)
} lws_calls;
extern lws_calls lws;

/* NULL, or why libwebsockets is not to be had. */
const char *lws_load(void);

#endif
