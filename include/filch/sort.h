/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel sorting: by comparison in place, stably by comparison, and stably by a number; and the
 * stable merge of two sorted lists. For engineers with an array and an order.
 *
 *   FILCH_SORT(sort_ints, int, FILCH_LESS)
 *   sort_ints(self, v, n);                      from a task
 *   FILCH_RUN(rt, sort_ints, v, n);             outside a task; both return an int
 *
 *   static inline bool by_key(uint32_t a, uint32_t b, const double *key)
 *   {
 *       return key[a] < key[b];
 *   }
 *   FILCH_SORT(argsort, uint32_t, by_key, (const double *, key))
 *   argsort(self, index, n, key);
 *
 *   FILCH_SORT         equal items end in any order; needs no memory
 *   FILCH_SORT_STABLE  equal items keep their order
 *   FILCH_RADIX_SORT   the same by a number that each item has; many items in a tenth of the time
 *   FILCH_MERGE        two sorted lists become one
 *
 * The comparison, a function or a macro of two values and then the further arguments, is inlined
 * into the loops. FILCH_LESS of <filch/detail/par_args.h> compares numbers.
 * Order: less(a, b) says whether a comes before b; it should be a strict weak order. If it is not
 * (NaNs, a mistake), the result is in no useful order, but holds the same items, each once. It is
 * called on several threads at once and must not fork, join or suspend.
 * Items: any type that memcpy may move, at most FILCH_ITEM_MOST bytes, aligned to 16 bytes at
 * most.
 * Errors: 0; -EINVAL (NULL for some items, an invalid item size, no comparison, more items than
 * memory can hold); outside a task also the errors of filch_run. Nothing has changed then.
 * Panics: a comparison or key may panic. Then so does the caller, and the array of a sort holds
 * each of its items once, in some order.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: tasks; any other thread calls them through FILCH_RUN.
 * Since 0.1.0. */
#ifndef FILCH_SORT_H
#define FILCH_SORT_H
#include <filch/detail/hide_words.h>

#include <filch/detail/merge_core.h>
#include <filch/detail/radix_core.h>
#include <filch/detail/sort_core.h>
#include <filch/detail/stable_core.h>

/* ---- In place ---- */

/* Of 10^7 random uint32_t, a worker sorts one in 18 ns (std::sort: 68 ns). Takes at most n log n
 * steps; with k different values n log k; n if the items are sorted already or in reverse. Uses no
 * memory but O(log n) of stack, so it cannot fail halfway. */

FILCH_BEGIN_DECLS

/* Sorts n items of `size` bytes each by less(a, b, context), which is not inlined. */
FILCH_API int filch_sort(filch_self self, void *items, size_t n, size_t size, filch_less_fn *less,
                         void *context);
/* The same for a caller outside rt. */
FILCH_API int filch_run_sort(filch_runtime *rt, void *items, size_t n, size_t size,
                             filch_less_fn *less, void *context);

