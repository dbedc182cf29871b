/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration, printed for people. */
#ifndef FL_SHOW_H
#define FL_SHOW_H

#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>

#include <stdio.h>

/* Each key with its value, masked, and its source, a line each; without handlers, whose words may
 * be secret. */
void fl_show_configuration(FILE *out, const fl_configuration *configuration);
/* Each handler with its kind, its program or URL without a password, and its limits. The other words,
 * which may be secret, are counted. */
void fl_show_handlers(FILE *out, const fl_handler_table *table,
                      const fl_configuration *configuration);
/* The next slots of periodic jobs, which have been checked. */
void fl_show_periodics(FILE *out, const fl_configuration *configuration);
/* The tables of docs/service/worker.md. */
void fl_show_markdown(FILE *out);
/* --help. */
void fl_show_help(FILE *out, const char *program);

#endif
