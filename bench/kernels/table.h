/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table of kernels: fork/join programs and parallel algorithms with a checked answer. For
 * whoever measures or tests them (the bench command, the bars, the unit tests, peers). A kernel is
 * one file and one row: NAME.c is compiled once per column (kernel.h), each time exporting one
 * `kernel` record; the row in rows.h gathers them. Parallel algorithms (par/) have no column for
 * the hand-written pool, but peers: other libraries' versions of them, on the same data
 * (bench/peers/peer.h).
 *
 * Life of one instance: setup, then any number of { prepare, run, finish }, then teardown. Only
 * `run` is measured. One instance is used by one thread at a time; instances do not share anything.
 */
#ifndef KERNELS_TABLE_H
#define KERNELS_TABLE_H

#include <filch/filch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

FILCH_BEGIN_DECLS

enum kernel_size_name { KERNEL_TINY, KERNEL_QUICK, KERNEL_FULL, KERNEL_SIZES };
enum kernel_column {
    KERNEL_SERIAL,
    KERNEL_FILCH,
    KERNEL_HANDPOOL,
    KERNEL_COLUMNS,
    KERNEL_PEER = KERNEL_COLUMNS
};

/* Which kernels `filch bench` measures: these without being asked, these when all are asked for, the others when they are
 * named. */
enum kernel_shown { KERNEL_BY_DEFAULT, KERNEL_WITH_ALL, KERNEL_BY_NAME };

typedef struct kernel_size {
    const char *label; /* what a person calls this size; NULL: the directory */
    long n;            /* what the kernel makes of it is its own affair */
    uint64_t
        answer; /* what every run must find; 0: not known in advance, but the same in all columns */
    uint64_t tasks; /* forks in one run; 0: the run counts them, or it is not known */
} kernel_size;

/* One instance of a kernel at one size. */
typedef struct kernel_run {
    const kernel_size *size;
    const char *dir; /* in: the directory to read, for kernels with real input */
    bool quiet;      /* in: say nothing about files that cannot be read */
    long grain;      /* in: iterations of a task's loop, where the kernel has a grain; 0: its own */
    void *memory;    /* in: where its data may lie, of bytes_each for each of n and a line
                              more; NULL: wherever there is room */
    void *data;      /* what setup made */
    uint64_t answer; /* out */
    uint64_t tasks;  /* out: forks of the last run */
    uint64_t bytes, files; /* out: how much was read, for kernels with real input */
    uint64_t unreadable;   /* out: files that could not be read */
    char text[72];         /* out: an answer that does not fit a number; "" if it does */
} kernel_run;

typedef struct kernel {
    const char *name, *what, *source;
    size_t stack_size; /* bytes of C stack its tasks need; 0: the runtime's default is enough */
    bool reads_dir;    /* its input is kernel_run.dir */
    size_t bytes_each; /* of memory, in one instance, for each of n; 0: not worth mentioning */
    bool quick_unless_asked; /* so much data that its full size is shown on demand only */
    long
        grain; /* iterations of each task's loop, which kernel_run.grain may change; 0: no such dial */
    enum kernel_shown shown;
    const char *serial_is; /* of the serial column: what it is, where "serial" does not say it */
    kernel_size sizes[KERNEL_SIZES];
    int (*setup)(kernel_run *run);    /* 0 or -errno; NULL: nothing to do (as for the others) */
    void (*prepare)(kernel_run *run); /* puts the input back in its first state */
    void (*run)(void *place, kernel_run *run); /* place: as kernel_place_open (place.h) gave it */
    void (*finish)(kernel_run *run);           /* sets run->answer where run has not */
    void (*teardown)(kernel_run *run);
} kernel;

typedef struct kernel_row {
    const kernel *column[KERNEL_COLUMNS]; /* the same kernel, compiled as enum kernel_column says;
                                             NULL: it has no such column */
} kernel_row;

extern const kernel_row kernels[];
extern const size_t kernel_count;

/* The row of that name, or NULL. */
const kernel_row *kernel_find(const char *name);

struct peer_row;

/* Fills *out with the kernel as that column runs it; peer: whose column, for KERNEL_PEER; one that was built. False:
 * this kernel has no such column. */
bool kernel_in(const kernel_row *row, enum kernel_column as, const struct peer_row *peer,
               kernel *out);

/* Whether the last run found the right answer. */
bool kernel_answer_is_right(const kernel_run *run);

FILCH_END_DECLS

#endif
