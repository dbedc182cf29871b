/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stable parallel merge of two sorted lists. For engineers who keep sorted data and add to it, and
 * for those who write sorts.
 *
 *   static inline bool earlier(event a, event b) { return a.time < b.time; }
 *   FILCH_MERGE(merge_events, event, earlier)
 *   merge_events(self, a, a_count, b, b_count, out);                  from a task
 *   FILCH_RUN(rt, merge_events, a, a_count, b, b_count, out);         from elsewhere
 *
 * out gets all items of both lists, in order; of equal ones, those from a first. The output is cut
 * in the middle repeatedly, each cut found by binary search in both lists, so that its halves are
 * independent (after S. Odeh, O. Green, Z. Mwassi, O. Shmueli, Y. Birk, Merge Path, 2012). The
 * remaining merges, of some 64 thousand items, are those of <filch/detail/merge_core.h>.
 *
 * FILCH_LESS of <filch/detail/par_args.h> is the `less` of numbers. For further arguments of
 * `less`, as (type, name) pairs, see <filch/detail/order.h>, which also describes the result for
 * unordered lists.
 *
 * Errors (nothing is written then): -EINVAL (a NULL list of some items, no `less`, items
 * of 0 or more than FILCH_ITEM_MOST bytes, lists that no memory can hold). In debug builds of the
 * library also an out that overlaps a list; from elsewhere also the errors of filch_run.
 * Panics: `less` may panic. Then both lists are untouched, and each place of out holds its old
 * value or an item of a list.
 * Suspends: yes; the caller may continue on another worker. Allocates nothing.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_MERGE_H
#define FILCH_MERGE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/merge_core.h>

FILCH_BEGIN_DECLS

/* Merges items of `size` bytes by less(a, b, context), which is not inlined; out has room for
 * a_count + b_count items. */
FILCH_API int filch_merge(filch_self self, const void *a, size_t a_count, const void *b,
                          size_t b_count, void *out, size_t size, filch_less_fn *less,
                          void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_merge(filch_runtime *rt, const void *a, size_t a_count, const void *b,
                              size_t b_count, void *out, size_t size, filch_less_fn *less,
                              void *context);

/* The same with the functions of a type; called by FILCH_MERGE. */
FILCH_API int filch_merge_by(filch_self self, const void *a, size_t a_count, const void *b,
                             size_t b_count, void *out, const filch_merge_ops *ops, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_merge_by(filch_runtime *rt, const void *a, size_t a_count, const void *b,
                                 size_t b_count, void *out, const filch_merge_ops *ops,
                                 void *context);

FILCH_END_DECLS

/* FILCH_MERGE(name, type, less, pairs...):
 * int name(self, const type *a, size_t a_count, const type *b, size_t b_count, type *out, ...) */
/* clang-format off */
#define FILCH_MERGE(name, type, ...) FL_CHECKED(FL_MERGE, name, name##_, type, __VA_ARGS__, ~)
#define FL_MERGE(name, own, type, comes_first, ...)                                                \
    FL_ORDER(name, own, type, comes_first, __VA_ARGS__)                                            \
    FL_MERGE_FUNCTIONS(own, sizeof(struct own##item), __VA_ARGS__)                                 \
    static const filch_merge_ops own##merge_ops = {sizeof(struct own##item), own##merge,           \
                                                     own##split};                                  \
    FL_ENTRIES(name, own, filch_merge_by, filch_run_merge_by, (type const *fl_a, size_t fl_a_count, type const *fl_b, \
                                   size_t fl_b_count, type *fl_out),                               \
               (fl_a, fl_a_count, fl_b, fl_b_count, fl_out, &own##merge_ops), __VA_ARGS__)
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
