/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/affinity.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct fl_affinity fl_affinity_read_of(pid_t thread)
{
    /* The kernel wants room for every possible CPU, and returns EINVAL until the set is large
     * enough. */
    for (size_t cpus = 1024; cpus <= (size_t)1 << 20; cpus *= 2) {
        struct fl_affinity mask = {CPU_ALLOC(cpus), CPU_ALLOC_SIZE(cpus)};
        if (!mask.set || sched_getaffinity(thread, mask.size, mask.set) == 0)
            return mask;
        int error = errno;
        CPU_FREE(mask.set);
        if (error != EINVAL)
            break;
    }
    return (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_read(void)
{
    return fl_affinity_read_of(0);
}

struct fl_affinity fl_affinity_here(void)
{
    int cpu = sched_getcpu();
    size_t room = cpu < 0 ? 1 : (size_t)cpu + 1;
    struct fl_affinity mask = {CPU_ALLOC(room), CPU_ALLOC_SIZE(room)};
    if (!mask.set)
        return (struct fl_affinity){0};
    CPU_ZERO_S(mask.size, mask.set);
    CPU_SET_S(room - 1, mask.size, mask.set);
    return mask;
}

void fl_affinity_free(struct fl_affinity *mask)
{
    CPU_FREE(mask->set);
    *mask = (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_copy(const struct fl_affinity *mask)
{
    struct fl_affinity made = {mask->set ? CPU_ALLOC(8 * mask->size) : NULL, mask->size};
    if (!made.set)
        return (struct fl_affinity){0};
    memcpy(made.set, mask->set, mask->size);
    return made;
}

static bool has(const struct fl_affinity *mask, size_t cpu)
{
    return cpu < 8 * mask->size && CPU_ISSET_S(cpu, mask->size, mask->set);
}

bool fl_affinity_equal(const struct fl_affinity *a, const struct fl_affinity *b)
{
    if (!a->set || !b->set)
        return false;
    size_t most = 8 * (a->size > b->size ? a->size : b->size);
    for (size_t cpu = 0; cpu < most; cpu++)
        if (has(a, cpu) != has(b, cpu))
            return false;
    return true;
}

int fl_affinity_go(const struct fl_affinity *mask)
{
    return mask->set && sched_setaffinity(0, mask->size, mask->set) ? -errno : 0;
}

void fl_affinity_go_anywhere(void)
{
    struct fl_affinity mask = fl_affinity_read_of(getpid());
    fl_affinity_go(&mask);
    fl_affinity_free(&mask);
}

void fl_affinity_move(const struct fl_affinity *cpus)
{
    struct fl_affinity own = fl_affinity_read(), common = fl_affinity_copy(&own);
    for (size_t cpu = 0; common.set && cpu < 8 * common.size; cpu++)
        if (!has(cpus, cpu))
            CPU_CLR_S(cpu, common.size, common.set);
    if (common.set && cpus->set && fl_affinity_go(&common) == 0) /* none is left: EINVAL */
        fl_affinity_go(&own);
    fl_affinity_free(&common);
    fl_affinity_free(&own);
}

/* ---- A worker's thread ---- */

static __thread struct {
    const struct fl_affinity *home; /* NULL: the thread is no worker's */
    struct fl_affinity bound;       /* the mask its runtime set, as the system reports it */
    struct fl_affinity wide;        /* the same of its home, while it is there */
} here;

static bool is_now(const struct fl_affinity *mask)
{
    struct fl_affinity now = fl_affinity_read();
    bool same = fl_affinity_equal(&now, mask);
    fl_affinity_free(&now);
    return same;
}

void fl_affinity_bound(const struct fl_affinity *home)
{
    here.home = home;
    here.bound = fl_affinity_read();
}

void fl_affinity_forget(void)
{
    here.home = NULL;
    fl_affinity_free(&here.bound);
    fl_affinity_free(&here.wide);
}

struct fl_affinity fl_affinity_home(void)
{
    bool worker = here.home && here.home->set && is_now(&here.bound);
    return worker ? fl_affinity_copy(here.home) : fl_affinity_read();
}

int fl_affinity_widen(void)
{
    if (!here.home || !here.home->set || !is_now(&here.bound))
        return 0;
    int rc = fl_affinity_go(here.home);
    if (!rc)
        here.wide = fl_affinity_read();
    return rc;
}

void fl_affinity_narrow(void)
{
    if (here.wide.set && is_now(&here.wide))
        fl_affinity_go(&here.bound);
    fl_affinity_free(&here.wide);
}

void fl_affinity_forked(void)
{
    fl_affinity_widen();
    fl_affinity_forget();
}
