/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two modules in one file. */

/* ---- Parking ---- */

/* Parks a worker.
 *   PostDone sleeper: exchange park word, seq_cst   | AwaitDone; one of the two sees the other
 *   AwaitDone waker: CAS park word, seq_cst          | PostDone */
static void park(filch_u32 *park_word)
{
    filch_u32_exchange(park_word, 1, FILCH_SEQ_CST); /* PostDone */
}

static void unpark(filch_u32 *park_word)
{
    uint32_t parked = 1;
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* AwaitDone */
}
