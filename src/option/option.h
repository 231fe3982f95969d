/* One table describes a program's options completely: names, values, defaults, ranges, environment
 * names and help. Parsing, --help, and the printed configuration all come from it.
 *
 * A setting comes from the command line, else from the environment, else from its default. In the
 * environment each program has its own names, HELLO_SERVER_CLOSE and HELLO_LOAD_CLOSE, since both
 * may share one: in a container, a Machine. The short HELLO_GREETING is read too, unless the other
 * program has an option of this name with another meaning.
 *
 * Thread rule: option_parse uses getopt_long(3), so one thread, one call at a time. */
#ifndef HELLO_OPTION_H
#define HELLO_OPTION_H

#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_row;

/* A kind of value: how text becomes a field of the configuration, and back. */
struct option_kind {
    bool takes_value;   /* false: a switch, such as --quiet */
    bool repeats;       /* may be given again: each time, parse adds to the field */
    bool hides_value;   /* errors do not quote the value: it may be long */
    size_t value_bytes; /* sizeof the field */

    /* Read text into *field. Returns 0, or -errno and writes to problem what is wrong and what to
     * do ("must be 1 to 65535"): lower case, no full stop, without the option or the value. */
    int (*parse)(const struct option_row *row, const char *text, void *field, char *problem,
                 size_t problem_bytes);

    /* Write *field so that parse reads it back. */
    void (*format)(const struct option_row *row, const void *field, FILE *out);
};

/* bool; in the environment: 1 yes true on, 0 no false off. */
extern const struct option_kind option_switch;
/* uint64_t in [min, max]; "auto" gives 0 if row->choices names it (min must be above 0 then). */
extern const struct option_kind option_count;
/* uint64_t, nanoseconds in [min, max]. */
extern const struct option_kind option_duration;
/* unsigned: index into row->choices. */
extern const struct option_kind option_choice;
/* const char *, points into the caller's argv or environment. */
extern const struct option_kind option_text;
/* struct option_texts: like option_text, one more each time; as the last positional, the rest. */
extern const struct option_kind option_texts;
/* struct option_bytes: text with C escapes, [min, max] bytes. If row->takes_file, "@FILE" is the
 * raw content of the file; if row->choices names it, "any" is any bytes. To use such a text itself,
 * write \x40..., \x61ny. */
extern const struct option_kind option_bytes;
/* struct option_rate: "500", "20k/s", "100/m", "7/h"; max: starts per second. */
extern const struct option_kind option_rate;
/* struct option_ports: "20000-29999" or "20000". */
extern const struct option_kind option_ports;
/* struct option_address: numeric, or a host name, which is not looked up here; port optional. */
extern const struct option_kind option_address;

/* The value of option_bytes. */
#define OPTION_BYTES_MAX (64u << 10)
struct option_bytes {
    uint32_t bytes;
    bool any; /* any bytes match; then `bytes` is 0 */
    unsigned char data[OPTION_BYTES_MAX];
};

/* The value of option_texts; the items point into the caller's argv or environment. */
#define OPTION_TEXTS_MAX 64
struct option_texts {
    uint32_t count;
    const char *items[OPTION_TEXTS_MAX];
};

/* The value of option_rate: this many starts per second, minute or hour. */
struct option_rate {
    uint64_t starts; /* 0: not given */
    uint64_t period_ns;
};

/* The value of option_ports. */
struct option_ports {
    uint16_t low, high; /* low <= high; low 0: not given */
};

/* The value of option_address. */
struct option_address {
    struct address address; /* port 0 if none was given; AF_UNSPEC for a name, or if not set */
    bool has_port;
    const char *name; /* in the caller's argv or environment, maybe before a port; NULL: none */
    size_t name_bytes;
};

/* One option, one row. A row without a long name is a positional argument. */
struct option_row {
    const char *long_name; /* "linger-timeout"; NULL: positional */
    char short_name;       /* 'l', or 0 */
    bool takes_file;       /* for bytes: accepts "@FILE" */
    bool own_environment;  /* the short HELLO_NAME is not read: it has another meaning for the other
                              program */
    const char *argument;  /* "DURATION" in the help; NULL for a switch */
    const struct option_kind *kind;
    size_t offset;              /* of the field in the configuration */
    const char *default_text;   /* parsed like any value; NULL: the field is left zeroed */
    uint64_t min, max;          /* for counts, durations (ns), bytes and rates; max 0: no limit */
    const char *const *choices; /* NULL-terminated; for option_choice, "auto" for counts, "any" for
                                   bytes */
    const char *heading;        /* the title of a help section that starts with this row; or NULL */
    const char *environment; /* NULL: the table's prefix and the long name; for a positional none.
                                "": none. Else an additional name: "PORT" */
    const char *advice; /* appended to the error for a value that is not of its kind; or NULL */
    const char *default_help; /* what --help shows as default, if not default_text */
    const char *help;         /* one line, lower case, no full stop */
};

/* The last rows of every table, --help and --version: the switches `help` and `version` of the
 * configuration. `title` is their heading, or NULL. */
#define OPTION_ROWS_LAST(title, configuration)                             \
    {.heading = (title),                                                   \
     .long_name = "help",                                                  \
     .short_name = 'h',                                                    \
     .kind = &option_switch,                                               \
     .offset = offsetof(configuration, help),                              \
     .environment = "",                                                    \
     .help = "print this help, and exit"},                                 \
    {                                                                      \
        .long_name = "version", .short_name = 'V', .kind = &option_switch, \
        .offset = offsetof(configuration, version), .environment = "",     \
        .help = "print the version, and exit"                              \
    }

