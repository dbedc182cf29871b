/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guests for longer than a call: filch_guest_attach and filch_guest_detach. */
#include <errno.h>
#include <pthread.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static void attach(filch_runtime *rt, filch_guest *guest)
{
    cr_assert_eq(filch_guest_attach(rt, guest), 0, "%s", filch_error());
}

/* ---- Attached ---- */

Test(attach, an_attached_thread_works)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3; i++) {
        filch_runtime *rt = guest_asleep(workers[i]);
        for (unsigned k = 0; k < 50; k++) {
            filch_guest guest;
            pthread_t thread = pthread_self();
            wait_until_all_sleep(rt);
            attach(rt, &guest);
            cr_assert_eq(filch_runtime_here(), rt);
            cr_assert_geq(filch_worker_index(), 0);
            cr_assert_eq(fib(guest.self, 15), 610);
            cr_assert(pthread_equal(pthread_self(), thread));
            filch_guest_detach(&guest);
            cr_assert_eq(filch_worker_index(), -1);
        }
        expect_rest(rt);
    }
}

static void *set_later(void *future)
{
    usleep(2000);
    filch_future_set(future, &(int){7}, sizeof(int));
    return NULL;
}

Test(attach, an_attached_thread_may_wait)
{
    filch_guest guest;
    filch_future future = {0};
    pthread_t thread;
    filch_runtime *rt = guest_asleep(2);
    attach(rt, &guest);
    cr_assert_eq(pthread_create(&thread, NULL, set_later, &future), 0);
    OK(filch_await(&future));
    cr_assert_eq(FILCH_VALUE(int, &future), 7);
    cr_assert_eq(fib(guest.self, 15), 610);
    filch_guest_detach(&guest);
    pthread_join(thread, NULL);
    expect_rest(rt);
}

Test(attach, one_runtime_after_another)
{
    filch_guest guest;
    filch_runtime *rt = guest_asleep(1), *other = guest_asleep(1);
    attach(rt, &guest);
    cr_assert_eq(FILCH_RUN(other, fib, 10), 55);
    filch_guest_detach(&guest);
    wait_until_all_sleep(other);
    attach(other, &guest);
    filch_guest_detach(&guest);
    expect_rest(rt);
    expect_rest(other);
}

FILCH_TASK(int, fails)
{
    FILCH_PANIC(-EPROTO, "on purpose");
    return 0;
}

static void forks_one_that_fails(filch_self self, void *unused)
{
    FILCH_FORK(fails);
    FILCH_JOIN(int result, fails);
    (void)result;
}

Test(attach, a_panic_ends_in_a_try)
{
    filch_guest guest;
    filch_failure failure;
    filch_runtime *rt = guest_asleep(2);
    attach(rt, &guest);
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(filch_try(guest.self, forks_one_that_fails, NULL, &failure), -EPROTO);
    cr_assert_eq(fib(guest.self, 10), 55);
    filch_guest_detach(&guest);
    expect_rest(rt);
}

/* ---- Refusals ---- */

FILCH_TASK(int, attaches, (filch_runtime *, rt))
{
    filch_guest guest;
    return filch_guest_attach(rt, &guest);
}

static filch_runtime *narrow; /* whose stacks are larger than the thread's */

static void *attach_here(void *result)
{
    filch_guest guest;
    int state;
    *(int *)result = filch_guest_attach(narrow, &guest);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    cr_assert_eq(state, PTHREAD_CANCEL_ENABLE, "as before");
    return NULL;
}

