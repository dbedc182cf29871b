/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/handlers.h>

#include <filch/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const fl_handler_kind *const fl_handler_kinds[] = {
    &fl_handler_command, &fl_handler_coprocess, &fl_handler_echo,  &fl_handler_fail,
#ifdef FILCH_HAVE_CRYPTO
    &fl_handler_hash,
#endif
    &fl_handler_http,    &fl_handler_module,    &fl_handler_sleep, NULL,
};

const fl_handler_kind *fl_handler_kind_of(const char *name)
{
    char valid[256] = "";
    for (unsigned i = 0; fl_handler_kinds[i]; i++) {
        const char *has = fl_handler_kinds[i]->name;
        if (strcmp(name, has) == 0)
            return fl_handler_kinds[i];
        size_t used = strlen(valid);
        snprintf(valid + used, sizeof valid - used, "%s%s", i ? ", " : "", has);
    }
    filch_error_set(-EINVAL, "unknown handler '%.32s' (valid: %s)", name, valid);
    return NULL;
}

/* ---- What handlers know ---- */

/* A text under construction: NAME=value NUL NAME=value NUL ... */
typedef struct list {
    FILE *file;
    size_t count, header_bytes;
} list;

FILCH_PRINTF(3, 4)
static void add(list *to, const char *name, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fprintf(to->file, "%s=", name);
    vfprintf(to->file, format, values);
    fputc('\0', to->file);
    to->count++;
    va_end(values);
}

/* The character that stands for c in a name; NUL: c is not allowed. */
static char mapped(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return is_kept ? c : c == '-' ? '_' : '\0';
}

static bool is_allowed(const char *name)
{
    const char *at = name;
    while (mapped(*at))
        at++;
    return at > name && !*at;
}

static bool is_same(const char *one, const char *other)
{
    while (*one && mapped(*one) == mapped(*other))
        one++, other++;
    return !*one && !*other;
}

/* Of two headers with one name the first counts. */
static bool is_repeated(const filch_message *message, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_same(message->headers[i].name, message->headers[index].name))
            return true;
    return false;
}

static void add_headers(list *to, const filch_message *message)
{
    static const char prefix[] = "FILCH_HEADER_";
    for (size_t i = 0; i < message->header_count; i++) {
        const filch_header *header = &message->headers[i];
        if (!is_allowed(header->name) || is_repeated(message, i))
            continue;
        to->header_bytes += sizeof prefix + strlen(header->name) + strlen(header->value) + 1;
        if (to->header_bytes > FL_FACTS_MOST)
            return;
        fputs(prefix, to->file);
        for (const char *at = header->name; *at; at++)
            fputc(mapped(*at), to->file);
        fprintf(to->file, "=%s", header->value);
        fputc('\0', to->file);
        to->count++;
    }
}

static void add_inherited(list *to, char *const *texts)
{
    for (; texts && *texts; texts++) {
        fputs(*texts, to->file);
        fputc('\0', to->file);
        to->count++;
    }
}

int64_t fl_facts_deadline_ms(filch_service_job *job)
{
    int64_t deadline = filch_context_deadline(filch_service_job_context(job));
    int64_t left = deadline - filch_now();
    return deadline == FILCH_FOREVER ? -1 : left > 0 ? left / FILCH_MILLISECOND : 0;
}

static void add_job(list *to, filch_service_job *job)
{
    const filch_message *message = filch_service_job_message(job);
    int64_t deadline_ms = fl_facts_deadline_ms(job);
    filch_traceparent trace = filch_service_job_trace(job);
    char parent[FILCH_TRACEPARENT_TEXT];
    if (message->id)
        add(to, "FILCH_JOB_ID", "%s", message->id);
    add(to, "FILCH_JOB_TYPE", "%s", message->type);
    add(to, "FILCH_JOB_ATTEMPT", "%u", message->attempt);
    add(to, "FILCH_JOB_QUEUE", "%s", message->queue);
    if (deadline_ms >= 0)
        add(to, "FILCH_JOB_DEADLINE_MS", "%" PRId64, deadline_ms);
    if (!filch_traceparent_format(&trace, parent))
        add(to, "TRACEPARENT", "%s", parent);
}

/* One block: the table, then the texts. */
static char **table_of(const char *text, size_t size, size_t count)
{
    char **table = malloc((count + 1) * sizeof *table + size);
    if (!table)
        return NULL;
    char *at = memcpy(table + count + 1, text, size);
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        table[i] = at;
    table[count] = NULL;
    return table;
}

char **fl_facts_make(filch_service_job *job, char *const *inherited)
{
    char *text = NULL, **table = NULL;
    size_t size = 0;
    list all = {.file = open_memstream(&text, &size)};
    if (!all.file)
        return NULL;
    add_inherited(&all, inherited);
    add_job(&all, job);
    add_headers(&all, filch_service_job_message(job));
    bool failed = ferror(all.file);
    if (!fclose(all.file) && !failed)
        table = table_of(text, size, all.count);
    free(text);
    return table;
}

/* ---- Escapes ---- */

enum { ESCAPED = 5 }; /* bytes of the longest, the closing NUL included */

/* Returns the number of characters. */
static size_t escape_one(char to[ESCAPED], char c)
{
    static const char plain[] = "\n\r\t", letters[] = "nrt";
    const char *found = c ? strchr(plain, c) : NULL;
    if (found)
        return (size_t)snprintf(to, ESCAPED, "\\%c", letters[found - plain]);
    bool is_printable = c >= ' ' && c <= '~' && c != '\\';
    return (size_t)snprintf(to, ESCAPED, is_printable ? "%c" : "\\x%02x", (unsigned char)c);
}

char *fl_escape(char *to, size_t room, const char *from, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char one[ESCAPED];
        size_t length = escape_one(one, from[i]);
        if (used + length >= room)
            break;
        memcpy(to + used, one, length);
        used += length;
    }
    to[used] = '\0';
    return to;
}

char *fl_escape_end(char *to, size_t room, const char *from, size_t size)
{
    char one[ESCAPED];
    while (size && strchr(" \t\r\n", from[size - 1]) && from[size - 1])
        size--;
    size_t begin = size, used = 0;
    while (begin && (used += escape_one(one, from[begin - 1])) < room)
        begin--;
    return fl_escape(to, room, from + begin, size - begin);
}
