#include "option/completion.h"

#include "base/check.h"

#include <string.h>

/* The alternatives of an argument: "auto|none|LIST" has three. */
#define ALTERNATIVE_SEPARATOR "|"

int completion_verbs(const struct completion *completion)
{
    int count = 0;

    while (completion->table->verbs && completion->table->verbs[count].name)
        count++;
    return count;
}

const struct option_table *completion_table(const struct completion *completion, int verb)
{
    return verb < 0 ? completion->table : completion->verb_tables[verb];
}

const char *completion_part(const struct completion *completion, int verb)
{
    return completion_table(completion, verb) == completion->table
               ? "main"
               : completion->table->verbs[verb].name;
}

int completion_next(const struct completion *completion, int verb)
{
    int count = completion_verbs(completion);

    for (int i = verb + 1; i < count; i++) {
        if (completion_table(completion, i) != completion->table)
            return i;
    }
    return -1;
}

/* True if one of the alternatives of the row's argument is this text. */
static bool has_alternative(const struct option_row *row, const char *text)
{
    const char *at = row->argument;

    while (at) {
        size_t length = strcspn(at, ALTERNATIVE_SEPARATOR);
        if (length == strlen(text) && strncmp(at, text, length) == 0)
            return true;
        at = at[length] == '\0' ? NULL : at + length + 1;
    }
    return false;
}

static bool is_word(const char *text, size_t length)
{
    return length > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz") >= length;
}

static bool is_choice(const struct option_row *row, const char *text, size_t length)
{
    for (const char *const *choice = row->choices; choice && *choice; choice++) {
        if (strlen(*choice) == length && strncmp(*choice, text, length) == 0)
            return true;
    }
    return false;
}

static size_t word_add(char words[COMPLETION_WORDS_BYTES], size_t used, const char *text,
                       size_t length)
{
    CHECK(used + length + 2 <= COMPLETION_WORDS_BYTES, "used=%zu length=%zu", used, length);
    return used + (size_t)snprintf(words + used, COMPLETION_WORDS_BYTES - used, "%s%.*s",
                                   used > 0 ? " " : "", (int)length, text);
}

const char *completion_words(const struct option_row *row, char words[COMPLETION_WORDS_BYTES])
{
    size_t used = 0, length;

    words[0] = '\0';
    for (const char *const *choice = row->choices; choice && *choice; choice++)
        used = word_add(words, used, *choice, strlen(*choice));
    for (const char *at = row->argument; at; at = at[length] == '\0' ? NULL : at + length + 1) {
        length = strcspn(at, ALTERNATIVE_SEPARATOR);
        if (is_word(at, length) && !is_choice(row, at, length))
            used = word_add(words, used, at, length);
    }
    return words;
}

bool completion_has_files(const struct option_row *row)
{
    return has_alternative(row, "FILE");
}

bool completion_has_at_files(const struct option_row *row)
{
    return row->takes_file;
}

bool completion_has_hosts(const struct option_row *row)
{
    return row->argument && strncmp(row->argument, "HOST", strlen("HOST")) == 0;
}

const struct option_row *completion_positional(const struct option_table *table)
{
    for (size_t i = 0; i < table->row_count; i++) {
        if (!table->rows[i].long_name)
            return &table->rows[i];
    }
    return NULL;
}

const char *completion_name(const struct completion *completion, char name[COMPLETION_NAME_BYTES])
{
    snprintf(name, COMPLETION_NAME_BYTES, "%s", completion->table->program);
    for (char *at = name; *at != '\0'; at++)
        *at = *at == '-' ? '_' : *at;
    return name;
}

void completion_quote(const char *text, const char *marked, const char *quote, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs(quote, out);
            continue;
        }
        if (strchr(marked, *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}
