/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ctrl-C ends the measurement, not the command: finished rounds are still written. A second one
 * ends the command. */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

#include <stdbool.h>

/* From here on, the first SIGINT, SIGTERM or SIGHUP only sets a flag, and makes reads return. */
void interrupt_catch(void);
bool interrupt_came(void);

/* For a child process: it ends with its parent, not by the terminal's signals. */
void interrupt_ignore(void);

#endif
