/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHARED_MARKDOWN_H
#define SHARED_MARKDOWN_H

#include <stdio.h>

/* A text in which Markdown finds nothing to format, without line breaks. */
void markdown_text(const char *text, FILE *out);

/* The lines that `write` writes, as a list. */
typedef void markdown_writer(const void *what, FILE *out);
void markdown_list(markdown_writer *write, const void *what, FILE *out);

#endif
