/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/command.h>

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An argument without content. NULL: no memory. */
static fl_redis_argument *append(fl_redis_command *command)
{
    if (command->count == command->room) {
        size_t room = command->room ? 2 * command->room : 32;
        fl_redis_argument *more = realloc(command->arguments, room * sizeof *more);
        if (!more) {
            command->is_short = true;
            return NULL;
        }
        command->arguments = more;
        command->room = room;
    }
    fl_redis_argument *one = &command->arguments[command->count++];
    one->text = one->own = NULL;
    return one;
}

void fl_redis_bytes(fl_redis_command *command, const void *bytes, size_t size)
{
    fl_redis_argument *one = append(command);
    if (!one)
        return;
    one->text = size ? bytes : "";
    one->size = size;
    command->bytes += size;
}

void fl_redis_text(fl_redis_command *command, const char *text)
{
    fl_redis_bytes(command, text, text ? strlen(text) : 0);
}

void fl_redis_own(fl_redis_command *command, char *bytes, size_t size)
{
    size_t before = command->count;
    command->is_short |= !bytes;
    fl_redis_bytes(command, bytes, size);
    if (command->count > before)
        command->arguments[before].own = bytes;
    else
        free(bytes);
}

void fl_redis_number(fl_redis_command *command, int64_t number)
{
    fl_redis_argument *one = append(command);
    if (one)
        one->size = (size_t)snprintf(one->digits, sizeof one->digits, "%" PRId64, number);
}

void fl_redis_pair(fl_redis_command *command, uint64_t first, uint64_t second)
{
    fl_redis_argument *one = append(command);
    if (one)
        one->size = (size_t)snprintf(one->digits, sizeof one->digits, "%" PRIu64 "-%" PRIu64, first,
                                     second);
}

void fl_redis_duration(fl_redis_command *command, int64_t ns)
{
    fl_redis_number(command, ns > 0 ? ns / 1000 + (ns % 1000 != 0) : 0);
}

long long fl_redis_format(const fl_redis_command *command, char **out)
{
    size_t count = command->count;
    const char **texts = malloc(count * (sizeof *texts + sizeof(size_t)));
    long long size = -1;
    if (texts && !command->is_short && count <= INT_MAX) {
        size_t *sizes = (size_t *)(void *)(texts + count);
        for (size_t i = 0; i < count; i++) {
            const fl_redis_argument *one = &command->arguments[i];
            texts[i] = one->text ? one->text : one->digits;
            sizes[i] = one->size;
        }
        size = redisFormatCommandArgv(out, (int)count, texts, sizes);
    }
    free(texts);
    return size;
}

void fl_redis_clear(fl_redis_command *command)
{
    for (size_t i = 0; i < command->count; i++)
        free(command->arguments[i].own);
    free(command->arguments);
    *command = (fl_redis_command){0};
}
