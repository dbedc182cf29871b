/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * omp_lock_t and omp_nest_lock_t, of C and Fortran, in both versions of the interface. The edges
 * are those of runtime/openmp/locks.h. */
#include <runtime/openmp/locks.h>

#include <runtime/engine/help.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/openmp/abi.h>
#include <runtime/openmp/memory.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/spin.h>

enum {
    FIRST_PAUSE = 60,
    SPIN = 4000,   /* ns */
    LONG = 1000000 /* ns: a wait that may be a deadlock */
};

static fl_backoff backoff_begin(void)
{
    return fl_backoff_begin(FIRST_PAUSE, fl_omp_globals.passive ? 0 : SPIN);
}

static bool lock_may_block(const void *held)
{
    return filch_u32_load((const filch_u32 *)held, FILCH_SEQ_CST) ==
           FL_OMP_WAITED_FOR; /* seq_cst: the detector's */
}

/* The calling thread counts as waiting only while it sleeps: before that, and when it has the lock, it runs. Only a
 * thread in a seat can be a part of a deadlock that is reported. */
static void sleep_long(filch_u32 *held, const char *call)
{
    fl_worker *worker = fl_worker_here();
    fl_fiber *fiber = worker && worker->rt->seats ? fl_fiber_here() : NULL;
    if (fiber)
        fl_seat_waits(fiber, call, held, lock_may_block, held);
    fl_futex_wait_until(held, FL_OMP_WAITED_FOR, 0);
    if (fiber)
        fl_seat_goes_on(fiber);
}

FILCH_COLD void fl_omp_lock_slow(filch_u32 *held, const char *call)
{
    for (fl_backoff backoff = backoff_begin(); fl_back_off(&backoff);)
        if (filch_u32_load(held, FILCH_RELAXED) == FL_OMP_FREE &&
            fl_omp_try_lock(held)) /* a look */
            return;
    const int64_t until = fl_now() + LONG;
    bool is_long = false;
    while (filch_u32_exchange(held, FL_OMP_WAITED_FOR, FILCH_ACQUIRE) !=
           FL_OMP_FREE) /* TakeOmpLock */
        if (is_long)
            sleep_long(held, call);
        else
            is_long = fl_futex_wait_until(held, FL_OMP_WAITED_FOR, until);
}

FILCH_COLD void fl_omp_unlock_slow(filch_u32 *held)
{
    fl_futex_wake(held, 1);
}

/* ---- Simple locks ---- */

void omp_init_lock(fl_omp_user_lock *one)
{
    filch_u32_store(&one->held, FL_OMP_FREE, FILCH_RELAXED); /* not yet shared */
}

void omp_destroy_lock(fl_omp_user_lock *one)
{
    (void)one;
}

void omp_set_lock(fl_omp_user_lock *one)
{
    fl_omp_lock(&one->held, "omp_set_lock");
}

void omp_unset_lock(fl_omp_user_lock *one)
{
    fl_omp_unlock(&one->held);
}

int omp_test_lock(fl_omp_user_lock *one)
{
    return fl_omp_try_lock(&one->held);
}

/* ---- Nest locks of tasks ---- */

void fl_omp_init_nest_lock(fl_omp_nest_lock *one)
{
    memset(one, 0, sizeof *one);
}

void fl_omp_destroy_nest_lock(fl_omp_nest_lock *one)
{
    (void)one;
}

/* Only a task itself makes itself the owner, and only it ends that. */
static bool owns(const fl_omp_nest_lock *one, const fl_omp_task *task)
{
    return filch_ptr_load(&one->owner, FILCH_RELAXED) == task; /* if it is equal: its own store */
}

static int own(fl_omp_nest_lock *one, fl_omp_task *task)
{
    filch_ptr_store(&one->owner, task, FILCH_RELAXED); /* for the owner itself */
    return one->depth = 1;
}

void fl_omp_set_nest_lock(fl_omp_nest_lock *one)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (owns(one, task)) {
        one->depth++;
        return;
    }
    fl_omp_lock(&one->held, "omp_set_nest_lock");
    own(one, task);
}

