/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Log sinks: log lines are queued in a ring and written to a file by one thread, so that a slow
 * reader of the log never holds up the program. For service authors.
 *
 *   filch_log_sink *sink;
 *   filch_log_sink_create(&sink, STDERR_FILENO, NULL);
 *   filch_log_init(&log, FILCH_LOG_INFO, filch_log_to_sink, sink);
 *   ...
 *   filch_log_sink_flush(sink, filch_in(2 * FILCH_SECOND));      at the end of a drain
 *   filch_log_sink_destroy(sink, filch_in(2 * FILCH_SECOND));
 *
 * A line for which the ring has no room is dropped and counted. In its place the file gets a line
 * of level warn, with the message "log lines dropped" and the number as the field "dropped".
 * Errors of the file: EAGAIN and EINTR are waited out. ENOSPC and EDQUOT are tried again ten times a
 * second, while the ring holds what follows. After any other error (EPIPE, EIO, ...) the lines that
 * were being written are lost and counted, and the next ones are tried.
 * Life: the file descriptor is the caller's, and stays open until filch_log_sink_destroy returns. It
 * may be blocking; its flags are not changed. In a child of fork() a sink takes no lines.
 * Threads: tasks and any thread. May suspend: filch_log_sink_flush and filch_log_sink_destroy.
 * Since 0.1.0. */
#ifndef FILCH_LOG_SINK_H
#define FILCH_LOG_SINK_H
#include <filch/detail/hide_words.h>

#include <filch/log.h>
#include <filch/wait.h>

/* ---- Types ---- */

typedef struct filch_log_sink filch_log_sink;

/* Zero in a field: the default. */
typedef struct filch_log_sink_config {
    size_t size; /* bytes of the ring; default 256 KiB; 8 KiB .. 1 GiB. A line needs two more
                            bytes than it has */
    filch_log_keys keys; /* of the line about dropped lines */
} filch_log_sink_config;

/* Numbers of lines since the creation. */
typedef struct filch_log_sink_stats {
    uint64_t written;
    uint64_t waiting; /* in the ring, or being written */
    uint64_t dropped; /* there was no room, or the sink was closing */
    uint64_t lost;    /* the file did not take them, or not in time */
} filch_log_sink_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a sink with its thread. config may be NULL. Errors: -EINVAL (fd is negative, or a bad
 * config); -ENOMEM; -EAGAIN (no thread), -EMFILE or -ENFILE (no file for its wake-ups). */
FILCH_API int filch_log_sink_create(filch_log_sink **out, int fd,
                                    const filch_log_sink_config *config);
/* Writes the queued lines until the time `until` (0: writes no more), and destroys the sink. Lines
 * that come meanwhile are dropped; nobody logs to it when this returns. NULL is allowed. Returns at
 * most 100 ms after `until`, even if another writer of the same file has filled it, so that a write
 * hangs: the sink's thread and memory then go when that write ends. Errors: -ETIMEDOUT (some lines
 * are lost); -ECHILD (the sink belongs to the parent of this process; its memory is released). */
FILCH_API int filch_log_sink_destroy(filch_log_sink *sink, int64_t until);

/* ---- Operations ---- */

/* A log's function: queues the line; arg is the sink. Never waits for the file. A line of more than
 * FILCH_LOG_LINE bytes is dropped. */
FILCH_API void filch_log_to_sink(const char *line, size_t size, void *arg);
/* Waits until the lines that are queued now have been written or lost. Errors: -ETIMEDOUT (not by
 * `until`); -EINVAL (sink is NULL, or a negative time); -ENOMEM or -EAGAIN (no timer to wait by);
 * -ECHILD (the sink belongs to the parent of this process). */
FILCH_API int filch_log_sink_flush(filch_log_sink *sink, int64_t until);

/* ---- Queries ---- */

/* Fills *out, a struct of `size` bytes. */
FILCH_API void filch_log_sink_stats_read(filch_log_sink *sink, filch_log_sink_stats *out,
                                         size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
