/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   PublishBottom push: store bottom, release    -> ReadBottom steal: load bottom, acquire
 *   LowerBottom pop: store bottom, release     | PublishBottom */
static void push(filch_u64 *bottom)
{
    filch_u64_store(bottom, 1, FILCH_RELEASE); /* PublishBottom */
    filch_u64_load(bottom, FILCH_RELAXED);     /* ordered by ReadBottom elsewhere */
}
