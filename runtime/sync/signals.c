/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A handler may do next to nothing: it counts the signal and writes an eventfd, for which the timer
 * thread waits; the timer thread cancels, or sends. Signals are handled, not blocked and read by
 * signalfd: that would need them blocked in each thread, also in those that libraries started
 * before.
 *
 * Edges:
 *   NoteSignal: add 1 to noted, release             -> TakeSignals: and of noted with 0,
 *                                                      acquire; a signal noted after that writes
 *                                                      again
 * Life: the eventfd is made once, and stays; so do the waiter and its node. */
#include <filch/process.h>

#include <runtime/engine/threads.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/uncancelled.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/channel.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SIGNALS = 64, WAITING_MOST = 64 };

static filch_u32 noted[SIGNALS + 1]; /* how often each has come since the timer thread looked */
static pid_t owner;
static int wake_event = -1;
static filch_u32 lock; /* guards the fields below, and changes of the two above */
/* A signal cancels a context, which is held, or is sent into a channel. */
typedef struct effect {
    filch_context *context;
    filch_channel *channel;
} effect;
static struct taken {
    effect does; /* neither: the signal is not ours */
    struct sigaction before;
} taken[SIGNALS + 1];
static fl_waiter waiter;
static fl_node node;

/* ---- When it comes ---- */

static void note(int number)
{
    int saved = errno;
    if (getpid() != owner) { /* or else a child of fork() writes to its parent's wake-up event */
        signal(number, SIG_DFL);
        raise(number);
    } else {
        filch_u32_add(&noted[number], 1, FILCH_RELEASE); /* NoteSignal */
        int was = fl_cancel_hold();
        eventfd_write(wake_event, 1);
        fl_cancel_release(was);
    }
    errno = saved;
}

static bool is_taken(int number)
{
    return taken[number].does.context || taken[number].does.channel;
}

/* Under the lock. Returns how many signals had this effect: so often a context was held here. */
static unsigned give_back(effect does)
{
    unsigned count = 0;
    for (int number = 1; number <= SIGNALS; number++) {
        effect is = taken[number].does;
        if (!is_taken(number) || is.context != does.context || is.channel != does.channel)
            continue;
        sigaction(number, &taken[number].before, NULL);
        taken[number].does = (effect){0};
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

/* So often, at least once. Sends under the lock: filch_signal_channel_stop ends that. */
static void come(int number, uint32_t times)
{
    fl_lock(&lock);
    effect does = taken[number].does;
    unsigned count = does.context ? give_back(does) : 0;
    while (does.channel && times-- && !filch_channel_try_send(does.channel, &number)) {
    }
    fl_unlock(&lock);
    if (does.context)
        filch_context_cancel(does.context, -EINTR);
    release(does.context, count);
}

/* Called by the timer thread. */
static void woken(fl_waiter *unused)
{
    eventfd_t writes;
    (void)unused;
    eventfd_read(wake_event, &writes);
    for (int number = 1; number <= SIGNALS; number++) {
        uint32_t times = filch_u32_and(&noted[number], 0, FILCH_ACQUIRE); /* TakeSignals */
        if (times)
            come(number, times);
    }
    waiter = (fl_waiter){.told = woken};
    if (fl_watch_start(&node, wake_event, POLLIN)) /* it was watched a moment ago */
        filch_die("cannot wait for signals any longer: %s", filch_error());
}

/* ---- For users ---- */

/* Under the lock; once in a process, and again in a child of fork(). */
static int start(void)
{
    if (owner == getpid())
        return 0;
    if (wake_event >= 0)
        close(wake_event);
    memset(taken, 0, sizeof taken);
    wake_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_event < 0)
        return fl_fail(errno, "no file for signals: %s; close some", strerror(errno));
    waiter = (fl_waiter){.told = woken};
    node = (fl_node){.waiter = &waiter};
    int rc = fl_watch_start(&node, wake_event, POLLIN);
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
static int take(effect does, int number)
{
    struct sigaction ours = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigfillset(&ours.sa_mask);
    if (number < 1 || number > SIGNALS || raised_by_errors(number))
        return fl_fail(EINVAL, "signal %d cannot be waited for; SIGTERM and SIGINT can", number);
    if (is_taken(number))
        return fl_fail(EBUSY, "another context or channel has signal %d; filch_signal_%s_stop that",
                       number, taken[number].does.context ? "context" : "channel");
    filch_u32_and(&noted[number], 0, FILCH_ACQUIRE); /* TakeSignals: they came for another */
    if (sigaction(number, &ours, &taken[number].before))
        return fl_fail(EINVAL, "signal %d cannot be caught; SIGTERM and SIGINT can", number);
    if (taken[number].before.sa_handler == note) /* inherited through fork() */
        taken[number].before = (struct sigaction){.sa_handler = SIG_DFL};
    taken[number].does = does;
    filch_context_retain(does.context);
    fl_outside_expected(1);
    return 0;
}

static int take_all(effect does, const int *signals, size_t count)
{
    fl_lock(&lock);
    int rc = fl_virtual_refuse("catching signals");
    if (!rc)
        rc = start();
    for (size_t i = 0; i < count && !rc; i++)
        rc = take(does, signals[i]);
    unsigned held = rc ? give_back(does) : 0;
    fl_unlock(&lock);
    if (does.context)
        release(does.context, held);
    return rc;
}

static unsigned end(effect does)
{
    fl_lock(&lock);
    unsigned count = give_back(does);
    fl_unlock(&lock);
    return count;
}

int filch_signal_context_start(filch_context **out, filch_context *parent, const int *signals,
                               size_t count)
{
    FL_GIVEN(out);
    FL_MAY_LIVE(parent);
    FL_GIVEN(signals);
    filch_context *context = NULL;
    if (!count)
        return fl_fail(EINVAL, "filch_signal_context_start without signals; name at least one");
    int rc = filch_context_create(&context, parent);
    if (rc)
        return rc;
    rc = take_all((effect){.context = context}, signals, count);
    if (rc)
        filch_context_release(context);
    else
        *out = context;
    return rc;
}

void filch_signal_context_stop(filch_context *context)
{
    FL_MAY_LIVE(context);
    if (context)
        release(context, end((effect){.context = context}));
}

int filch_signal_channel_start(filch_channel **out, const int *signals, size_t count)
{
    FL_GIVEN(out);
    FL_GIVEN(signals);
    filch_channel *channel = NULL;
    if (!count)
        return fl_fail(EINVAL, "filch_signal_channel_start without signals; name at least one");
    int rc = filch_channel_create(&channel, sizeof(int), WAITING_MOST);
    if (rc)
        return rc;
    rc = take_all((effect){.channel = channel}, signals, count);
    if (rc)
        filch_channel_destroy(channel);
    else
        *out = channel;
    return rc;
}

void filch_signal_channel_stop(filch_channel *channel)
{
    FL_MAY_LIVE(channel);
    if (!channel)
        return;
    end((effect){.channel = channel});
    filch_channel_close(channel);
}