/* The same with `ops`, the functions of a type, for FILCH_SORT. */
FILCH_API int filch_sort_by(filch_self self, void *items, size_t n, const filch_sort_ops *ops,
                            void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_sort_by(filch_runtime *rt, void *items, size_t n, const filch_sort_ops *ops,
                             void *context);

FILCH_END_DECLS

/* Defines a sort: FILCH_SORT(name, type, less, pairs...). less(a, b, ...) compares two items of the
 * type; pairs are up to five (type, name) of its further arguments. Then
 *
 *   int name(filch_self self, type *items, size_t n, ...)
 *
 * sorts the n items. */
#define FILCH_SORT(name, type, ...) FL_CHECKED(FL_SORT, name, name##_, type, __VA_ARGS__, ~)

/* clang-format off */
#define FL_SORT(name, own, type, comes_first, ...)                                                 \
    FL_ORDER(name, own, type, comes_first, __VA_ARGS__)                                            \
    FL_SORT_OPS(own, FL_SORT_ORDER(own, type), sizeof(type), own##less)                            \
    FL_ARITY(own, FL_COUNT(~, ~, __VA_ARGS__), 0)                                                  \
    FL_ENTRY(own##call, FL_ENTRY_OUTSIDE, fl_rt, fl_run_sort_by, own,                           \
             (type *fl_items, size_t fl_n), (fl_items, fl_n, &own##ops), __VA_ARGS__)              \
    FILCH_UNUSED static inline int name(filch_self self, type *fl_items, size_t fl_n               \
                                        FL_MAP(FL_PARAM, __VA_ARGS__))                             \
    {                                                                                              \
        struct own##context fl_args;                                                               \
        FL_MAP(FL_CONTEXT_SET, __VA_ARGS__)                                                        \
        if (fl_items && fl_n <= FL_FEW) { /* many sorts are small: keep this path short */         \
            if (!own##sorted(fl_items, fl_n, &fl_args))                                            \
                own##few(fl_items, fl_n, &fl_args);                                                \
            return 0;                                                                              \
        }                                                                                          \
        return filch_sort_by(self, fl_items, fl_n, &own##ops, &fl_args);                           \
    }
/* A context whose address is not shared, so that the compiler keeps it in registers. */
#define FL_SORT_ORDER(own, type)                                                                   \
    struct own##context fl_own = *(struct own##context *)fl_context;                               \
    const filch_ordering fl_order = {sizeof(type), own##less, &fl_own};
/* clang-format on */

/* ---- Stable, by comparison ---- */

/* For records that are sorted by one field after another:
 *
 *   static inline bool by_age(person a, person b) { return a.age < b.age; }
 *   FILCH_SORT_STABLE(sort_by_age, person, by_age)
 *   sort_by_age(self, people, count);
 *
 * A merge sort: lists of up to 16 thousand items are sorted by a stable quicksort
 * (<filch/detail/stable_core.h>) and merged in parallel. Input that is sorted already, or in
 * strictly reverse order, as a whole or in long parts, costs little more than one pass.
 *
 * Memory: for half of the items (for arrays up to 4 MiB, all of them) while it runs, and some
 * kilobytes of stack. Without it the sort continues in place, ten to twenty times as slowly. */

FILCH_BEGIN_DECLS

/* Sorts count items of `size` bytes by less(a, b, context), which is not inlined. */
FILCH_API int filch_sort_stable(filch_self self, void *items, size_t count, size_t size,
                                filch_less_fn *less, void *context);
/* The same for a caller outside rt. */
FILCH_API int filch_run_sort_stable(filch_runtime *rt, void *items, size_t count, size_t size,
                                    filch_less_fn *less, void *context);

/* The same with `ops`, the functions of a type, for FILCH_SORT_STABLE. */
FILCH_API int filch_sort_stable_by(filch_self self, void *items, size_t count,
                                   const filch_stable_ops *ops, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_sort_stable_by(filch_runtime *rt, void *items, size_t count,
                                    const filch_stable_ops *ops, void *context);

FILCH_END_DECLS

/* clang-format off */
/* Defines a stable sort, otherwise as FILCH_SORT: FILCH_SORT_STABLE(name, type, less, pairs...).
 * Then int name(self, type *items, size_t count, ...) sorts the items. */
#define FILCH_SORT_STABLE(name, type, ...) FL_CHECKED(FL_SORT_STABLE, name, name##_, type, __VA_ARGS__, ~)
#define FL_SORT_STABLE(name, own, type, comes_first, ...)                                          \
    FL_ORDER(name, own, type, comes_first, __VA_ARGS__)                                            \
    FL_STABLE_OPS(own, sizeof(struct own##item), __VA_ARGS__)                                      \
    FL_ENTRIES(name, own, filch_sort_stable_by, fl_run_sort_stable_by, (type *fl_items, size_t fl_count), \
               (fl_items, fl_count, &own##stable_ops), __VA_ARGS__)
/* clang-format on */

/* ---- Stable, by a number ---- */

/* For items with a numeric key:
 *
 *   FILCH_RADIX_SORT(sort_numbers, uint32_t, FILCH_KEY)
 *   sort_numbers(self, v, n);
 *
 *   #define AGE(person) (person).age
 *   FILCH_RADIX_SORT(sort_by_age, person, AGE)
 *
 *   static inline double cost_of(uint32_t i, const double *cost) { return cost[i]; }
 *   FILCH_RADIX_SORT(sort_by_cost, uint32_t, cost_of, (const double *, cost))
 *   sort_by_cost(self, index, n, cost);
 *
 * The key is an integer of up to 64 bits, a float or a double: the result of a function or a macro
 * of an item, and of the macro's further arguments. It must always give the same number for an
 * item: one pass counts by it, another moves by it. The compiler detects the kind of number: bool,
 * char, enumerations and bit-fields are integers, too. Floating-point keys are in the order of
 * their bits: negative NaNs, -infinity, ..., -0.0, +0.0, ..., infinity, positive NaNs.
 *
 * Input larger than the caches is first distributed, in parallel, by the highest bits in which
 * keys differ. Each part of the items is counted, then moved to where its share of each bucket
 * begins (M. Zagha, G. Blelloch, Radix sort for vector multiprocessors, SC 1991). Then all buckets
 * are sorted in parallel, each within a cache (<filch/detail/radix_core.h>); a bucket too large
 * for that is distributed again. So the items are read and written across main memory only twice.
 *
 * Memory: room for the same number of items again and 32 KiB per worker while it runs; up to a
 * kibibyte of items needs none. If memory is refused, the items are sorted in place by comparison:
 * correct, but many times as slow. Blocks of some megabytes ask for huge pages. */

FILCH_BEGIN_DECLS

/* Sorts n items of `size` bytes, of any alignment, by the key_bytes bytes at key_offset in each: 1,
 * 2, 4 or 8 of an integer, 4 or 8 of a floating-point number. Further errors: -EINVAL (a size of 0,
 * an unknown kind of key, or a key outside its item). */
FILCH_API int filch_radix_sort(filch_self self, void *items, size_t n, size_t size,
                               size_t key_offset, size_t key_bytes, filch_radix_kind kind);
/* The same for a caller outside rt. */
FILCH_API int filch_run_radix_sort(filch_runtime *rt, void *items, size_t n, size_t size,
                                   size_t key_offset, size_t key_bytes, filch_radix_kind kind);

/* The same with `ops`, the functions of a type, which get context, for FILCH_RADIX_SORT. */
FILCH_API int filch_radix_sort_by(filch_self self, void *items, size_t n,
                                  const filch_radix_ops *ops, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_radix_sort_by(filch_runtime *rt, void *items, size_t n,
                                   const filch_radix_ops *ops, void *context);

FILCH_END_DECLS

/* The key of an item that is a number: the item. */
#define FILCH_KEY(item) (item)

/* clang-format off */
/* Defines a stable sort by a number: FILCH_RADIX_SORT(name, type, key, pairs...). key(item, ...)
 * gives the number of an item of the type; pairs are up to five (type, name) of its further
 * arguments. Then int name(self, type *items, size_t n, ...) sorts the items. */
#define FILCH_RADIX_SORT(name, type, ...)                                                          \
    FL_CHECKED(FL_RADIX_SORT, name, name##_, type, __VA_ARGS__, ~)
#define FL_RADIX_SORT(name, own, type, key_of, ...)                                                \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    struct own##item { type fl_value; } __attribute__((__may_alias__));                            \
    FILCH_STATIC_ASSERT(__alignof__(struct own##item) <= 16 && FL_PLAIN(type),                     \
                        "items of " #name " cannot be moved: sort pointers or indices to them");   \
    FILCH_UNUSED static inline uint64_t own##key(const void *fl_item,                              \
                                                   FILCH_UNUSED void *fl_context)                  \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        FL_RADIX_KEY(name, FL_RADIX_CALL(key_of, ((const struct own##item *)fl_item)->fl_value     \
                                         FL_MAP(FL_LOAD, __VA_ARGS__)))                            \
    }                                                                                              \
    FL_RADIX_OPS(own, sizeof(struct own##item), sizeof(struct own##item), own##key,                \
                 struct own##context)                                                              \
    FL_ENTRIES(name, own, filch_radix_sort_by, fl_run_radix_sort_by, (type *fl_items, size_t fl_n), \
               (fl_items, fl_n, &own##radix_ops), __VA_ARGS__)
#define FL_RADIX_CALL(key_of, ...) key_of(__VA_ARGS__)
/* + 0 promotes small integers to int, and removes qualifiers and references. */
#define FL_RADIX_KEY(name, expression)                                                             \
    typedef __typeof__((expression) + 0) fl_number;                                                \
    FILCH_STATIC_ASSERT(sizeof(fl_number) == 4 || sizeof(fl_number) == 8,                          \
                        "the key of " #name " is no integer of 64 bits or less, float or double"); \
    const fl_number fl_key = (expression);                                                         \
    return fl_radix_number(&fl_key, sizeof fl_key,                                                 \
                           fl_radix_flips_of(sizeof fl_key,                                        \
                                             (fl_number)0.5 != 0 ? FILCH_RADIX_FLOAT               \
                                             : (fl_number)-1 < (fl_number)1 ? FILCH_RADIX_SIGNED   \
                                                                       : FILCH_RADIX_UNSIGNED));
/* clang-format on */

/* ---- Merge ---- */

/* For sorted data to which more is added:
 *
 *   static inline bool earlier(event a, event b) { return a.time < b.time; }
 *   FILCH_MERGE(merge_events, event, earlier)
 *   merge_events(self, a, a_count, b, b_count, out);
 *
 * out receives all items of both lists, in order; of equal ones, those from a first. The output is
 * cut in the middle repeatedly, each cut found by binary search in both lists, so that its halves
 * are independent (after S. Odeh, O. Green, Z. Mwassi, O. Shmueli, Y. Birk, Merge Path, 2012). The
 * remaining merges, of about 64 thousand items, are those of <filch/detail/merge_core.h>. A merge
 * allocates nothing.
 *
 * Further errors: -EINVAL, in debug builds of the library, if out overlaps a list. After a panic
 * both lists are untouched, and each place of out holds its old value or an item of a list. */

FILCH_BEGIN_DECLS

/* Merges items of `size` bytes by less(a, b, context), which is not inlined; out has room for
 * a_count + b_count items. */
FILCH_API int filch_merge(filch_self self, const void *a, size_t a_count, const void *b,
                          size_t b_count, void *out, size_t size, filch_less_fn *less,
                          void *context);

/* The same with `ops`, the functions of a type, for FILCH_MERGE. */
FILCH_API int filch_merge_by(filch_self self, const void *a, size_t a_count, const void *b,
                             size_t b_count, void *out, const filch_merge_ops *ops, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_merge_by(filch_runtime *rt, const void *a, size_t a_count, const void *b,
                              size_t b_count, void *out, const filch_merge_ops *ops, void *context);

FILCH_END_DECLS

/* clang-format off */
/* Defines a merge, with less and pairs as FILCH_SORT: FILCH_MERGE(name, type, less, pairs...). Then
 *
 *   int name(filch_self self, const type *a, size_t a_count, const type *b, size_t b_count,
 *            type *out, ...)
 *
 * merges the lists into out. */
#define FILCH_MERGE(name, type, ...) FL_CHECKED(FL_MERGE, name, name##_, type, __VA_ARGS__, ~)
#define FL_MERGE(name, own, type, comes_first, ...)                                                \
    FL_ORDER(name, own, type, comes_first, __VA_ARGS__)                                            \
    FL_MERGE_FUNCTIONS(own, sizeof(struct own##item), __VA_ARGS__)                                 \
    static const filch_merge_ops own##merge_ops = {sizeof(struct own##item), own##merge,           \
                                                     own##split};                                  \
    FL_ENTRIES(name, own, filch_merge_by, fl_run_merge_by, (type const *fl_a, size_t fl_a_count, type const *fl_b, \
                                   size_t fl_b_count, type *fl_out),                               \
               (fl_a, fl_a_count, fl_b, fl_b_count, fl_out, &own##merge_ops), __VA_ARGS__)
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
