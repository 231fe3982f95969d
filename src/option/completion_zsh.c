#include "option/completion.h"

/* What a backslash protects in the texts of a specification, besides single quotes: zshcompsys(1),
 * _arguments. */
#define MARKED_IN_HELP    "\\[]"
#define MARKED_IN_MESSAGE "\\:"
#define QUOTE             "'\\''"

/* ":ARGUMENT:action": what to offer for the value of a row. */
static void value_write(const struct option_row *row, FILE *out)
{
    char words[COMPLETION_WORDS_BYTES];

    completion_words(row, words);
    fputc(':', out);
    completion_quote(row->argument, MARKED_IN_MESSAGE, QUOTE, out);
    fputc(':', out);
    if (completion_has_files(row))
        fputs("_files", out);
    else if (completion_has_at_files(row))
        fprintf(out, "{compset -P @ && _files%s%s}", words[0] != '\0' ? " || compadd -- " : "",
                words);
    else if (completion_has_hosts(row))
        fputs("_hosts", out);
    else if (words[0] != '\0') {
        fputc('(', out);
        completion_quote(words, MARKED_IN_MESSAGE, QUOTE, out);
        fputc(')', out);
    }
}

/* '(-e --engine)'{-e+,--engine=}'[help]:NAME:(auto uring epoll)' */
static void row_write(const struct option_row *row, FILE *out)
{
    bool takes_value = row->kind->takes_value;
    const char *repeats = row->kind->repeats ? "*" : "";

    fputs(" \\\n        ", out);
    if (!row->long_name) {
        fprintf(out, "'%s", repeats);
        value_write(row, out);
        fputc('\'', out);
        return;
    }
    if (row->kind->repeats)
        fputs("'*'", out);
    else if (row->short_name != 0)
        fprintf(out, "'(-%c --%s)'", row->short_name, row->long_name);
    if (row->short_name != 0)
        fprintf(out, "{-%c%s,--%s%s}'[", row->short_name, takes_value ? "+" : "", row->long_name,
                takes_value ? "=" : "");
    else
        fprintf(out, "'--%s%s[", row->long_name, takes_value ? "=" : "");
    completion_quote(row->help, MARKED_IN_HELP, QUOTE, out);
    fputc(']', out);
    if (takes_value)
        value_write(row, out);
    fputc('\'', out);
}

static void table_write(const char *program, const char *part, const struct option_table *table,
                        FILE *out)
{
    fprintf(out, "\n_%s_%s() {\n    _arguments -s -S", program, part);
    for (size_t i = 0; i < table->row_count; i++)
        row_write(&table->rows[i], out);
    fputs("\n}\n", out);
}

static void verbs_write(const struct completion *completion, const char *program, FILE *out)
{
    fputs("    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
          "        local -a verbs=(\n",
          out);
    for (int i = 0; i < completion_verbs(completion); i++) {
        fprintf(out, "            '%s:", completion->table->verbs[i].name);
        completion_quote(completion->table->verbs[i].summary, MARKED_IN_MESSAGE, QUOTE, out);
        fputs("'\n", out);
    }
    fputs("        )\n        _describe verb verbs\n    elif ((CURRENT > 2)); then\n"
          "        case $words[2] in\n",
          out);
    for (int i = 0; i < completion_verbs(completion); i++)
        fprintf(out, "            %s) shift words; ((CURRENT--)); _%s_%s; return ;;\n",
                completion->table->verbs[i].name, program, completion_part(completion, i));
    fputs("        esac\n    fi\n", out);
}

void completion_zsh(const struct completion *completion, FILE *out)
{
    const char *program = completion->table->program;
    int verb = -1;

    fprintf(out, "#compdef %s\n# Completions of %s for zsh, made from its options.\n", program,
            program);
    do {
        table_write(program, completion_part(completion, verb), completion_table(completion, verb),
                    out);
        verb = completion_next(completion, verb);
    } while (verb >= 0);
    fprintf(out, "\n_%s() {\n", program);
    if (completion_verbs(completion) > 0)
        verbs_write(completion, program, out);
    fprintf(out, "    _%s_%s\n}\n\n", program, completion_part(completion, -1));
    fprintf(out,
            "if [[ $funcstack[1] == _%s ]]; then\n    _%s \"$@\"\nelse\n    compdef _%s %s\nfi\n",
            program, program, program, program);
}
