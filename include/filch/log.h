/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Structured log lines, one JSON object (RFC 8259) per line, and log sinks: a sink queues lines in
 * a ring, and its thread writes them to a file. So a slow reader of the log never delays the
 * program. For service authors.
 *
 *   filch_log log;
 *   filch_log_init(&log, FILCH_LOG_INFO, filch_log_to_fd, (void *)(intptr_t)STDERR_FILENO);
 *   FILCH_LOG(&log, FILCH_LOG_WARN, "slow order", filch_log_int("order", 17),
 *             filch_log_text("customer", name), filch_log_float("seconds", 2.5));
 *
 *   {"time":"2026-11-20T23:06:47.012345Z","level":"warn","message":"slow order","order":17, ...}
 *
 *   filch_log_sink *sink;                                      the same through a sink
 *   filch_log_sink_create(&sink, STDERR_FILENO, NULL);
 *   filch_log_init(&log, FILCH_LOG_INFO, filch_log_to_sink, sink);
 *   ...
 *   filch_log_sink_flush(sink, filch_in(2 * FILCH_SECOND));      at the end of a drain
 *   filch_log_sink_destroy(sink, filch_in(2 * FILCH_SECOND));
 *
 * A line is built on the stack, with no allocation and no lock. It has at most FILCH_LOG_LINE
 * bytes. If it would be longer, texts are cut, other fields left out, and it ends in
 * "truncated":true. It is always valid JSON: bytes that are not UTF-8 become U+FFFD, numbers that
 * JSON does not have (NaN, infinity) null.
 * Life: a log is the caller's, and needs no destroy. A sink's file descriptor is the caller's, too,
 * and stays open until filch_log_sink_destroy returns. It may be blocking; its flags are not
 * changed. In a child of fork() a sink takes no lines.
 * Threads: tasks and any thread. Suspends: filch_log_sink_flush, filch_log_sink_destroy, and
 * writing a line where the log's function does. Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_LOG_H
#define FILCH_LOG_H
#include <filch/detail/hide_words.h>

#include <filch/atomic.h>
#include <filch/traceparent.h>
#include <filch/wait.h>

/* The most bytes of a line, with its newline. */
enum { FILCH_LOG_LINE = 2048 };

/* The level of a line. */
typedef enum filch_log_level {
    FILCH_LOG_DEBUG,
    FILCH_LOG_INFO,
    FILCH_LOG_WARN,
    FILCH_LOG_ERROR,
    FILCH_LOG_OFF /* as the least level: the log writes nothing */
} filch_log_level;

/* Takes a line, which ends in \n without a NUL after it; valid during the call. Calls run
 * concurrently if several tasks or threads log. May wait, and panic. */
typedef void filch_log_fn(const char *line, size_t size, void *arg);

/* Names of the fields with which a line begins; NULL: the default. */
typedef struct filch_log_keys {
    const char *time;    /* default "time" */
    const char *level;   /* default "level" */
    const char *message; /* default "message" */
} filch_log_keys;

/* A log: where lines go. Owned by the caller; opaque. */
typedef struct filch_log {
    filch_log_fn *fn;
    void *arg;
    filch_u32 least;
    filch_log_keys keys;
} filch_log;

/* The kind of a field. */
typedef enum filch_log_kind {
    FILCH_LOG_KIND_TEXT,
    FILCH_LOG_KIND_INT,
    FILCH_LOG_KIND_FLOAT,
    FILCH_LOG_KIND_BOOL,
    FILCH_LOG_KIND_TRACE
} filch_log_kind;

/* A field of a line; valid as long as what it points to. */
typedef struct filch_log_field {
    const char *name;
    filch_log_kind kind;
    union {
        const char *text;
        int64_t integer; /* also of a bool */
        double number;
        const filch_traceparent *trace;
    } as;
} filch_log_field;

FILCH_BEGIN_DECLS

/* Sets up a log: lines of the level `least` and above go to fn(line, size, arg). Error: -EINVAL
 * (log or fn is NULL, or there is no such level). */
FILCH_API int filch_log_init(filch_log *log, filch_log_level least, filch_log_fn *fn, void *arg);
/* Changes the least level of lines that are written. Error: -EINVAL (there is no such level). */
FILCH_API int filch_log_set_level(filch_log *log, filch_log_level least);

/* Changes the names of time, level and message, before the first line. The names stay valid as long
 * as the log. keys NULL: the defaults. Error: -EINVAL (log is NULL; a name is not 1 to 64 bytes of
 * printable ASCII without " and \; two of the three and "truncated" are equal; the log is
 * unchanged). */
FILCH_API int filch_log_set_keys(filch_log *log, const filch_log_keys *keys);

/* Writes a line with `count` fields; FILCH_LOG is the convenient form. Does nothing if the log's
 * level is higher. The names of time, level and message, and truncated, are reserved. */
FILCH_API void filch_log_write(const filch_log *log, filch_log_level level, const char *message,
                               const filch_log_field *fields, size_t count);

/* A log's function: writes the line of `size` bytes by one write() to the file descriptor in arg,
 * (void *)(intptr_t)fd. Lines of several writers do not mix in a pipe, nor in a file opened with
 * O_APPEND. Blocks the worker as long as write() does, unlike filch_log_to_sink; a line that cannot
 * be written is lost. */
FILCH_API void filch_log_to_fd(const char *line, size_t size, void *arg);

FILCH_END_DECLS

/* Returns 1 if a line of this level is written, else 0. Does not suspend. */
FILCH_UNUSED static inline int filch_log_enabled(const filch_log *log, filch_log_level level)
{
    /* relaxed: a level; nothing else depends on it */
    return (uint32_t)level >= filch_u32_load(&log->least, FILCH_RELAXED);
}

