/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Locks, as gcc's omp.h and omp_lib declare them. omp_lock_t is one int. A nest lock of Fortran has room
 * for a pointer only, to a lock in memory of ours.
 *
 * Programs of gcc 4.3 and older use the names in version OMP_1.0. Their nest lock has two ints, and
 * belongs to a thread; later ones belong to a task. */
#ifndef FL_OPENMP_ABI_LOCKS_H
#define FL_OPENMP_ABI_LOCKS_H

#include <runtime/openmp/openmp.h>

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

#endif
