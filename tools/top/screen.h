/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The view in a terminal, drawn anew after each interval, with keys. */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "view.h"

/* Until a key or the end of the process ends it. Returns the exit status. */
int screen_run(view *v, int interval_ms);

#endif
