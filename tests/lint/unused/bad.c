/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   D1 push: store bottom, release    -> D2 steal: load bottom, acquire
 *   D3 pop: store bottom, release     | D1 */
static void push(filch_u64 *bottom)
{
    filch_u64_store(bottom, 1, FILCH_RELEASE); /* D1 */
    filch_u64_load(bottom, FILCH_RELAXED);     /* ordered by D2 elsewhere */
}
