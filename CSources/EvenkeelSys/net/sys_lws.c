#include "sys_lws.h"

#include "sys_load.h"

/* Its structs differ between versions: the library must be the one whose headers these are. */
_Static_assert(LWS_LIBRARY_VERSION_MAJOR == 4
                   && (LWS_LIBRARY_VERSION_MINOR == 1 || LWS_LIBRARY_VERSION_MINOR == 3),
               "which soname has this libwebsockets?");
#if LWS_LIBRARY_VERSION_MINOR == 3
#define SONAME "libwebsockets.so.19"
#define PACKAGE "libwebsockets19t64"
#else
#define SONAME "libwebsockets.so.17"
#define PACKAGE "libwebsockets17"
#endif
SYS_LOAD_NOTE(note, "[{\"soname\":[\"" SONAME "\"],\"feature\":\"web\",\"description\":\"The page and the "
                                              "embedded chain\",\"priority\":\"recommended\"}]");

lws_calls lws;

const char *lws_load(void) {
    return sys_load(SONAME, PACKAGE, "lws_", LWS_CALLS(SYS_LOAD_NAME), &lws, SYS_LOAD_COUNT(lws));
}
