/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Doacross loops. clang says which iteration of a nest is posted or awaited, and shares out the outer loop like any
 * other, so nothing here knows the chunks. A share of its own holds one bit for each iteration of the nest.
 *
 * Edge:
 *   PostBit: or into bits, release                  -> AwaitBit, wait: load bits, acquire; it
 *                                                      sees the iteration */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/loop.h>
#include <runtime/openmp/memory.h>

enum { BITS = 64 };

/* A dimension: its first iteration, the one after its last, and the step. */
typedef struct dimension {
    int64_t lower, end, step;
} dimension;

typedef struct nest {
    int32_t dims;
    const dimension *of;
} nest;

/* In the memory of the share: the number of dimensions, them, and the bits. */
typedef struct board {
    size_t dims;
    dimension of[];
} board;

static uint64_t size_of(const dimension *of)
{
    const int64_t way = of->end - of->lower;
    return (uint64_t)(way / of->step) + (way % of->step != 0);
}

static filch_u64 *bits_of(board *it)
{
    return (filch_u64 *)(void *)(it->of + it->dims);
}

static void open_nest(fl_omp_share *share, const void *how)
{
    const nest *it = how;
    uint64_t all = 1;
    for (int32_t i = 0; i < it->dims; i++)
        all *= size_of(&it->of[i]);
    board *new = fl_omp_allocate(sizeof *new + (size_t)it->dims * sizeof *it->of +
                                 (all / BITS + 1) * sizeof(filch_u64));
    new->dims = (size_t)it->dims;
    memcpy(new->of, it->of, new->dims * sizeof *it->of);
    share->memory = new;
    share->tracked = false;
}

/* The word of an iteration. false: there is no such iteration. */
static bool find(board *it, const int64_t *iteration, filch_u64 **word, uint64_t *bit)
{
    uint64_t number = 0;
    for (size_t i = 0; i < it->dims; i++) {
        const int64_t way = iteration[i] - it->of[i].lower;
        const uint64_t size = size_of(&it->of[i]);
        const uint64_t at = (uint64_t)(way / it->of[i].step);
        if ((way < 0) != (it->of[i].step < 0 && way) || at >= size)
            return false;
        number = number * size + at;
    }
    *word = &bits_of(it)[number / BITS];
    *bit = UINT64_C(1) << number % BITS;
    return true;
}

/* Of the calling thread's loop. NULL: it is alone in its team, which may be within a loop of another. */
static fl_omp_share *here(void)
{
    return fl_omp_here()->team->size > 1 ? fl_kmpc_here.across : NULL;
}

FL_OMP_ENTRY(void, __kmpc_doacross_init, fl_kmpc_ident *at, int32_t thread_number, int32_t dims,
             const dimension *of)
{
    (void)at, (void)thread_number;
    fl_omp_thread *thread = fl_omp_here();
    if (thread->team->size == 1)
        return;
    fl_kmpc_leave_loop(thread);
    const nest it = {dims, of};
    fl_kmpc_here.across = fl_omp_share_enter(thread, open_nest, &it);
    thread->sharing.share = NULL; /* the loop gets its own */
}

FL_OMP_ENTRY(void, __kmpc_doacross_fini, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    if (!here())
        return;
    fl_omp_share_depart(fl_kmpc_here.across);
    fl_kmpc_here.across = NULL;
}

FL_OMP_ENTRY(void, __kmpc_doacross_post, fl_kmpc_ident *at, int32_t thread,
             const int64_t *iteration)
{
    (void)at, (void)thread;
    filch_u64 *bits;
    uint64_t bit;
    fl_omp_share *share = here();
    if (share && find(share->memory, iteration, &bits, &bit))
        filch_u64_or(bits, bit, FILCH_RELEASE); /* PostBit */
}

FL_OMP_ENTRY(void, __kmpc_doacross_wait, fl_kmpc_ident *at, int32_t thread,
             const int64_t *iteration)
{
    (void)at, (void)thread;
    filch_u64 *bits;
    uint64_t bit;
    fl_omp_share *share = here();
    if (!share || !find(share->memory, iteration, &bits, &bit))
        return;
    const fl_omp_team *team = fl_omp_here()->team;
    fl_omp_patience patience = fl_omp_patience_begin(team);
    while (!(filch_u64_load(bits, FILCH_ACQUIRE) & bit)) { /* AwaitBit */
        if (fl_omp_team_cancelled(team))
            return;
        fl_omp_patience_turn(&patience);
    }
}
