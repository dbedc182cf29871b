/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel regions: how many threads, and their begin and end. The edges are those of
 * runtime/openmp/team.h. */
#include <runtime/openmp/team.h>

#include <filch/trace.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/park.h>
#include <runtime/engine/threads.h>
#include <runtime/openmp/abi.h>
#include <runtime/openmp/affinity.h>
#include <runtime/openmp/detach.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/names.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/parse.h>
#include <runtime/openmp/task.h>
#include <runtime/openmp/thread.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/switch/fpmode.h>
#include <runtime/points/target.h>

#include <stdlib.h>
#include <string.h>

/* ---- The size of a team (OpenMP 5.1, algorithm 2.1) ---- */

static unsigned size_of(const fl_omp_thread *thread, unsigned wanted)
{
    const fl_omp_icv *icv = thread->task->icv;
    if (thread->team->active_level >= icv->max_active_levels)
        return 1;
    unsigned size = wanted ? wanted : icv->threads;
    if (icv->dynamic && size > fl_omp_globals.processors)
        size = fl_omp_globals.processors;
    if (icv->thread_limit && size > icv->thread_limit)
        size = icv->thread_limit; /* the hot team has that size, so the next region finds it */
    if (size > FL_MOST_WORKERS)
        size = FL_MOST_WORKERS;
    return size ? size : 1;
}

/* ---- Regions ---- */

static const filch_task implicit = {.name = "omp parallel"};

static __thread fl_omp_region *innermost FL_OMP_TLS;
static __thread fl_omp_region *spares FL_OMP_TLS;
/* The hot team that the calling thread leads in the next region. */
static __thread fl_omp_hot **led FL_OMP_TLS;
static __thread fl_omp_hot *initial_led FL_OMP_TLS;

static fl_omp_region *take_region(void)
{
    fl_omp_region *region = spares;
    if (region)
        spares = region->outer;
    else
        region = fl_omp_allocate(sizeof *region);
    return region;
}

static void put_region(fl_omp_region *region)
{
    region->outer = spares;
    spares = region;
}

/* A field that stays as it is is not written, so that its line stays in the other threads' caches: they wait
 * for each line that a region's begin has written. */
#define KEEP(field, value)                                                                         \
    do {                                                                                           \
        if ((field) != (value))                                                                    \
            (field) = (value);                                                                     \
    } while (0)

static void clear(filch_u32 *flag)
{
    if (filch_u32_load(flag, FILCH_RELAXED))     /* both: BeginRegion shows it */
        filch_u32_store(flag, 0, FILCH_RELAXED); /* as above */
}

/* The fields that both kinds of team have. */
static void describe(fl_omp_team *team, const fl_omp_thread *thread, unsigned size)
{
    KEEP(team->size, size);
    KEEP(team->level, thread->team->level + 1);
    KEEP(team->active_level, thread->team->active_level + (size > 1));
    KEEP(team->outer, thread->team);
    KEEP(team->outer_number, thread->number);
    KEEP(team->serving, thread->team->serving);
    clear(&team->cancelled);
}

static void inherit(fl_omp_icv *icv, const fl_omp_icv *from)
{
    fl_omp_icv next = *from;
    fl_omp_icv_nest(&next);
    if (memcmp(icv, &next, sizeof next) != 0)
        *icv = next;
}

