/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B1 something else: exchange park word, seq_cst    | B3 */
