/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A handler may do next to nothing: it notes the signal and rings an eventfd, for which the keeper
 * waits; the keeper's thread cancels.
 *
 * Edges:
 *   Y3 noted: or of a bit into noted, release  -> Y4 and of noted with 0, acquire; a signal noted
 *                                                 after that rings again
 * Life: the eventfd is made once, and stays; so do the waiter and its node. */
#include <filch/signals.h>

#include <runtime/core/error.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/deadlock.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SIGNALS = 64 };

static filch_u64 noted; /* bit s - 1: signal s */
static pid_t owner;
static int bell = -1;
static filch_u32 lock; /* of what follows, and of the two above while they change */
static struct taken {
    filch_context *context; /* held; NULL: the signal is not ours */
    struct sigaction before;
} taken[SIGNALS + 1];
static fl_waiter waiter;
static fl_node node;

/* ---- When it comes ---- */

static void note(int number)
{
    int saved = errno;
    if (getpid() != owner) { /* a child of fork(), which rings its parent's bell else */
        signal(number, SIG_DFL);
        raise(number);
    } else {
        filch_u64_or(&noted, UINT64_C(1) << (number - 1), FILCH_RELEASE); /* Y3 */
        eventfd_write(bell, 1);
    }
    errno = saved;
}

/* Under the lock. Returns how often the context was held here. */
static unsigned give_back(const filch_context *context)
{
    unsigned count = 0;
    for (int number = 1; number <= SIGNALS; number++) {
        if (taken[number].context != context)
            continue;
        sigaction(number, &taken[number].before, NULL);
        taken[number].context = NULL;
        count++;
    }
    fl_outside_expected(-(int)count);
    return count;
}

static void release(filch_context *context, unsigned count)
{
    while (count--)
        filch_context_release(context);
}

static void come(int number)
{
    fl_lock(&lock);
    filch_context *context = taken[number].context;
    unsigned count = context ? give_back(context) : 0;
    fl_unlock(&lock);
    if (context)
        filch_context_cancel(context, -EINTR);
    release(context, count);
}

/* The keeper calls. */
static void rung(fl_waiter *unused)
{
    eventfd_t rings;
    (void)unused;
    eventfd_read(bell, &rings);
    uint64_t all = filch_u64_and(&noted, 0, FILCH_ACQUIRE); /* Y4 */
    waiter = (fl_waiter){.told = rung};
    if (fl_watch_start(&node, bell, POLLIN)) /* it was watched a moment ago */
        filch_die("signals can no longer be waited for: %s", filch_error());
    for (int number = 1; number <= SIGNALS; number++)
        if (all & UINT64_C(1) << (number - 1))
            come(number);
}

/* ---- For users ---- */

/* Under the lock; once in a process, and again in a child of fork(). */
static int start(void)
{
    if (owner == getpid())
        return 0;
    if (bell >= 0)
        close(bell);
    memset(taken, 0, sizeof taken);
    bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell < 0)
        return fl_fail(errno, "no file for signals: %s; close some", strerror(errno));
    waiter = (fl_waiter){.told = rung};
    node = (fl_node){.waiter = &waiter};
    int rc = fl_watch_start(&node, bell, POLLIN);
    if (!rc)
        owner = getpid();
    return rc;
}

static bool raised_by_errors(int number)
{
    static const int errors[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i] == number)
            return true;
    return false;
}

/* Under the lock. */
static int take(filch_context *context, int number)
{
    struct sigaction ours = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigfillset(&ours.sa_mask);
    if (number < 1 || number > SIGNALS || raised_by_errors(number))
        return fl_fail(EINVAL, "signal %d cannot be waited for; SIGTERM and SIGINT can", number);
    if (taken[number].context)
        return fl_fail(EBUSY, "another context has signal %d; filch_signal_context_end that",
                       number);
    if (sigaction(number, &ours, &taken[number].before))
        return fl_fail(EINVAL, "signal %d cannot be caught; SIGTERM and SIGINT can", number);
    if (taken[number].before.sa_handler == note) /* inherited through fork() */
        taken[number].before = (struct sigaction){.sa_handler = SIG_DFL};
    taken[number].context = filch_context_retain(context);
    fl_outside_expected(1);
    return 0;
}

static int take_all(filch_context *context, const int *signals, size_t count)
{
    fl_lock(&lock);
    int rc = start();
    for (size_t i = 0; i < count && !rc; i++)
        rc = take(context, signals[i]);
    unsigned held = rc ? give_back(context) : 0;
    fl_unlock(&lock);
    release(context, held);
    return rc;
}

int filch_signal_context(filch_context **out, filch_context *parent, const int *signals,
                         size_t count)
{
    filch_context *context = NULL;
    if (!out || !signals || !count)
        return fl_fail(EINVAL, "filch_signal_context without %s; give it some",
                       out ? "signals" : "a place for the context");
    int rc = filch_context_create(&context, parent);
    if (rc)
        return rc;
    rc = take_all(context, signals, count);
    if (rc)
        filch_context_release(context);
    else
        *out = context;
    return rc;
}

void filch_signal_context_end(filch_context *context)
{
    if (!context)
        return;
    fl_lock(&lock);
    unsigned count = give_back(context);
    fl_unlock(&lock);
    release(context, count);
}
