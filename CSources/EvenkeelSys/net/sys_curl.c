#include "sys_curl.h"

#include <stdlib.h>

#include "sys_load.h"

SYS_LOAD_NOTE(note, "[{\"soname\":[\"libcurl.so.4\"],\"feature\":\"fetch\",\"description\":\"RPC endpoints "
                    "and alerts\",\"priority\":\"required\"}]");

curl_calls curl;

const char *curl_load(void) {
    /* Debian's libcurl speaks RTMP through a library that brings GnuTLS, which initialises itself when it is
     * loaded: a millisecond and 0.8 MB for nothing here, where TLS is OpenSSL's and RTMP is refused
     * (CURLOPT_PROTOCOLS_STR). GnuTLS asks this of the environment. */
    setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 1);
    return sys_load("libcurl.so.4", "libcurl4", "curl_", CURL_CALLS(SYS_LOAD_NAME), &curl,
                    SYS_LOAD_COUNT(curl));
}
