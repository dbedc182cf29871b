/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/fiber.h>

#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/memory/bitmap.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/switch/switch_frame.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

_Static_assert(
    sizeof(fl_fiber) <= FL_SLOTS_OFFSET - sizeof(filch_slot),
    "the header reaches into the empty slot before the first, which a join without a fork reads");
_Static_assert(FL_SLOTS_OFFSET % sizeof(filch_slot) == 0, "slots start at a whole index");

enum {
    TRIM_MOST = 64 /* fibers a step */,
    ARENA_MOST = 64,
    SLAB_SHARE = 8, /* fibers that exist, for each of a slab */
    PLENTY = 16     /* fibers a worker, so that it may keep some back */
};

/* ---- Arenas ---- */

static fl_fiber *fiber_at(const fl_fibers *fibers, const fl_arena *arena, unsigned i)
{
    return (fl_fiber *)(fl_arena_unit(arena, &fibers->layout, i) + fibers->layout.header_at);
}

static void list_arena(fl_fibers *fibers, const fl_arena *arena)
{
    fl_bitmap_set(fibers->with_idle, arena->number, arena->idle > 0);
    fl_bitmap_set(fibers->with_room, arena->number, arena->used < arena->room && !arena->renewing);
}

/* A larger copy, zeros behind the old bytes, in the place of `old`, which is freed. NULL: no
 * memory. */
static void *enlarge(void *old, size_t from, size_t to)
{
    void *larger = calloc(1, to);
    if (!larger)
        return NULL;
    if (from)
        memcpy(larger, old, from);
    free(old);
    return larger;
}

/* Room for one more arena in the tables. */
static bool have_place(fl_fibers *fibers)
{
    if (fibers->arenas < fibers->places)
        return true;
    unsigned from = fibers->places, to = from + FL_BITMAP_WORD;
    fl_arena **arena = enlarge(fibers->arena, from * sizeof *arena, to * sizeof *arena);
    if (arena)
        fibers->arena = arena;
    uint64_t *idle = enlarge(fibers->with_idle, from / 8, to / 8); /* a bit for each */
    if (idle)
        fibers->with_idle = idle;
    uint64_t *room = enlarge(fibers->with_room, from / 8, to / 8);
    if (room)
        fibers->with_room = room;
    if (!arena || !idle || !room)
        return false;
    fibers->places = to;
    return true;
}

static fl_arena *add_arena(fl_fibers *fibers, unsigned room)
{
    const fl_arena *last = fibers->arenas ? fibers->arena[fibers->arenas - 1] : NULL;
    fl_arena *arena = have_place(fibers) ? fl_arena_create(&fibers->layout, room, last) : NULL;
    if (!arena)
        return NULL;
    arena->of = fibers;
    arena->number = fibers->arenas++;
    fibers->arena[arena->number] = arena;
    list_arena(fibers, arena);
    return arena;
}

/* Twice as large as the last one each time, as long as that works. */
static fl_arena *arena_with_room(fl_fibers *fibers)
{
    int oldest = fl_bitmap_first(fibers->with_room, fibers->arenas);
    if (fibers->count >= fibers->max)
        return NULL;
    if (oldest >= 0)
        return fibers->arena[oldest];
    unsigned room = 2 * fibers->arena[fibers->arenas - 1]->room;
    if (room > ARENA_MOST)
        room = ARENA_MOST;
    if (room > fibers->max - fibers->count)
        room = fibers->max - fibers->count;
    fl_arena *arena = add_arena(fibers, room);
    return arena ? arena : add_arena(fibers, 1);
}

/* ---- Idle fibers ---- */

/* Under the lock; a trimmed one has no entry yet. */
static fl_fiber *take_idle(fl_fibers *fibers)
{
    int oldest = fl_bitmap_first(fibers->with_idle, fibers->arenas);
    if (oldest < 0)
        return NULL;
    fl_arena *arena = fibers->arena[oldest];
    fl_fiber *fiber = arena->free;
    arena->free = fiber->next;
    arena->idle--;
    list_arena(fibers, arena);
    if (!fiber->trimmed) {
        arena->dirty--;
        fl_decay_taken(&fibers->decay, --fibers->dirty);
    }
    return fiber;
}

/* Under the lock. */
static void put_idle(fl_fibers *fibers, fl_fiber *fiber)
{
    fl_arena *arena = fiber->arena;
    fiber->next = arena->free;
    arena->free = fiber;
    arena->idle++;
    arena->dirty++;
    fibers->dirty++;
    list_arena(fibers, arena);
}