static void begin_hot(fl_omp_region *region, fl_omp_fn *fn, void *data, unsigned flags,
                      const fl_omp_first *first)
{
    fl_omp_hot *hot = region->hot;
    fl_omp_thread *thread = &fl_omp_this;
    describe(&hot->team, thread, hot->size);
    KEEP(hot->bind, flags & 7 ? (int)(flags & 7) : thread->task->icv->bind);
    inherit(&hot->icv, thread->task->icv);
    KEEP(hot->fn, fn);
    KEEP(hot->data, data);
    KEEP(hot->first, first != NULL);
    KEEP(hot->rt->fpmode, fl_fpmode_now());
    fl_omp_shares_begin(&hot->team.shares,
                        filch_u64_load(&hot->single, FILCH_RELAXED)); /* no other thread runs */
    if (first)
        fl_omp_share_first(&hot->team, first);
    clear(&hot->arrived); /* a cancelled region leaves some */
    fl_omp_publish(hot, &hot->go);
    filch_self self = fl_seat_self(&hot->members[0].seat);
    fl_worker_set_here(fl_seat_worker(&hot->members[0].seat));
    led = &hot->members[0].led;
    region->task = (fl_omp_task){.self = self, .base = self, .icv = &hot->icv, .implicit = true};
    *thread = (fl_omp_thread){.team = &hot->team, .task = &region->task};
    fl_seat_begin(&hot->members[0].seat, fl_omp_task_of(&implicit, fn));
    fl_omp_bind_member(0, hot->size, hot->bind);
}

/* Of one thread, whose tasks run at once. */
static void begin_alone(fl_omp_region *region, const fl_omp_first *first)
{
    fl_omp_thread *thread = &fl_omp_this;
    describe(&region->team, thread, 1);
    if (region->team.shares.ring == NULL && fl_omp_shares_init(&region->team.shares, 1))
        fl_omp_out_of_memory(sizeof(void *));
    KEEP(region->team.icv, &region->icv);
    inherit(&region->icv, thread->task->icv);
    fl_omp_shares_begin(&region->team.shares, 0);
    if (first)
        fl_omp_share_first(&region->team, first);
    led = &region->led_within;
    region->task = (fl_omp_task){.icv = &region->icv, .implicit = true};
    *thread = (fl_omp_thread){.team = &region->team, .task = &region->task};
}

void fl_omp_fork(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags,
                 const fl_omp_first *first)
{
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_region *region = take_region();
    unsigned size = size_of(thread, threads);
    region->before = *thread;
    region->worker = fl_worker_here();
    region->led = led ? led : (led = &initial_led);
    region->hot =
        size > 1 ? fl_omp_hot_of(led, size, thread->task->icv->thread_limit, thread->team->serving)
                 : NULL;
    region->outer = innermost;
    innermost = region;
    if (region->hot)
        begin_hot(region, fn, data, flags, first);
    else
        begin_alone(region, first);
    fl_omp_sharing_begin(thread);
    if (first)
        fl_omp_sharing_enter_first(thread);
}

/* Of the threads that end a region. `ended` is never reset: each region adds the size of the team. */
static bool is_last(fl_omp_hot *hot)
{
    const uint32_t all = filch_u32_load(&hot->go, FILCH_ACQUIRE) * hot->size; /* EnterRegion */
    return filch_u32_add(&hot->ended, 1, FILCH_ACQ_REL) + 1 == all;           /* EndMember */
}

static void end_hot(const fl_omp_region *region)
{
    fl_omp_hot *hot = region->hot;
    fl_seat_end(&hot->members[0].seat);
    const uint32_t was =
        filch_u32_load(&hot->finished, FILCH_RELAXED); /* before EndMember, so not yet EndRegion */
    if (is_last(hot))
        filch_u32_store(&hot->finished, was + 1, FILCH_RELAXED); /* nobody else waits for it */
    else
        fl_omp_wait(&hot->members[0], region->task.self, "the end of its region", &hot->finished,
                    was); /* AwaitRegion */
}

bool fl_omp_join(void)
{
    fl_omp_region *region = innermost;
    fl_omp_team *team = region->hot ? &region->hot->team : &region->team;
    fl_omp_task_end(&region->task);
    fl_omp_detach_await(&team->pending);
    if (region->hot) {
        end_hot(region);
        fl_omp_detach_await(&team->pending); /* of tasks that others have created since */
        fl_omp_unreserve(team->serving, team->size - 1);
    } else {
        fl_omp_dissolve(&region->led_within);
    }
    bool cancelled = filch_u32_load(&team->cancelled, FILCH_RELAXED); /* AwaitRegion, or its own */
    fl_omp_this = region->before;
    fl_worker_set_here(region->worker);
    led = region->led;
    innermost = region->outer;
    put_region(region);
    return cancelled;
}

