/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <hwloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

struct refusal refusals[REFUSABLES];
int hwloc_error = ENOMEM;
int64_t blocks, mapped, cpu_sets, attribute_sets;

int64_t blocks_now(void)
{
    return __atomic_load_n(&blocks, __ATOMIC_RELAXED);
}

void refuse(enum refusable what, int64_t at, bool from_then_on)
{
    struct refusal *of = &refusals[what]; /* a runtime's threads may be starting meanwhile */
    __atomic_store_n(&of->count, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&of->from_then_on, from_then_on, __ATOMIC_RELAXED);
    __atomic_store_n(&of->left, at + 1, __ATOMIC_RELAXED);
}

int64_t refuse_no_more(enum refusable what)
{
    __atomic_store_n(&refusals[what].left, 0, __ATOMIC_RELAXED);
    return __atomic_load_n(&refusals[what].count, __ATOMIC_RELAXED);
}

/* No unexpected requests: the deadlock detector, which is on in builds with checks, would start the
 * timer thread whenever a worker falls asleep, and use up refusals that are meant for another
 * call. */
__attribute__((constructor)) static void without_detector(void)
{
    setenv("FILCH_DEADLOCK", "off", 1);
}

int refusal_error(enum refusable what)
{
    return what == THREADS ? -EAGAIN : -ENOMEM;
}

bool refusal_explained(enum refusable what, int64_t at, int64_t count, int64_t rc)
{
    cr_assert(!rc || (count && rc == refusal_error(what) && strchr(filch_error(), ';')),
              "request %ld: %ld refused, %ld: %s", (long)at, (long)count, (long)rc, filch_error());
    return true;
}

REFUSE_BARE bool refused(enum refusable what, int error)
{
    struct refusal *of = &refusals[what];
    int64_t left = __atomic_load_n(&of->left, __ATOMIC_RELAXED);
    if (left <= 0) /* less: two threads have counted down at once */
        return false;
    if (left > 1) {
        __atomic_fetch_sub(&of->left, 1, __ATOMIC_RELAXED);
        return false;
    }
    if (!__atomic_load_n(&of->from_then_on, __ATOMIC_RELAXED))
        __atomic_store_n(&of->left, 0, __ATOMIC_RELAXED);
    __atomic_fetch_add(&of->count, 1, __ATOMIC_RELAXED);
    errno = error;
    return true;
}

REFUSE_BARE static void *holding(void *block)
{
    if (block)
        __atomic_fetch_add(&blocks, 1, __ATOMIC_RELAXED);
    return block;
}

/* ---- Memory ---- */

WRAPPED(void *, malloc, size_t size)
{
    return refused(MEMORY, ENOMEM) ? NULL : holding(__real_malloc(size));
}

WRAPPED(void *, calloc, size_t count, size_t size)
{
    return refused(MEMORY, ENOMEM) ? NULL : holding(__real_calloc(count, size));
}

WRAPPED(void *, realloc, void *block, size_t size)
{
    if (refused(MEMORY, ENOMEM) || refused(GROWTH, ENOMEM))
        return NULL;
    void *got = __real_realloc(block, size);
    return block ? got : holding(got);
}

WRAPPED(void *, aligned_alloc, size_t alignment, size_t size)
{
    return refused(MEMORY, ENOMEM) ? NULL : holding(__real_aligned_alloc(alignment, size));
}

WRAPPED(int, posix_memalign, void **out, size_t alignment, size_t size)
{
    if (refused(MEMORY, ENOMEM))
        return ENOMEM;
    int rc = __real_posix_memalign(out, alignment, size);
    holding(rc ? NULL : *out);
    return rc;
}

WRAPPED(char *, strdup, const char *text)
{
    return refused(MEMORY, ENOMEM) ? NULL : holding(__real_strdup(text));
}

WRAPPED(void, free, void *block)
{
    if (block)
        __atomic_fetch_sub(&blocks, 1, __ATOMIC_RELAXED);
    __real_free(block);
}

/* getline is one of these, as the compiler likes it. */
WRAPPED(ssize_t, getline, char **line, size_t *size, FILE *from)
{
    bool fresh = !*line;
    ssize_t length = refused(MEMORY, ENOMEM) ? -1 : __real_getline(line, size, from);
    if (fresh)
        holding(*line);
    return length;
}

WRAPPED(ssize_t, __getdelim, char **line, size_t *size, int end, FILE *from)
{
    bool fresh = !*line;
    ssize_t length = refused(MEMORY, ENOMEM) ? -1 : __real___getdelim(line, size, end, from);
    if (fresh)
        holding(*line);
    return length;
}

WRAPPED(cpu_set_t *, __sched_cpualloc, size_t cpus)
{
    cpu_set_t *set = refused(MEMORY, ENOMEM) ? NULL : __real___sched_cpualloc(cpus);
    if (set)
        __atomic_fetch_add(&cpu_sets, 1, __ATOMIC_RELAXED);
    return set;
}

