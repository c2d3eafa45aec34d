#include "sys_load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

const char *sys_load(const char *soname, const char *package, const char *prefix, const char *names,
                     void *table, size_t n) {
    static char why[320];
    void *there, **slot = table;
    char name[64];
    memcpy(&there, slot, sizeof there);
    if (there != NULL) return NULL;
    /* Lazy: half of the time of a load would go into functions of its libraries that are never called. */
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    const char *bad = library ? NULL : dlerror();
    /* the first entry last: with it the table is whole */
    for (size_t i = n; library != NULL && bad == NULL && i-- > 0;) {
        const char *at = names;
        for (size_t k = 0; k < i; k++) at += strlen(at) + 1;
        snprintf(name, sizeof name, "%s%s", prefix, at);
        there = dlsym(library, name);
        if (there == NULL) bad = dlerror();
        else memcpy(slot + i, &there, sizeof there); /* what lies there is a pointer of another type */
    }
    if (bad == NULL) return NULL;
    snprintf(why, sizeof why, "%.200s; on Debian: apt install %s", bad, package);
    if (library) dlclose(library);
    return why;
}
