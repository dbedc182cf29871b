/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work and span of a trace, for people and as CSV. Both: 0, -ENOMEM, or -EINVAL with the reason in *why: the
 * trace does not have what they need. Errors of the stream stay in it. */
#ifndef TRACE_SPAN_REPORT_H
#define TRACE_SPAN_REPORT_H

#include "read.h"

#include <stdio.h>

int span_write(trace_file *trace, FILE *out, const char **why);
/* One row, with the columns of OpenCilk's Cilkscale. */
int span_write_csv(trace_file *trace, FILE *out, const char **why);

#endif
