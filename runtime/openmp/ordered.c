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
 *   C4 pass: store turn, release  -> C5 wait: load turn, acquire; it sees earlier regions */
#include <runtime/openmp/worksharing.h>

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
         filch_u64_load(&share->turn, FILCH_ACQUIRE) != thread->sharing.from; /* C5 */
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
    filch_u64_store(&sharing->share->turn, sharing->to, FILCH_RELEASE); /* C4 */
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
