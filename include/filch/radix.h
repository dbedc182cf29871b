/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stable parallel sort by a number: an integer of up to 64 bits or a float or double that each item
 * has. For engineers with many items; it never compares two of them, and takes a tenth of the time
 * of a sort by comparison. Items of the same key stay in their order.
 *
 *   FILCH_RADIX_SORT(sort_numbers, uint32_t, FILCH_KEY)
 *   sort_numbers(self, v, n);                                         from a task
 *   FILCH_RUN(rt, sort_numbers, v, n);                                from elsewhere
 *
 *   #define AGE(person) (person).age
 *   FILCH_RADIX_SORT(sort_by_age, person, AGE)
 *
 *   static inline double cost_of(uint32_t i, const double *cost) { return cost[i]; }
 *   FILCH_RADIX_SORT(sort_by_cost, uint32_t, cost_of, (const double *, cost))
 *   sort_by_cost(self, index, n, cost);
 *
 * The key is a function or a macro of an item, and of the macro's further arguments. It must
 * always give the same number for an item: one pass counts by it, another moves by it. The
 * compiler detects the kind of number: bool, char, enumerations and bit-fields are integers, too.
 * Floating-point keys are in the order of their bits:
 * negative NaNs, -infinity, ..., -0.0, +0.0, ..., infinity, positive NaNs.
 *
 * If the key panics, so does the caller of the sort, and the array holds each of its items once, in
 * some order.
 *
 * Input larger than the caches is first distributed, in parallel, by the highest bits in which
 * keys differ. Each part of the items is counted, then moved to where its share of each bucket
 * begins (M. Zagha, G. Blelloch, Radix sort for vector multiprocessors, SC 1991). Then all buckets
 * are sorted in parallel, each within a cache (<filch/detail/radix_core.h>); a bucket too large
 * for that is distributed again. So items are read and written all over memory only twice.
 *
 * Memory: room for as many items again and 32 KiB per worker while it runs; up to a kibibyte of
 * items needs none. If memory is refused, the items are sorted in place by comparison: correct,
 * but many times as slow. Blocks of some megabytes ask for huge pages.
 *
 * Errors: 0; -EINVAL (NULL for some items, more than memory can hold). For the plain function also
 * -EINVAL for a size of 0, an unknown kind of key, or a key outside its item. From elsewhere also
 * the errors of filch_run.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_RADIX_H
#define FILCH_RADIX_H
#include <filch/detail/hide_words.h>

#include <filch/detail/radix_core.h>

FILCH_BEGIN_DECLS

/* Sorts n items of `size` bytes, of any alignment, by the key_bytes bytes at key_offset in each: 1,
 * 2, 4 or 8 of an integer, 4 or 8 of a floating-point number. */
FILCH_API int filch_radix_sort(filch_self self, void *items, size_t n, size_t size,
                               size_t key_offset, size_t key_bytes, filch_radix_kind kind);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_radix_sort(filch_runtime *rt, void *items, size_t n, size_t size,
                                   size_t key_offset, size_t key_bytes, filch_radix_kind kind);

/* The same with the functions of a type; called by FILCH_RADIX_SORT. */
FILCH_API int filch_radix_sort_by(filch_self self, void *items, size_t n,
                                  const filch_radix_ops *ops, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_radix_sort_by(filch_runtime *rt, void *items, size_t n,
                                      const filch_radix_ops *ops, void *context);

FILCH_END_DECLS

/* The key of items that are numbers. */
#define FILCH_KEY(item) (item)

/* FILCH_RADIX_SORT(name, type, key, pairs...): int name(self, type *items, size_t n, ...) */
/* clang-format off */
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
    FL_ENTRIES(name, own, filch_radix_sort_by, filch_run_radix_sort_by, (type *fl_items, size_t fl_n), \
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

#include <filch/detail/show_words.h>
#endif
