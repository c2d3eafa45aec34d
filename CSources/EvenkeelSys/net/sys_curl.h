/* sys_curl.h - private: libcurl's functions, there after curl_load (sys_load.h). curl.easy_init() is
 * curl_easy_init(). */
#ifndef SYS_CURL_H
#define SYS_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros would call the functions by their own names */
#include <curl/curl.h>

#define CURL_CALLS(x)                                                                                        \
    x(global_init) x(free) x(slist_append) x(slist_free_all) x(url) x(url_set) x(url_get) x(url_cleanup)     \
        x(easy_init) x(easy_cleanup) x(easy_setopt) x(easy_getinfo) x(easy_header) x(easy_strerror)          \
            x(multi_init) x(multi_cleanup) x(multi_add_handle) x(multi_remove_handle) x(multi_setopt)        \
                x(multi_socket_action) x(multi_info_read)

#define CURL_POINTER(name) __typeof__(&curl_##name) name;
typedef struct {
    CURL_CALLS(CURL_POINTER)
} curl_calls;
extern curl_calls curl;

/* NULL, or why libcurl is not to be had. */
const char *curl_load(void);

#endif
