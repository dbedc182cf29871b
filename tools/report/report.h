/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The page of `filch bench --report`: for researchers who show figures, and for engineers who read them. It
 * stands alone: style.css, the scripts and the result document are in it, nothing is fetched, so it
 * can be kept, mailed, and opened from a file. All that it shows is drawn by its scripts from the
 * result document (docs/result-schema.json):
 *
 *   head.html style.css body.html <document> script.html elements.js charts.js figures.js page.js foot.html
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

/* result: a result document as JSON. 0 or -EIO. */
int report_write(const char *result, FILE *out);

#endif