/* ---- Slabs ---- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Under the lock. count 0: there is none. */
static fl_slab reserve_slab(fl_fibers *fibers)
{
    fl_arena *arena = arena_with_room(fibers);
    if (!arena)
        return (fl_slab){0};
    unsigned count = least(fibers->count / SLAB_SHARE, FL_SLAB_MOST);
    count = least(least(count ? count : 1, arena->room - arena->used), fibers->max - fibers->count);
    fl_slab slab = {arena, arena->used, count, fibers->numbered + 1};
    arena->used += count;
    fibers->count += count;
    fibers->numbered += count;
    list_arena(fibers, arena);
    return slab;
}

/* Returns its first fiber; the others are idle. */
static fl_fiber *make_slab(fl_fibers *fibers, const fl_slab *slab, void (*entry)(void *))
{
    unsigned mapped = fl_slab_make(slab, fibers, entry);
    if (slab->count > 1 || mapped) {
        pthread_mutex_lock(&fibers->lock);
        slab->arena->mapped += mapped;
        for (unsigned i = slab->count; i-- > 1;)
            put_idle(fibers, fiber_at(fibers, slab->arena, slab->first + i));
        pthread_mutex_unlock(&fibers->lock);
    }
    for (unsigned i = 1; i < slab->count; i++)
        fl_relieve(&fibers->starve); /* a worker that found max_fibers reached since */
    return fiber_at(fibers, slab->arena, slab->first);
}

bool fl_fiber_guards(const fl_fiber *fiber, const void *address)
{
    return (uintptr_t)fiber->shadow.low - (uintptr_t)address - 1 < fiber->arena->of->layout.guard;
}

bool fl_fiber_overflowed(const fl_fiber *fiber)
{
    const fl_layout *layout = &fiber->arena->of->layout;
    return fiber->guard == FL_GUARD_NONE &&
           fl_guard_touched((const char *)fiber->shadow.low - layout->guard, layout->guard);
}

/* ---- All of them ---- */

static void set_capped(fl_fibers *fibers, bool capped)
{
    filch_u32_store(&fibers->capped, capped || fibers->few, FILCH_RELAXED); /* a hint */
}

int fl_fibers_init(fl_fibers *fibers, unsigned first, unsigned max, size_t stack_size,
                   enum fl_forkside side)
{
    memset(fibers, 0, sizeof *fibers);
    fibers->max = max;
    fibers->few = max / PLENTY < first;
    set_capped(fibers, false);
    fibers->layout = fl_layout_for(stack_size);
    fibers->side = side;
    int rc = pthread_mutex_init(&fibers->lock, NULL);
    if (rc)
        return fl_fail(rc, "no mutex for the fibers: %s; free some memory", strerror(rc));
    if (add_arena(fibers, first))
        return 0;
    fl_fibers_clear(fibers);
    return fl_fail(ENOMEM,
                   "no address space for %u fibers; fewer workers or smaller stacks "
                   "(FILCH_STACK_SIZE) need less",
                   first);
}

static void destroy_shadows(fl_fibers *fibers, const fl_arena *arena)
{
    for (unsigned i = 0; i < arena->used; i++)
        fl_shadow_destroy(&fiber_at(fibers, arena, i)->shadow);
}

static bool is_renewing(fl_fibers *fibers)
{
    pthread_mutex_lock(&fibers->lock);
    bool renewing = fibers->renewals > 0;
    pthread_mutex_unlock(&fibers->lock);
    return renewing;
}

void fl_fibers_clear(fl_fibers *fibers)
{
    if (is_renewing(fibers)) {
        urcu_bp_barrier();
        is_renewing(fibers); /* the lock orders what sanitizers cannot see in liburcu */
    }
    for (unsigned i = 0; i < fibers->arenas; i++) {
        destroy_shadows(fibers, fibers->arena[i]);
        fl_arena_destroy(fibers->arena[i], &fibers->layout);
    }
    free(fibers->arena);
    free(fibers->with_idle);
    free(fibers->with_room);
    pthread_mutex_destroy(&fibers->lock);
}

/* Under the lock. */
static void count_used(fl_fibers *fibers)
{
    if (++fibers->used > fibers->used_most)
        fibers->used_most = fibers->used;
}

