/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "window.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef FILCH_HAVE_NCURSES
#include <curses.h>

bool window_begin(const char *command, const char *instead)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        fprintf(stderr, "%s: standard input or output is not a terminal (allowed there: %s)\n",
                command, instead);
        return false;
    }
    if (!newterm(NULL, stdout, stdin)) {
        const char *name = getenv("TERM");
        fprintf(stderr, "%s: unknown terminal '%s' (allowed there: %s)\n", command,
                name ? name : "", instead);
        return false;
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    return true;
}

void window_put(int line, const char *text, size_t length)
{
    size_t width = (size_t)COLS;
    if (line < LINES)
        mvaddnstr(line, 0, text, (int)(length < width ? length : width));
}

#else

bool window_begin(const char *command, const char *instead)
{
    fprintf(stderr,
            "%s: this build draws no screen; use %s, or install ncurses' headers and build again\n",
            command, instead);
    return false;
}

#endif
