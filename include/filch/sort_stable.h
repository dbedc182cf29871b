/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stable parallel sort by comparison: equal items stay in their order. For engineers who sort
 * records by one field after another, or who must not shuffle what is equal; where that does not
 * matter, <filch/sort.h> needs no memory.
 *
 *   static inline bool by_age(person a, person b) { return a.age < b.age; }
 *   FILCH_SORT_STABLE(sort_by_age, person, by_age)
 *   sort_by_age(self, people, count);                                 from a task
 *   FILCH_RUN(rt, sort_by_age, people, count);                        from elsewhere
 *
 * A merge sort: lists of up to 16 thousand items are sorted by a stable quicksort
 * (<filch/detail/stable_core.h>) and merged in parallel (<filch/merge.h>). Input that is sorted
 * already, or in strictly reverse order, as a whole or in long parts, costs little more than one
 * pass.
 *
 * Memory: for half of the items (for arrays up to 4 MiB, all of them) while it runs, and some
 * kilobytes of stack. Without it the sort continues in place, ten to twenty times as slowly.
 * Items: any type that memcpy may move, at most FILCH_ITEM_MOST bytes, aligned to 16 bytes at
 * most.
 *
 * FILCH_LESS of <filch/detail/par_args.h> is the `less` of numbers. For further arguments of
 * `less`, as (type, name) pairs, see <filch/detail/order.h>, which also describes the result for
 * unordered items.
 * If `less` panics, so does the caller of the sort, and the array holds each of its items once, in
 * some order.
 *
 * Errors: 0; -EINVAL (NULL for some items, no `less`, items of 0 or more than FILCH_ITEM_MOST
 * bytes, more than memory can hold); from elsewhere also the errors of filch_run.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_SORT_STABLE_H
#define FILCH_SORT_STABLE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/stable_core.h>

FILCH_BEGIN_DECLS

/* Sorts count items of `size` bytes by less(a, b, context), which is not inlined. */
FILCH_API int filch_sort_stable(filch_self self, void *items, size_t count, size_t size,
                                filch_less_fn *less, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_sort_stable(filch_runtime *rt, void *items, size_t count, size_t size,
                                    filch_less_fn *less, void *context);

/* The same with the functions of a type; called by FILCH_SORT_STABLE. */
FILCH_API int filch_sort_stable_by(filch_self self, void *items, size_t count,
                                   const filch_stable_ops *ops, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_sort_stable_by(filch_runtime *rt, void *items, size_t count,
                                       const filch_stable_ops *ops, void *context);

FILCH_END_DECLS

/* FILCH_SORT_STABLE(name, type, less, pairs...): int name(self, type *items, size_t count, ...) */
/* clang-format off */
#define FILCH_SORT_STABLE(name, type, ...) FL_CHECKED(FL_SORT_STABLE, name, name##_, type, __VA_ARGS__, ~)
#define FL_SORT_STABLE(name, own, type, comes_first, ...)                                          \
    FL_ORDER(name, own, type, comes_first, __VA_ARGS__)                                            \
    FL_STABLE_OPS(own, sizeof(struct own##item), __VA_ARGS__)                                      \
    FL_ENTRIES(name, own, filch_sort_stable_by, filch_run_sort_stable_by, (type *fl_items, size_t fl_count), \
               (fl_items, fl_count, &own##stable_ops), __VA_ARGS__)
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
