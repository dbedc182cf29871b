/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *   FinishTask finish: exchange state -> DONE, acq_rel, the last touch
 *   AwaitResult await: CAS state, acq_rel,
 *      in two lines
 * FinishTask in prose is no second edge. */
static void finish(filch_ptr *state, void *none)
{
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL);   /* FinishTask */
    filch_ptr_cas(state, &none, NULL, FILCH_ACQ_REL); /* AwaitResult */
}