Test(attach, what_cannot_attach_is_refused)
{
    filch_guest guest, second;
    pthread_t thread;
    int result;
    filch_runtime *rt = guest_asleep(1), *without = NULL;
    cr_assert_eq(filch_guest_attach(NULL, &guest), -EINVAL);
    cr_assert_eq(filch_guest_attach(rt, NULL), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, attaches, rt), -EDEADLK);
    attach(rt, &guest);
    cr_assert_eq(filch_guest_attach(rt, &second), -EDEADLK);
    narrow = rt;
    cr_assert_eq(pthread_create(&thread, NULL, attach_here, &result), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(result, -EAGAIN, "the only worker is lent");
    filch_guest_detach(&guest);
    expect_rest(rt);
    OK(filch_runtime_create(&without, &(filch_config){.workers = 1, .guest = "0"}));
    cr_assert_eq(filch_guest_attach(without, &guest), -ENOTSUP);
    OK(filch_runtime_destroy(without));
    OK(filch_runtime_create(&narrow, &(filch_config){.workers = 1, .stack_size = 1u << 30}));
    cr_assert_eq(pthread_create(&thread, NULL, attach_here, &result), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(result, -ENOMEM);
    OK(filch_runtime_destroy(narrow));
}

/* ---- Mistakes ---- */

static void detach_twice(void)
{
    filch_guest guest;
    attach(guest_asleep(1), &guest);
    filch_guest_detach(&guest);
    filch_guest_detach(&guest);
}

static void *detach_it(void *guest)
{
    filch_guest_detach(guest);
    return NULL;
}

static void detach_another(void)
{
    filch_guest guest;
    pthread_t thread;
    attach(guest_asleep(1), &guest);
    pthread_create(&thread, NULL, detach_it, &guest);
    pthread_join(thread, NULL);
}

static void leave_a_fork(void)
{
    filch_guest guest;
    attach(guest_asleep(1), &guest);
    filch_self self = guest.self;
    FILCH_FORK(fib, 5);
    filch_guest_detach(&guest);
}

static void leave_a_fork_in_the_guest(void)
{
    filch_guest guest;
    attach(guest_asleep(1), &guest);
    filch_self self = guest.self;
    FILCH_FORK(fib, 5);
    guest.self = self;
    filch_guest_detach(&guest);
}

static void do_nothing(void *unused)
{
}

static void leave_a_cleanup(void)
{
    filch_guest guest;
    filch_defer cleanup;
    attach(guest_asleep(1), &guest);
    filch_defer_begin(guest.self, &cleanup, do_nothing, NULL);
    filch_guest_detach(&guest);
}

static void *attach_and_end(void *rt)
{
    static __thread filch_guest guest;
    attach(rt, &guest);
    return NULL;
}

static void end_attached(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, attach_and_end, guest_asleep(1));
    pthread_join(thread, NULL);
}

static void panic_attached(void)
{
    filch_guest guest;
    attach(guest_asleep(1), &guest);
    fails(guest.self);
}

FILCH_TASK(int, fails_elsewhere, (signpost *, begun))
{
    signpost_raise(begun);
    FILCH_PANIC(-EPROTO, "on purpose");
    return 0;
}

static void join_a_panic(void)
{
    filch_guest guest;
    signpost begun = {0};
    filch_runtime *rt = guest_asleep(2);
    attach(rt, &guest);
    filch_self self = guest.self;
    FILCH_FORK(fails_elsewhere, &begun);
    while (!signpost_count(&begun)) { /* forks poke the other worker */
        FILCH_FORK(fib, 1);
        FILCH_JOIN(long one, fib);
        (void)one;
    }
    FILCH_JOIN(int result, fails_elsewhere);
    (void)result;
}

Test(attach, mistakes_die)
{
    static const struct {
        void (*work)(void);
        const char *words;
    } mistakes[] = {
        {detach_twice, "filch_guest_detach of a guest that is not attached to the calling thread"},
        {detach_another,
         "filch_guest_detach of a guest that is not attached to the calling thread"},
        {leave_a_fork, "unjoined fork"},
        {leave_a_fork_in_the_guest, "unjoined fork"},
        {leave_a_cleanup, "filch_guest_detach in a block with a deferred cleanup"},
        {end_attached, "a thread ended between filch_guest_attach and filch_guest_detach"},
        {panic_attached, "a panic left an attached thread"},
        {join_a_panic, "a panic left an attached thread"},
    };
    for (unsigned i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct child child;
        child_run(&child, mistakes[i].work);
        cr_assert(child_died(&child, mistakes[i].words), "%u: 0x%x %s", i, child.status,
                  child.text);
    }
}

/* ---- The end of a thread ---- */

static pthread_key_t key;

static void detach_late(void *guest)
{
    filch_guest_detach(guest);
}

static void *attach_until_the_end(void *rt)
{
    static __thread filch_guest guest;
    attach(rt, &guest);
    pthread_setspecific(key, &guest);
    return NULL;
}

/* The program's key is younger than the library's. */
Test(attach, a_destructor_may_detach)
{
    pthread_t thread;
    filch_guest guest;
    filch_runtime *rt = guest_asleep(1);
    attach(rt, &guest);
    filch_guest_detach(&guest);
    cr_assert_eq(pthread_key_create(&key, detach_late), 0);
    wait_until_all_sleep(rt);
    cr_assert_eq(pthread_create(&thread, NULL, attach_until_the_end, rt), 0);
    pthread_join(thread, NULL);
    expect_rest(rt);
}

/* ---- fork() ---- */

static filch_guest before_fork;

static void detach_in_the_child(void)
{
    filch_runtime *rt = guest_runtime(2);
    CHILD_CHECK(filch_runtime_here() == NULL);
    filch_guest_detach(&before_fork);
    CHILD_CHECK(FILCH_RUN(rt, fib, 15) == 610);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(attach, a_forked_child_is_not_attached)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer allows no threads in a child");
    struct child child;
    filch_runtime *rt = guest_asleep(2);
    attach(rt, &before_fork);
    child_run(&child, detach_in_the_child);
    cr_assert_eq(child.status, 0, "0x%x %s", child.status, child.text);
    cr_assert_eq(fib(before_fork.self, 15), 610);
    filch_guest_detach(&before_fork);
    expect_rest(rt);
}
