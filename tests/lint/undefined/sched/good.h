/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B1 sleeper: exchange bell, seq_cst    | B2 waker: CAS bell, seq_cst; one of the two sees the other */
