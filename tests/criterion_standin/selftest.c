/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does the stand-in tell good tests from bad ones? Suite good passes, each test of suite bad must
 * be reported, and suite meet passes with -j2 alone; the build checks the closing line. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

static int prepared;

static void prepare(void)
{
    prepared = 1;
}

TestSuite(prepared, .init = prepare);
Test(prepared, init_ran)
{
    cr_assert_eq(prepared, 1);
}

Test(good, ends)
{
    cr_assert(1, "with %s", "a message");
    cr_expect_str_eq("a", "a");
    cr_assert_float_eq(1.0, 1.05, 0.1);
}
Test(good, announced_signal, .signal = SIGABRT)
{
    abort();
}
Test(good, announced_exit_code, .exit_code = 3)
{
    exit(3);
}
Test(good, skips)
{
    cr_skip_test("not here");
}
Test(good, disabled, .disabled = true)
{
    cr_assert(0);
}

Test(bad, asserts)
{
    cr_assert_neq(1, 1, "and says %d", 1);
}
Test(bad, expects)
{
    cr_expect_null("");
}
Test(bad, wrong_signal, .signal = SIGSEGV)
{
    abort();
}
Test(bad, signal_missing, .signal = SIGABRT)
{
}
Test(bad, leaves)
{
    exit(0);
}
Test(bad, hangs, .timeout = 0.01)
{
    pause();
}
Test(bad, asserts_in_fini, .fini = abort)
{
}

static int *arrived;

static __attribute__((constructor)) void share_memory(void)
{
    arrived = (int *)mmap(NULL, sizeof *arrived, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0);
}

static void wait_for_other(void)
{
    __atomic_fetch_add(arrived, 1, __ATOMIC_RELAXED);
    for (int ms = 0; ms < 500 && __atomic_load_n(arrived, __ATOMIC_RELAXED) < 2; ms++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    int found = __atomic_load_n(arrived, __ATOMIC_RELAXED);
    if (found < 2)
        __atomic_store_n(arrived, 0, __ATOMIC_RELAXED);
    cr_assert_eq(found, 2);
}
Test(meet, one)
{
    wait_for_other();
}
Test(meet, other)
{
    wait_for_other();
}

#ifdef FILCH_TSAN
static int shared;

static void *race(void *unused)
{
    (void)unused;
    shared++;
    return NULL;
}

Test(bad, races)
{
    pthread_t thread;
    pthread_create(&thread, NULL, race, NULL);
    shared++;
    pthread_join(thread, NULL);
}
#endif

#ifdef __SANITIZE_ADDRESS__
static __attribute__((noinline)) void lose_memory(void)
{
    void *volatile lost = malloc(100);
    lost = NULL;
    (void)lost;
}

Test(bad, leaks)
{
    lose_memory();
}
#endif
