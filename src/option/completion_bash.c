#include "option/completion.h"

/* "-e | --engine", as a pattern of case. */
static void pattern_write(const struct option_row *row, FILE *out)
{
    fputs("    ", out);
    if (row->short_name != 0)
        fprintf(out, "-%c | ", row->short_name);
    fprintf(out, "--%s) ", row->long_name);
}

/* The commands that offer the values of a row. */
static void values_write(const char *name, const struct option_row *row, FILE *out)
{
    char words[COMPLETION_WORDS_BYTES];

    if (completion_words(row, words)[0] != '\0')
        fprintf(out, "_%s_words '%s'; ", name, words);
    if (completion_has_files(row))
        fprintf(out, "_%s_files ''; ", name);
    if (completion_has_at_files(row))
        fprintf(out, "_%s_files @; ", name);
    if (completion_has_hosts(row))
        fprintf(out, "_%s_add -A hostname; ", name);
}

/* The function of one table: what follows $option, else the options, else the argument. */
static void table_write(const char *name, const char *part, const struct option_table *table,
                        FILE *out)
{
    const struct option_row *positional = completion_positional(table);

    fprintf(out, "\n_%s_%s()\n{\n    case $option in\n", name, part);
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];

        if (!row->long_name || !row->kind->takes_value)
            continue;
        pattern_write(row, out);
        values_write(name, row, out);
        fputs("return ;;\n", out);
    }
    fprintf(out, "    esac\n    case $current in\n    -*) _%s_words '", name);
    for (size_t i = 0, written = 0; i < table->row_count; i++) {
        const struct option_row *row = &table->rows[i];

        if (!row->long_name)
            continue;
        if (row->short_name != 0)
            fprintf(out, "%s-%c", written++ > 0 ? " " : "", row->short_name);
        fprintf(out, "%s--%s", written++ > 0 ? " " : "", row->long_name);
    }
    fputs("' ;;\n    *) ", out);
    if (positional)
        values_write(name, positional, out);
    fputs(";;\n    esac\n}\n", out);
}

/* What all tables use. In a word with "=", bash takes the "=" for a word of its own. */
static void helpers_write(const char *name, FILE *out)
{
    fprintf(out,
            "_%s_add()\n{\n    local found\n"
            "    mapfile -t found < <(compgen \"$@\" -- \"${current#\"$prefix\"}\")\n"
            "    COMPREPLY+=(\"${found[@]/#/$prefix}\")\n}\n\n"
            "_%s_words()\n{\n    _%s_add -W \"$1\"\n}\n\n",
            name, name, name);
    fprintf(out,
            "_%s_files()\n{\n    local prefix=$1\n"
            "    [[ $current == \"$prefix\"* ]] || return\n"
            "    compopt -o filenames 2>/dev/null\n"
            "    _%s_add -f\n}\n",
            name, name);
}

static void main_write(const struct completion *completion, const char *name, FILE *out)
{
    int verb_count = completion_verbs(completion);

    fprintf(
        out,
        "\n_%s()\n{\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} prefix=\n"
        "    COMPREPLY=()\n"
        "    if [[ $current == = ]]; then\n        current=\n"
        "    elif [[ $option == = ]]; then\n        option=${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n",
        name);
    if (verb_count > 0) {
        fputs("    if ((COMP_CWORD > 1)); then\n        case ${COMP_WORDS[1]} in\n", out);
        for (int i = 0; i < verb_count; i++)
            fprintf(out, "        %s) _%s_%s; return ;;\n", completion->table->verbs[i].name, name,
                    completion_part(completion, i));
        fprintf(out, "        esac\n    elif [[ $current != -* ]]; then\n        _%s_words '",
                name);
        for (int i = 0; i < verb_count; i++)
            fprintf(out, "%s%s", i > 0 ? " " : "", completion->table->verbs[i].name);
        fputs("'\n    fi\n", out);
    }
    fprintf(out, "    _%s_%s\n}\n\ncomplete -F _%s %s\n", name, completion_part(completion, -1),
            name, completion->table->program);
}

void completion_bash(const struct completion *completion, FILE *out)
{
    char name[COMPLETION_NAME_BYTES];
    int verb = -1;

    completion_name(completion, name);
    fprintf(out, "# Completions of %s for bash, made from its options.\n\n",
            completion->table->program);
    helpers_write(name, out);
    do {
        table_write(name, completion_part(completion, verb), completion_table(completion, verb),
                    out);
        verb = completion_next(completion, verb);
    } while (verb >= 0);
    main_write(completion, name, out);
}
