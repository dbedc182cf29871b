/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B1 sleeper: exchange park word, seq_cst    | B2 waker: CAS park word, seq_cst; one of the two sees the other
 *   J1 store task = NULL, relaxed; light fence, heavy fence     | J2: seq_cst fence, load task */
static void unpark(filch_u32 *park_word, filch_ptr *task)
{
    uint32_t parked = 1;
    filch_u32_exchange(park_word, 1, FILCH_SEQ_CST);     /* B1 */
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* B2 */
    filch_ptr_store(task, NULL, FILCH_RELAXED);          /* J1 */
    filch_fence_light();                                 /* J1 */
    fl_fence_heavy();                                    /* J1 */
    filch_fence_seq_cst();                               /* J2 */
    filch_ptr_load(task, FILCH_RELAXED);                 /* J2: the fence orders it */
}