/* Advice for an option of other programs that this one does not have, or names differently. */
struct option_hint {
    const char *names;  /* as typed, separated by spaces: "--port -p" */
    const char *advice; /* follows "unknown option '-p'; " */
};

/* A verb: the first argument selects one, and with it another table of options. */
struct option_verb {
    const char *name;    /* "show"; NULL ends the list */
    const char *usage;   /* what follows it: "[OPTIONS] FILE" */
    const char *summary; /* one line, lower case, no full stop */
};

struct option_table {
    const char *program;       /* "hello-server" */
    const char *other_program; /* "hello-load", whose environment this one may share */
    const char *summary;       /* first line of --help: what it is for */
    const char *usage;         /* "[OPTIONS] [PORT]" */
    const char *prefix;        /* of its environment names: "HELLO_SERVER_" */
    const char *other_prefix;  /* of those of the other program */
    const struct option_row *rows;
    size_t row_count;
    void (*more_help)(FILE *out); /* writes a paragraph of --help, without line breaks; or NULL */
    const struct option_hint *hints; /* ended by one without names; or NULL */
    const struct option_verb *verbs; /* of the program, listed by --help; or NULL */
    const char *footer;              /* the end of --help: examples, exit codes; or NULL */
};

/* Where a setting came from; later sources override earlier ones. */
enum option_source {
    OPTION_FROM_DEFAULT,
    OPTION_FROM_SHORT_ENVIRONMENT, /* HELLO_GREETING, PORT */
    OPTION_FROM_ENVIRONMENT,       /* HELLO_SERVER_GREETING */
    OPTION_FROM_COMMAND_LINE
};

#define OPTION_ROWS_MAX    64
#define OPTION_ERROR_BYTES 512
#define OPTION_NAME_BYTES  64 /* of a name in the environment, with its NUL */
#define OPTION_TITLE_BYTES (OPTION_NAME_BYTES + 1)

/* Fill `configuration` (zeroed by this call for every row's field) from argv and the environment.
 * sources gets one entry per row. --help and --version (OPTION_ROWS_LAST) are switches that the
 * caller checks; when one is on the command line, nothing after it and nothing in the environment
 * is checked, so --help always works. An option given twice takes the last value, unless its kind
 * repeats. Names cannot be abbreviated, and "--" ends the options. argv and the environment must
 * outlive the configuration. Returns 0, or -EINVAL with one line in error that names the option,
 * the value and what to do ("--workers '0': must be 1 to 1024, or auto"), without program name and
 * newline. Unknown options name the nearest known one. */
int option_parse(const struct option_table *table, int argc, char *const argv[],
                 void *configuration, enum option_source sources[OPTION_ROWS_MAX],
                 char error[OPTION_ERROR_BYTES]);

/* Report, in one line each, variables in `environment` (NAME=VALUE, up to NULL) that were meant for
 * this program but set nothing: misspelt ones, with the likely name, and short ones that are not
 * read because the other program has another meaning for them. Not reported: empty ones, those with
 * the prefix of the other program, and those that Kubernetes and Docker set for each service. At
 * most OPTION_STRAYS_MAX are named. */
#define OPTION_STRAYS_MAX 4
void option_strays_report(const struct option_table *table, const enum option_source *sources,
                          char *const environment[],
                          void (*report)(void *context, const char *line), void *context);

/* The index of the verb that is the first argument; -1: it is none of them. */
int option_verb_find(const struct option_verb *verbs, int argc, char *const argv[]);

/* The row with this long name (or, for positionals, this argument name); it must exist. */
size_t option_row_find(const struct option_table *table, const char *name);

/* The name of a row in the environment: "HELLO_SERVER_LINGER_TIMEOUT", and the short one that is
 * read if that is not set: "HELLO_LINGER_TIMEOUT". Writes to name, returns it; "" if none. */
char *option_environment_name(const struct option_table *table, const struct option_row *row,
                              char name[OPTION_NAME_BYTES]);
char *option_short_name(const struct option_row *row, char name[OPTION_NAME_BYTES]);

/* What an error calls an option, by where its value came from; the value in quotes follows:
 * "--workers ", "PORT ", "HELLO_SERVER_WORKERS=". Writes to title, returns it. */
char *option_title(const struct option_table *table, const struct option_row *row,
                   enum option_source source, char title[OPTION_TITLE_BYTES]);

/* Read a file, raw, as the value of a row of bytes, like its "@FILE". Returns 0, or -errno (-EFBIG:
 * its length does not suit the row) and writes the reason to problem. */
int option_bytes_read(const struct option_row *row, const char *path, struct option_bytes *value,
                      char *problem, size_t problem_bytes);

/* Write --help: summary, usage, one line per row with default and environment name under the rows'
 * headings, footer. Lines stay within 100 columns (the footer is written as it is). */
void option_help(const struct option_table *table, FILE *out);

/* Write every row as `name=value`, dashes kept, switches that only ask for output (help, version,
 * print-config) left out, in the order of the table. A positional uses its argument name in lower
 * case, up to the first byte that is not a letter, digit or dash: "HOST[:PORT]" is "host". Its
 * origin follows after "  # ": the row's text in notes or, if that is NULL, the source. Neither if
 * sources is NULL. */
void option_print(const struct option_table *table, const void *configuration,
                  const enum option_source *sources, const char *const *notes, FILE *out);

#endif
