/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A terminal as a window of lines, by ncurses. */
#ifndef SHARED_WINDOW_H
#define SHARED_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the terminal behind stdin and stdout. false: it cannot; the message to stderr begins with the command's
 * name and ends with the option that needs no terminal. */
bool window_begin(const char *command, const char *instead);
/* Writes that many bytes of a text into a line, cut at the window's edge. */
void window_put(int line, const char *text, size_t length);

#endif