void fl_omp_unset_nest_lock(fl_omp_nest_lock *one)
{
    if (--one->depth)
        return;
    filch_ptr_store(&one->owner, NULL, FILCH_RELAXED); /* DropOmpLock shows it */
    fl_omp_unlock(&one->held);
}

int fl_omp_test_nest_lock(fl_omp_nest_lock *one)
{
    fl_omp_task *task = fl_omp_here()->task;
    if (owns(one, task))
        return ++one->depth;
    return fl_omp_try_lock(&one->held) ? own(one, task) : 0;
}

/* Hints change nothing: the lock adapts by itself. */
void omp_init_lock_with_hint(fl_omp_user_lock *one, int hint)
{
    (void)hint;
    omp_init_lock(one);
}

/* ---- Nest locks of threads: version OMP_1.0 ---- */

enum { WAITED = 1U << 31 }; /* in `holder` */

/* The number of the calling thread. Numbers are never reused, since a lock may outlive its
 * thread. */
static uint32_t thread_number(void)
{
    static filch_u32 numbered;
    static __thread uint32_t mine FL_OMP_TLS;
    if (!mine)
        mine = filch_u32_add(&numbered, 1, FILCH_RELAXED) + 1; /* a number, no data */
    return mine;
}

static bool owns_old(const fl_omp_old_nest_lock *one)
{
    uint32_t owner =
        filch_u32_load(&one->holder, FILCH_RELAXED); /* if it is equal: its own store */
    return (owner & ~(uint32_t)WAITED) == thread_number();
}

static bool try_old(fl_omp_old_nest_lock *one, uint32_t as)
{
    uint32_t was = 0;
    fl_point();
    if (!filch_u32_cas(&one->holder, &was, as, FILCH_ACQUIRE)) /* TakeOmpLock */
        return false;
    one->depth = 1;
    return true;
}

/* A thread that has slept assumes that others sleep, too. */
static FILCH_COLD void take_old_slow(fl_omp_old_nest_lock *one)
{
    for (fl_backoff backoff = backoff_begin(); fl_back_off(&backoff);)
        if (!filch_u32_load(&one->holder, FILCH_RELAXED) &&
            try_old(one, thread_number())) /* a look */
            return;
    while (!try_old(one, thread_number() | WAITED)) {
        uint32_t owner = filch_u32_load(&one->holder, FILCH_RELAXED); /* a look */
        if (owner & WAITED || (owner && filch_u32_cas(&one->holder, &owner, owner | WAITED,
                                                      FILCH_RELAXED))) /* a mark */
            fl_futex_wait_until(&one->holder, owner | WAITED, 0);
    }
}

static void init_old(fl_omp_old_nest_lock *one)
{
    memset(one, 0, sizeof *one);
}

static void destroy_old(fl_omp_old_nest_lock *one)
{
    (void)one;
}

static void set_old(fl_omp_old_nest_lock *one)
{
    if (owns_old(one))
        one->depth++;
    else if (!try_old(one, thread_number()))
        take_old_slow(one);
}

static void unset_old(fl_omp_old_nest_lock *one)
{
    if (--one->depth)
        return;
    if (filch_u32_exchange(&one->holder, 0, FILCH_RELEASE) & WAITED) /* DropOmpLock */
        fl_futex_wake(&one->holder, 1);
}

static int test_old(fl_omp_old_nest_lock *one)
{
    if (owns_old(one))
        return ++one->depth;
    return try_old(one, thread_number());
}

/* ---- The names of Fortran and of OMP_1.0 ---- */

/* All operations, under names with that ending. `lock` is what Fortran's variable holds. */
#define TWINS(name, lock, family, reach)                                                           \
    void omp_set_##name##_(lock *one)                                                              \
    {                                                                                              \
        family##_set_##name(reach one);                                                            \
    }                                                                                              \
    void omp_unset_##name##_(lock *one)                                                            \
    {                                                                                              \
        family##_unset_##name(reach one);                                                          \
    }                                                                                              \
    int omp_test_##name##_(lock *one)                                                              \
    {                                                                                              \
        return family##_test_##name(reach one);                                                    \
    }

