// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Parallel prefix sums over iterators: inclusive_scan, exclusive_scan. For engineers; the rules of
// all algorithms are those of <filch/cxx/loops.hpp>.
//
//   filch::inclusive_scan(self, x.begin(), x.end(), totals.begin());
//   filch::exclusive_scan(self, sizes.begin(), sizes.end(), offsets.begin(), size_t(0));
//
// `combine` must be associative; it need not be commutative. `out` may be `first`, and must not
// overlap the input otherwise. A few blocks for each worker are summed in parallel, then scanned in
// parallel from the sums before them, so each element is combined twice; with one worker, or few
// elements, once. FILCH_SCAN (<filch/scan.h>) is faster for trivially copyable values.
// Since 0.1.0.
#ifndef FILCH_CXX_SCAN_HPP
#define FILCH_CXX_SCAN_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/loops.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace filch
{
namespace detail
{

// Scans [first, last) after `sum`, which is empty only at the start of an inclusive scan.
template <bool inclusive, class T, class It, class Out, class Combine>
void scan_block(It first, It last, Out out, std::optional<T> sum, const Combine &combine)
{
    for (; first != last; ++first, ++out) {
        T next = sum ? T(combine(*sum, *first)) : T(*first);
        if constexpr (inclusive)
            *out = next;
        else
            *out = std::move(*sum);
        sum.emplace(std::move(next));
    }
}

template <bool inclusive, class T, class Where, class It, class Out, class Combine>
Out scan(const Where &where, It first, It last, Out out, std::optional<T> init,
         const Combine &combine)
{
    needs_random_access<Out>();
    constexpr size_t few = 2048; // a block of fewer elements is not worth a task
    const size_t n = length_of(first, last);
    at(where, [&](filch_self self) {
        const size_t workers = filch_runtime_workers(nullptr);
        const size_t blocks = workers == 1 ? 1 : std::min(4 * workers, n / few + 1);
        auto begin_of_block = [&](size_t i) {
            return step(first, n / blocks * i + std::min(i, n % blocks));
        };
        std::vector<std::optional<T>> sums(blocks);
        sums[0] = std::move(init);
        for_parts(self, blocks - 1, 1, [&](filch_self, size_t from, size_t to) {
            for (size_t i = from; i < to; i++) {
                It at = begin_of_block(i), end = begin_of_block(i + 1);
                T sum = *at;
                while (++at != end)
                    sum = combine(std::move(sum), *at);
                sums[i + 1].emplace(std::move(sum));
            }
        });
        for (size_t i = 1; i < blocks; i++)
            if (sums[i - 1])
                sums[i].emplace(combine(*sums[i - 1], std::move(*sums[i])));
        for_parts(self, blocks, 1, [&](filch_self, size_t from, size_t to) {
            for (size_t i = from; i < to; i++)
                scan_block<inclusive, T>(begin_of_block(i), begin_of_block(i + 1),
                                         out + (begin_of_block(i) - first), std::move(sums[i]),
                                         combine);
        });
    });
    return step(out, n);
}

} // namespace detail

// Stores the combination of elements 0 to i in out[i]. Returns the end of the results.
template <class Where, class It, class Out, class Combine = std::plus<>>
Out inclusive_scan(const Where &where, It first, It last, Out out, Combine combine = {})
{
    using T = detail::value_of<It>;
    return detail::scan<true, T>(where, first, last, out, std::nullopt, combine);
}

// The same, with init before the first element.
template <class Where, class It, class Out, class Combine, class T>
Out inclusive_scan(const Where &where, It first, It last, Out out, Combine combine, T init)
{
    return detail::scan<true, T>(where, first, last, out, std::optional<T>(std::move(init)),
                                 combine);
}

// Stores the combination of init and the elements before i in out[i]. Returns the end of the
// results.
template <class Where, class It, class Out, class T, class Combine = std::plus<>>
Out exclusive_scan(const Where &where, It first, It last, Out out, T init, Combine combine = {})
{
    return detail::scan<false, T>(where, first, last, out, std::optional<T>(std::move(init)),
                                  combine);
}

FL_CXX_NEEDS_PLACE(inclusive_scan)
FL_CXX_NEEDS_PLACE(exclusive_scan)

} // namespace filch

#include <filch/detail/show_words.h>
#endif
