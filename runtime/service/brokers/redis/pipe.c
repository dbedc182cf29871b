/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/pipe.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MOST = 600, DIGITS = 20 /* of a number, at most */ };

void fl_redis_pipe_clear(fl_redis_pipe *pipe)
{
    pipe->size = 0;
    pipe->is_short = false;
}

/* false: no memory. */
static bool make_room(fl_redis_pipe *pipe, size_t size)
{
    size_t room = pipe->room ? pipe->room : 4096;
    while (room - pipe->size < size)
        room *= 2;
    char *bytes = room == pipe->room ? pipe->bytes : realloc(pipe->bytes, room);
    pipe->is_short |= !bytes;
    if (!bytes)
        return false;
    pipe->bytes = bytes;
    pipe->room = room;
    return true;
}

static void put(fl_redis_pipe *pipe, const char *text, size_t size)
{
    if (!make_room(pipe, size))
        return;
    memcpy(pipe->bytes + pipe->size, text, size);
    pipe->size += size;
}

/* Writes a number so that it ends before `end`; returns where it begins. Called for each word. */
static char *write_number(char *end, uint64_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

static void put_size(fl_redis_pipe *pipe, char sign, size_t size)
{
    char text[DIGITS + 3], *end = text + sizeof text;
    end[-2] = '\r';
    end[-1] = '\n';
    char *at = write_number(end - 2, size);
    *--at = sign;
    put(pipe, at, (size_t)(end - at));
}

void fl_redis_pipe_words(fl_redis_pipe *pipe, unsigned count)
{
    put_size(pipe, '*', count);
}

static void put_word(fl_redis_pipe *pipe, const char *text, size_t size)
{
    put_size(pipe, '$', size);
    put(pipe, text, size);
    put(pipe, "\r\n", 2);
}

void fl_redis_pipe_word(fl_redis_pipe *pipe, const char *text)
{
    put_word(pipe, text, strlen(text));
}

void fl_redis_pipe_print(fl_redis_pipe *pipe, const char *format, ...)
{
    char text[WORD_MOST + 1];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (size < 0 || size > WORD_MOST)
        pipe->is_short = true;
    else
        put_word(pipe, text, (size_t)size);
}

void fl_redis_pipe_pair(fl_redis_pipe *pipe, uint64_t first, uint64_t second)
{
    char text[2 * DIGITS + 1], *end = text + sizeof text;
    char *at = write_number(end, second);
    *--at = '-';
    at = write_number(at, first);
    put_word(pipe, at, (size_t)(end - at));
}

void fl_redis_pipe_repeat(fl_redis_pipe *pipe, size_t from, size_t to)
{
    if (pipe->is_short || !make_room(pipe, to - from))
        return;
    memcpy(pipe->bytes + pipe->size, pipe->bytes + from, to - from);
    pipe->size += to - from;
}

void fl_redis_pipe_free(fl_redis_pipe *pipe)
{
    free(pipe->bytes);
    *pipe = (fl_redis_pipe){0};
}
