/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Children of handlers: their start and their end. */
#ifndef FL_COMMAND_H
#define FL_COMMAND_H

#include <filch/process.h>
#include <runtime/service/handlers/handlers.h>

#define FL_CHILD_GRACE (5 * FILCH_SECOND)

/* Are there words, and is the first a program: a path, or a name that is in PATH? Starts the spawner,
 * too. Returns 0, or a negative errno, explained. */
int fl_child_check(const char *kind, const fl_handler_spec *spec);
enum { FL_CHILD_PASSED_MOST = 64 };

/* The environment of children: PATH, HOME, LANG, TZ and spec->passed, those that are set; nothing else,
 * which may be secret. "NAME=value", a NULL after the last, in one block for free(). NULL: -ENOMEM, explained. */
char **fl_child_environment(const fl_handler_spec *spec);
/* As filch_process_spawn; starts another spawner if it has died. Suspends. The end of the job's context does not
 * end it, only `until` does: a program that has begun is ended by its handler, which gives it time. */
int fl_child_spawn(filch_process **out, const filch_process_config *config, int64_t until);
/* SIGTERM to its group, and SIGKILL to the rest of it `grace` ns later. Waits for its end; returns 0,
 * or why its outcome is unknown. Suspends. */
int fl_child_end(filch_process *process, int64_t grace, filch_process_outcome *outcome);
/* "exit 3" or "signal 9"; returns `to`. */
char *fl_child_describe(char *to, size_t room, filch_process_outcome outcome);

#endif
