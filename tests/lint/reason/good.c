/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   EraseTask store task = NULL, relaxed    | ReadTop fence, load task, acquire: one of the two sees the other */
static void *join(filch_ptr *task)
{
    filch_ptr_store(task, NULL, FILCH_RELAXED); /* EraseTask */
    filch_ptr_load(task, FILCH_RELAXED);        /* ReadTop: a look, it is not followed */
    return filch_ptr_load(task, FILCH_ACQUIRE); /* ReadTop */
}
