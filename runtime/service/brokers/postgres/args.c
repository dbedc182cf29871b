/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/message.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { ARRAY_HEAD = 20 }; /* dimensions, has NULLs, type, length, first index: 4 bytes each */

/* ---- Arguments ---- */

static void add(fl_pg_args *args, const char *value, size_t length)
{
    args->value[args->count] = value;
    args->length[args->count++] = (int)length;
}

void fl_pg_add_text(fl_pg_args *args, const char *text)
{
    add(args, text, text ? strlen(text) : 0);
}

void fl_pg_add_number(fl_pg_args *args, int64_t number)
{
    uint64_t *at = &args->number[args->count];
    *at = htobe64((uint64_t)number);
    add(args, (const char *)at, sizeof *at);
}

static void put32(char *to, uint32_t value)
{
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
}

void fl_pg_add_array(fl_pg_args *args, fl_pg_array *array)
{
    const uint32_t head[] = {1, 1, array->type, array->count, 1};
    for (unsigned i = 0; i < sizeof head / sizeof *head && !array->failed; i++)
        put32(array->data + i * sizeof *head, head[i]);
    add(args, array->data, array->size);
}

/* ---- Arrays ---- */

static char *extend(fl_pg_array *array, size_t size)
{
    size_t used = array->size ? array->size : ARRAY_HEAD;
    if (array->failed)
        return NULL;
    if (used + size > array->room) {
        size_t room = 2 * (used + size);
        char *data = realloc(array->data, room);
        if (!data) {
            array->failed = true;
            return NULL;
        }
        array->data = data;
        array->room = room;
    }
    array->size = used + size;
    array->count++;
    return array->data + used;
}

char *fl_pg_array_room(fl_pg_array *array, size_t size)
{
    char *at = extend(array, sizeof(uint32_t) + size);
    if (!at)
        return NULL;
    put32(at, (uint32_t)size);
    return at + sizeof(uint32_t);
}

void fl_pg_array_bytes(fl_pg_array *array, const void *bytes, size_t size)
{
    char *at = bytes ? fl_pg_array_room(array, size) : extend(array, sizeof(uint32_t));
    if (at && !bytes)
        put32(at, UINT32_MAX);
    else if (at && size)
        memcpy(at, bytes, size);
}

void fl_pg_array_text(fl_pg_array *array, const char *text)
{
    fl_pg_array_bytes(array, text, text ? strlen(text) : 0);
}

void fl_pg_array_number(fl_pg_array *array, int64_t number)
{
    uint64_t value = htobe64((uint64_t)number);
    fl_pg_array_bytes(array, &value, sizeof value);
}

void fl_pg_array_headers(fl_pg_array *array, const filch_header *more, size_t more_count,
                         const filch_header *old, size_t old_count)
{
    size_t size = fl_headers_pack(NULL, more, more_count, old, old_count);
    char *at = size ? fl_pg_array_room(array, size) : NULL;
    if (at)
        fl_headers_pack(at, more, more_count, old, old_count);
    else if (!size)
        fl_pg_array_bytes(array, NULL, 0);
}

void fl_pg_arrays_free(fl_pg_array *arrays, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free(arrays[i].data);
}

/* ---- Values ---- */

int64_t fl_pg_int(const PGresult *rows, int row, int column)
{
    uint64_t value = 0;
    if (PQgetlength(rows, row, column) == (int)sizeof value)
        memcpy(&value, PQgetvalue(rows, row, column), sizeof value);
    return (int64_t)be64toh(value);
}

int64_t fl_pg_us(int64_t ns)
{
    return ns <= 0 ? 0 : (ns - 1) / FILCH_MICROSECOND + 1;
}

int64_t fl_pg_ns(int64_t us)
{
    int64_t most = INT64_MAX / FILCH_MICROSECOND;
    us = us > most ? most : us < -most ? -most : us;
    return us * FILCH_MICROSECOND;
}
