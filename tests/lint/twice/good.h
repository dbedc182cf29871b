/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B1 sleeper: exchange park word, seq_cst    | B2 waker: CAS park word, seq_cst; one of the two sees the other */
