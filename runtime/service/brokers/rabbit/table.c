/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/table.h>

#include <filch/traceparent.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool fl_rabbit_number_of(const amqp_field_value_t *value, int64_t *out)
{
    switch (value->kind) {
    case AMQP_FIELD_KIND_BOOLEAN:
        *out = value->value.boolean != 0;
        return true;
    case AMQP_FIELD_KIND_I8:
        *out = value->value.i8;
        return true;
    case AMQP_FIELD_KIND_U8:
        *out = value->value.u8;
        return true;
    case AMQP_FIELD_KIND_I16:
        *out = value->value.i16;
        return true;
    case AMQP_FIELD_KIND_U16:
        *out = value->value.u16;
        return true;
    case AMQP_FIELD_KIND_I32:
        *out = value->value.i32;
        return true;
    case AMQP_FIELD_KIND_U32:
        *out = value->value.u32;
        return true;
    case AMQP_FIELD_KIND_I64:
        *out = value->value.i64;
        return true;
    case AMQP_FIELD_KIND_TIMESTAMP:
        *out = (int64_t)value->value.u64;
        return true;
    default:
        return false;
    }
}

bool fl_rabbit_is_text(const amqp_field_value_t *value)
{
    return value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES;
}

bool fl_rabbit_is_named(const amqp_table_entry_t *entry, const char *name)
{
    return entry->key.len == strlen(name) &&
           strncasecmp(entry->key.bytes, name, entry->key.len) == 0;
}

bool fl_rabbit_is_routing(const amqp_table_entry_t *entry)
{
    return (entry->key.len == 2 && memcmp(entry->key.bytes, "CC", 2) == 0) ||
           (entry->key.len == 3 && memcmp(entry->key.bytes, "BCC", 3) == 0);
}

bool fl_rabbit_is_trace(const amqp_table_entry_t *entry)
{
    filch_traceparent trace;
    return fl_rabbit_is_text(&entry->value) &&
           (fl_rabbit_is_named(entry, FL_RABBIT_TRACESTATE) ||
            (fl_rabbit_is_named(entry, FL_RABBIT_TRACE) &&
             !filch_traceparent_parse(&trace, entry->value.value.bytes.bytes,
                                      entry->value.value.bytes.len)));
}

bool fl_rabbit_is_note(const amqp_table_entry_t *entry)
{
    static const char *const notes[] = {"x-filch-", "x-death", "x-first-death-", "x-last-death-"};
    for (unsigned i = 0; i < sizeof notes / sizeof *notes; i++)
        if (entry->key.len >= strlen(notes[i]) &&
            strncasecmp(entry->key.bytes, notes[i], strlen(notes[i])) == 0)
            return true;
    return fl_rabbit_is_named(entry, FL_RABBIT_FAILED) || fl_rabbit_is_routing(entry) ||
           fl_rabbit_is_trace(entry);
}

bool fl_rabbit_text_of(const amqp_table_entry_t *entry, char digits[FL_RABBIT_DIGITS],
                       amqp_bytes_t *out)
{
    int64_t number;
    if (fl_rabbit_is_note(entry) || memchr(entry->key.bytes, '\0', entry->key.len))
        return false;
    *out = entry->value.value.bytes;
    if (fl_rabbit_number_of(&entry->value, &number)) {
        snprintf(digits, FL_RABBIT_DIGITS, "%" PRId64, number);
        *out = amqp_cstring_bytes(digits);
        return true;
    }
    return fl_rabbit_is_text(&entry->value) && !(out->len && memchr(out->bytes, '\0', out->len));
}

size_t fl_rabbit_size_of(const amqp_field_value_t *value)
{
    size_t size = 1 + sizeof(uint64_t);
    if (fl_rabbit_is_text(value))
        size = 5 + value->value.bytes.len;
    for (int i = 0; value->kind == AMQP_FIELD_KIND_ARRAY && i < value->value.array.num_entries; i++)
        size += fl_rabbit_size_of(&value->value.array.entries[i]);
    for (int i = 0; value->kind == AMQP_FIELD_KIND_TABLE && i < value->value.table.num_entries; i++)
        size += 1 + value->value.table.entries[i].key.len +
                fl_rabbit_size_of(&value->value.table.entries[i].value);
    return size;
}

const amqp_table_entry_t *fl_rabbit_find(const amqp_table_t *table, const char *name)
{
    for (int i = 0; i < table->num_entries; i++)
        if (fl_rabbit_is_named(&table->entries[i], name))
            return &table->entries[i];
    return NULL;
}
