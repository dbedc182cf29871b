/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B1 something else: exchange bell, seq_cst    | B3 */
