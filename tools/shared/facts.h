/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Facts that each result file holds: the machine, the build and the run. Each returns a new reference,
 * or NULL: no memory. Nothing is declared where jansson was not found. */
#ifndef SHARED_FACTS_H
#define SHARED_FACTS_H

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>
#include <stdio.h>

/* A name or path may be no UTF-8; then each byte beyond ASCII becomes "?". */
json_t *facts_text(const char *text);
/* The output of `write` as such a text; and as an array of its lines. */
typedef void facts_writer(const void *what, FILE *out);
json_t *facts_written(facts_writer *write, const void *what);
json_t *facts_lines(facts_writer *write, const void *what);
json_t *facts_machine(const char *runtime); /* runtime: by filch_runtime_describe */
json_t *facts_build(void);
json_t *facts_command(int argc, char **argv);
json_t *facts_now(void); /* UTC, ISO 8601 */
/* Writes it, and a newline; the caller's reference goes. NULL is allowed: -ENOMEM. */
int facts_write(json_t *whole, FILE *out);
#endif

#endif
