/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *   S1 finish: exchange state -> DONE, acq_rel, the last touch
 *   S3 await: CAS state, acq_rel,
 *      in two lines
 * S1 in prose is no second edge. */
static void finish(filch_ptr *state, void *none)
{
    filch_ptr_exchange(state, NULL, FILCH_ACQ_REL);   /* S1 */
    filch_ptr_cas(state, &none, NULL, FILCH_ACQ_REL); /* S3 */
}
