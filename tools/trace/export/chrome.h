/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A trace as JSON of Chrome's trace viewer, which Perfetto opens, too ("Trace Event Format", Google): a row
 * for each worker, arrows for steals, the waits of fibers, marks and spans. */
#ifndef TRACE_CHROME_H
#define TRACE_CHROME_H

#include <tools/trace/read.h>

#include <stdio.h>

/* 0, or -ENOMEM. Errors of the stream stay in it. */
int chrome_write(trace_file *trace, FILE *out);

#endif
