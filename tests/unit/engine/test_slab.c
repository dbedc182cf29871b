/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_guard_install fl_guard_mark_all fl_arena_renew
 *
 * Fibers are made in slabs, and arenas are replaced, while the lock of the fibers is free: the calls that take long are wrapped,
 * and look whether it is. */
#include <runtime/engine/fiber.h>
#include <tests/support/test.h>
#include <unistd.h>
#include <urcu-bp.h>

enum { MAX = 400, SINGLY = 16, STACK = 64 * 1024, FIBERS_A_CALL = 4, START = 1000 /* ns */ };

static fl_fibers fibers;
static fl_fiber *all[MAX];
static unsigned guards, renewals; /* calls */
static bool was_held;             /* in one of them */

static void look_at_lock(void)
{
    if (pthread_mutex_trylock(&fibers.lock))
        was_held = true;
    else
        pthread_mutex_unlock(&fibers.lock);
}

enum fl_guard __real_fl_guard_install(char *low, size_t size);
enum fl_guard __wrap_fl_guard_install(char *low, size_t size);
enum fl_guard __wrap_fl_guard_install(char *low, size_t size)
{
    look_at_lock();
    guards++;
    return __real_fl_guard_install(low, size);
}

unsigned __real_fl_guard_mark_all(char *low, size_t size, size_t stride, unsigned count);
unsigned __wrap_fl_guard_mark_all(char *low, size_t size, size_t stride, unsigned count);
unsigned __wrap_fl_guard_mark_all(char *low, size_t size, size_t stride, unsigned count)
{
    look_at_lock();
    unsigned marked = __real_fl_guard_mark_all(low, size, stride, count);
    guards += marked > 0;
    return marked;
}

void __real_fl_arena_renew(fl_arena *arena, const fl_layout *layout);
void __wrap_fl_arena_renew(fl_arena *arena, const fl_layout *layout);
void __wrap_fl_arena_renew(fl_arena *arena, const fl_layout *layout)
{
    look_at_lock();
    renewals++;
    __real_fl_arena_renew(arena, layout);
}

static void never_entered(void *unused)
{
    abort();
}

static void lay_out(void)
{
    guards = renewals = 0;
    was_held = false;
    cr_assert_eq(fl_fibers_init(&fibers, 1, MAX, STACK, FL_SIDE_INLINE), 0);
}

static void clear(void)
{
    fl_fibers_clear(&fibers);
}

TestSuite(slab, .init = lay_out, .fini = clear);

static fl_fiber *get(void)
{
    return fl_fibers_get(&fibers, never_entered);
}

static void get_all(void)
{
    for (unsigned i = 0; i < MAX; i++) {
        all[i] = get();
        cr_assert_not_null(all[i], "%u", i);
    }
}

Test(slab, fibers_are_made_without_the_lock)
{
    get_all();
    cr_assert_gt(guards, 0);
    cr_assert_not(was_held);
}

Test(slab, arenas_are_replaced_without_the_lock)
{
    get_all();
    for (unsigned i = 0; i < MAX; i++)
        fl_fibers_put(&fibers, all[i]);
    fl_look_begin(); /* no grace period ends while this thread has the lock */
    for (int64_t now = START; now;)
        now = fl_fibers_decay(&fibers, 0, now);
    fl_look_end();
    urcu_bp_barrier();
    pthread_mutex_lock(&fibers.lock); /* orders what was counted */
    pthread_mutex_unlock(&fibers.lock);
    cr_assert_gt(renewals, 0);
    cr_assert_not(was_held);
}

/* Where the kernel takes a list of ranges. */
Test(slab, one_call_guards_many_fibers)
{
    get_all();
    cr_assert(guards == MAX || guards < MAX / FIBERS_A_CALL, "%u calls", guards);
    if (__real_fl_guard_mark_all((char *)all[0] - fibers.layout.header_at, fibers.layout.guard, 0,
                                 1))
        cr_assert_lt(guards, MAX / FIBERS_A_CALL);
}

/* A system call that reads there fails, with no signal. */
Test(slab, each_fiber_has_its_own_guard)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    get_all();
    for (unsigned i = 0; i < MAX; i++) {
        const char *low = all[i]->shadow.low;
        cr_assert_neq(all[i]->guard, FL_GUARD_NONE);
        cr_assert_eq(write(ends[1], low - 1, 1), -1, "%u", i);
        cr_assert_eq(errno, EFAULT);
        cr_assert_eq(write(ends[1], low - fibers.layout.guard, 1), -1, "%u", i);
        cr_assert_eq(write(ends[1], low, 1), 1, "%u", i);
    }
    close(ends[0]);
    close(ends[1]);
}

Test(slab, slabs_stop_at_the_cap)
{
    get_all();
    cr_assert_eq(fl_fibers_count(&fibers), MAX);
    for (unsigned i = 0; i < MAX; i++)
        cr_assert_lt(all[i]->number - 1, MAX);
    cr_assert_null(get());
}

Test(slab, few_fibers_are_made_singly)
{
    for (unsigned i = 0; i < SINGLY; i++) {
        get();
        cr_assert_eq(fl_fibers_count(&fibers), i + 1);
    }
}

/* A worker may have found the cap reached while a slab was made. */
Test(slab, a_slab_relieves_starving_workers)
{
    while (fl_fibers_count(&fibers) < MAX / 2)
        get();
    while (fibers.dirty)
        get();
    fl_starve_begin(&fibers.starve);
    uint32_t seen = fl_starve_look(&fibers.starve);
    get();
    cr_assert_gt(fibers.dirty, 0);
    cr_assert_eq(fl_starve_look(&fibers.starve), seen + fibers.dirty);
    fl_starve_end(&fibers.starve);
}
