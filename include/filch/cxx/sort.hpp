// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Parallel sorts and merges over iterators and ranges: sort, stable_sort, merge. For engineers; the
// rules of all algorithms are those of <filch/cxx/loops.hpp>.
//
//   filch::sort(self, v.begin(), v.end());
//   filch::stable_sort(rt, people, [](const person &a, const person &b) { return a.age < b.age; });
//   filch::merge(self, a.begin(), a.end(), b.begin(), b.end(), out.begin());
//
// Trivially copyable elements that are contiguous in memory and have at most FILCH_ITEM_MOST bytes
// are sorted by the code of FILCH_SORT and FILCH_SORT_STABLE (<filch/sort.h>). Others are sorted by
// quicksort and merge sort, whose small parts go to the standard library.
// `less` must not suspend or fork.
// Exceptions: `less` may throw. The elements are then in some order, each once; those that are not
// trivially copyable may be in a moved-from state, as after std::sort.
// Memory: stable_sort takes memory for half to all of the elements. For elements that are not
// trivially copyable it throws std::bad_alloc if there is none.
// Since 0.1.0.
#ifndef FILCH_CXX_SORT_HPP
#define FILCH_CXX_SORT_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/loops.hpp>
#include <filch/panic.h>
#include <filch/sort.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace filch
{
namespace detail
{

// ---- Elements that are sorted by the C core ----

template <class It, class T = value_of<It>> constexpr bool is_contiguous()
{
#ifdef __cpp_lib_concepts
    return std::contiguous_iterator<It>;
#else
    return std::is_pointer_v<It> ||
           (!std::is_same_v<T, bool> && std::is_same_v<It, typename std::vector<T>::iterator>) ||
           std::is_same_v<It, typename std::array<T, 1>::iterator>;
#endif
}

template <class It, class T = value_of<It>>
constexpr bool has_core = is_contiguous<It>() && std::is_trivially_copyable_v<T> &&
                          sizeof(T) <= FILCH_ITEM_MOST && alignof(T) <= 16;

// A sort by the C core, whose functions are inlined here as the macros of <filch/sort.h> do. An
// exception of `less` leaves the core as a panic: the core then puts each item back.
template <class T, class Less> struct core_sort {
    Less less;
    first_thrown thrown{};

    struct item {
        T value;
    } __attribute__((__may_alias__));

    static bool before(const void *a, const void *b, void *context)
    {
        auto *mine = static_cast<core_sort *>(context);
        const T &left = static_cast<const item *>(a)->value;
        const T &right = static_cast<const item *>(b)->value;
#if FL_CXX_THROWS
        if constexpr (!noexcept(mine->less(left, right))) {
            try {
                return mine->less(left, right);
            } catch (...) {
                mine->thrown.keep();
            }
            filch_panic(__FILE__, __LINE__, -ECANCELED, "an exception left a comparison");
        }
#endif
        return mine->less(left, right);
    }

    static FL_CXX_INLINE filch_ordering order(void *context)
    {
        return {sizeof(T), &before, context};
    }

    // Runs sort(self) and throws the exception, or the failure.
    template <class Sort> void run(filch_self self, Sort sort)
    {
        if constexpr (!FL_CXX_THROWS ||
                      noexcept(less(std::declval<const T &>(), std::declval<const T &>()))) {
            check(sort(self));
        } else {
            struct call {
                Sort &sort;
                int rc;
            } all{sort, 0};
            auto tried = [](filch_self here, void *arg) {
                auto *one = static_cast<call *>(arg);
                one->rc = one->sort(here);
            };
            int rc = filch_try(self, tried, &all, nullptr);
            thrown.check(rc ? rc : all.rc);
        }
    }
};

// The core's table for a type. Like those of the macros its functions are not inlined: together
// they would not fit a processor's registers.
#define FL_CXX_APART __attribute__((__noinline__)) static
template <class T, class Less> struct unstable_core {
    using own = core_sort<T, Less>;

    FL_CXX_APART void few(void *items, size_t n, void *context)
    {
        fl_sort_few(items, n, own::order(context));
    }
    FL_CXX_APART void serial(void *items, size_t n, const void *first, unsigned bad, void *context)
    {
        fl_sort_serial(static_cast<char *>(items), n, first, bad, own::order(context), &ops,
                       context);
    }
    FL_CXX_APART size_t partition(void *items, size_t n, const void *pivot, bool not_after,
                                  void *context)
    {
        return not_after ? fl_partition(items, n, pivot, true, own::order(context))
                         : fl_partition(items, n, pivot, false, own::order(context));
    }
    FL_CXX_APART const void *median(const void *a, const void *b, const void *c, size_t n,
                                    void *context)
    {
        return fl_median(a, b, c, n, own::order(context), &ops, context);
    }
    FL_CXX_APART void heap(void *items, size_t n, void *context)
    {
        fl_sort_heap(static_cast<char *>(items), n, own::order(context));
    }
    FL_CXX_APART bool sorted(void *items, size_t n, void *context)
    {
        return fl_sorted(static_cast<char *>(items), n, own::order(context));
    }

    static constexpr filch_sort_ops ops{sizeof(T),  &own::before, &few,  &serial,
                                        &partition, &median,      &heap, &sorted};
};

template <class T, class Less> struct stable_core {
    using own = core_sort<T, Less>;

    static void merge(const void *a, size_t a_count, const void *b, size_t b_count, void *out,
                      void *context)
    {
        fl_merge_items(static_cast<const char *>(a), a_count, static_cast<const char *>(b), b_count,
                       static_cast<char *>(out), own::order(context));
    }
    static size_t split(const void *a, size_t a_count, const void *b, size_t b_count, size_t count,
                        void *context)
    {
        return fl_merge_split(static_cast<const char *>(a), a_count, static_cast<const char *>(b),
                              b_count, count, own::order(context));
    }
    static bool is_run(void *items, size_t count, void *context)
    {
        return fl_stable_is_run(static_cast<char *>(items), count, own::order(context));
    }
    static void few(void *items, void *spare, size_t count, bool to_spare, fl_undos *undos,
                    void *context)
    {
        fl_stable_few(static_cast<char *>(items), static_cast<char *>(spare), count, to_spare,
                      undos, own::order(context));
    }
    static size_t part(void *items, void *spare, size_t count, bool to_spare, bool *equal,
                       fl_undos *undos, void *context)
    {
        return fl_stable_part(static_cast<char *>(items), static_cast<char *>(spare), count,
                              to_spare, equal, undos, own::order(context));
    }

    static constexpr filch_stable_ops ops{{sizeof(T), &merge, &split}, &is_run, &few, &part};
};

// ---- Other elements ----

constexpr size_t serial_sort = 4096; // elements that are sorted by one task

template <class It, class Second, class Out, class Less>
void merge_parts(filch_self self, It a, size_t a_count, Second b, size_t b_count, Out out,
                 const Less &less)
{
    if (a_count + b_count <= serial_sort) {
        std::merge(a, step(a, a_count), b, step(b, b_count), out, less);
        return;
    }
    // The middle of the longer list divides the other one: equals of a stay before those of b.
    size_t a_half = a_count / 2, b_half = b_count / 2;
    if (a_count >= b_count)
        b_half = size_t(std::lower_bound(b, step(b, b_count), *step(a, a_half), less) - b);
    else
        a_half = size_t(std::upper_bound(a, step(a, a_count), *step(b, b_half), less) - a);
    invoke(
        self, [&](filch_self here) { merge_parts(here, a, a_half, b, b_half, out, less); },
        [&](filch_self here) {
            merge_parts(here, step(a, a_half), a_count - a_half, step(b, b_half), b_count - b_half,
                        step(out, a_half + b_half), less);
        });
}

// Sorts n elements; the result is in place, or in `spare`.
template <class It, class Spare, class Less>
void merge_sort(filch_self self, It items, Spare spare, size_t n, bool to_spare, const Less &less)
{
    if (n <= serial_sort) {
        std::stable_sort(items, step(items, n), less);
        if (to_spare)
            std::move(items, step(items, n), spare);
        return;
    }
    const size_t half = n / 2;
    invoke(
        self, [&](filch_self here) { merge_sort(here, items, spare, half, !to_spare, less); },
        [&](filch_self here) {
            merge_sort(here, step(items, half), step(spare, half), n - half, !to_spare, less);
        });
    auto merged = [&](auto from, auto to) {
        auto moved = std::make_move_iterator(from);
        merge_parts(self, moved, half, step(moved, half), n - half, to, less);
    };
    if (to_spare)
        merged(items, spare);
    else
        merged(spare, items);
}

// After `deep` divisions the standard library sorts the rest, which bounds the number of steps.
template <class It, class Less>
void quicksort(filch_self self, It first, It last, unsigned deep, const Less &less)
{
    size_t n = length_of(first, last);
    if (n <= serial_sort || !deep) {
        std::sort(first, last, less);
        return;
    }
    It back = last - 1, middle = step(first, n / 2);
    if (less(*middle, *first))
        std::iter_swap(first, middle);
    if (less(*back, *middle))
        std::iter_swap(middle, back);
    if (less(*middle, *first))
        std::iter_swap(first, middle);
    std::iter_swap(middle, back); // the pivot
    It cut = std::partition(first, back, [&](const auto &one) { return less(one, *back); });
    std::iter_swap(cut, back);
    It right = std::partition(cut + 1, last, [&](const auto &one) { return !less(*cut, one); });
    invoke(
        self, [&](filch_self here) { quicksort(here, first, cut, deep - 1, less); },
        [&](filch_self here) { quicksort(here, right, last, deep - 1, less); });
}

template <bool stable, class Where, class It, class Less>
void sort_by(const Where &where, It first, It last, const Less &less)
{
    using T = value_of<It>;
    const size_t n = length_of(first, last);
    if (n < 2)
        return;
    at(where, [&](filch_self self) {
        if constexpr (has_core<It>) {
            core_sort<T, Less> all{less};
            all.run(self, [&](filch_self here) {
                T *items = std::addressof(*first);
                if constexpr (stable)
                    return filch_sort_stable_by(here, items, n, &stable_core<T, Less>::ops, &all);
                else
                    return filch_sort_by(here, items, n, &unstable_core<T, Less>::ops, &all);
            });
        } else if constexpr (stable) {
            std::vector<T> spare(std::make_move_iterator(first), std::make_move_iterator(last));
            merge_sort(self, spare.begin(), first, n, true, less);
        } else {
            quicksort(self, first, last, 64, less);
        }
    });
}

} // namespace detail

// Sorts in place; equal elements end in any order. less(a, b): does a come before b?
template <class Where, class It, class Less = std::less<>>
void sort(const Where &where, It first, It last, Less less = {})
{
    detail::sort_by<false>(where, first, last, less);
}

// The same for a range.
template <class Where, class Range, class Less = std::less<>, class = detail::begin_of<Range>>
void sort(const Where &where, Range &&range, Less less = {})
{
    filch::sort(where, std::begin(range), std::end(range), std::move(less));
}

// Sorts; equal elements keep their order.
template <class Where, class It, class Less = std::less<>>
void stable_sort(const Where &where, It first, It last, Less less = {})
{
    detail::sort_by<true>(where, first, last, less);
}

// The same for a range.
template <class Where, class Range, class Less = std::less<>, class = detail::begin_of<Range>>
void stable_sort(const Where &where, Range &&range, Less less = {})
{
    filch::stable_sort(where, std::begin(range), std::end(range), std::move(less));
}

// Merges two sorted sequences into `out`, which must overlap neither; of equal elements, those of
// the first sequence come first. Returns the end of the result.
template <class Where, class It, class Second, class Out, class Less = std::less<>>
Out merge(const Where &where, It first, It last, Second second, Second second_last, Out out,
          Less less = {})
{
    detail::needs_random_access<Out>();
    const size_t a = detail::length_of(first, last), b = detail::length_of(second, second_last);
    detail::at(where,
               [&](filch_self self) { detail::merge_parts(self, first, a, second, b, out, less); });
    return detail::step(out, a + b);
}

FL_CXX_NEEDS_PLACE(sort)
FL_CXX_NEEDS_PLACE(stable_sort)
FL_CXX_NEEDS_PLACE(merge)

} // namespace filch

#include <filch/detail/show_words.h>
#endif
