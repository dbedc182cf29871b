/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   J1 store task = NULL, relaxed    | J2 fence, load task, acquire: one of the two sees the other */
static void *join(filch_ptr *task)
{
    filch_ptr_store(task, NULL, FILCH_RELAXED); /* J1 */
    filch_ptr_load(task, FILCH_RELAXED);        /* J2: a look, it is not followed */
    return filch_ptr_load(task, FILCH_ACQUIRE); /* J2 */
}
