/* What a shell offers for the words of a program, made from its option tables: so no option can be
 * missing. The build runs it, the programs do not contain it.
 *
 * Thread rule: one thread. */
#ifndef HELLO_COMPLETION_H
#define HELLO_COMPLETION_H

#include "option/option.h"

/* A program: its tables of options. */
struct completion {
    const struct option_table *table;
    /* One for each of table->verbs, in that order, `table` for the verb that may be omitted; NULL
     * without verbs. */
    const struct option_table *const *verb_tables;
};

/* Write a whole file of completions: bash(1) "Programmable Completion", zshcompsys(1) and
 * zshcompwid(1), fish's complete(1). The caller checks `out` for errors. */
void completion_bash(const struct completion *completion, FILE *out);
void completion_zsh(const struct completion *completion, FILE *out);
void completion_fish(const struct completion *completion, FILE *out);

/* For these: what is known of a row's values. */

/* How many verbs there are; the table of one, or with -1 of the program. */
int completion_verbs(const struct completion *completion);
const struct option_table *completion_table(const struct completion *completion, int verb);

/* What the table of a verb is called in the names of functions: "show"; that of the program:
 * "main". */
const char *completion_part(const struct completion *completion, int verb);

/* The next verb after this one (first: -1) that has a table of its own; -1 if none is left. */
int completion_next(const struct completion *completion, int verb);

/* The words that a value may be, each followed by a space but the last: the row's choices, and the
 * lower-case alternatives of its argument, such as none in "auto|none|LIST". Returns words, which
 * is empty if there are none. */
#define COMPLETION_WORDS_BYTES 256
const char *completion_words(const struct option_row *row, char words[COMPLETION_WORDS_BYTES]);

/* True if a value may be the name of a file, the name of a file after "@", or a host. */
bool completion_has_files(const struct option_row *row);
bool completion_has_at_files(const struct option_row *row);
bool completion_has_hosts(const struct option_row *row);

/* The positional argument of a table, or NULL. */
const struct option_row *completion_positional(const struct option_table *table);

/* A program's name with '_' for '-', for names of functions. */
#define COMPLETION_NAME_BYTES 64
const char *completion_name(const struct completion *completion, char name[COMPLETION_NAME_BYTES]);

/* Write text between single quotes, which are not written: `marked` are characters that a backslash
 * protects, and `quote` stands for a single quote. */
void completion_quote(const char *text, const char *marked, const char *quote, FILE *out);

#endif
