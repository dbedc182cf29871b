/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Undo records: return a sort's items from two arrays to one when a comparison or a key panics.
 * For the headers and drivers of the sorts; machinery, not to be called by programs.
 *
 * Each function that calls user code guarantees: if that panics, the array from which it took
 * its items holds each of them once. It records the items that it has moved elsewhere by then in
 * a list, the newest first. The driver defers fl_undo_all (runtime/par/second_array.h) once for a
 * few thousand items and passes the list down. So a record costs a few stores. Where `less` is
 * inlined and cannot panic, compilers drop most records: a record is a local variable, to which no
 * item can refer. */
#ifndef FILCH_UNDO_H
#define FILCH_UNDO_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <stdbool.h>

/* A record: the items at `from` belong elsewhere, from `first` up to `second`. With second_is_to
 * the roles are exchanged, so that a partition can record where it writes next in either array,
 * whichever of them is which. */
typedef struct fl_undo {
    struct fl_undo *older;
    char *from, *first, *second;
    bool second_is_to;
} fl_undo;

typedef struct fl_undos {
    fl_undo *newest;
} fl_undos;

/* From here until fl_undo_end, this many bytes of `to` are at `from`. */
FILCH_INLINE void fl_undo_begin(fl_undos *undos, fl_undo *undo, char *to, char *from, size_t bytes)
{
    undo->older = undos->newest;
    undo->from = from;
    undo->first = to;
    undo->second = from + bytes;
    undo->second_is_to = false;
    undos->newest = undo;
}

/* Ends the newest record. */
FILCH_INLINE void fl_undo_end(fl_undos *undos, const fl_undo *undo)
{
    undos->newest = undo->older;
}

#include <filch/detail/show_words.h>
#endif
