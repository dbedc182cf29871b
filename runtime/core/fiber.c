/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/fiber.h>

#include <runtime/core/error.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13: a guard without a mapping of its own */
#endif

_Static_assert(sizeof(fl_fiber) <= FL_SLOTS_OFFSET, "the fiber's header reaches into its slots");
_Static_assert(FL_SLOTS_OFFSET % sizeof(filch_slot) == 0, "slots start at a whole index");

enum { ARENA_MOST = 64, PLENTY = 16 /* fibers a worker, so that it may keep some back */ };
static const size_t GUARD = 64 * 1024;

/* Regions first, aligned, then as many guards and stacks. */
struct fl_arena {
    fl_arena *next;
    char *base; /* of the first region */
    unsigned used, room;
};

static size_t stacks_at(const fl_arena *arena)
{
    return arena->room * FILCH_REGION_SIZE;
}

static size_t arena_size(unsigned room, size_t stack_size)
{
    return room * (FILCH_REGION_SIZE + GUARD + stack_size);
}

/* One mapping, trimmed to the regions' alignment. NULL: the system gives no more. */
static char *map_aligned(size_t size)
{
    char *whole = mmap(NULL, size + FILCH_REGION_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (whole == MAP_FAILED)
        return NULL;
    uintptr_t base = ((uintptr_t)whole + FILCH_REGION_SIZE - 1) & ~(FILCH_REGION_SIZE - 1);
    size_t before = base - (uintptr_t)whole;
    if (before)
        munmap(whole, before);
    if (before < FILCH_REGION_SIZE)
        munmap((char *)base + size, FILCH_REGION_SIZE - before);
    madvise((void *)base, size, MADV_NOHUGEPAGE); /* a huge page would cost 2 MiB a fiber */
    return (char *)base;
}

/* Does the system refuse advice that nobody knows? An emulator that says yes to any would leave the
 * stacks without guards. */
static bool advice_counts(void *page)
{
    return madvise(page, 1, -1) != 0;
}

static int guard_install(char *low, bool advise)
{
    if (advise && madvise(low, GUARD, MADV_GUARD_INSTALL) == 0)
        return 0;
    return mprotect(low, GUARD, PROT_NONE) ? -errno : 0;
}

static char *guard_of(const fl_arena *arena, unsigned i, size_t stack_size)
{
    return arena->base + stacks_at(arena) + i * (GUARD + stack_size);
}

/* With all guards installed: a fiber of an arena that stands can always be made. */
static fl_arena *arena_create(unsigned room, size_t stack_size)
{
    fl_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->room = room;
    arena->base = map_aligned(arena_size(room, stack_size));
    if (!arena->base)
        goto fail_map;
    bool advise = advice_counts(arena->base);
    for (unsigned i = 0; i < room; i++)
        if (guard_install(guard_of(arena, i, stack_size), advise))
            goto fail_guard;
    return arena;
fail_guard:
    munmap(arena->base, arena_size(room, stack_size));
fail_map:
    free(arena);
    return NULL;
}

/* Room for one more fiber: the newest arena's, or a new arena's, twice as large each time as long
 * as that works. */
static fl_arena *arena_with_room(fl_fibers *fibers)
{
    fl_arena *newest = fibers->arenas;
    if (newest && newest->used < newest->room)
        return newest;
    if (fibers->count >= fibers->max)
        return NULL;
    unsigned room = newest ? 2 * newest->room : 1;
    if (room > ARENA_MOST)
        room = ARENA_MOST;
    if (room > fibers->max - fibers->count)
        room = fibers->max - fibers->count;
    fl_arena *arena = arena_create(room, fibers->stack_size);
    if (!arena)
        arena = arena_create(1, fibers->stack_size);
    if (arena) {
        arena->next = fibers->arenas;
        fibers->arenas = arena;
    }
    return arena;
}

/* An empty stack, on which entry(fiber) will be called. */
static void lay_entry(fl_fiber *fiber, void (*entry)(void *))
{
    char *top = (char *)fiber->shadow.low + fiber->shadow.size;
    fl_context_make(&fiber->context, top - fiber->colour, entry, fiber);
    fiber->bare = false;
}

static fl_fiber *fiber_create(fl_fibers *fibers, void (*entry)(void *))
{
    fl_arena *arena = arena_with_room(fibers);
    if (!arena)
        return NULL;
    unsigned i = arena->used++;
    char *low = guard_of(arena, i, fibers->stack_size);
    fl_fiber *fiber = (fl_fiber *)(arena->base + i * FILCH_REGION_SIZE); /* zero pages */
    fl_forkstack_init(&fiber->stack);
    fl_forkstack_issue(&fiber->stack, fibers->side);
    fiber->wake.kind = FL_JOB_FIBER;
    fiber->wake.as.fiber = fiber;
    fl_shadow_create(&fiber->shadow, low + GUARD, fibers->stack_size);
    /* Tops of all stacks at the same distance from a page would compete for the same cache sets. */
    fiber->colour = (fibers->count % 8) * 128;
    lay_entry(fiber, entry);
    fibers->count++;
    return fiber;
}

int fl_fibers_init(fl_fibers *fibers, unsigned first, unsigned max, size_t stack_size,
                   enum fl_forkside side)
{
    memset(fibers, 0, sizeof *fibers);
    fibers->max = max;
    filch_u32_store(&fibers->capped, max / PLENTY < first, FILCH_RELAXED); /* not yet shared */
    fibers->stack_size = stack_size;
    fibers->side = side;
    fibers->arenas = arena_create(first, stack_size);
    if (!fibers->arenas)
        return fl_fail(ENOMEM,
                       "no address space for %u fibers; fewer workers or smaller stacks "
                       "(FILCH_STACK_SIZE) need less",
                       first);
    int rc = pthread_mutex_init(&fibers->lock, NULL);
    if (rc) {
        munmap(fibers->arenas->base, arena_size(first, stack_size));
        free(fibers->arenas);
        return fl_fail(rc, "no mutex for the fibers: %s; free some memory", strerror(rc));
    }
    return 0;
}

void fl_fibers_clear(fl_fibers *fibers)
{
    while (fibers->arenas) {
        fl_arena *arena = fibers->arenas;
        fibers->arenas = arena->next;
        for (unsigned i = 0; i < arena->used; i++)
            fl_shadow_destroy(&((fl_fiber *)(arena->base + i * FILCH_REGION_SIZE))->shadow);
        munmap(arena->base, arena_size(arena->room, fibers->stack_size));
        free(arena);
    }
    pthread_mutex_destroy(&fibers->lock);
}

fl_fiber *fl_fibers_get(fl_fibers *fibers, void (*entry)(void *))
{
    pthread_mutex_lock(&fibers->lock);
    fl_fiber *fiber = fibers->free;
    if (fiber) {
        fibers->free = fiber->next;
        if (fiber->bare) {
            fl_shadow_restart(&fiber->shadow);
            lay_entry(fiber, entry);
        } else {
            fibers->dirty--;
        }
    } else {
        fiber = fiber_create(fibers, entry);
        if (!fiber)
            filch_u32_store(&fibers->capped, 1, FILCH_RELAXED); /* a hint */
    }
    pthread_mutex_unlock(&fibers->lock);
    return fiber;
}

void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber)
{
    pthread_mutex_lock(&fibers->lock);
    fiber->next = fibers->free;
    fibers->free = fiber;
    fibers->dirty++;
    pthread_mutex_unlock(&fibers->lock);
}