TWINS(lock, fl_omp_user_lock, omp, )
TWINS(nest_lock, fl_omp_nest_lock *, fl_omp, *)

void omp_init_lock_(fl_omp_user_lock *one)
{
    omp_init_lock(one);
}

void omp_destroy_lock_(fl_omp_user_lock *one)
{
    omp_destroy_lock(one);
}

void omp_init_lock_with_hint_(fl_omp_user_lock *one, const int32_t *hint)
{
    omp_init_lock_with_hint(one, *hint);
}

void omp_init_nest_lock_(fl_omp_nest_lock **one)
{
    *one = fl_omp_allocate(sizeof **one);
}

void omp_destroy_nest_lock_(fl_omp_nest_lock **one)
{
    free(*one);
    *one = NULL;
}

void omp_init_nest_lock_with_hint_(fl_omp_nest_lock **one, const int32_t *hint)
{
    (void)hint;
    omp_init_nest_lock_(one);
}

/* C and Fortran share them there: a Fortran variable holds the lock itself. */
#define OLD_TWIN(result, operation, name, ending, lock, call)                                      \
    FL_OMP_API result fl_omp_##operation##_##name##ending##_1_0(lock *one);                        \
    result fl_omp_##operation##_##name##ending##_1_0(lock *one)                                    \
    {                                                                                              \
        return call(one);                                                                          \
    }                                                                                              \
    __asm__(".symver fl_omp_" #operation "_" #name #ending "_1_0, omp_" #operation                 \
            "_" #name #ending "@OMP_1.0");
#define OLD_TWINS(ending)                                                                          \
    OLD_TWIN(void, init, lock, ending, fl_omp_user_lock, omp_init_lock)                            \
    OLD_TWIN(void, destroy, lock, ending, fl_omp_user_lock, omp_destroy_lock)                      \
    OLD_TWIN(void, set, lock, ending, fl_omp_user_lock, omp_set_lock)                              \
    OLD_TWIN(void, unset, lock, ending, fl_omp_user_lock, omp_unset_lock)                          \
    OLD_TWIN(int, test, lock, ending, fl_omp_user_lock, omp_test_lock)                             \
    OLD_TWIN(void, init, nest_lock, ending, fl_omp_old_nest_lock, init_old)                        \
    OLD_TWIN(void, destroy, nest_lock, ending, fl_omp_old_nest_lock, destroy_old)                  \
    OLD_TWIN(void, set, nest_lock, ending, fl_omp_old_nest_lock, set_old)                          \
    OLD_TWIN(void, unset, nest_lock, ending, fl_omp_old_nest_lock, unset_old)                      \
    OLD_TWIN(int, test, nest_lock, ending, fl_omp_old_nest_lock, test_old)

OLD_TWINS()
OLD_TWINS(_)

/* ---- Critical sections ---- */

/* Critical regions, and atomic constructs that the processor cannot do. The word that gcc sets
 * aside for each name is the lock itself. */

static filch_u32 unnamed, atomics;

void GOMP_critical_start(void)
{
    fl_omp_lock(&unnamed, "a critical region");
}

void GOMP_critical_end(void)
{
    fl_omp_unlock(&unnamed);
}

/* gcc gives each name a pointer that begins as NULL. */
static filch_u32 *word_of(void **name)
{
    return (filch_u32 *)(void *)name;
}

void GOMP_critical_name_start(void **name)
{
    fl_omp_lock(word_of(name), "a critical region");
}

void GOMP_critical_name_end(void **name)
{
    fl_omp_unlock(word_of(name));
}

void GOMP_atomic_start(void)
{
    fl_omp_lock(&atomics, "an atomic construct");
}

void GOMP_atomic_end(void)
{
    fl_omp_unlock(&atomics);
}
