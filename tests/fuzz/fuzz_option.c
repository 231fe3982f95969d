/* The input is a command line: its arguments, each ended by a NUL byte but the last. */
#include "fuzz_target.h"
#include "option/option.h"

#include <errno.h>

#define ARGUMENTS_MAX 32

struct settings {
    uint64_t port;
    struct option_address listen;
    struct option_bytes greeting;
    const char *file;
    unsigned engine;
    uint64_t workers;
    uint64_t timeout_ns;
    struct option_rate rate;
    struct option_ports ports;
    struct option_bytes expect;
    struct option_texts tags;
    bool quiet;
    bool help;
    bool version;
};

#define FIELD(name) offsetof(struct settings, name)

static const char *const engines[] = {"auto", "uring", "epoll", NULL};
static const char *const auto_choice[] = {"auto", NULL};
static const char *const any_choice[] = {"any", NULL};

/* No environment names: a run must depend on its input alone. */
static const struct option_row rows[] = {
    {.argument = "PORT",
     .kind = &option_count,
     .offset = FIELD(port),
     .default_text = "1848",
     .max = 65535,
     .environment = ""},
    {.long_name = "listen",
     .short_name = 'l',
     .argument = "ADDR",
     .kind = &option_address,
     .offset = FIELD(listen),
     .default_text = "[::]",
     .environment = ""},
    {.long_name = "greeting",
     .short_name = 'g',
     .argument = "TEXT",
     .kind = &option_bytes,
     .offset = FIELD(greeting),
     .default_text = "hello\\n",
     .max = 8,
     .environment = ""},
    {.long_name = "greeting-file",
     .argument = "FILE",
     .kind = &option_text,
     .offset = FIELD(file),
     .environment = ""},
    {.long_name = "engine",
     .short_name = 'e',
     .argument = "NAME",
     .kind = &option_choice,
     .offset = FIELD(engine),
     .default_text = "auto",
     .choices = engines,
     .environment = ""},
    {.long_name = "workers",
     .short_name = 'w',
     .argument = "N",
     .kind = &option_count,
     .offset = FIELD(workers),
     .default_text = "auto",
     .min = 1,
     .max = 1024,
     .choices = auto_choice,
     .environment = ""},
    {.long_name = "timeout",
     .short_name = 't',
     .argument = "DURATION",
     .kind = &option_duration,
     .offset = FIELD(timeout_ns),
     .default_text = "2s",
     .min = 1000,
     .environment = ""},
    {.long_name = "rate",
     .short_name = 'r',
     .argument = "RATE",
     .kind = &option_rate,
     .offset = FIELD(rate),
     .default_text = "1",
     .max = 1000000,
     .environment = ""},
    {.long_name = "ports",
     .short_name = 'p',
     .argument = "LOW-HIGH",
     .kind = &option_ports,
     .offset = FIELD(ports),
     .default_text = "1-2",
     .environment = ""},
    {.long_name = "expect", /* without takes_file: a run must not depend on what files there are */
     .short_name = 'x',
     .argument = "TEXT|any",
     .kind = &option_bytes,
     .offset = FIELD(expect),
     .max = 16,
     .choices = any_choice,
     .environment = ""},
    {.long_name = "tag",
     .short_name = 'T',
     .argument = "TEXT",
     .kind = &option_texts,
     .offset = FIELD(tags),
     .environment = ""},
    {.long_name = "quiet",
     .short_name = 'q',
     .kind = &option_switch,
     .offset = FIELD(quiet),
     .environment = ""},
    OPTION_ROWS_LAST(NULL, struct settings),
};

static const struct option_table table = {
    .program = "fuzz",
    .usage = "[OPTIONS] [PORT]",
    .prefix = "HELLO_FUZZ_",
    .rows = rows,
    .row_count = sizeof(rows) / sizeof(rows[0]),
};

/* What the field holds, as text to be freed. */
static char *formatted(const struct option_row *row, const void *field)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    REQUIRE(out != NULL);
    row->kind->format(row, field, out);
    fclose(out);
    return text;
}

/* Every value is written so that it is read back the same. */
static void values_are_read_back(const struct settings *settings)
{
    static struct settings again;

    memset(&again, 0, sizeof(again)); /* a kind that repeats adds to what is there */
    for (size_t i = 0; i < table.row_count; i++) {
        const char *from = (const char *)settings + rows[i].offset;
        char *to = (char *)&again + rows[i].offset;
        char problem[256];
        char *text = formatted(&rows[i], from);
        REQUIRE(rows[i].kind->parse(&rows[i], text, to, problem, sizeof(problem)) == 0);
        char *text_again = formatted(&rows[i], to);
        REQUIRE(strcmp(text, text_again) == 0);
        free(text_again);
        free(text);
    }
}

static void the_error_is_one_printable_line(const char *error)
{
    REQUIRE(*error != '\0' && memchr(error, '\0', OPTION_ERROR_BYTES) != NULL);
    for (; *error != '\0'; error++)
        REQUIRE(*error >= ' ' && *error <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct settings settings;
    enum option_source sources[OPTION_ROWS_MAX];
    char error[OPTION_ERROR_BYTES];
    char program[] = "fuzz";
    char *argv[ARGUMENTS_MAX + 2] = {program};
    char *argv_before[ARGUMENTS_MAX + 2];
    int argc = 1;
    char *text = fuzz_text(data, bytes);

    if (text == NULL)
        return 0;
    for (char *at = text; at < text + bytes && argc <= ARGUMENTS_MAX; at += strlen(at) + 1)
        argv[argc++] = at;
    memcpy(argv_before, argv, sizeof(argv));

    memset(&settings, 0x5a, sizeof(settings));
    memset(error, 0x5a, sizeof(error));
    int result = option_parse(&table, argc, argv, &settings, sources, error);
    REQUIRE(result == 0 || result == -EINVAL);
    REQUIRE(memcmp(argv_before, argv, sizeof(argv)) == 0);
    if (result == 0) {
        REQUIRE(settings.port <= 65535 && settings.workers <= 1024 && settings.engine < 3);
        REQUIRE(settings.timeout_ns >= 1000 && settings.greeting.bytes <= 8);
        REQUIRE(settings.rate.starts >= 1 && settings.rate.period_ns >= UINT64_C(1000000000));
        REQUIRE(settings.ports.low >= 1 && settings.ports.low <= settings.ports.high);
        REQUIRE(settings.expect.bytes <= 16 && !(settings.expect.any && settings.expect.bytes));
        REQUIRE(settings.tags.count <= ARGUMENTS_MAX);
        REQUIRE(argc > 1 || sources[0] == OPTION_FROM_DEFAULT);
        values_are_read_back(&settings);
    } else {
        the_error_is_one_printable_line(error);
    }
    free(text);
    return 0;
}
