/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   ParkSleeper sleeper: exchange park word, seq_cst    | UnparkSleeper waker: CAS park word, seq_cst; one of the two sees the other */
