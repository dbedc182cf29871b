/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Schedules in memory: reads a file of runtime/platform/virtual/schedule_file.h, and writes one. */
#ifndef FL_SCHEDULE_H
#define FL_SCHEDULE_H

#include <runtime/platform/virtual/schedule_file.h>

#include <stdbool.h>

/* Read, or mapped and being written. */
typedef struct fl_schedule {
    int fd; /* when it is written */
    fl_schedule_header *header;
    fl_schedule_entry *entries;
    uint64_t count; /* of entries */
    uint64_t room;  /* for entries, when it is written */
} fl_schedule;

/* Errors through fl_fail: -EINVAL (not such a file, or cut), -ENOMEM, those of open. */
int fl_schedule_read(fl_schedule *out, const char *file);
void fl_schedule_free(fl_schedule *read);

/* Maps a new file (runtime/platform/new_file.h). Errors through fl_fail: those of fl_new_file, ftruncate and mmap. */
int fl_schedule_create(fl_schedule *out, const char *file, uint32_t workers, uint64_t seed);
/* Appends; a full file notes it. */
void fl_schedule_add(fl_schedule *written, const fl_schedule_entry *entry);
/* Cuts the file to its entries, and closes it. */
void fl_schedule_close(fl_schedule *written);

#endif
