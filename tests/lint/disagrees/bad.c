/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   FinishTask finish: exchange state, acq_rel    -> ReadResult join: load state, acquire; it sees the result
 *   PublishTask light fence, load state, acquire   | ReadLimit: heavy fence, seq_cst */
static void finish(filch_ptr *state)
{
    filch_ptr_exchange(state, NULL, FILCH_SEQ_CST); /* FinishTask */
    filch_ptr_load(state, FILCH_SEQ_CST);           /* ReadResult: stronger than its edge */
    filch_fence_seq_cst();                          /* PublishTask */
    fl_fence_heavy();                               /* PublishTask */
    filch_fence_light();                            /* ReadLimit */
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL); /* ReadResult */
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL); /* ReadResult, FinishTask */
}
