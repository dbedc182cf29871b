/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   S1 finish: exchange state, acq_rel    -> S2 join: load state, acquire; it sees the result */
static void *finish(filch_ptr *state)
{
    filch_ptr_load(state, FILCH_RELAXED);           /* S2 */
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL); /* S1 */
    return filch_ptr_load(state, FILCH_ACQUIRE);    /* S2 */
}
