/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Places and thread affinity (OpenMP 5.1, 2.6.2). A place is a set of CPUs. OMP_PLACES lists them; the
 * hardware is read only if it names places by a word, such as "cores". Without OMP_PLACES,
 * GOMP_CPU_AFFINITY or OMP_PROC_BIND nothing is bound, and nothing here costs anything.
 *
 * The place of a thread follows from its number, the size of its team, the binding, and the place of
 * the thread that met `parallel`. So each thread finds its own, and no table is shared. */
#ifndef FL_OPENMP_AFFINITY_H
#define FL_OPENMP_AFFINITY_H

#include <runtime/platform/machine/affinity.h>

#include <stdbool.h>
#include <stddef.h>

/* ---- places.c: the list. It does not change once the environment has been read. ---- */

enum fl_omp_places { FL_OMP_PLACES_READ, FL_OMP_PLACES_INVALID, FL_OMP_PLACES_REPORTED };

/* The text of OMP_PLACES; reported: a message has said all. */
enum fl_omp_places fl_omp_places_read(const char *text);
/* The text of GOMP_CPU_AFFINITY. */
bool fl_omp_places_read_cpus(const char *text);
/* The list is empty from now on. */
void fl_omp_places_drop(void);
unsigned fl_omp_places_count(void);
/* number < fl_omp_places_count(). */
const struct fl_affinity *fl_omp_place(unsigned number);

/* ---- affinity.c ---- */

/* The place of a thread, and the places that its nested regions may use. */
typedef struct fl_omp_spot {
    unsigned place;
    unsigned first, count;
} fl_omp_spot;

/* At the start of the process: binds its first thread. */
void fl_omp_bind_initial(void);
/* A thread joins a team, as fl_omp_here() says, with the binding of that team (omp_proc_bind_t). Shows
 * its affinity if OMP_DISPLAY_AFFINITY asks for it. */
void fl_omp_bind_member(unsigned number, unsigned size, int bind);
/* Of the calling thread. false: it is not bound. */
bool fl_omp_spot_here(fl_omp_spot *spot);

/* The text of affinity-format-var, `length` bytes. */
void fl_omp_affinity_format_set(const char *text, size_t length);
const char *fl_omp_affinity_format(void);
/* The affinity of the calling thread in that format; NULL or "": affinity-format-var. The caller frees
 * the text. */
char *fl_omp_affinity_text(const char *format);
/* The same, to stderr. */
void fl_omp_affinity_show(const char *format);

#endif
