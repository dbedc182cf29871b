/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   ParkSleeper something else: exchange park word, seq_cst    | LeavePark */
