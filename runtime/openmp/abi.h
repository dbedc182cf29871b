/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Functions that gcc's code calls, as gcc declares them. */
#ifndef FL_OPENMP_ABI_H
#define FL_OPENMP_ABI_H

#include <runtime/openmp/openmp.h>

/* ---- Regions and tasks ---- */

/* Parallel regions, barriers, tasks and cancellation. */

FL_OMP_API void GOMP_parallel(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags);
FL_OMP_API void GOMP_parallel_start(fl_omp_fn *fn, void *data, unsigned threads);
FL_OMP_API void GOMP_parallel_end(void);
FL_OMP_API void GOMP_barrier(void);
FL_OMP_API bool GOMP_barrier_cancel(void);

FL_OMP_API void GOMP_task(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copy, long size, long align,
                          bool deferred, unsigned flags, void **depend, int priority, void *detach);
FL_OMP_API void GOMP_taskwait(void);
FL_OMP_API void GOMP_taskwait_depend(void **depend);
FL_OMP_API void GOMP_taskwait_depend_nowait(void **depend);
FL_OMP_API void GOMP_taskyield(void);
FL_OMP_API void GOMP_taskgroup_start(void);
FL_OMP_API void GOMP_taskgroup_end(void);
FL_OMP_API void GOMP_taskloop(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copy, long size,
                              long align, unsigned flags, unsigned long tasks, int priority,
                              long start, long end, long step);
FL_OMP_API void GOMP_taskloop_ull(fl_omp_fn *fn, void *data, fl_omp_copy_fn *copy, long size,
                                  long align, unsigned flags, unsigned long tasks, int priority,
                                  unsigned long long start, unsigned long long end,
                                  unsigned long long step);
FL_OMP_API bool GOMP_cancel(int which, bool wanted);
FL_OMP_API bool GOMP_cancellation_point(int which);
FL_OMP_API void omp_fulfill_event(uintptr_t event);

/* ---- Allocators ---- */

/* Memory allocators (OpenMP 5.1, 2.13 and 3.13), as gcc's omp.h declares them. Handles are addresses, or
 * the numbers of the predefined allocators. */

/* omp_alloctrait_t */
typedef struct fl_omp_trait {
    int key;
    uintptr_t value;
} fl_omp_trait;

FL_OMP_API uintptr_t omp_init_allocator(uintptr_t space, int count, const fl_omp_trait *traits);
FL_OMP_API void omp_destroy_allocator(uintptr_t allocator);
FL_OMP_API void omp_set_default_allocator(uintptr_t allocator);
FL_OMP_API uintptr_t omp_get_default_allocator(void);
FL_OMP_API void *omp_alloc(size_t size, uintptr_t allocator);
FL_OMP_API void *omp_aligned_alloc(size_t alignment, size_t size, uintptr_t allocator);
FL_OMP_API void *omp_calloc(size_t count, size_t size, uintptr_t allocator);
FL_OMP_API void *omp_aligned_calloc(size_t alignment, size_t count, size_t size,
                                    uintptr_t allocator);
FL_OMP_API void *omp_realloc(void *block, size_t size, uintptr_t allocator,
                             uintptr_t free_allocator);
FL_OMP_API void omp_free(void *block, uintptr_t allocator);
FL_OMP_API void *GOMP_alloc(size_t alignment, size_t size, uintptr_t allocator);
FL_OMP_API void GOMP_free(void *block, uintptr_t allocator);

/* ---- Locks ---- */

/* Locks, as gcc's omp.h and omp_lib declare them. omp_lock_t is one int. A nest lock of Fortran has room
 * for a pointer only, to a lock in memory of ours.
 *
 * Programs of gcc 4.3 and older use the names in version OMP_1.0. Their nest lock has two ints, and
 * belongs to a thread; later ones belong to a task. */

typedef struct fl_omp_user_lock {
    filch_u32 held;
} fl_omp_user_lock;

typedef struct fl_omp_nest_lock {
    filch_u32 held;
    int depth;       /* of the owner's holds */
    filch_ptr owner; /* a task */
} fl_omp_nest_lock;

/* Of version OMP_1.0. */
typedef struct fl_omp_old_nest_lock {
    filch_u32 holder; /* the number of a thread (locks.c); 0: free */
    int depth;
} fl_omp_old_nest_lock;

#define FL_OMP_DECLARE_LOCK(name, lock)                                                            \
    FL_OMP_API void omp_init_##name(lock *one);                                                    \
    FL_OMP_API void omp_destroy_##name(lock *one);                                                 \
    FL_OMP_API void omp_set_##name(lock *one);                                                     \
    FL_OMP_API void omp_unset_##name(lock *one);                                                   \
    FL_OMP_API int omp_test_##name(lock *one);

FL_OMP_DECLARE_LOCK(lock, fl_omp_user_lock)
FL_OMP_DECLARE_LOCK(lock_, fl_omp_user_lock)
FL_OMP_DECLARE_LOCK(nest_lock_, fl_omp_nest_lock *)

FL_OMP_API void omp_init_lock_with_hint(fl_omp_user_lock *one, int hint);
FL_OMP_API void omp_init_lock_with_hint_(fl_omp_user_lock *one, const int32_t *hint);
FL_OMP_API void omp_init_nest_lock_with_hint_(fl_omp_nest_lock **one, const int32_t *hint);

#undef FL_OMP_DECLARE_LOCK

