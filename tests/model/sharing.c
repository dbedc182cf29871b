/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work sharing of OpenMP's teams. Real: runtime/openmp/share, plan and ranges. Each thread of a team meets the
 * same loops with `nowait`, one after the other, and takes their chunks. The ring has two places.
 *
 * Claims: a thread sees the plan of its loop, which stays until the thread has left. A loop has one opener,
 * and each chunk is taken once. The last chunk of a stealing loop is the last one of its thread. */
#include <runtime/openmp/loop.h>
#include <runtime/openmp/ranges.h>

#include <tests/model/checker/check.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { LOOPS = 3, CHUNKS = 8 };

static struct shape {
    unsigned threads, loops, chunks;
    unsigned short kind;
    bool steals;
} shape;

static fl_omp_team team;
static fl_omp_thread member[MC_THREADS];
static unsigned opened[LOOPS], taken[LOOPS][CHUNKS];

/* ---- What share.c, plan.c and their headers call ---- */

__thread fl_omp_thread fl_omp_this FL_OMP_TLS;
fl_omp_global fl_omp_globals;

void fl_omp_enter(void)
{
}

bool fl_omp_barrier(void)
{
    return false;
}

fl_omp_copies *fl_omp_copies_create(const uintptr_t *reductions, unsigned threads)
{
    (void)reductions, (void)threads;
    return NULL;
}

void fl_omp_copies_release(fl_omp_copies *copies)
{
    (void)copies;
}

struct fl_omp_across *fl_omp_across_new(const fl_omp_share *share, const fl_omp_plan *plan)
{
    (void)share, (void)plan;
    return NULL;
}

void fl_omp_across_begin(fl_omp_thread *thread)
{
    (void)thread;
}

void fl_omp_across_end(fl_omp_thread *thread)
{
    (void)thread;
}

void fl_omp_ordered_pass(fl_omp_thread *thread)
{
    (void)thread;
}

/* ---- Threads ---- */

MC_UNCHECKED static void note_opened(uint64_t number)
{
    opened[number]++;
}

/* The start of the loop is its number: it tells the loops apart. */
static void open_loop(fl_omp_share *share, const void *how)
{
    const fl_omp_plan *plan = how;
    fl_omp_open_plan(share, plan);
    note_opened(plan->start);
    if (plan->start >= 2)
        mc_reached("reused");
}

MC_UNCHECKED static void note_taken(uint64_t number, uint64_t chunk)
{
    taken[number][chunk]++;
}

static void take_all(fl_omp_thread *thread, uint64_t number)
{
    uint64_t from, count, all = 0;
    bool last = false;
    while (fl_omp_next(thread, &from, &count)) {
        MC_CLAIM(count == 1 && from < shape.chunks, "a chunk is not one of the loop");
        MC_CLAIM(!last, "a thread takes another chunk after the last one");
        last = shape.steals && from == shape.chunks - 1;
        if (last)
            mc_reached(thread->number ? "last, not the first" : "last, the first");
        else if (shape.steals && from < shape.chunks / shape.threads && thread->number)
            mc_reached("stolen");
        note_taken(number, from);
        if (++all == shape.chunks)
            mc_reached("all by one");
    }
}

static void body(unsigned me)
{
    fl_omp_thread *thread = &member[me];
    for (uint64_t i = 0; i < shape.loops; i++) {
        const fl_omp_plan plan = {.kind = shape.kind,
                                  .steals = shape.steals,
                                  .start = i,
                                  .step = 1,
                                  .stride = 1,
                                  .distance = shape.chunks,
                                  .chunk = 1};
        const fl_omp_share *share = fl_omp_share_enter(thread, open_loop, &plan);
        MC_CLAIM(share->start == i, "a thread is in the share of another loop");
        take_all(thread, i);
        MC_CLAIM(share->start == i, "a share is opened anew while a thread is in it");
        fl_omp_share_leave(thread);
    }
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    heap_setup(false);
    timeouts_setup(true);
    memset(opened, 0, sizeof opened);
    memset(taken, 0, sizeof taken);
    memset(member, 0, sizeof member);
    memset(&team, 0, sizeof team);
    team.size = shape.threads;
    MC_CLAIM(!fl_omp_shares_init(&team.shares, shape.threads), "there is memory");
    fl_omp_shares_begin(&team.shares, 0);
    /* The numbers of a first region begin after a whole ring. */
    for (unsigned i = 0; i < shape.threads; i++) {
        member[i] = (fl_omp_thread){.team = &team, .number = i};
        fl_omp_sharing_begin(&member[i]);
    }
}

static void finish(void)
{
    for (unsigned i = 0; i < shape.loops; i++) {
        MC_CLAIM(opened[i] == 1, "a loop has no opener, or two");
        for (unsigned c = 0; c < shape.chunks; c++)
            MC_CLAIM(taken[i][c] == 1, "a chunk is lost, or taken twice");
    }
}

MC_SHAPE(ring, .threads = 2, .loops = 3, .kind = FL_OMP_STATIC)
MC_SHAPE(ring_three, .threads = 3, .loops = 3, .kind = FL_OMP_STATIC)
MC_SHAPE(dynamic, .threads = 2, .loops = 1, .chunks = 3, .kind = FL_OMP_DYNAMIC)
MC_SHAPE(steal, .threads = 2, .loops = 1, .chunks = 6, .kind = FL_OMP_DYNAMIC, .steals = true)
MC_SHAPE(steal_three, .threads = 3, .loops = 1, .chunks = 5, .kind = FL_OMP_DYNAMIC, .steals = true)
MC_SHAPE(steal_again, .threads = 2, .loops = 3, .chunks = 3, .kind = FL_OMP_DYNAMIC, .steals = true)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, __VA_ARGS__            \
    }

const mc_model mc_models[] = {
    ROW(ring, "three loops in a ring of two", .threads = {"one", "another"}, .bound = 2,
        .reaches = {"reused"}),
    ROW(ring_three, "the same, three threads", .threads = {"one", "another", "third"},
        .random = 30000, .reaches = {"reused"}),
    ROW(dynamic, "a dynamic loop", .threads = {"one", "another"}, .reaches = {"all by one"}),
    ROW(steal, "a loop with ranges", .threads = {"one", "another"},
        .reaches = {"stolen", "last, the first", "last, not the first"}),
    ROW(steal_three, "the same, three threads", .threads = {"one", "another", "third"},
        .random = 30000, .reaches = {"stolen", "last, the first", "last, not the first"}),
    ROW(steal_again, "loops with ranges in a ring of two", .threads = {"one", "another"},
        .random = 30000, .reaches = {"reused", "stolen"}),
    {.name = NULL}};
