/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The columns of `filch bench`: queues combined with policies and modes. The library checks names
 * and combinations; an error ends the process. */
#ifndef BENCH_COLUMNS_H
#define BENCH_COLUMNS_H

#include "bench.h"

#include <tools/shared/command.h>

/* Policy and modes of a runtime: an option each, with a list of names. */
enum choice { POLICY, IDLE, TAKE, WAIT, CHOICES };

typedef struct name_list {
    const char *names[BENCH_NAMES];
    size_t count;
} name_list;

/* The names of the command line, combined when all are known. */
typedef struct typed {
    options options;
    name_list queues, chosen[CHOICES];
    bool queues_by_default, quick, peers;
} typed;

/* The library's default queue in programs that clang has compiled, where gcc compiles the others: to
 * be compared with peers of the same compiler. */
#define COLUMNS_BY_CLANG "chase-lev-clang"

extern const command bench_command;

command_reader columns_add_queue;
command_registry columns_list; /* of columns_add_queue */
command_reader columns_add_choice;
/* All of them, serial code first; nothing is added any more. */
void columns_make(typed *t);

/* count, with what is to be added. */
void columns_expect_room(size_t count, size_t most, const char *what);
/* Of the list that is being read; equal rows of a result could not be told apart. */
void columns_expect_new(bool is_new, const char *option, const char *name);

#endif