void GOMP_parallel(fl_omp_fn *fn, void *data, unsigned threads, unsigned flags)
{
    fl_omp_fork(fn, data, threads, flags, NULL);
    fn(data);
    fl_omp_join();
}

void GOMP_parallel_start(fl_omp_fn *fn, void *data, unsigned threads)
{
    fl_omp_fork(fn, data, threads, 0, NULL);
}

void GOMP_parallel_end(void)
{
    fl_omp_join();
}

/* ---- Members ---- */

static void run_region(fl_omp_member *member)
{
    fl_omp_thread *thread = &fl_omp_this;
    fl_omp_hot *hot = member->hot;
    filch_self self = fl_seat_self(&member->seat);
    fl_omp_task *docked = thread->task,
                task = {.self = self, .base = self, .icv = &hot->icv, .implicit = true};
    thread->task = &task;
    fl_seat_begin(&member->seat, fl_omp_task_of(&implicit, hot->fn));
    fl_omp_bind_member(member->number, hot->size, hot->bind);
    fl_omp_sharing_begin(thread);
    if (hot->first)
        fl_omp_sharing_enter_first(thread);
    hot->fn(hot->data);
    fl_omp_task_end(&task);
    fl_omp_detach_await(&hot->team.pending);
    fl_seat_end(&member->seat);
    thread->task = docked;
    if (is_last(hot))
        fl_omp_publish(hot, &hot->finished);
}

void fl_omp_serve(fl_omp_member *member)
{
    fl_omp_hot *hot = member->hot;
    if (fl_seat_take(hot->rt, member->number, &member->seat))
        fl_omp_out_of_memory(sizeof(fl_fiber));
    fl_outside_expected(-1); /* thread.c */
    filch_self self = fl_seat_self(&member->seat);
    fl_omp_task docked = {.self = self, .base = self, .icv = &hot->icv, .implicit = true};
    fl_omp_this = (fl_omp_thread){.team = &hot->team, .number = member->number, .task = &docked};
    led = &member->led;
    for (uint32_t seen = 0;;) {
        fl_omp_wait(member, self, "the end of its region", &hot->go, seen);
        seen = filch_u32_load(&hot->go, FILCH_ACQUIRE); /* EnterRegion */
        if (!hot->fn)
            break;
        run_region(member);
    }
    fl_omp_dissolve(&member->led);
    fl_seat_leave(&member->seat);
    fl_omp_this = (fl_omp_thread){.team = NULL};
    led = NULL;
}

/* ---- Initial threads ---- */

void fl_omp_dissolve_all(void)
{
    fl_omp_dissolve(&initial_led);
}

void fl_omp_free_regions(void)
{
    for (fl_omp_region *region = spares, *next; region; region = next) {
        next = region->outer;
        fl_omp_shares_clear(&region->team.shares);
        free(region);
    }
    spares = NULL;
}

bool fl_omp_pause(void)
{
    if (innermost)
        return false;
    fl_omp_dissolve_all();
    fl_omp_pool_end();
    return true;
}

void fl_omp_forget_all(void)
{
    initial_led = NULL;
    for (fl_omp_region *region = innermost; region; region = region->outer) {
        region->led_within = NULL;
        if (region->hot)
            region->hot->members[0].led = NULL;
    }
    if (fl_omp_this.team)
        filch_u32_store(fl_omp_this.team->serving, 0, FILCH_RELAXED); /* the child has one thread */
    fl_omp_pool_forget();
}

/* ---- Teams that are kept ---- */

/* Hot teams are made and dissolved. The edges are those of runtime/openmp/team.h. */

