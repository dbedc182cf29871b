/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions of OpenMP 5.1, chapter 3, that read and set internal control variables, as gcc's omp.h
 * declares them. Tables of those with the same form also give Fortran's names (fortran.c). */
#ifndef FL_OPENMP_QUERY_H
#define FL_OPENMP_QUERY_H

#include <runtime/openmp/openmp.h>
#include <runtime/openmp/parse.h>

#include <stdbool.h>

/* int omp_NAME(void) */
#define FL_OMP_GETTERS(X)                                                                          \
    X(get_num_threads)                                                                             \
    X(get_max_threads)                                                                             \
    X(get_thread_num)                                                                              \
    X(get_num_procs)                                                                               \
    X(in_parallel)                                                                                 \
    X(get_dynamic)                                                                                 \
    X(get_nested)                                                                                  \
    X(get_thread_limit)                                                                            \
    X(get_max_active_levels)                                                                       \
    X(get_supported_active_levels)                                                                 \
    X(get_level)                                                                                   \
    X(get_active_level)                                                                            \
    X(in_final)                                                                                    \
    X(in_explicit_task)                                                                            \
    X(get_cancellation)                                                                            \
    X(get_proc_bind)                                                                               \
    X(get_num_places)                                                                              \
    X(get_place_num)                                                                               \
    X(get_partition_num_places)                                                                    \
    X(get_default_device)                                                                          \
    X(get_num_devices)                                                                             \
    X(get_device_num)                                                                              \
    X(get_initial_device)                                                                          \
    X(is_initial_device)                                                                           \
    X(get_num_teams)                                                                               \
    X(get_team_num)                                                                                \
    X(get_max_teams)                                                                               \
    X(get_teams_thread_limit)                                                                      \
    X(get_max_task_priority)

/* void omp_NAME(int value) */
#define FL_OMP_SETTERS(X)                                                                          \
    X(set_num_threads)                                                                             \
    X(set_dynamic)                                                                                 \
    X(set_nested)                                                                                  \
    X(set_max_active_levels)                                                                       \
    X(set_default_device)                                                                          \
    X(set_num_teams)                                                                               \
    X(set_teams_thread_limit)                                                                      \
    X(display_env)

/* int omp_NAME(int of) */
#define FL_OMP_LOOKUPS(X)                                                                          \
    X(get_ancestor_thread_num)                                                                     \
    X(get_team_size)                                                                               \
    X(get_place_num_procs)

#define FL_OMP_DECLARE_GETTER(name) FL_OMP_API int omp_##name(void);
#define FL_OMP_DECLARE_SETTER(name) FL_OMP_API void omp_##name(int value);
#define FL_OMP_DECLARE_LOOKUP(name) FL_OMP_API int omp_##name(int of);
FL_OMP_GETTERS(FL_OMP_DECLARE_GETTER)
FL_OMP_SETTERS(FL_OMP_DECLARE_SETTER)
FL_OMP_LOOKUPS(FL_OMP_DECLARE_LOOKUP)
#undef FL_OMP_DECLARE_GETTER
#undef FL_OMP_DECLARE_SETTER
#undef FL_OMP_DECLARE_LOOKUP

FL_OMP_API double omp_get_wtime(void);
FL_OMP_API double omp_get_wtick(void);
FL_OMP_API void omp_set_schedule(unsigned kind, int chunk);
FL_OMP_API void omp_get_schedule(unsigned *kind, int *chunk);
FL_OMP_API void omp_get_place_proc_ids(int place, int *ids);
FL_OMP_API void omp_get_partition_place_nums(int *places);
FL_OMP_API int omp_pause_resource(int kind, int device);
FL_OMP_API int omp_pause_resource_all(int kind);
FL_OMP_API void omp_set_affinity_format(const char *format);
FL_OMP_API size_t omp_get_affinity_format(char *text, size_t size);
FL_OMP_API void omp_display_affinity(const char *format);
FL_OMP_API size_t omp_capture_affinity(char *text, size_t size, const char *format);

/* ---- OMP_DISPLAY_ENV ---- */

/* The text of OMP_DISPLAY_ENV and omp_display_env. */

/* Prints the initial ICVs to stderr; verbose: also libgomp's own. */
void fl_omp_display_environment(bool verbose);

/* The predefined allocators. */
extern const fl_omp_word fl_omp_allocator_words[];

#endif
