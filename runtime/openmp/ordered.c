/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ordered regions. The turn goes from chunk to chunk, in the order of their iterations. A thread waits for
 * it at the first ordered region of its chunk, and passes it on when each iteration has had its region,
 * or when the chunk ends. Chunks of one iteration thus pass it on at the end of the region.
 *
 * Each thread takes chunks in the order of their iterations. So the thread that has the first chunk of
 * those that have not passed the turn on never waits.
 *
 * Edge:
 *   PassTurn: store turn, release                   -> AwaitOrder, wait: load turn, acquire; it
 *                                                      sees earlier regions */
#include <runtime/openmp/memory.h>
#include <runtime/openmp/worksharing.h>

#include <stdarg.h>

/* Whether the calling thread has a chunk whose turn has not been passed on. */
static bool is_in_chunk(const fl_omp_sharing *sharing)
{
    return sharing->share && sharing->share->ordered && sharing->from != sharing->to;
}

/* false: the region is cancelled, so the turn may never come. */
static bool wait(const fl_omp_thread *thread)
{
    const fl_omp_share *share = thread->sharing.share;
    fl_omp_patience patience = {.turns = 0};
    for (bool waits = false;
         filch_u64_load(&share->turn, FILCH_ACQUIRE) != thread->sharing.from; /* AwaitOrder */
         waits = true) {
        if (fl_omp_team_cancelled(thread->team))
            return false;
        if (!waits)
            patience = fl_omp_patience_begin(thread->team);
        fl_omp_patience_turn(&patience);
    }
    return true;
}

static void pass(fl_omp_sharing *sharing)
{
    filch_u64_store(&sharing->share->turn, sharing->to, FILCH_RELEASE); /* PassTurn */
    sharing->from = sharing->to;
}

void fl_omp_ordered_pass(fl_omp_thread *thread)
{
    if (wait(thread))
        pass(&thread->sharing);
}

FL_OMP_ENTRY(void, GOMP_ordered_start, void)
{
    fl_omp_thread *thread = fl_omp_here();
    if (is_in_chunk(&thread->sharing))
        wait(thread);
}

FL_OMP_ENTRY(void, GOMP_ordered_end, void)
{
    fl_omp_sharing *sharing = &fl_omp_this.sharing;
    if (is_in_chunk(sharing) && ++sharing->ended == sharing->to - sharing->from)
        pass(sharing);
}

/* ---- Doacross ---- */

/* Doacross loops: `ordered depend(source)` posts an iteration of a loop nest, `depend(sink: ...)` waits until
 * another one is posted. The outer loop is shared, and a thread runs the inner ones for each of its
 * iterations.
 *
 * A thread runs its chunk in order. So one word for each chunk says how far its posts have come: the
 * iterations of the nest have numbers, and those below the word are posted. When the chunk ends, all of
 * its iterations count as posted. A table of words serves any number of chunks: a thread that takes
 * chunk c waits until the last chunk with the same word has ended.
 *
 * Edge:
 *   PostIteration: store posted, release            -> AwaitIteration, wait: load posted,
 *                                                      acquire; it sees the iteration */

enum { WORDS = 256, LINE = 64 };

typedef struct word {
    filch_u64 posted;
    char apart[LINE - sizeof(filch_u64)];
} word;

/* A nest. All numbers are those of the outer loop's iterations, unless they say otherwise. */
struct fl_omp_across {
    unsigned dims;
    uint64_t inner;   /* iterations of the nest for each of the outer loop */
    uint64_t count;   /* of the outer loop */
    uint64_t chunk;   /* its chunks, if they are of one size, */
    uint64_t *bounds; /* or the first iteration of each chunk, and `count` */
    uint64_t chunks;
    uint64_t mask; /* of the table */
    word *words;
    uint64_t *inner_counts; /* of the loops within the outer one */
};

/* Bounds of the chunks of a loop without equal chunks; returns how many chunks there are. */
static uint64_t bound(const fl_omp_share *share, uint64_t *bounds)
{
    uint64_t chunks = 0;
    for (uint64_t from = 0; from < share->count; chunks++) {
        if (bounds)
            bounds[chunks] = from;
        from += share->kind == FL_OMP_GUIDED ? fl_omp_guided(share, share->count - from)
                                             : share->chunk + (chunks < share->longer);
    }
    if (bounds)
        bounds[chunks] = share->count;
    return chunks;
}

