#include "sys_curl.h"
#include "sys_load.h"

SYS_LOAD_NOTE(note, "[{\"soname\":[\"libcurl.so.4\"],\"feature\":\"fetch\",\"description\":\"RPC endpoints and alerts\",\"priority\":\"required\"}]");

curl_calls curl;

const char *curl_load(void) {
    return sys_load("libcurl.so.4", "libcurl4", "curl_", CURL_CALLS(SYS_LOAD_NAME), &curl, SYS_LOAD_COUNT(curl));
}
