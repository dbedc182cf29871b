/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/warning.h>

#include <runtime/platform/atfork.h>
#include <runtime/platform/lock.h>

#include <filch/atomic.h>

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    filch_u32 lock; /* of what follows; no thread forks while one holds it */
    fl_warning_outlet *newest;
} outlets;

static void lock_outlets(void)
{
    fl_fork_hold();
    fl_lock(&outlets.lock);
}

static void unlock_outlets(void)
{
    fl_unlock(&outlets.lock);
    fl_fork_release();
}

void fl_warning_outlet_add(fl_warning_outlet *outlet)
{
    lock_outlets();
    outlet->older = outlets.newest;
    outlets.newest = outlet;
    unlock_outlets();
}

void fl_warning_outlet_remove(fl_warning_outlet *outlet)
{
    lock_outlets();
    fl_warning_outlet **at = &outlets.newest;
    while (*at != outlet)
        at = &(*at)->older;
    *at = outlet->older;
    unlock_outlets();
}

static bool take(const char *text)
{
    bool taken = false;
    lock_outlets();
    for (fl_warning_outlet *one = outlets.newest; one && !taken; one = one->older)
        taken = one->take(one, text);
    unlock_outlets();
    return taken;
}

void fl_warn(const char *text)
{
    char end[] = "\n";
    if (take(text))
        return;
    struct iovec parts[] = {{(void *)(uintptr_t)text, strlen(text)}, {end, 1}};
    ssize_t written = writev(STDERR_FILENO, parts, 2);
    (void)written;
}