WRAPPED(void, __sched_cpufree, cpu_set_t *set)
{
    if (set)
        __atomic_fetch_sub(&cpu_sets, 1, __ATOMIC_RELAXED);
    __real___sched_cpufree(set);
}

/* ---- Address space ---- */

WRAPPED(void *, mmap, void *at, size_t size, int access, int flags, int file, off_t offset)
{
    if (refused(SPACE, ENOMEM))
        return MAP_FAILED;
    void *got = __real_mmap(at, size, access, flags, file, offset);
    if (got != MAP_FAILED)
        __atomic_fetch_add(&mapped, (int64_t)size, __ATOMIC_RELAXED);
    return got;
}

WRAPPED(int, munmap, void *at, size_t size)
{
    if (refused(UNMAPPING, ENOMEM))
        return -1;
    __atomic_fetch_sub(&mapped, (int64_t)size, __ATOMIC_RELAXED);
    return __real_munmap(at, size);
}

REFUSED(int, madvise, ADVICE, ENOMEM, -1, (void *at, size_t size, int advice), (at, size, advice))
REFUSED(int, mprotect, PROTECTION, ENOMEM, -1, (void *at, size_t size, int access),
        (at, size, access))

/* ---- Threads and files ---- */

REFUSED(int, pthread_create, THREADS, EAGAIN, EAGAIN,
        (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg),
        (thread, attributes, run, arg))
REFUSED(int, pthread_mutex_init, MUTEXES, ENOMEM, ENOMEM,
        (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes), (mutex, attributes))
WRAPPED(int, pthread_attr_init, pthread_attr_t *attributes)
{
    if (refused(ATTRIBUTES, ENOMEM))
        return ENOMEM;
    int rc = __real_pthread_attr_init(attributes);
    if (!rc)
        __atomic_fetch_add(&attribute_sets, 1, __ATOMIC_RELAXED);
    return rc;
}

WRAPPED(int, pthread_attr_destroy, pthread_attr_t *attributes)
{
    __atomic_fetch_sub(&attribute_sets, 1, __ATOMIC_RELAXED);
    return __real_pthread_attr_destroy(attributes);
}

REFUSED(int, pthread_attr_setaffinity_np, AFFINITY, ENOMEM, ENOMEM,
        (pthread_attr_t * attributes, size_t size, const cpu_set_t *set), (attributes, size, set))
REFUSED(int, pthread_atfork, HANDLERS, ENOMEM, ENOMEM,
        (void (*before)(void), void (*parent)(void), void (*child)(void)), (before, parent, child))
REFUSED(int, pthread_key_create, KEYS, EAGAIN, EAGAIN, (pthread_key_t * key, void (*end)(void *)),
        (key, end))
REFUSED(int, pthread_setspecific, KEYS, ENOMEM, ENOMEM, (pthread_key_t key, const void *value),
        (key, value))
REFUSED(FILE *, fopen, FILES, EMFILE, NULL, (const char *name, const char *mode), (name, mode))

/* ---- The machine ---- */

REFUSED(int, hwloc_topology_init, HWLOC_BEGIN, ENOMEM, -1, (hwloc_topology_t * h), (h))
REFUSED(int, hwloc_topology_set_type_filter, HWLOC, hwloc_error, -1,
        (hwloc_topology_t h, hwloc_obj_type_t type, enum hwloc_type_filter_e filter),
        (h, type, filter))
REFUSED(int, hwloc_topology_set_io_types_filter, HWLOC, hwloc_error, -1,
        (hwloc_topology_t h, enum hwloc_type_filter_e filter), (h, filter))
REFUSED(int, hwloc_topology_set_icache_types_filter, HWLOC, hwloc_error, -1,
        (hwloc_topology_t h, enum hwloc_type_filter_e filter), (h, filter))
REFUSED(int, hwloc_topology_set_flags, HWLOC, hwloc_error, -1,
        (hwloc_topology_t h, unsigned long flags), (h, flags))
REFUSED(int, hwloc_topology_load, HWLOC, hwloc_error, -1, (hwloc_topology_t h), (h))
REFUSED(int, hwloc_distances_get_by_type, HWLOC_DISTANCES, ENOMEM, -1,
        (hwloc_topology_t h, hwloc_obj_type_t type, unsigned *count,
         struct hwloc_distances_s **distances, unsigned long kind, unsigned long flags),
        (h, type, count, distances, kind, flags))
REFUSED(hwloc_bitmap_t, hwloc_bitmap_alloc, HWLOC_BITMAPS, ENOMEM, NULL, (void), ())
REFUSED(int, hwloc_bitmap_set, HWLOC_BITMAPS, ENOMEM, -1, (hwloc_bitmap_t set, unsigned id),
        (set, id))
