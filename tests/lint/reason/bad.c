/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   FinishTask finish: exchange state, acq_rel    -> ReadResult join: load state, acquire; it sees the result */
static void *finish(filch_ptr *state)
{
    filch_ptr_load(state, FILCH_RELAXED);           /* ReadResult */
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL); /* FinishTask */
    return filch_ptr_load(state, FILCH_ACQUIRE);    /* ReadResult */
}
