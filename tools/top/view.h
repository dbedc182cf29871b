/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two readings of a page as figures: rates between them, as text and as JSON. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include "page.h"

#include <stdio.h>

enum view_order { BY_NUMBER, BY_WORK, BY_STEALS, BY_READY, VIEW_ORDERS };

typedef struct view {
    const top_page *page;
    page_reading before, now;
    enum view_order order; /* of the workers */
    unsigned idle;         /* readings since the last publication */
} view;

/* Takes a new reading, if there was a publication; the last one becomes the one before. false: the
 * reason is in error, and nothing has changed. */
bool view_read(view *v, char error[PAGE_ERROR]);
/* false: there is only one reading yet. */
bool view_has_rates(const view *v);
void view_free(view *v);

/* Seconds between the readings. */
double view_seconds(const view *v);
/* The growth of a count per second; 0: the row has changed hands, or nothing was published. */
double view_rate(const view *v, const char *table, uint32_t row, const char *column);

const char *view_order_name(enum view_order order);
/* Writes all as lines of text. width: of the terminal, for the table of steals; 0: any. */
void view_write(const view *v, unsigned width, FILE *out);
/* 0, or the exit status after a message. */
int view_write_json(const view *v, FILE *out);

#endif
