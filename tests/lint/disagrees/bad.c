/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   S1 finish: exchange state, acq_rel    -> S2 join: load state, acquire; it sees the result
 *   F1 light fence, load state, acquire   | F2: heavy fence, seq_cst */
static void finish(filch_ptr *state)
{
    filch_ptr_exchange(state, NULL, FILCH_SEQ_CST); /* S1 */
    filch_ptr_load(state, FILCH_SEQ_CST);           /* S2: stronger than its edge says, too */
    filch_fence_seq_cst();                          /* F1 */
    fl_fence_heavy();                               /* F1 */
    filch_fence_light();                            /* F2 */
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL); /* S2 */
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL); /* S2, S1 */
}
