/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A film as pictures: a column for each worker with its deque, the oldest task on top, and the task that it runs. */
#ifndef PLAY_STRIP_H
#define PLAY_STRIP_H

#include "cursor.h"

#include <stddef.h>
#include <stdio.h>

/* Steps, from 1. */
typedef struct film_range {
    uint32_t first, last;
} film_range;

typedef struct film_show {
    const char *title;
    film_range range;
    unsigned columns; /* of a strip; 0: the usual number */
} film_show;

/* The size of a frame, the same for all of a range. */
typedef struct strip_size {
    unsigned width, height;
    unsigned cells; /* of a deque that are drawn */
    unsigned lines; /* below the workers */
} strip_size;

/* Can it be drawn? Otherwise why says why not. */
bool strip_fits(const film *f, const film_show *show, char *why, size_t size);
/* Writes an SVG file. 0, or -ENOMEM. Errors of the stream stay in it. */
int strip_write(const film *f, const film_show *show, FILE *out);

/* ---- For pages ---- */

/* Of frames without sentences. Moves the cursor. */
strip_size strip_measure(cursor *c, film_range range);
/* The elements of the moment of the cursor, without a sentence. */
void strip_frame(cursor *c, const strip_size *size, FILE *out);
/* The style of these elements. */
void strip_style(FILE *out);
/* A text in XML. */
void strip_escaped(const char *text, FILE *out);

#endif
