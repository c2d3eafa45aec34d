/* sys_load.h - private: libcurl and libwebsockets are loaded by the process that needs them, when it does,
 * and not by the linker for all of them. libcurl brings 35 libraries of its own: starting with them takes 8
 * ms and 7 MB, which the process with the key, the page's server and every command that fetches nothing would
 * pay as well.
 *
 * A library's functions stand in a struct of pointers; each has the type that the library's own header gives
 * it, so a call is checked as ever. What is loaded this way is named in the program's .note.dlopen
 * (uapi-group.org/specifications/specs/elf_dlopen_metadata), which Deploy/deb/build.sh reads for the
 * package's dependencies. Load before a role shuts itself in. */
#ifndef SYS_LOAD_H
#define SYS_LOAD_H

#include <stddef.h>
#include <stdint.h>

/* Fills `table` with the functions prefix + name, for each of the n names (NUL-terminated, one behind the
 * other). Done once: a second call with the same table is free. NULL, or why not, with the package to
 * install; these words stay until the next call. */
const char *sys_load(const char *soname, const char *package, const char *prefix, const char *names,
                     void *table, size_t n);

#define SYS_LOAD_NAME(name) #name "\0"
#define SYS_LOAD_COUNT(table) (sizeof(table) / sizeof(void *))

/* The note of one library; `text` is its JSON. */
#define SYS_LOAD_NOTE(id, text)                                                                              \
    static const struct {                                                                                    \
        uint32_t name_len, text_len, type;                                                                   \
        char name[4];                                                                                        \
        char json[(sizeof(text) + 3) / 4 * 4];                                                               \
    } id __attribute__((used, aligned(4), section(".note.dlopen"))) = {4, sizeof(text), 0x407c0c0a, "FDO",   \
                                                                       text}

#endif
