/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <signal.h>
#include <sys/mman.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* 256 bytes of frame at least, which no compiler may drop. */
static FILCH_UNUSED long sink;
static __attribute__((noinline)) long burn(int depth)
{
    volatile char frame[256];
    frame[depth & 255] = (char)depth;
    if (depth > 0)
        sink += burn(depth - 1);
    return frame[depth & 255];
}

FILCH_TASK(long, deep, (int, depth))
{
    return burn(depth);
}

static signpost taken;

FILCH_TASK(long, deep_elsewhere, (int, depth))
{
    signpost_raise(&taken);
    return burn(depth);
}

FILCH_TASK(long, has_a_deep_child, (int, depth))
{
    FILCH_FORK(deep_elsewhere, depth);
    signpost_wait(&taken, 1);
    FILCH_JOIN(long bottom, deep_elsewhere);
    return bottom;
}

FILCH_VOID_TASK(touch, (char *, where))
{
    *where = 1;
}

static filch_runtime *runtime(size_t stack_size)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 2, .stack_size = stack_size, .guest = "0"};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    return rt;
}

enum { TOO_DEEP = 10000000, DEEP = 2000 };

static void overflow(void)
{
    FILCH_RUN(runtime(64 << 10), deep, TOO_DEEP);
}

static void overflow_elsewhere(void)
{
    FILCH_RUN(runtime(64 << 10), has_a_deep_child, TOO_DEEP);
}

Test(overflow, stack_overflow_dies_naming_task)
{
    struct child child;
    child_run(&child, overflow_elsewhere);
    cr_assert(child_died(&child, "stack overflow on worker"), "0x%x: %s", child.status, child.text);
    cr_assert(child_died(&child, "in or below task deep_elsewhere"), "%s", child.text);
    cr_assert(child_died(&child, "stacks are 64 KiB"));
    cr_assert(child_died(&child, "FILCH_STACK_SIZE"));
    child_run(&child, overflow);
    cr_assert(child_died(&child, "in or below task deep "), "0x%x: %s", child.status, child.text);
}

Test(overflow, stack_overflow_aborts, .signal = SIGABRT)
{
    overflow();
}

Test(overflow, requested_stack_size_is_usable)
{
    filch_runtime *rt = runtime(4 << 20);
    cr_assert_eq(FILCH_RUN(rt, deep, DEEP), (char)DEEP);
    OK(filch_runtime_destroy(rt));
}

/* ---- Frames larger than a stack ---- */

static size_t frame;

static void has_a_large_frame(filch_self self, void *unused)
{
    volatile char *bytes = __builtin_alloca(frame);
    for (unsigned i = 0; i < 256; i++) /* the low end only */
        bytes[i] = 1;
}

static void overflow_by_one_frame(void)
{
    filch_runtime *rt = runtime(0);
    CHILD_CHECK(filch_go(rt, has_a_large_frame, NULL) == 0);
    filch_runtime_destroy(rt);
}

static void expect_frame_named(size_t size)
{
    struct child child;
    frame = size;
    child_run(&child, overflow_by_one_frame);
    cr_assert(child_died(&child, "stack overflow on worker"), "%zu: 0x%x: %s", size, child.status,
              child.text);
    cr_assert(child_died(&child, "in or below task has_a_large_frame"), "%zu: %s", size,
              child.text);
}

Test(overflow, frame_ending_in_guard_is_named)
{
    for (size_t size = 270 << 10; size < 380 << 10; size += 20 << 10)
        expect_frame_named(size);
}

/* docs/limits.md: other compilers do not touch the pages of memory from alloca. */
#if defined(__x86_64__) || !defined(__clang__)
Test(overflow, frames_of_any_size_are_named)
{
    for (size_t size = 600 << 10; size < (size_t)256 << 20; size *= 3)
        expect_frame_named(size);
}
#endif

/* The same of frames whose size is known when they are compiled. */
#if defined(__x86_64__) || (defined(__aarch64__) && !defined(__clang__))
static __attribute__((noinline)) void fill_low_end(volatile char *bytes)
{
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = 1;
}

