#include "option_sample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(name)     offsetof(struct sample, name)

static const char *const engines[] = {"auto", "uring", "epoll", NULL};
static const char *const only_auto[] = {"auto", NULL};
static const char *const only_any[] = {"any", NULL};

static const struct option_row rows[] = {
    {.argument = "PORT",
     .kind = &option_count,
     .offset = FIELD(port),
     .default_text = "1848",
     .max = 65535,
     .environment = "PORT",
     .help = "port to answer on"},
    {.long_name = "listen",
     .short_name = 'l',
     .argument = "ADDR",
     .kind = &option_address,
     .offset = FIELD(listen),
     .default_text = "[::]",
     .help = "address to bind"},
    {.long_name = "greeting",
     .short_name = 'g',
     .argument = "TEXT",
     .kind = &option_bytes,
     .offset = FIELD(greeting),
     .default_text = "hello\\n",
     .min = 1,
     .max = 8,
     .help = "what is said"},
    {.long_name = "greeting-file",
     .argument = "FILE",
     .kind = &option_text,
     .offset = FIELD(file),
     .help = "the same from a file"},
    {.long_name = "engine",
     .short_name = 'e',
     .argument = "NAME",
     .kind = &option_choice,
     .offset = FIELD(engine),
     .default_text = "auto",
     .choices = engines,
     .help = "what to use"},
    {.long_name = "workers",
     .short_name = 'w',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(workers),
     .default_text = "auto",
     .min = 1,
     .max = 1024,
     .choices = only_auto,
     .default_help = "auto: one per CPU",
     .help = "how many threads"},
    {.long_name = "linger-timeout",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(timeout_ns),
     .default_text = "2s",
     .min = 1000000,
     .max = UINT64_C(3600000000000),
     .help = "how long to wait"},
    {.long_name = "pause",
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(pause_ns),
     .min = 1000,
     .environment = "",
     .help = "how long to do nothing"},
    {.long_name = "rate",
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(rate),
     .min = 5,
     .environment = "",
     .help = "how many in a second"},
    {.heading = "More",
     .long_name = "tag",
     .short_name = 't',
     .argument = "TEXT",
     .kind = &option_texts,
     .offset = FIELD(tags),
     .help = "what to remember"},
    {.long_name = "pace",
     .argument = "RATE",
     .kind = &option_rate,
     .offset = FIELD(pace),
     .default_text = "10/m",
     .max = 20000,
     .help = "how often"},
    {.long_name = "pulse",
     .argument = "RATE",
     .kind = &option_rate,
     .offset = FIELD(pulse),
     .environment = "",
     .help = "how often, without a limit"},
    {.long_name = "ports",
     .argument = "LOW-HIGH",
     .kind = &option_ports,
     .offset = FIELD(ports),
     .help = "where"},
    {.long_name = "say",
     .argument = "TEXT|@FILE|any",
     .kind = &option_bytes,
     .offset = FIELD(say),
     .min = 1,
     .max = 8,
     .choices = only_any,
     .takes_file = true,
     .help = "what else is said"},
    {.long_name = "print-config",
     .kind = &option_switch,
     .offset = FIELD(print_config),
     .environment = "",
     .help = "print every setting"},
    {.long_name = "quiet",
     .short_name = 'q',
     .kind = &option_switch,
     .offset = FIELD(quiet),
     .own_environment = true,
     .help = "say less"},
    OPTION_ROWS_LAST(NULL, struct sample),
};

const struct option_table sample_table = {
    .program = "sample",
    .summary = "Shows what a table can say",
    .usage = "[OPTIONS] [PORT]",
    .prefix = "HELLO_SAMPLE_",
    .other_program = "example",
    .other_prefix = "HELLO_EXAMPLE_",
    .rows = rows,
    .row_count = COUNT_OF(rows),
    .footer = "Exit codes: 0 done.\n",
};

void sample_read(struct sample_reading *reading, struct sample_variable variable,
                 const char *const arguments[SAMPLE_ARGUMENTS_MAX])
{
    const struct sample_variable variables[SAMPLE_VARIABLES_MAX] = {variable};

    sample_read_with(reading, variables, arguments);
}

void sample_read_with(struct sample_reading *reading,
                      const struct sample_variable variables[SAMPLE_VARIABLES_MAX],
                      const char *const arguments[SAMPLE_ARGUMENTS_MAX])
{
    char program[] = "sample";
    char *argv[SAMPLE_ARGUMENTS_MAX + 2] = {program};
    int argc = 1;

    memset(reading, 0xa5, sizeof(*reading)); /* whatever is not set will show */
    char *to = reading->arguments;
    for (size_t i = 0; i < SAMPLE_ARGUMENTS_MAX && arguments[i] != NULL; i++) {
        assert_true(strlen(arguments[i]) <
                    (size_t)(reading->arguments + sizeof(reading->arguments) - to));
        argv[argc++] = to;
        to = stpcpy(to, arguments[i]) + 1;
    }
    assert_int_equal(0, clearenv()); /* whoever runs this may have set PORT */
    for (size_t i = 0; i < SAMPLE_VARIABLES_MAX && variables[i].name != NULL; i++)
        assert_int_equal(0, setenv(variables[i].name, variables[i].value, 1));
    reading->result =
        option_parse(&sample_table, argc, argv, &reading->sample, reading->sources, reading->error);
}

const char *sample_setting(struct sample_reading *reading, const char *expected)
{
    return option_table_setting(&sample_table, &reading->sample, expected, reading->line);
}

void sample_check_refusals(const struct sample_refusal *refusals, size_t count)
{
    static struct sample_reading reading;

    for (size_t i = 0; i < count; i++) {
        sample_read(&reading, (struct sample_variable){0}, refusals[i].arguments);
        if (reading.result != -EINVAL)
            fail_msg("expected %d and '%s', got %d", -EINVAL, refusals[i].expected, reading.result);
        assert_string_equal(refusals[i].expected, reading.error);
    }
}
