/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *   D1 push: store bottom, release    -> D2 steal: load bottom, acquire
 *   D3 store bottom, release          | a thief that looks
 *   D4 store bottom, release: D1 of the owner
 *   D5 store bottom, release: of two one wins */
static void push(filch_u64 *bottom)
{
    filch_u64_store(bottom, 1, FILCH_RELEASE); /* D1, D3, D4, D5 */
    filch_u64_load(bottom, FILCH_ACQUIRE);     /* D2 */
}