/* ---- Fields. Each function returns a field; texts are not copied. None suspends ---- */

/* Returns a field with the text `value`, UTF-8; NULL becomes null. */
FILCH_UNUSED static inline filch_log_field filch_log_text(const char *name, const char *value)
{
    filch_log_field field;
    field.name = name;
    field.kind = FILCH_LOG_KIND_TEXT;
    field.as.text = value;
    return field;
}

/* Returns a field with the integer `value`. */
FILCH_UNUSED static inline filch_log_field filch_log_int(const char *name, int64_t value)
{
    filch_log_field field;
    field.name = name;
    field.kind = FILCH_LOG_KIND_INT;
    field.as.integer = value;
    return field;
}

/* Returns a field with the number `value`; NaN and infinity become null. */
FILCH_UNUSED static inline filch_log_field filch_log_float(const char *name, double value)
{
    filch_log_field field;
    field.name = name;
    field.kind = FILCH_LOG_KIND_FLOAT;
    field.as.number = value;
    return field;
}

/* Returns a field with true, or with false if `value` is 0. */
FILCH_UNUSED static inline filch_log_field filch_log_bool(const char *name, int value)
{
    filch_log_field field = filch_log_int(name, value != 0);
    field.kind = FILCH_LOG_KIND_BOOL;
    return field;
}

/* Returns the fields trace_id, span_id and sampled of the trace; NULL: none. */
FILCH_UNUSED static inline filch_log_field filch_log_trace(const filch_traceparent *trace)
{
    filch_log_field field;
    field.name = "";
    field.kind = FILCH_LOG_KIND_TRACE;
    field.as.trace = trace;
    return field;
}

/* Writes a line of a level to a log: FILCH_LOG(log, level, message, fields...). message and fields
 * are computed only if the line is written. */
#define FILCH_LOG(log, level_, ...)                                                                \
    (__extension__({                                                                               \
        const filch_log *fl_log_ = (log);                                                          \
        filch_log_level fl_level_ = (level_);                                                      \
        if (filch_log_enabled(fl_log_, fl_level_)) {                                               \
            const filch_log_field fl_fields_[] = {FL_LOG_FIELDS(__VA_ARGS__, filch_log_trace(0))}; \
            filch_log_write(fl_log_, fl_level_, FL_LOG_FIRST(__VA_ARGS__, 0), fl_fields_,          \
                            sizeof fl_fields_ / sizeof *fl_fields_);                               \
        }                                                                                          \
        (void)0;                                                                                   \
    }))
#define FL_LOG_FIRST(first, ...) first
#define FL_LOG_FIELDS(first, ...) __VA_ARGS__

/* ---- Log sinks ---- */

/* A line for which the ring has no room is dropped and counted. In its place the file gets a line
 * of level warn, with the message "log lines dropped" and the number as the field "dropped".
 * Errors of the file: after EAGAIN and EINTR the write is repeated. After ENOSPC and EDQUOT it is
 * repeated ten times a second; further lines wait in the ring. After any other error (EPIPE, EIO,
 * ...) the lines that were being written are lost and counted, and the next ones are tried. */
typedef struct filch_log_sink filch_log_sink;

/* A zero field means the default. */
typedef struct filch_log_sink_config {
    size_t size;         /* bytes of the ring; default 256 KiB; 8 KiB .. 1 GiB. A line takes its
                            size and two bytes */
    filch_log_keys keys; /* of the line about dropped lines */
} filch_log_sink_config;

/* Numbers of lines since the sink was created. */
typedef struct filch_log_sink_stats {
    uint64_t written;
    uint64_t waiting; /* in the ring, or being written */
    uint64_t dropped; /* there was no room, or the sink was closing */
    uint64_t lost;    /* the file refused them, or took too long */
} filch_log_sink_stats;

FILCH_BEGIN_DECLS

/* Creates a sink with its thread. config may be NULL. Errors: -EINVAL (fd is negative, or a bad
 * config); -ENOMEM; -EAGAIN (no thread), -EMFILE or -ENFILE (no file for its wake-ups). */
FILCH_API int filch_log_sink_create(filch_log_sink **out, int fd,
                                    const filch_log_sink_config *config);
/* Writes the queued lines until the time `until` (0: writes no more), and destroys the sink. Lines
 * that arrive during the call are dropped; none may arrive after it. NULL is allowed. Returns at
 * most 100 ms after `until`, even while a write blocks because another writer has filled the file:
 * the sink's thread and memory are then released when that write ends. Errors: -ETIMEDOUT (some
 * lines are lost); -ECHILD (the sink is the parent process's; its memory is released). */
FILCH_API int filch_log_sink_destroy(filch_log_sink *sink, int64_t until);

/* A log's function: queues the line of `size` bytes; arg is the sink. Never waits for the file. A
 * line of more than FILCH_LOG_LINE bytes is dropped. */
FILCH_API void filch_log_to_sink(const char *line, size_t size, void *arg);
/* Waits until the lines that are queued now have been written or dropped. Errors: -ETIMEDOUT (not
 * by `until`); -EINVAL (sink is NULL, or a negative time); -ENOMEM or -EAGAIN (no timer to wait
 * by); -ECHILD (the sink belongs to the parent of this process). */
FILCH_API int filch_log_sink_flush(filch_log_sink *sink, int64_t until);

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_log_sink_stats_read(filch_log_sink *sink, filch_log_sink_stats *out,
                                         size_t size);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