/* The nest locks of C differ: gomp/nest_locks.c, kmpc/locks.c. */
void fl_omp_init_nest_lock(fl_omp_nest_lock *one);
void fl_omp_destroy_nest_lock(fl_omp_nest_lock *one);
void fl_omp_set_nest_lock(fl_omp_nest_lock *one);
void fl_omp_unset_nest_lock(fl_omp_nest_lock *one);
int fl_omp_test_nest_lock(fl_omp_nest_lock *one);

FL_OMP_API void GOMP_critical_start(void);
FL_OMP_API void GOMP_critical_end(void);
FL_OMP_API void GOMP_critical_name_start(void **name);
FL_OMP_API void GOMP_critical_name_end(void **name);
FL_OMP_API void GOMP_atomic_start(void);
FL_OMP_API void GOMP_atomic_end(void);

/* ---- Reductions ---- */

/* Entry points for task reductions, as gcc declares them. */

FL_OMP_API void GOMP_taskgroup_reduction_register(uintptr_t *reductions);
FL_OMP_API void GOMP_taskgroup_reduction_unregister(uintptr_t *reductions);
FL_OMP_API void GOMP_task_reduction_remap(size_t count, size_t originals, void **addresses);
FL_OMP_API void GOMP_workshare_task_reduction_unregister(bool cancelled);
FL_OMP_API unsigned GOMP_parallel_reductions(fl_omp_fn *fn, void *data, unsigned threads,
                                             unsigned flags);
FL_OMP_API void GOMP_scope_start(uintptr_t *reductions);

/* ---- Targets ---- */

/* Device constructs, teams, and error directives, as gcc declares them. */

/* sizes and kinds: one for each address. args: pairs that end with NULL (target.c). */
FL_OMP_API void GOMP_target(int device, fl_omp_fn *fn, const void *unused, size_t count,
                            void **addresses, size_t *sizes, unsigned char *kinds);
FL_OMP_API void GOMP_target_ext(int device, fl_omp_fn *fn, size_t count, void **addresses,
                                size_t *sizes, unsigned short *kinds, unsigned flags, void **depend,
                                void **args);
FL_OMP_API void GOMP_target_data(int device, const void *unused, size_t count, void **addresses,
                                 size_t *sizes, unsigned char *kinds);
FL_OMP_API void GOMP_target_data_ext(int device, size_t count, void **addresses, size_t *sizes,
                                     unsigned short *kinds);
FL_OMP_API void GOMP_target_end_data(void);
FL_OMP_API void GOMP_target_update(int device, const void *unused, size_t count, void **addresses,
                                   size_t *sizes, unsigned char *kinds);
FL_OMP_API void GOMP_target_update_ext(int device, size_t count, void **addresses, size_t *sizes,
                                       unsigned short *kinds, unsigned flags, void **depend);
FL_OMP_API void GOMP_target_enter_exit_data(int device, size_t count, void **addresses,
                                            size_t *sizes, unsigned short *kinds, unsigned flags,
                                            void **depend);
FL_OMP_API void GOMP_offload_register(const void *host, int type, const void *data);
FL_OMP_API void GOMP_offload_unregister(const void *host, int type, const void *data);
FL_OMP_API void GOMP_offload_register_ver(unsigned version, const void *host, int type,
                                          const void *data);
FL_OMP_API void GOMP_offload_unregister_ver(unsigned version, const void *host, int type,
                                            const void *data);

FL_OMP_API void GOMP_teams(unsigned teams, unsigned thread_limit);
FL_OMP_API bool GOMP_teams4(unsigned least, unsigned most, unsigned thread_limit, bool first);
FL_OMP_API void GOMP_teams_reg(fl_omp_fn *fn, void *data, unsigned teams, unsigned thread_limit,
                               unsigned flags);

/* length: SIZE_MAX if the text ends with a zero byte. message: may be NULL. */
FL_OMP_API void GOMP_warning(const char *message, size_t length);
FL_OMP_API void GOMP_error(const char *message, size_t length);

FL_OMP_API void *omp_target_alloc(size_t size, int device);
FL_OMP_API void omp_target_free(void *block, int device);
FL_OMP_API int omp_target_is_present(const void *address, int device);
FL_OMP_API int omp_target_is_accessible(const void *address, size_t size, int device);
FL_OMP_API void *omp_get_mapped_ptr(const void *address, int device);
FL_OMP_API int omp_target_memcpy(void *to, const void *from, size_t size, size_t to_offset,
                                 size_t from_offset, int to_device, int from_device);
FL_OMP_API int omp_target_memcpy_rect(void *to, const void *from, size_t element, int dims,
                                      const size_t *volume, const size_t *to_offsets,
                                      const size_t *from_offsets, const size_t *to_dims,
                                      const size_t *from_dims, int to_device, int from_device);
/* The same after `count` dependence objects (omp_depend_t). */
FL_OMP_API int omp_target_memcpy_async(void *to, const void *from, size_t size, size_t to_offset,
                                       size_t from_offset, int to_device, int from_device,
                                       int count, void *objects);
FL_OMP_API int omp_target_memcpy_rect_async(void *to, const void *from, size_t element, int dims,
                                            const size_t *volume, const size_t *to_offsets,
                                            const size_t *from_offsets, const size_t *to_dims,
                                            const size_t *from_dims, int to_device, int from_device,
                                            int count, void *objects);
FL_OMP_API int omp_target_associate_ptr(const void *host, const void *device_pointer, size_t size,
                                        size_t offset, int device);
FL_OMP_API int omp_target_disassociate_ptr(const void *address, int device);

#endif
