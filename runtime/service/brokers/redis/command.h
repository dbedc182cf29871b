/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A command for a Redis server, put together argument by argument. */
#ifndef FL_REDIS_COMMAND_H
#define FL_REDIS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fl_redis_argument {
    const char *text; /* NULL: digits */
    size_t size;
    char digits[44], *own; /* own: freed with the command */
} fl_redis_argument;

/* Zero bytes: an empty command. */
typedef struct fl_redis_command {
    fl_redis_argument *arguments;
    size_t count, room, bytes;
    bool is_short; /* of memory: format fails */
} fl_redis_command;

/* Appends bytes, which must stay until the command is cleared. */
void fl_redis_bytes(fl_redis_command *command, const void *bytes, size_t size);
/* Appends a text, which must stay; NULL: an empty one. */
void fl_redis_text(fl_redis_command *command, const char *text);
/* Appends bytes from malloc, and owns them; NULL: no memory. */
void fl_redis_own(fl_redis_command *command, char *bytes, size_t size);
void fl_redis_number(fl_redis_command *command, int64_t number);
/* Appends "FIRST-SECOND". */
void fl_redis_pair(fl_redis_command *command, uint64_t first, uint64_t second);
/* Appends ns as us, rounded up; less than 0: 0. */
void fl_redis_duration(fl_redis_command *command, int64_t ns);
/* The bytes to send. The caller frees *out by redisFreeCommand. -1: no memory. */
long long fl_redis_format(const fl_redis_command *command, char **out);
void fl_redis_clear(fl_redis_command *command);

#endif
