#include "base/sys_args.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int main_argc;
static char **main_argv;

/* glibc calls constructors with main's arguments; other C libraries do not promise it. */
__attribute__((constructor)) static void capture(int argc, char **argv, char **envp) {
    (void)envp;
    main_argc = argc;
    main_argv = argv;
    /* A limit of file sizes is to be an error of the write (EFBIG), which says what was written, not a silent
     * death of the process. */
    signal(SIGXFSZ, SIG_IGN);
}

int sys_argc(void) { return main_argc; }
const char *sys_argv(int i) { return i >= 0 && i < main_argc ? main_argv[i] : NULL; }

enum { OPTIONS_MAX = 32, NAME_MAX_LEN = 31, LONG_BASE = 256 };

/* getopt_long's tables, rebuilt from the description at each begin; getopt itself keeps state in globals, so
 * one set is enough. */
static struct {
    char names[OPTIONS_MAX][NAME_MAX_LEN + 1];
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
    uint8_t letter[OPTIONS_MAX]; /* short form, 0 none */
    int n;
    char **argv;
    int first;
} table;

static int describe(const char *spec) {
    memset(&table, 0, sizeof table);
    size_t s = 0;
    table.shorts[s++] = ':'; /* a missing value is told apart from an unknown option */
    while (*spec != 0) {
        while (*spec == ' ') spec++;
        size_t n = strcspn(spec, " ");
        if (n == 0) break;
        int i = table.n;
        const char *name = spec;
        size_t len = n;
        if (i == OPTIONS_MAX) return 0;
        if (len > 2 && name[1] == ':') {
            table.letter[i] = (uint8_t)name[0];
            name += 2;
            len -= 2;
        }
        int has_value = name[len - 1] == '=';
        if (has_value) len--;
        if (len == 0 || len > NAME_MAX_LEN) return 0;
        memcpy(table.names[i], name, len);
        if (table.letter[i] != 0) {
            table.shorts[s++] = (char)table.letter[i];
            if (has_value) table.shorts[s++] = ':';
        }
        table.longs[i] =
            (struct option){table.names[i], has_value ? required_argument : no_argument, NULL, LONG_BASE + i};
        table.n++;
        spec += n;
    }
    return 1;
}

void sys_opts_begin_over(sys_opts *o, const char *spec, int argc, char **argv, int first) {
    memset(o, 0, sizeof *o);
    o->spec = spec;
    if (!describe(spec)) snprintf(o->text, sizeof o->text, "bad option description");
    /* getopt skips its argv[0]: it gets the vector from the word before the first. */
    if (first < 1) first = 1;
    if (first > argc) first = argc < 1 ? 1 : argc;
    table.argv = argv + (first - 1);
    table.first = first;
    o->argc = argc < 1 ? 1 : argc - (first - 1);
    o->next = 1;
    optind = 0; /* glibc: start over, also its own bookkeeping */
    opterr = 0;
}

void sys_opts_begin(sys_opts *o, const char *spec, int first) {
    sys_opts_begin_over(o, spec, main_argc, main_argv, first);
}

int sys_opts_next(sys_opts *o) {
    o->value = NULL;
    if (o->text[0] != 0) return SYS_OPT_ERROR;
    int at = -1;
    int c = getopt_long(o->argc, table.argv, table.shorts, table.longs, &at);
    o->next = optind;
    if (c == -1) return SYS_OPT_END;
    if (c >= LONG_BASE) {
        o->value = optarg;
        return c - LONG_BASE;
    }
    if (c != '?' && c != ':')
        for (int i = 0; i < table.n; i++)
            if (table.letter[i] == (uint8_t)c) {
                o->value = optarg;
                return i;
            }
    const char *word = optind >= 1 && optind <= o->argc ? table.argv[optind - 1] : "";
    if (c == ':')
        snprintf(o->text, sizeof o->text, "%.64s needs a value",
                 optopt >= LONG_BASE || optopt == 0 ? word : (char[]){'-', (char)optopt, 0});
    else if (optopt >= LONG_BASE)
        snprintf(o->text, sizeof o->text, "--%.32s takes no value", table.names[optopt - LONG_BASE]);
    else if (optopt != 0) snprintf(o->text, sizeof o->text, "unknown option -%c", optopt);
    else snprintf(o->text, sizeof o->text, "unknown option %.100s", word);
    return SYS_OPT_ERROR;
}

int sys_opts_words(const sys_opts *o) { return o->argc > o->next ? o->argc - o->next : 0; }
const char *sys_opts_word(const sys_opts *o, int i) {
    return i >= 0 && i < sys_opts_words(o) ? table.argv[o->next + i] : NULL;
}
const char *sys_opts_text(const sys_opts *o) { return o->text; }
const char *sys_opts_name(int i) { return i >= 0 && i < table.n ? table.names[i] : NULL; }

int sys_args_help(void) {
    static char flag[] = "--help";
    if (main_argc < 3) return 0;
    main_argv[1] = main_argv[2];
    main_argv[2] = flag;
    main_argc = 3;
    return 1;
}
