/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A schedule in memory: the content of the file that runtime/platform/virtual/schedule_file.h describes. */
#ifndef EXPLORE_SCHEDULE_H
#define EXPLORE_SCHEDULE_H

#include <runtime/platform/virtual/schedule_file.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct schedule {
    fl_schedule_header header;
    fl_schedule_entry *entry; /* header.switches of them, or NULL */
} schedule;

/* Reads one. 0; -ENODATA: the file is empty, or no schedule; -ENOTSUP: of another version; -EBADMSG:
 * damaged; another -errno. */
int schedule_read(schedule *s, int fd);
/* Writes it: 0 or -errno. */
int schedule_write(const schedule *s, FILE *out);
void schedule_free(schedule *s);

/* A copy without the switches that a replay makes anyhow, and with room for all of them. False: no
 * memory. */
bool schedule_copy_choices(schedule *to, const schedule *from);

/* The number of switches by which a replay goes another way than without a schedule. */
size_t schedule_choices(const schedule *s);
/* Threads that took part: the highest number and 1. */
unsigned schedule_threads(const schedule *s);

/* "main", "worker 1", "service thread 0"; of an OpenMP program "thread 1". */
const char *schedule_thread(const schedule *s, bool openmp, unsigned thread, char *text,
                            size_t size);

#endif
