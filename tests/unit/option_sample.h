/* A small option table with a row of every kind, for the tests of option.h, and a way to read it.
 */
#ifndef HELLO_OPTION_SAMPLE_H
#define HELLO_OPTION_SAMPLE_H

#include "option/option.h"
#include "option_table_check.h"

struct sample {
    uint64_t port;
    struct option_address listen;
    struct option_bytes greeting;
    const char *file;
    unsigned engine;
    uint64_t workers;
    uint64_t timeout_ns;
    uint64_t pause_ns;
    uint64_t rate;
    struct option_texts tags;
    struct option_rate pace;
    struct option_rate pulse;
    struct option_ports ports;
    struct option_bytes say;
    bool print_config;
    bool quiet;
    bool help;
    bool version;
};

extern const struct option_table sample_table;

#define SAMPLE_ARGUMENTS_MAX  8
#define SAMPLE_ARGUMENT_BYTES 8192

/* One reading of the table, and all that came of it. Large: keep it static. */
struct sample_reading {
    int result;
    char error[OPTION_ERROR_BYTES];
    struct sample sample;
    enum option_source sources[OPTION_ROWS_MAX];
    char arguments[SAMPLE_ARGUMENT_BYTES]; /* what `sample` points into */
    char line[OPTION_TABLE_LINE_BYTES];    /* what sample_setting returned */
};

/* The one variable that the environment holds during a reading; name NULL: none. */
struct sample_variable {
    const char *name;
    const char *value;
};

#define SAMPLE_VARIABLES_MAX 2

/* Read the table from these arguments, without the program's name, up to the first NULL. */
void sample_read(struct sample_reading *reading, struct sample_variable variable,
                 const char *const arguments[SAMPLE_ARGUMENTS_MAX]);

/* The same with several variables. */
void sample_read_with(struct sample_reading *reading,
                      const struct sample_variable variables[SAMPLE_VARIABLES_MAX],
                      const char *const arguments[SAMPLE_ARGUMENTS_MAX]);

/* Returns the line of option_print that begins like `expected` does up to its '='. */
const char *sample_setting(struct sample_reading *reading, const char *expected);

/* One row of a table of refusals. */
struct sample_refusal {
    const char *expected;
    const char *arguments[SAMPLE_ARGUMENTS_MAX];
};

/* Each row's arguments must be refused with exactly the expected line. */
void sample_check_refusals(const struct sample_refusal *rows, size_t count);

#endif
