/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   ParkSleeper sleeper: exchange park word, seq_cst    | UnparkSleeper waker: CAS park word, seq_cst; one of the two sees the other
 *      (in two columns, over two lines) */
static void unpark(filch_u32 *park_word, filch_u32 *capped, filch_u32 *tokens)
{
    uint32_t parked = 1;
    filch_u32_exchange(park_word, 0, FILCH_SEQ_CST); /* ParkSleeper */
    /* UnparkSleeper, on the lines above */
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST);
    while (!filch_u32_cas(park_word, &parked, /* UnparkSleeper: in the middle of a statement */
                          2, FILCH_SEQ_CST))
        filch_pause();
    filch_u32_store(capped, 1, FILCH_RELAXED); /* both: a hint */
    filch_u32_store(capped, 0, FILCH_RELAXED);
    if (filch_u32_load(capped, FILCH_RELAXED) ||             /* a hint */
        filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST)) /* UnparkSleeper */
        filch_fence_seq_cst();                               /* for whoever asks */
    for (unsigned i = 0; i < 2; i++)                         /* not yet shared */
        filch_u32_store(tokens, i, FILCH_RELAXED);
}
