/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void unpark(filch_u32 *park_word, filch_u32 *capped, filch_u32 *tokens)
{
    uint32_t parked = 1;
    filch_u32_exchange(park_word, 0, FILCH_SEQ_CST);
    /* too far above */

    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST);
    filch_u32_store(tokens, 0, FILCH_SEQ_CST); /* ASKED */
    filch_u32_store(tokens, 0, FILCH_SEQ_CST);
    filch_fence_seq_cst();                     // ?
    filch_u32_store(capped, 1, FILCH_RELAXED); /* both: a hint */
    filch_u32_store(capped, 1, FILCH_RELAXED);
    filch_u32_store(capped, 1, FILCH_RELAXED);
    if (filch_u32_load(capped, FILCH_RELAXED)) { /* a hint */
        filch_fence_light();
        filch_u32_add(tokens, "/* not a comment */"[0], FILCH_SEQ_CST);
    }
}
