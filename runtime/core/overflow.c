/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/overflow.h>

#include <runtime/core/error.h>
#include <runtime/core/worker.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct sigaction before;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int failed;

/* As if our handler had never been there; returning makes the fault happen again, now under theirs.
 */
static void pass_on(int signal, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(signal, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(signal);
    else {
        sigaction(signal, &before, NULL);
        if (info->si_code <= 0) /* sent by somebody: it does not happen again by itself */
            raise(signal);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    fl_worker *worker = fl_carrier_here();
    fl_fiber *fiber = worker ? worker->running : NULL;
    if (!fiber || fiber == &worker->native || !fl_fiber_guards(fiber, info->si_addr)) {
        pass_on(signal, info, context);
        return;
    }
    char where[24] = "in a blocking call";
    if (!worker->carrier)
        snprintf(where, sizeof where, "on worker %u", worker->index);
    const char *task = fl_fiber_task(fiber);
    filch_die("stack overflow %s, in or below task %s (stacks are %zu KiB); raise stack_size or "
              "FILCH_STACK_SIZE, or recurse less deeply",
              where, task ? task : "(from outside)", fiber->shadow.size >> 10);
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