/* A seat cannot suspend. Joins help with their own task, as tied tasks demand, unless FILCH_WAIT asks for more. */
static fl_runtime *make_runtime(unsigned size)
{
    const char *asked = secure_getenv("FILCH_WAIT");
    const bool helps = !asked || strcmp(asked, "suspend") == 0;
    const filch_config config = {.workers = size,
                                 .bind = "none",
                                 .wait = helps ? "help-own" : NULL};
    fl_runtime *rt = NULL;
    if (fl_seats_create(&rt, &config)) {
        fl_omp_complain("A team of %u threads failed: %s", size, filch_error());
        exit(1);
    }
    return rt;
}

static void destroy(fl_omp_hot *hot)
{
    fl_omp_shares_clear(&hot->team.shares);
    fl_seats_destroy(hot->rt);
    free(hot->members);
    free(hot);
}

static fl_omp_hot *allocate(unsigned size)
{
    const size_t bytes = (sizeof(fl_omp_hot) + FILCH_APART - 1) / FILCH_APART * FILCH_APART;
    fl_omp_hot *hot = aligned_alloc(FILCH_APART, bytes);
    if (!hot)
        fl_omp_out_of_memory(bytes);
    memset(hot, 0, bytes);
    hot->size = hot->team.size = size;
    hot->team.state = hot;
    hot->team.icv = &hot->icv;
    hot->members = fl_omp_allocate(size * sizeof *hot->members);
    if (fl_omp_shares_init(&hot->team.shares, size))
        fl_omp_out_of_memory(sizeof hot->team.shares);
    hot->rt = make_runtime(size);
    hot->rt->join_yields = fl_omp_globals.passive ? 0 : FL_OMP_YIELDS;
    for (unsigned i = 0; i < size; i++)
        hot->members[i] = (fl_omp_member){.hot = hot, .number = i};
    return hot;
}

/* Threads 1 to `members` leave. */
static void dismiss(fl_omp_hot *hot, unsigned members)
{
    hot->fn = NULL;
    fl_omp_publish(hot, &hot->go);
    for (uint32_t left;
         (left = filch_u32_load(&hot->left, FILCH_ACQUIRE)) < members;) /* AwaitTeam */
        fl_futex_wait_until(&hot->left, left, 0);
}

/* Without threads or memory the process ends, as with gcc's library: a smaller team would hide the reason. */
static fl_omp_hot *make(unsigned size)
{
    fl_omp_hot *hot = allocate(size);
    fl_worker *before = fl_worker_here();
    if (fl_seat_take(hot->rt, 0, &hot->members[0].seat))
        fl_omp_out_of_memory(sizeof(fl_fiber));
    fl_worker_set_here(before);
    for (unsigned i = 1; i < size; i++)
        fl_omp_enlist(&hot->members[i]);
    return hot;
}

fl_omp_hot *fl_omp_hot_of(fl_omp_hot **kept, unsigned size, unsigned limit, filch_u32 *serving)
{
    const unsigned others = fl_omp_reserve(serving, size - 1, limit);
    if (!*kept || (*kept)->size != others + 1) {
        fl_omp_dissolve(kept);
        *kept = others ? make(others + 1) : NULL;
    }
    if (*kept)
        (*kept)->team.serving = serving;
    return *kept;
}

void fl_omp_dissolve(fl_omp_hot **kept)
{
    fl_omp_hot *hot = *kept;
    if (!hot)
        return;
    fl_worker *before = fl_worker_here();
    fl_omp_dissolve(&hot->members[0].led);
    dismiss(hot, hot->size - 1);
    fl_seat_leave(&hot->members[0].seat);
    fl_worker_set_here(before);
    destroy(hot);
    *kept = NULL;
}

/* ---- Explored programs ---- */

/* Decision points of a program that is compiled with filch-points (docs/explore.md). Its threads are virtual
 * threads of this library's engine, not of a libfilch beside it. */

FL_OMP_API void filch_openmp_explore_access(const void *address, size_t size, unsigned kind,
                                            const void *place)
{
    fl_explore_access(address, size, kind, place);
}