/* more: it may be one that exists, or is used, besides all others. */
static fl_fiber *get(fl_fibers *fibers, void (*entry)(void *), unsigned more)
{
    fl_slab slab = {0};
    pthread_mutex_lock(&fibers->lock);
    fibers->max += more;
    fl_fiber *fiber = fibers->used < fibers->max ? take_idle(fibers) : NULL;
    if (!fiber)
        slab = reserve_slab(fibers);
    if (fiber || slab.count) {
        count_used(fibers);
    } else {
        fibers->max -= more;
        set_capped(fibers, true);
    }
    pthread_mutex_unlock(&fibers->lock);
    if (slab.count)
        return make_slab(fibers, &slab, entry);
    if (fiber && fiber->trimmed) {
        fl_shadow_restart(&fiber->shadow);
        fl_fiber_lay(fiber, entry);
    }
    return fiber;
}

fl_fiber *fl_fibers_get(fl_fibers *fibers, void (*entry)(void *))
{
    return get(fibers, entry, 0);
}

fl_fiber *fl_fibers_get_more(fl_fibers *fibers, void (*entry)(void *))
{
    return get(fibers, entry, 1);
}

static void put(fl_fibers *fibers, fl_fiber *fiber, unsigned more)
{
    pthread_mutex_lock(&fibers->lock);
    put_idle(fibers, fiber);
    fibers->used--;
    fibers->max -= more;
    pthread_mutex_unlock(&fibers->lock);
    fl_relieve(&fibers->starve);
}

void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber)
{
    put(fibers, fiber, 0);
}

void fl_fibers_put_more(fl_fibers *fibers, fl_fiber *fiber)
{
    put(fibers, fiber, 1);
}

void fl_fibers_each(fl_fibers *fibers, void (*what)(fl_fiber *fiber, void *arg), void *arg)
{
    pthread_mutex_lock(&fibers->lock);
    for (unsigned i = 0; i < fibers->arenas; i++)
        for (unsigned k = 0; k < fibers->arena[i]->used; k++)
            what(fiber_at(fibers, fibers->arena[i], k), arg);
    pthread_mutex_unlock(&fibers->lock);
}

void fl_fibers_read(const fl_fibers *fibers, uint64_t *count, uint64_t *used, uint64_t *used_most)
{
    fl_fibers *shared = (fl_fibers *)(uintptr_t)fibers; /* only its lock is touched */
    pthread_mutex_lock(&shared->lock);
    *count = fibers->count;
    *used = fibers->used;
    *used_most = fibers->used_most;
    pthread_mutex_unlock(&shared->lock);
}

unsigned fl_fibers_count(const fl_fibers *fibers)
{
    uint64_t count, used, used_most;
    fl_fibers_read(fibers, &count, &used, &used_most);
    return (unsigned)count;
}

/* ---- Giving memory back; under the lock ---- */

/* Frees all pages except the header's: an idle fiber waits at the bottom of its loop, and can just
 * as well start the loop anew. */
static void trim(const fl_fibers *fibers, fl_fiber *fiber)
{
    size_t stack = fibers->layout.stack, page = (size_t)sysconf(_SC_PAGESIZE);
    char *low = (char *)(uintptr_t)fiber->shadow.low, *behind = low + stack + page;
    char *end = (char *)fiber + FL_FORKSTACK_SIZE;
    fl_shadow_destroy(&fiber->shadow); /* with what it knows of frames that never return */
    fl_shadow_create(&fiber->shadow, low, fiber->shadow.size);
    madvise(low, stack, MADV_DONTNEED);
    if (behind < end)
        madvise(behind, (size_t)(end - behind), MADV_DONTNEED);
    fiber->trimmed = true;
}

static unsigned trim_some(fl_fibers *fibers, fl_arena *arena, unsigned most)
{
    unsigned trimmed = 0;
    for (fl_fiber *fiber = arena->free; fiber && trimmed < most; fiber = fiber->next)
        if (!fiber->trimmed) {
            trim(fibers, fiber);
            trimmed++;
        }
    arena->dirty -= trimmed;
    fibers->dirty -= trimmed;
    return trimmed;
}

/* No thief has a look at its fork stacks any more. A child of fork() inherits the calls that its
 * parent has pending, but the lock may have been held by a thread that the child does not have. */
static void renew(struct rcu_head *head)
{
    fl_arena *arena = FL_CONTAINER_OF(head, fl_arena, renewal);
    fl_fibers *fibers = arena->of;
    fl_tsan_acquire(arena);
    if (arena->renews_in != fl_fork_generation())
        return;
    fl_tsan_acquire(&fl_readers);
    fl_arena_renew(arena, &fibers->layout); /* without the lock: nobody else touches it by now */
    pthread_mutex_lock(&fibers->lock);
    arena->renewing = false;
    list_arena(fibers, arena);
    fibers->renewals--;
    pthread_mutex_unlock(&fibers->lock);
}

