#include "report/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>

#define COLUMNS_DEFAULT 80 /* if the terminal does not know its size */

/* Terminals by their terminfo names, each followed by nothing or by a variant ("xterm-256color",
 * "screen.linux"). All current ones understand the few sequences that are used; others may
 * understand none. */
static const struct {
    const char *name;
    bool can_color;
} kinds[] = {
    {"xterm", true},   {"screen", true},    {"tmux", true},   {"linux", true},  {"rxvt", true},
    {"ansi", true},    {"pcansi", true},    {"vte", true},    {"gnome", true},  {"konsole", true},
    {"kitty", true},   {"alacritty", true}, {"foot", true},   {"st", true},     {"wezterm", true},
    {"ghostty", true}, {"contour", true},   {"iterm", true},  {"iterm2", true}, {"nsterm", true},
    {"mintty", true},  {"putty", true},     {"cygwin", true}, {"mlterm", true}, {"eterm", true},
    {"Eterm", true},   {"aterm", true},     {"kterm", true},  {"dtterm", true}, {"teraterm", true},
    {"hterm", true},   {"cons25", true},    {"wsvt25", true}, {"rio", true},    {"vscode", true},
    {"vt100", false},  {"vt102", false},    {"vt200", false}, {"vt220", false}, {"vt320", false},
    {"vt340", false},  {"vt420", false},    {"vt510", false}, {"vt520", false}, {"vt525", true},
    {"jfbterm", true}, {"fbterm", true},    {"yaft", true},
};

/* Variants without colours: terminfo names them "-m" or "-mono". */
static bool is_monochrome(const char *variant)
{
    return strcmp(variant, "-m") == 0 || strncmp(variant, "-mono", 5) == 0;
}

static void terminal_kind(const char *term, struct terminal *terminal)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t bytes = strlen(kinds[i].name);
        const char *variant = term + bytes;

        if (strncmp(term, kinds[i].name, bytes) != 0 || !strchr("-.+", *variant))
            continue; /* strchr also finds the end of the string */
        terminal->can_move = true;
        terminal->can_color = kinds[i].can_color && !is_monochrome(variant);
        return;
    }
}

/* False if the user wants no colours. */
static bool may_color(void)
{
    const char *no_color = getenv("NO_COLOR");

    return !no_color || !*no_color;
}

static bool locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *locale = getenv(names[i]);

        if (locale && *locale)
            return strcasestr(locale, "utf-8") || strcasestr(locale, "utf8");
    }
    return false;
}

void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
    struct winsize size = {0};

    if (ioctl(fd, TIOCGWINSZ, &size) < 0) {
        *ret_columns = TERMINAL_COLUMNS;
        *ret_rows = TERMINAL_ROWS;
        return;
    }
    *ret_columns = size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
    *ret_rows = size.ws_row > 0 ? size.ws_row : TERMINAL_ROWS;
}

struct terminal terminal_of(int fd)
{
    struct terminal terminal = {.is_terminal = isatty(fd), .can_utf8 = locale_is_utf8()};
    const char *term = getenv("TERM");

    if (terminal.is_terminal && term)
        terminal_kind(term, &terminal);
    terminal.can_color = terminal.can_color && may_color();
    terminal_size(fd, &terminal.columns, &terminal.rows);
    return terminal;
}
