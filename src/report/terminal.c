#include "report/terminal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* After all others: it makes macros of common words, such as `lines`. */
#include <term.h>

/* The numbers of colours that setaf takes, see terminfo(5). */
enum { TERMINAL_RED = 1, TERMINAL_GREEN = 2, TERMINAL_YELLOW = 3 };

/* tigetstr gives (char *)-1 for a name that is not that of a string. */
static const char *sequence_find(const char *name)
{
    const char *sequence = tigetstr(name);

    return (intptr_t)sequence == -1 ? NULL : sequence;
}

/* Keep a sequence without its delays ("$<50>"): they are for terminals on slow serial lines. One
 * that does not fit is none. */
static void sequence_keep(char kept[TERMINAL_SEQUENCE_BYTES], const char *sequence)
{
    size_t bytes = 0;

    kept[0] = '\0';
    while (sequence && *sequence) {
        const char *end = strncmp(sequence, "$<", 2) == 0 ? strchr(sequence, '>') : NULL;

        if (end) {
            sequence = end + 1;
            continue;
        }
        if (bytes == TERMINAL_SEQUENCE_BYTES - 1) {
            kept[0] = '\0';
            return;
        }
        kept[bytes++] = *sequence++;
        kept[bytes] = '\0';
    }
}

static void color_keep(char kept[TERMINAL_SEQUENCE_BYTES], int color)
{
    const char *sequence = sequence_find("setaf");

    sequence_keep(kept, sequence ? tiparm(sequence, color) : NULL);
}

int terminal_read(int fd, struct terminal *ret_terminal)
{
    struct terminal terminal = {0};
    const char *sequence;
    int status;

    if (setupterm(NULL, fd, &status) != 0)
        return -ENOTTY;
    sequence = sequence_find("cuu");
    for (int i = 1; i <= TERMINAL_UP_MAX && sequence; i++)
        sequence_keep(terminal.up[i], tiparm(sequence, i));
    sequence_keep(terminal.clear_below, sequence_find("ed"));
    sequence_keep(terminal.styles[PAGE_PLAIN], sequence_find("sgr0"));
    sequence_keep(terminal.styles[PAGE_DIM], sequence_find("dim"));
    sequence_keep(terminal.styles[PAGE_BOLD], sequence_find("bold"));
    color_keep(terminal.styles[PAGE_RED], TERMINAL_RED);
    color_keep(terminal.styles[PAGE_GREEN], TERMINAL_GREEN);
    color_keep(terminal.styles[PAGE_YELLOW], TERMINAL_YELLOW);
    del_curterm(set_curterm(NULL));
    if (!terminal.up[TERMINAL_UP_MAX][0] || !terminal.clear_below[0])
        return -ENOTTY;
    *ret_terminal = terminal;
    return 0;
}

bool terminal_may_color(void)
{
    const char *no_color = getenv("NO_COLOR");

    return !no_color || !*no_color;
}