struct fl_omp_across *fl_omp_across_new(const fl_omp_share *share, const fl_omp_plan *plan)
{
    const bool equal = share->kind != FL_OMP_GUIDED && !share->longer;
    const uint64_t chunks = equal ? share->chunks : bound(share, NULL);
    uint64_t words = 1;
    while (words < chunks && words < WORDS)
        words *= 2;
    const size_t bounds = equal ? 0 : chunks + 1;
    struct fl_omp_across *across = fl_omp_allocate(sizeof *across + words * sizeof(word) +
                                                   (bounds + plan->dims) * sizeof(uint64_t));
    across->words = (word *)(across + 1);
    across->inner_counts = (uint64_t *)(across->words + words);
    across->mask = words - 1;
    across->dims = plan->dims;
    across->count = share->count;
    across->chunk = share->chunk;
    across->chunks = chunks;
    across->inner = 1;
    for (unsigned i = 1; i < plan->dims; i++) {
        across->inner_counts[i - 1] = ((const uint64_t *)plan->counts)[i];
        across->inner *= across->inner_counts[i - 1];
    }
    if (!equal) {
        across->bounds = across->inner_counts + plan->dims;
        bound(share, across->bounds);
    }
    return across;
}

static uint64_t chunk_of(const struct fl_omp_across *across, uint64_t outer)
{
    if (!across->bounds)
        return outer / across->chunk;
    uint64_t low = 0, high = across->chunks; /* bounds[low] <= outer < bounds[high] */
    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        *(across->bounds[middle] <= outer ? &low : &high) = middle;
    }
    return low;
}

static uint64_t end_of(const struct fl_omp_across *across, uint64_t chunk)
{
    return across->bounds ? across->bounds[chunk + 1] : (chunk + 1) * across->chunk;
}

static void await(const fl_omp_team *team, const fl_omp_share *share, const filch_u64 *posted,
                  uint64_t least)
{
    fl_omp_patience patience = {.turns = 0};
    for (bool waits = false; filch_u64_load(posted, FILCH_ACQUIRE) < least;
         waits = true) { /* AwaitIteration */
        if (fl_omp_team_cancelled(team) ||
            filch_u32_load(&share->cancelled, FILCH_RELAXED)) /* a look */
            return;
        if (!waits)
            patience = fl_omp_patience_begin(team);
        fl_omp_patience_turn(&patience);
    }
}

void fl_omp_across_begin(fl_omp_thread *thread)
{
    fl_omp_sharing *sharing = &thread->sharing;
    const struct fl_omp_across *across = sharing->share->across;
    const uint64_t chunk = chunk_of(across, sharing->from);
    sharing->posted = &across->words[chunk & across->mask].posted;
    if (chunk > across->mask)
        await(thread->team, sharing->share, sharing->posted,
              end_of(across, chunk - across->mask - 1) * across->inner);
}

void fl_omp_across_end(fl_omp_thread *thread)
{
    const fl_omp_sharing *sharing = &thread->sharing;
    filch_u64_store(sharing->posted, sharing->to * sharing->share->across->inner,
                    FILCH_RELEASE); /* PostIteration */
}

/* NULL: the calling thread is alone, so all that it waits for has run. */
static const struct fl_omp_across *here(const fl_omp_thread *thread)
{
    const fl_omp_share *share = thread->sharing.share;
    return share ? share->across : NULL;
}

/* Waits for iteration `number` of the nest, whose outer iteration is `outer`. */
static void wait_for(const fl_omp_thread *thread, uint64_t outer, uint64_t number)
{
    const fl_omp_sharing *sharing = &thread->sharing;
    const struct fl_omp_across *across = sharing->share->across;
    if (outer >= across->count || (outer >= sharing->from && outer < sharing->to))
        return; /* no iteration, or one that this thread has run */
    await(thread->team, sharing->share,
          &across->words[chunk_of(across, outer) & across->mask].posted, number + 1);
}

/* The entry points for a type: counts of the present iteration, or those of the awaited one. */
#define DOACROSS(prefix, type)                                                                     \
    FL_OMP_ENTRY(void, prefix##_post, type *counts)                                                \
    {                                                                                              \
        const fl_omp_thread *thread = fl_omp_here();                                               \
        const struct fl_omp_across *across = here(thread);                                         \
        if (!across)                                                                               \
            return;                                                                                \
        uint64_t number = (uint64_t)counts[0];                                                     \
        for (unsigned i = 1; i < across->dims; i++)                                                \
            number = number * across->inner_counts[i - 1] + (uint64_t)counts[i];                   \
        filch_u64_store(thread->sharing.posted, number + 1, FILCH_RELEASE); /* PostIteration */    \
    }                                                                                              \
    FL_OMP_ENTRY(void, prefix##_wait, type outer, ...)                                             \
    {                                                                                              \
        const fl_omp_thread *thread = fl_omp_here();                                               \
        const struct fl_omp_across *across = here(thread);                                         \
        if (!across)                                                                               \
            return;                                                                                \
        uint64_t number = (uint64_t)outer;                                                         \
        va_list counts;                                                                            \
        va_start(counts, outer);                                                                   \
        for (unsigned i = 1; i < across->dims; i++)                                                \
            number = number * across->inner_counts[i - 1] + (uint64_t)va_arg(counts, type);        \
        va_end(counts);                                                                            \
        wait_for(thread, (uint64_t)outer, number);                                                 \
    }

DOACROSS(GOMP_doacross, long)
DOACROSS(GOMP_doacross_ull, unsigned long long)
