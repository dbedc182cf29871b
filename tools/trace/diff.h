/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two traces side by side: `filch trace diff A B`. */
#ifndef TRACE_DIFF_H
#define TRACE_DIFF_H

#include "read.h"

#include <stdio.h>

/* 0, or -ENOMEM. Errors of the stream stay in it. */
int diff_write(trace_file *a, trace_file *b, FILE *out);
/* argv[0]: what to call it. Returns the exit status, as `filch trace` does. */
int diff_main(int argc, char **argv);

#endif
