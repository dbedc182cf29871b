/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A film on a terminal, step by step, with keys. */
#ifndef PLAY_SCREEN_H
#define PLAY_SCREEN_H

#include "strip.h"

/* Until a key ends it. Returns the exit status. */
int screen_play(const film *f, const film_show *show);

#endif
