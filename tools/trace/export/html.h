/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A trace as a page that needs nothing else: a row for each worker, to be zoomed and searched, with arrows for steals;
 * statistics of a selection; steals by thief and victim; lengths of tasks. tools/trace/timeline/ has its parts. */
#ifndef TRACE_HTML_H
#define TRACE_HTML_H

#include <tools/trace/read.h>

#include <stdio.h>

/* 0, or -ENOMEM. *why is left as it is. Errors of the stream stay in it. */
int html_write(trace_file *trace, FILE *out, const char **why);

#endif
