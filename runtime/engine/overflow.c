/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/overflow.h>

#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static struct sigaction before;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int failed;

/* Restores the previous handler; returning makes the fault happen again, now under that one. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(signal, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(signal);
    else {
        sigaction(signal, &before, NULL);
        if (info->si_code <= 0) /* sent by a process: it does not happen again by itself */
            raise(signal);
    }
}

void fl_overflow_die(const fl_worker *worker, const fl_fiber *fiber)
{
    char where[24] = "in a blocking call";
    if (!worker->carrier)
        snprintf(where, sizeof where, "on worker %u", worker->index);
    const char *task = fl_fiber_task(fiber);
    filch_die("stack overflow %s, in or below task %s (stacks are %zu KiB); raise stack_size or "
              "FILCH_STACK_SIZE, or recurse less deeply",
              where, task ? task : "(from outside)", fiber->shadow.size >> 10);
}

/* The stack pointer of the code that faulted; the highest address if it is unknown. */
static uintptr_t stack_pointer(const void *context)
{
    const ucontext_t *at = context;
#if defined(__x86_64__)
    return (uintptr_t)at->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (uintptr_t)at->uc_mcontext.sp;
#elif defined(__riscv)
    return (uintptr_t)at->uc_mcontext.__gregs[REG_SP];
#else
    (void)at;
    return UINTPTR_MAX;
#endif
}

/* Did a signal handler of the program fault, on the thread's signal stack? */
static bool is_on_signal_stack(uintptr_t at)
{
    stack_t now;
    return !sigaltstack(NULL, &now) && at - (uintptr_t)now.ss_sp < now.ss_size;
}

/* In the guard, or beyond it: a frame that jumped over the guard faults wherever it is touched. */
static bool overflowed(const fl_fiber *fiber, const siginfo_t *info, const void *context)
{
    uintptr_t at = stack_pointer(context);
    return fl_fiber_guards(fiber, info->si_addr) ||
           (fl_overflow_below(fiber, at) && !is_on_signal_stack(at));
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    fl_worker *worker = fl_carrier_here();
    fl_fiber *fiber = worker ? worker->running : NULL;
    if (!fiber || fiber == &worker->native || fl_fiber_guest(fiber) ||
        !overflowed(fiber, info, context)) {
        pass_on(signal, info, context);
        return;
    }
    fl_overflow_die(worker, fiber);
}

static void install(void)
{
    struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    failed = sigaction(SIGSEGV, &ours, &before) ? errno : 0;
}

int fl_overflow_install(void)
{
    pthread_once(&once, install);
    return failed ? fl_fail(failed, "no handler for stack overflows: %s", strerror(failed)) : 0;
}

size_t fl_overflow_stack_size(void)
{
    size_t least = 4 * (size_t)MINSIGSTKSZ;
    return least < (32 << 10) ? 32 << 10 : least;
}

static __thread stack_t found; /* a sanitizer's, say, which frees it when the thread ends */

void fl_overflow_enter(void *room)
{
    stack_t stack = {.ss_sp = room, .ss_size = fl_overflow_stack_size()};
    sigaltstack(&stack, &found);
}

void fl_overflow_exit(void)
{
    sigaltstack(&found, NULL);
}