void fl_fibers_each(fl_fibers *fibers, void (*what)(fl_fiber *fiber, void *arg), void *arg)
{
    pthread_mutex_lock(&fibers->lock);
    for (const fl_arena *arena = fibers->arenas; arena; arena = arena->next)
        for (unsigned i = 0; i < arena->used; i++)
            what((fl_fiber *)(arena->base + i * FILCH_REGION_SIZE), arg);
    pthread_mutex_unlock(&fibers->lock);
}

unsigned fl_fibers_count(const fl_fibers *fibers)
{
    fl_fibers *shared = (fl_fibers *)(uintptr_t)fibers; /* only its lock is touched */
    pthread_mutex_lock(&shared->lock);
    unsigned count = fibers->count;
    pthread_mutex_unlock(&shared->lock);
    return count;
}

/* All of the fork stack but its header's page, and the whole C stack: an idle fiber waits at the
 * bottom of its loop, and will as well start it anew. */
static void trim(fl_fibers *fibers, fl_fiber *fiber)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const void *low = fiber->shadow.low;
    fl_shadow_destroy(&fiber->shadow); /* with what it knows of frames that never return */
    fl_shadow_create(&fiber->shadow, low, fibers->stack_size);
    madvise((void *)(uintptr_t)low, fibers->stack_size, MADV_DONTNEED);
    madvise((char *)fiber + page, FILCH_REGION_SIZE - page, MADV_DONTNEED);
    fiber->bare = true;
    fibers->dirty--;
}

void fl_fibers_trim(fl_fibers *fibers, unsigned keep)
{
    pthread_mutex_lock(&fibers->lock);
    for (fl_fiber *fiber = fibers->free; fiber && fibers->dirty > keep; fiber = fiber->next)
        if (!fiber->bare)
            trim(fibers, fiber);
    pthread_mutex_unlock(&fibers->lock);
}

bool fl_fiber_guards(const fl_fiber *fiber, const void *address)
{
    uintptr_t low = (uintptr_t)fiber->shadow.low;
    return (uintptr_t)address < low && (uintptr_t)address >= low - GUARD;
}
