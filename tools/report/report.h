/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The page of `filch bench --report`: for researchers who show figures, and for engineers who read them. It
 * stands alone: style.css, the scripts and the result document are in it, nothing is fetched, so it
 * can be kept, mailed, and opened from a file. Its scripts draw everything from the
 * result document (docs/result-schema.json); without scripts there is a plain table:
 *
 *   head.html style.css body.html <table> document.html <document> script.html elements.js charts.js
 *   figures.js page.js foot.html */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

/* result: a result document as JSON. table: writes HTML for readers without scripts, from `what`.
 * 0 or -EIO. */
typedef void report_table(const void *what, FILE *out);
int report_write(const char *result, report_table *table, const void *what, FILE *out);

#endif
