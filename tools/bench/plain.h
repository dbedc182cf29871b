/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The report page's part for readers without scripts: headline and figures as plain HTML. */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <stdio.h>

/* Writes a report; of type report_table. */
void plain_write(const void *what, FILE *out);

#endif
