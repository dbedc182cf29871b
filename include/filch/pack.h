/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A parallel filter that keeps the order (stream compaction). For engineers with an array of which
 * they want some items.
 *
 *   FILCH_PACK(above, float, item, (float, least)) { return item > least; }
 *   size_t count;
 *   int rc = above(self, in, n, out, &count, least);            from a task
 *   int rc = FILCH_RUN(rt, above, in, n, out, &count, least);   from elsewhere
 *
 * copies those of in[0], ..., in[n - 1] for which the body returns true to out[0], ...,
 * out[count - 1]. The body is called once for each item, in no order and at the same time; `item`
 * is the item's value. It may end the whole by FILCH_STOP_WITH; it may fork, join and call
 * algorithms with `self`. Items may be of any type of at most 4096 bytes that is copied by its
 * bytes and aligned to 64 bytes at most.
 *
 * out needs room for as many items as are kept: nothing behind them is written. It may be in
 * itself (the items behind the kept ones are then unspecified), or begin before it and overlap it;
 * it must not begin inside.
 *
 * Errors: 0; the code that a body stopped with; -EINVAL (a NULL argument, more items than memory
 * has bytes, an out that begins inside in); from elsewhere also the errors of filch_run. On an
 * error *count is not touched; after a stop, out (also if it is in) has some of the items several
 * times, others not at all. Without memory for a few megabytes the caller does all the work alone.
 * Panics: the body may panic. Then in is untouched, unless out overlaps it, and each place of out
 * holds its old value or an item of in. In place, some items are then there several times, others
 * not at all.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_PACK_H
#define FILCH_PACK_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>
#include <stdbool.h>

/* Bytes of the largest item. */
#define FILCH_PACK_MOST 4096

/* Copies those of in[0], ..., in[n - 1] that are to be kept to out, in order, stores their
 * number in *kept, and writes nothing behind them. out may be in, or begin before it and reach
 * into it. A nonzero return stops everything with that code. */
typedef int filch_pack_fn(filch_self self, const void *in, size_t n, void *out, size_t *kept,
                          void *context);

FILCH_BEGIN_DECLS

/* Calls keep for parts that together cover in[0], ..., in[n - 1], items of `size` bytes, and
 * collects the kept items in out, *count of them. */
FILCH_API int filch_pack(filch_self self, const void *in, size_t n, size_t size, void *out,
                         size_t *count, filch_pack_fn *keep, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_pack(filch_runtime *rt, const void *in, size_t n, size_t size, void *out,
                             size_t *count, filch_pack_fn *keep, void *context);

FILCH_END_DECLS

/* FILCH_PACK(name, T, item, pairs...) body: name(self, in, n, out, &count, ...) */
#define FILCH_PACK(name, T, ...) FL_CHECKED(FL_PACK, name, name##_, T, __VA_ARGS__, ~)

/* clang-format off */
/* No branch on the body's result: each item is written to the next free place, and overwritten
 * if it is not kept. At the end that would write behind the last item kept; so the chunk's tail
 * of unkept items is cut off first, and the last item kept is stored by itself. */
#define FL_PACK(name, own, T, item, ...)                                                           \
    FILCH_STATIC_ASSERT(sizeof(T) <= FILCH_PACK_MOST,                                              \
                        "items of " #name " are too large: pack pointers or indices to them");     \
    FILCH_STATIC_ASSERT(__alignof__(T) <= 64, "items of " #name " are aligned too strictly");      \
    FILCH_STATIC_ASSERT(FL_PLAIN(T), "items of " #name " cannot be copied by bytes");              \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE bool own##body(FL_BODY_PARAMS, T item FL_MAP(FL_PARAM, __VA_ARGS__));             \
    static int own##keep(FILCH_UNUSED filch_self self, const void *fl_from, size_t fl_n,           \
                           void *fl_to, size_t *fl_kept, void *fl_context)                         \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        T const *fl_in = (T const *)fl_from;                                                       \
        T *fl_out = (T *)fl_to;                                                                    \
        size_t fl_at = 0;                                                                          \
        int fl_stop = 0;                                                                           \
        bool fl_last = false;                                                                      \
        while (fl_n && !fl_last) {                                                                 \
            fl_n--;                                                                                \
            fl_last = own##body(self, &fl_stop, fl_in[fl_n] FL_MAP(FL_LOAD, __VA_ARGS__));         \
            if (fl_stop)                                                                           \
                return fl_stop;                                                                    \
        }                                                                                          \
        *fl_kept = 0;                                                                              \
        if (!fl_last)                                                                              \
            return 0;                                                                              \
        T fl_end = fl_in[fl_n];                                                                    \
        _Pragma("GCC unroll 4")                                                                    \
        for (size_t fl_i = 0; fl_i < fl_n; fl_i++) {                                               \
            T fl_item = fl_in[fl_i];                                                               \
            fl_out[fl_at] = fl_item;                                                               \
            fl_at += own##body(self, &fl_stop, fl_item FL_MAP(FL_LOAD, __VA_ARGS__));              \
            if (fl_stop)                                                                           \
                return fl_stop;                                                                    \
        }                                                                                          \
        fl_out[fl_at] = fl_end;                                                                    \
        *fl_kept = fl_at + 1;                                                                      \
        return 0;                                                                                  \
    }                                                                                              \
    FL_ENTRIES(name, own, filch_pack, filch_run_pack, (T const *fl_in, size_t fl_n, T *fl_out, size_t *fl_count), \
               (fl_in, fl_n, sizeof(T), fl_out, fl_count, own##keep), __VA_ARGS__)                 \
    FILCH_INLINE bool own##body(FL_BODY_PARAMS, T item FL_MAP(FL_PARAM, __VA_ARGS__))
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
