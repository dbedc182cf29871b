/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Two modules in one file. */

/* ---- Parking ---- */

/* Parks a worker.
 *   C1 sleeper: exchange park word, seq_cst   | C2; one of the two sees the other
 *   C2 waker: CAS park word, seq_cst          | C1 */
static void park(filch_u32 *park_word)
{
    filch_u32_exchange(park_word, 1, FILCH_SEQ_CST); /* C1 */
}

static void unpark(filch_u32 *park_word)
{
    uint32_t parked = 1;
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* C2 */
}
