/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The summary of a trace, as text for a terminal. */
#ifndef TRACE_SUMMARY_H
#define TRACE_SUMMARY_H

#include "analysis.h"

#include <stdio.h>

void write_summary(const trace_file *trace, const analysis *a, FILE *out);

#endif
