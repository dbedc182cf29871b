/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TRACE_MAIN_H
#define TRACE_MAIN_H

/* `filch trace`; argv[0] is what to call it. Returns the exit status: 0, or 2 (usage; a file that cannot be
 * read or written). */
int filch_trace_main(int argc, char **argv);

#endif
