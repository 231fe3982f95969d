#include "option/completion.h"

#define MARKED "\\"
#define QUOTE  "\\'"

/* "complete -c hello-load -n '__hello_load_is show'": as long as this table applies. */
static void begin_write(const struct completion *completion, const char *name, int verb, FILE *out)
{
    fprintf(out, "complete -c %s", completion->table->program);
    if (completion_verbs(completion) > 0)
        fprintf(out, " -n '__%s_is %s'", name, completion_part(completion, verb));
}

/* " -a '...'": the values of a row, if any are known. */
static void values_write(const char *name, const struct option_row *row, FILE *out)
{
    char words[COMPLETION_WORDS_BYTES];

    completion_words(row, words);
    if (completion_has_at_files(row))
        fprintf(out, " -a '%s%s(__%s_at_files)'", words, words[0] != '\0' ? " " : "", name);
    else if (completion_has_hosts(row))
        fputs(" -a '(__fish_print_hostnames)'", out);
    else if (words[0] != '\0')
        fprintf(out, " -a '%s'", words);
}

static void row_write(const struct completion *completion, const char *name, int verb,
                      const struct option_row *row, FILE *out)
{
    if (!row->long_name && !completion_has_hosts(row) && !completion_has_files(row))
        return; /* nothing is known of it */
    begin_write(completion, name, verb, out);
    if (row->short_name != 0)
        fprintf(out, " -s %c", row->short_name);
    if (row->long_name)
        fprintf(out, " -l %s", row->long_name);
    if (completion_has_files(row))
        fputs(row->long_name ? " -r -F" : " -F", out);
    else if (row->long_name && row->kind->takes_value)
        fputs(" -x", out);
    values_write(name, row, out);
    if (row->long_name) {
        fputs(" -d '", out);
        completion_quote(row->help, MARKED, QUOTE, out);
        fputc('\'', out);
    }
    fputc('\n', out);
}

/* Which table applies: that of the verb that is the first word, if it has one, or that of the
 * program. */
static void verbs_write(const struct completion *completion, const char *name, FILE *out)
{
    fprintf(out,
            "\nfunction __%s_is\n    set -l words (commandline -opc)\n"
            "    set -l part %s\n    if set -q words[2]; and contains -- $words[2]",
            name, completion_part(completion, -1));
    for (int i = completion_next(completion, -1); i >= 0; i = completion_next(completion, i))
        fprintf(out, " %s", completion_part(completion, i));
    fputs("\n        set part $words[2]\n    end\n    test $part = $argv[1]\nend\n\n", out);
    for (int i = 0; i < completion_verbs(completion); i++) {
        fprintf(out, "complete -c %s -n 'test (count (commandline -opc)) -eq 1' -a %s -d '",
                completion->table->program, completion->table->verbs[i].name);
        completion_quote(completion->table->verbs[i].summary, MARKED, QUOTE, out);
        fputs("'\n", out);
    }
}

/* Files after "@", also in "--send=@". */
static void helpers_write(const char *name, FILE *out)
{
    fprintf(out,
            "function __%s_at_files\n"
            "    set -l word (string replace -r -- '^--[a-z-]+=' '' (commandline -ct))\n"
            "    if string match -q -- '@*' $word\n"
            "        printf '@%%s\\n' (__fish_complete_path (string sub -s 2 -- $word))\n"
            "    end\nend\n",
            name);
}

void completion_fish(const struct completion *completion, FILE *out)
{
    char name[COMPLETION_NAME_BYTES];
    int verb = -1;

    completion_name(completion, name);
    fprintf(out, "# Completions of %s for fish, made from its options.\n\ncomplete -c %s -f\n",
            completion->table->program, completion->table->program);
    helpers_write(name, out);
    if (completion_verbs(completion) > 0)
        verbs_write(completion, name, out);
    do {
        const struct option_table *table = completion_table(completion, verb);

        for (size_t i = 0; i < table->row_count; i++)
            row_write(completion, name, verb, &table->rows[i], out);
        verb = completion_next(completion, verb);
    } while (verb >= 0);
}