/* Its fibers are all idle, and exist no more. */
static unsigned retire(fl_fibers *fibers, fl_arena *arena)
{
    unsigned dirty = arena->dirty;
    destroy_shadows(fibers, arena);
    fibers->count -= arena->used;
    fibers->dirty -= dirty;
    arena->used = arena->idle = arena->dirty = 0;
    arena->free = NULL;
    arena->renewing = true;
    arena->renews_in = fl_fork_generation();
    list_arena(fibers, arena);
    fibers->renewals++;
    fl_tsan_release(arena);
    urcu_bp_call_rcu(&arena->renewal, renew);
    return dirty;
}

/* The newest first: the oldest are taken first. Trims only some, since others wait for the lock;
 * the rest of the surplus stays for the next step. Returns how many went. */
static unsigned give_back(fl_fibers *fibers, unsigned surplus)
{
    unsigned gone = 0, left = TRIM_MOST;
    for (unsigned i = fibers->arenas; i-- > 0 && gone < surplus && left;) {
        fl_arena *arena = fibers->arena[i];
        if (arena->idle && arena->idle == arena->used && arena->dirty <= surplus - gone) {
            gone += retire(fibers, arena);
        } else if (arena->dirty) {
            unsigned trimmed =
                trim_some(fibers, arena, left < surplus - gone ? left : surplus - gone);
            gone += trimmed;
            left -= trimmed;
        }
    }
    return gone;
}

int64_t fl_fibers_decay(fl_fibers *fibers, unsigned keep, int64_t now)
{
    pthread_mutex_lock(&fibers->lock);
    unsigned surplus = fl_decay_surplus(&fibers->decay, fibers->dirty, keep, now), gone = 0;
    if (surplus) {
        set_capped(fibers, false); /* more were idle for a second than are kept */
        gone = give_back(fibers, surplus);
    }
    int64_t next = fl_decay_next(&fibers->decay, gone, fibers->dirty, keep, now);
    pthread_mutex_unlock(&fibers->lock);
    return next;
}

/* ---- Laying fibers ---- */

void fl_fiber_lay(fl_fiber *fiber, void (*entry)(void *))
{
    char *top = (char *)fiber->shadow.low + fiber->shadow.size;
    fl_switch_frame_make(&fiber->context, top - fiber->colour, entry, fiber);
    fiber->trimmed = false;
}

/* In zero pages. */
static void make(fl_fiber *fiber, const fl_fibers *of, void (*entry)(void *))
{
    const fl_layout *layout = &of->layout;
    fl_forkstack_init(&fiber->stack);
    fl_forkstack_issue(&fiber->stack, of->side);
    fiber->wake.kind = FL_WORK_ITEM_FIBER;
    fiber->wake.as.fiber = fiber;
    size_t stack = layout->header_at - layout->guard;
    fl_shadow_create(&fiber->shadow, (char *)fiber - stack, stack);
    /* Tops of all stacks at the same distance from a page would compete for the same cache sets. Steps
     * of two lines would cost a quarter of the jobs that wait in a pool a second page. */
    fiber->colour = fiber->number % 8 * 64;
    fl_fiber_lay(fiber, entry);
}

unsigned fl_slab_make(const fl_slab *slab, const fl_fibers *of, void (*entry)(void *))
{
    const fl_layout *layout = &of->layout;
    char *unit = fl_arena_unit(slab->arena, layout, slab->first);
    unsigned mapped = 0;
    unsigned marked = fl_guard_mark_all(unit, layout->guard, layout->unit, slab->count);
    for (unsigned i = 0; i < slab->count; i++, unit += layout->unit) {
        fl_fiber *fiber = (fl_fiber *)(unit + layout->header_at);
        fiber->arena = slab->arena;
        fiber->number = slab->number + i;
        fiber->guard = i < marked ? FL_GUARD_MARKED : fl_guard_install(unit, layout->guard);
        mapped += fiber->guard == FL_GUARD_MAPPED;
        make(fiber, of, entry);
    }
    return mapped;
}

/* ---- Stack overflow ---- */

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
              where, task ? task : "(from outside)", fiber->arena->of->layout.stack >> 10);
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