static void has_a_fixed_frame(filch_self self, void *unused)
{
    volatile char bytes[3 << 20];
    fill_low_end(bytes);
}

static void overflow_by_a_fixed_frame(void)
{
    filch_runtime *rt = runtime(0);
    CHILD_CHECK(filch_go(rt, has_a_fixed_frame, NULL) == 0);
    filch_runtime_destroy(rt);
}

Test(overflow, oversized_fixed_frame_is_named)
{
    struct child child;
    child_run(&child, overflow_by_a_fixed_frame);
    cr_assert(child_died(&child, "stack overflow on worker"), "0x%x: %s", child.status, child.text);
    cr_assert(child_died(&child, "in or below task has_a_fixed_frame"), "%s", child.text);
}
#endif

static char *forbidden;

static char *forbid(void)
{
    forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(forbidden != MAP_FAILED);
    return forbidden;
}

static void users_handler(int signal, siginfo_t *info, void *context)
{
    _exit(info->si_addr == forbidden ? 42 : 43);
}

static void users_plain_handler(int signal)
{
    _exit(signal == SIGSEGV ? 44 : 45);
}

static void fault_with(struct sigaction *users)
{
    sigemptyset(&users->sa_mask);
    CHILD_CHECK(sigaction(SIGSEGV, users, NULL) == 0);
    FILCH_RUN(runtime(0), touch, forbid());
}

static void fault_with_a_handler(void)
{
    fault_with(&(struct sigaction){.sa_sigaction = users_handler, .sa_flags = SA_SIGINFO});
}

static void fault_with_a_plain_handler(void)
{
    fault_with(&(struct sigaction){.sa_handler = users_plain_handler});
}

static void fault_with_the_default(void)
{
    fault_with(&(struct sigaction){.sa_handler = SIG_DFL});
}

static void fault_on_a_foreign_thread(void)
{
    struct sigaction users = {.sa_sigaction = users_handler, .sa_flags = SA_SIGINFO};
    sigemptyset(&users.sa_mask);
    CHILD_CHECK(sigaction(SIGSEGV, &users, NULL) == 0);
    runtime(0);
    *forbid() = 1;
}

static void touches_forbidden(int signal)
{
    *forbidden = 1;
}

FILCH_VOID_TASK(raises, (int, signal))
{
    raise(signal);
}

static void fault_on_the_signal_stack(void)
{
    struct sigaction segv = {.sa_sigaction = users_handler, .sa_flags = SA_SIGINFO};
    struct sigaction usr1 = {.sa_handler = touches_forbidden, .sa_flags = SA_ONSTACK};
    forbid();
    CHILD_CHECK(sigaction(SIGSEGV, &segv, NULL) == 0);
    CHILD_CHECK(sigaction(SIGUSR1, &usr1, NULL) == 0);
    FILCH_RUN(runtime(0), raises, SIGUSR1);
}

static void expect_exit(void (*work)(void), int code)
{
    struct child child;
    child_run(&child, work);
    cr_assert(WIFEXITED(child.status) && WEXITSTATUS(child.status) == code, "0x%x: %s",
              child.status, child.text);
}

Test(overflow, other_faults_reach_previous_handler)
{
    expect_exit(fault_with_a_handler, 42);
    expect_exit(fault_with_a_plain_handler, 44);
    expect_exit(fault_on_a_foreign_thread, 42);
    if (!BUILD_TSAN) /* it blocks all signals while a handler runs */
        expect_exit(fault_on_the_signal_stack, 42);
}

Test(overflow, other_faults_kill_without_previous_handler)
{
    struct child child;
    child_run(&child, fault_with_the_default);
    cr_assert(WIFSIGNALED(child.status), "0x%x: %s", child.status, child.text);
    cr_assert_eq(WTERMSIG(child.status), SIGSEGV);
    cr_assert_null(strstr(child.text, "filch: "));
}
