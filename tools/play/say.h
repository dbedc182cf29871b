/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and steps of a film in words. Names of a file are made plain: no control characters. */
#ifndef PLAY_SAY_H
#define PLAY_SAY_H

#include "film.h"

#include <stddef.h>

enum { SAY_LABEL = 80, SAY_SENTENCE = 640 };

/* "fib", "fib(4)", "fib(2)#3". */
const char *say_task(const film *f, uint32_t task, char *text, size_t size);
/* "worker 2 takes fib(4) from worker 0, the oldest task there" */
const char *say_step(const film *f, uint32_t step, char *text, size_t size);

#endif
