/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/memory/arena.h>

#include <runtime/platform/memory/guard.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t GUARD_LEAST = 128 << 10;
/* Address space reserved for the program's threads, and for the one that reports deadlocks, if it
 * is scarce. */
static const size_t SPARED = 16 << 20;
static const size_t PAGE_TABLE = 2 << 20; /* bytes that one page of a page table maps */

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

fl_layout fl_layout_for(size_t stack)
{
    size_t end = round_up(FL_FORKSTACK_END, (size_t)sysconf(_SC_PAGESIZE));
    fl_layout layout = {.stack = stack};
    layout.unit = round_up(GUARD_LEAST + stack + end, FILCH_REGION_SIZE);
    layout.guard = layout.unit - end - stack;
    layout.header_at = layout.guard + stack + FILCH_HEADER_AT;
    return layout;
}

static char *map(void *at, size_t size, int how)
{
    char *low = mmap(at, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0);
    if (low == MAP_FAILED)
        return NULL;
    madvise(low, size, MADV_NOHUGEPAGE); /* a huge page would cost 2 MiB a fiber */
    return low;
}

/* Just below `above`, where the kernel joins the two to one mapping. NULL: that place is taken. */
static char *map_below(char *above, size_t size)
{
    char *wanted = above - size - SPARED;
    char *low = map(wanted, size + SPARED, 0);
    if (low)
        munmap(low, low == wanted ? SPARED : size + SPARED);
    return low && low == wanted ? low + SPARED : NULL;
}

/* Trimmed so that the first region begins `into` bytes after the start, and no page table maps headers
 * of two arenas. */
static char *map_aligned(size_t size, size_t into, size_t align, size_t spared)
{
    char *whole = map(NULL, size + align + spared, 0);
    if (!whole)
        return NULL;
    size_t before = round_up((uintptr_t)whole + into, align) - into - (uintptr_t)whole;
    if (before)
        munmap(whole, before);
    if (before < align + spared)
        munmap(whole + before + size, align + spared - before);
    return whole + before;
}

static size_t size_of(const fl_layout *layout, unsigned room)
{
    return room * layout->unit;
}

fl_arena *fl_arena_create(const fl_layout *layout, unsigned room, const fl_arena *last)
{
    size_t align = FILCH_REGION_SIZE > PAGE_TABLE ? FILCH_REGION_SIZE : PAGE_TABLE;
    size_t size = size_of(layout, room);
    fl_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->room = room;
    if (last && size % align == 0)
        arena->base = map_below(last->base, size);
    if (!arena->base)
        arena->base = map_aligned(size, layout->guard + layout->stack, align, last ? SPARED : 0);
    if (arena->base)
        return arena;
    free(arena);
    return NULL;
}

static void forget_guards(fl_arena *arena)
{
    fl_guard_unmapped(arena->mapped);
    arena->mapped = 0;
}

/* The kernel may join the arenas to one mapping, and refuses (ENOMEM) to cut a piece out of its
 * middle while the process has vm.max_map_count mappings: then only the pages go. */
void fl_arena_destroy(fl_arena *arena, const fl_layout *layout)
{
    size_t size = size_of(layout, arena->room);
    if (munmap(arena->base, size) && errno == ENOMEM)
        madvise(arena->base, size, MADV_DONTNEED);
    forget_guards(arena);
    free(arena);
}

/* Only a mapping that replaces the old one frees page tables. Locked memory (mlockall) of both
 * counts against RLIMIT_MEMLOCK for a moment, so the old one is unlocked if there is not room for
 * both. */
static bool replace(char *base, size_t size)
{
    return map(base, size, MAP_FIXED) || (!munlock(base, size) && map(base, size, MAP_FIXED));
}

/* If it cannot be replaced at least the pages are freed, and the mapped guards become memory again,
 * since each fiber that is made here later installs its own. */
void fl_arena_renew(fl_arena *arena, const fl_layout *layout)
{
    size_t size = size_of(layout, arena->room);
    bool fresh = replace(arena->base, size);
    if (!fresh)
        madvise(arena->base, size, MADV_DONTNEED);
    if (fresh || !mprotect(arena->base, size, PROT_READ | PROT_WRITE))
        forget_guards(arena);
}
