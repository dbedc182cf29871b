/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A film as a page that needs nothing else: a frame at a time, with keys, or all of them. */
#ifndef PLAY_PAGE_H
#define PLAY_PAGE_H

#include "strip.h"

/* 0, or -ENOMEM. Errors of the stream stay in it. */
int page_write(const film *f, const film_show *show, FILE *out);

#endif
