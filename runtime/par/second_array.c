/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/second_array.h>

#include <string.h>

void fl_undo_all(void *undos)
{
    for (const fl_undo *undo = ((fl_undos *)undos)->newest; undo; undo = undo->older) {
        char *const to = undo->second_is_to ? undo->second : undo->first;
        char *const end = undo->second_is_to ? undo->first : undo->second;
        memcpy(to, undo->from, (size_t)(end - undo->from));
    }
}
