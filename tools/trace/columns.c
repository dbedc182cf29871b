/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "columns.h"
#include "export/base64.h"

#include <stdlib.h>
#include <string.h>

static bool widen(void *column, size_t size, size_t room)
{
    void *now, *more;
    memcpy(&now, column, sizeof now);
    more = realloc(now, room * size);
    if (more)
        memcpy(column, &more, sizeof more);
    return more;
}

static bool grow(columns *c)
{
    size_t room = c->room ? 2 * c->room : 256;
    for (int i = 0; i < COLUMN_TIMES; i++)
        if (!widen(&c->time[i], sizeof *c->time[i], room))
            return false;
    for (int i = 0; i < COLUMN_NUMBERS; i++)
        if (!widen(&c->number[i], sizeof *c->number[i], room))
            return false;
    c->room = room;
    return true;
}

size_t columns_add(columns *c)
{
    if (c->count == c->room && !grow(c))
        return SIZE_MAX;
    for (int i = 0; i < COLUMN_TIMES; i++)
        c->time[i][c->count] = 0;
    for (int i = 0; i < COLUMN_NUMBERS; i++)
        c->number[i][c->count] = 0;
    return c->count++;
}

void columns_free(columns *c)
{
    for (int i = 0; i < COLUMN_TIMES; i++)
        free(c->time[i]);
    for (int i = 0; i < COLUMN_NUMBERS; i++)
        free(c->number[i]);
}

static void write_column(const char *name, unsigned i, const void *numbers, size_t size, FILE *out)
{
    fprintf(out, ",\"%s%u\":\"", name, i);
    base64_write(numbers, size, out);
    fputc('"', out);
}

void columns_write(const columns *c, unsigned times, unsigned numbers, FILE *out)
{
    fprintf(out, "{\"count\":%zu", c->count);
    for (unsigned i = 0; i < times; i++)
        write_column("time", i, c->time[i], c->count * sizeof *c->time[i], out);
    for (unsigned i = 0; i < numbers; i++)
        write_column("number", i, c->number[i], c->count * sizeof *c->number[i], out);
    fputc('}', out);
}
