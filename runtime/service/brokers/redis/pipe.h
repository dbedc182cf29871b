/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Several commands for a Redis server as one text, written word by word. Its memory serves again. */
#ifndef FL_REDIS_PIPE_H
#define FL_REDIS_PIPE_H

#include <filch/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero bytes: an empty one. */
typedef struct fl_redis_pipe {
    char *bytes;
    size_t size, room;
    bool is_short; /* of memory: the text is not whole */
} fl_redis_pipe;

/* Begins anew. */
void fl_redis_pipe_clear(fl_redis_pipe *pipe);
/* Begins a command of so many words, which follow. */
void fl_redis_pipe_words(fl_redis_pipe *pipe, unsigned count);
void fl_redis_pipe_word(fl_redis_pipe *pipe, const char *text);
/* A word of up to 600 bytes; a longer one makes the text short. */
FILCH_PRINTF(2, 3)
void fl_redis_pipe_print(fl_redis_pipe *pipe, const char *format, ...);
/* The word FIRST-SECOND. */
void fl_redis_pipe_pair(fl_redis_pipe *pipe, uint64_t first, uint64_t second);
/* Appends once more the bytes from `from` to `to` of this text. */
void fl_redis_pipe_repeat(fl_redis_pipe *pipe, size_t from, size_t to);
void fl_redis_pipe_free(fl_redis_pipe *pipe);

#endif
