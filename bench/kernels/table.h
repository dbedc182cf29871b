/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table of kernels: fork/join programs and parallel algorithms with a checked answer. Users:
 * the bench command, the bars, the unit tests, peers. A kernel is one file and one row: NAME.c is
 * compiled once per column (kernel.h), each time exporting one `kernel` record; the row in rows.h
 * gathers them. Parallel algorithms (par/) have no column for the hand-written pool, but peers:
 * other libraries' versions of them, on the same data (bench/peers/peer.h).
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
    KERNEL_FILCH_CLANG, /* KERNEL_FILCH, compiled by clang, where the others are compiled by gcc */
    KERNEL_COLUMNS,
    KERNEL_PEER = KERNEL_COLUMNS
};

/* Which kernels `filch bench` measures: these without being asked, these when all are asked for,
 * the others when they are named. */
enum kernel_shown { KERNEL_BY_DEFAULT, KERNEL_WITH_ALL, KERNEL_BY_NAME };

typedef struct kernel_size {
    const char *label; /* name of this size for the user; NULL: the directory */
    long n;            /* a size in the kernel's own units */
    uint64_t answer;   /* of every run; 0: not known in advance, but the same in all columns */
    uint64_t tasks;    /* forks in one run; 0: the run counts them, or it is not known */
} kernel_size;

/* One instance of a kernel at one size. */
typedef struct kernel_run {
    const kernel_size *size;
    const char *dir; /* in: the directory to read, for kernels with real input */
    bool quiet;      /* in: say nothing about files that cannot be read */
    long grain;      /* in: iterations of a task's loop, where the kernel has a grain; 0: its own */
    void *memory;    /* in: room for its data, bytes_each times n and a cache line more; NULL: setup
                        allocates */
    void *data;      /* made by setup */
    uint64_t answer; /* out */
    double seconds;  /* out: of kernels with `latency` */
    uint64_t tasks;  /* out: forks of the last run */
    uint64_t bytes, files; /* out: how much was read, for kernels with real input */
    uint64_t unreadable;   /* out: files that could not be read */
    char text[72];         /* out: an answer that does not fit a number; "" if it does */
} kernel_run;

typedef struct kernel {
    const char *name;   /* as `--kernels` knows it */
    const char *what;   /* one line of `filch bench --help` */
    const char *source; /* the publication it comes from */
    size_t stack_size;  /* bytes of C stack its tasks need; 0: the runtime's default is enough */
    bool reads_dir;     /* its input is kernel_run.dir */
    size_t bytes_each;  /* of memory, in one instance, for each of n; 0: a few KiB in all */
    bool latency;       /* a run's time is kernel_run.seconds, and a sample is one run */
    bool quick_unless_asked; /* so much data or time that its full size is shown on demand only */
    long grain; /* iterations of each task's loop if kernel_run.grain is 0; 0: it has no grain */
    enum kernel_shown shown; /* by default, unless said otherwise */
    const char *serial_is;   /* the serial column's program, where "serial" does not say it */
    kernel_size sizes[KERNEL_SIZES];  /* by enum kernel_size_name */
    int (*setup)(kernel_run *run);    /* 0 or -errno; NULL: nothing to do (as for the others) */
    void (*prepare)(kernel_run *run); /* sets the input to its first state, before each run */
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

/* Fills *out with the kernel as that column runs it; peer: whose column, for KERNEL_PEER; one that
 * was built. False: this kernel has no such column. */
bool kernel_in(const kernel_row *row, enum kernel_column as, const struct peer_row *peer,
               kernel *out);

/* Whether the last run found the right answer. */
bool kernel_answer_is_right(const kernel_run *run);

FILCH_END_DECLS

#endif
