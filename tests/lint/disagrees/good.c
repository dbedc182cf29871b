/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   ParkSleeper sleeper: exchange park word, seq_cst    | UnparkSleeper waker: CAS park word, seq_cst; one of the two sees the other
 *   EraseTask store task = NULL, relaxed; light fence, heavy fence     | ReadTop: seq_cst fence, load task */
static void unpark(filch_u32 *park_word, filch_ptr *task)
{
    uint32_t parked = 1;
    filch_u32_exchange(park_word, 1, FILCH_SEQ_CST);     /* ParkSleeper */
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* UnparkSleeper */
    filch_ptr_store(task, NULL, FILCH_RELAXED);          /* EraseTask */
    filch_fence_light();                                 /* EraseTask */
    fl_fence_heavy();                                    /* EraseTask */
    filch_fence_seq_cst();                               /* ReadTop */
    filch_ptr_load(task, FILCH_RELAXED);                 /* ReadTop: the fence orders it */
}
