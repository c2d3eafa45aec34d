/* The reference of the configuration as a Markdown table: docs/interface.md holds it, and the tests compare
 * the two. 0, or the errno. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../CSources/EvenkeelSys/config/sys_config_table.h"

int config_markdown(int fd);
int config_markdown(int fd) {
    int copy = dup(fd);
    FILE *f = copy < 0 ? NULL : fdopen(copy, "w");
    if (f == NULL) return errno;
    fputs("| section | key | default | allowed | |\n|---|---|---|---|---|\n", f);
    for (const sys_config_key *k = sys_config_keys; k < sys_config_keys + SYS_CONFIG_KEYS; k++) {
        char allowed[200];
        sys_config_allowed(k, allowed, sizeof allowed);
        const char *shown = k->fallback != NULL    ? k->fallback
                            : k->kind == KIND_LEGS ? "venue:X (and wallet:SOL for SOL)"
                                                   : "none";
        const char *mark = shown[0] != 0 ? "`" : "";
        fprintf(f, "| `[%s%s]` | `%s` | %s%s%s | %s | %s |\n", k->section,
                strcmp(k->section, "hedge") == 0 ? " X-PERP" : "", k->key, mark,
                shown[0] != 0 ? shown : "empty", mark, allowed, k->help);
    }
    return fclose(f) == 0 ? 0 : errno;
}
