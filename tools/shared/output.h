/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where a command's result goes, and texts in it. Messages go to stderr.
 *
 * A file is either complete or absent, never empty or cut off: it is written under another name
 * beside its place and renamed when it is whole. The former content stays until then. Devices and
 * pipes are written to directly. */
#ifndef SHARED_OUTPUT_H
#define SHARED_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct output {
    FILE *file;
    const char *command, *path; /* path NULL: stdout */
    char *place, *temporary;    /* NULL: written to directly */
} output;

/* Whether that file could be written now; creates nothing. option: of the path, for the message:
 * "--output". path NULL: stdout, true. */
bool output_check(const char *command, const char *option, const char *path);

/* Opens it: 0, or -errno after a message. */
int output_open(output *out, const char *command, const char *option, const char *path);

/* Closes it and puts it in its place. rc: the writer's result; if not 0, the file is dropped.
 * 0 or -errno: it is not there. */
int output_close(output *out, int rc);
/* Closes and drops it: there is no result, and the reason has been told. */
void output_drop(output *out);
/* Opens the file as `to`, a FILE *, evaluates `written`, the writer's result, and closes the file.
 * 0, or -errno after a message. */
#define output_write(to, command, option, path, written)                                           \
    (__extension__({                                                                               \
        output out_;                                                                               \
        int rc_ = output_open(&out_, command, option, path);                                       \
        FILE *to = out_.file;                                                                      \
        rc_ ? rc_ : output_close(&out_, written);                                                  \
    }))

enum { PLAIN_MOST = 512 };

/* A text of a file for a terminal: control characters become "?", and it is no longer than that. */
const char *plain_text(const char *text, char *plain, size_t size);
void write_plain(const char *text, FILE *out);

/* Writes a text in which each `what` is spelt as `as`. */
void output_spelt(const char *text, char what, const char *as, FILE *out);

/* Writes a text as a shell reads it back. */
void output_quoted(const char *text, FILE *out);

#endif
