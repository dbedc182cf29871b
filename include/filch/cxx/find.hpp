// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Parallel search and partition over iterators and ranges: find_if, partition. For engineers; the
// rules of all algorithms are those of <filch/cxx/loops.hpp>.
//
//   auto at = filch::find_if(self, v.begin(), v.end(), [](int one) { return one < 0; });
//   auto middle = filch::partition(self, v.begin(), v.end(), is_open);
//
// Since 0.1.0.
#ifndef FILCH_CXX_FIND_HPP
#define FILCH_CXX_FIND_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/loops.hpp>
#include <filch/find.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace filch
{

// Returns the first element for which test(element) holds, or last. The test may also see elements
// after the first match.
template <class Where, class It, class Test>
It find_if(const Where &where, It first, It last, Test test)
{
    struct search {
        It first;
        Test &test;
        detail::first_thrown thrown;
    };
    const size_t n = detail::length_of(first, last);
    return detail::at(where, [&](filch_self self) {
        search all{first, test, {}};
        auto part = [](filch_self here, size_t from, size_t to, size_t *found, void *context) {
            auto *mine = static_cast<search *>(context);
            return mine->thrown.guard([&] {
                detail::local<Test> own = mine->test;
                for (It at = detail::step(mine->first, from); from < to; from++, ++at)
                    if (detail::call(own, here, *at)) {
                        *found = from;
                        break;
                    }
                return 0;
            });
        };
        size_t found = n;
        int rc = filch_find(self, 0, n, &found, part, &all);
        all.thrown.check(rc == -ENOENT ? 0 : rc);
        return detail::step(first, found);
    });
}

// The same for a range.
template <class Where, class Range, class Test, class = detail::begin_of<Range>>
auto find_if(const Where &where, Range &&range, Test test)
{
    return filch::find_if(where, std::begin(range), std::end(range), std::move(test));
}

// Moves the elements for which test(element) holds to the front, in no particular order; returns
// where the others begin. Blocks are partitioned in parallel; then elements on the wrong side of
// the cut are swapped, also in parallel.
template <class Where, class It, class Test>
It partition(const Where &where, It first, It last, Test test)
{
    constexpr size_t block = 4096;
    const size_t n = detail::length_of(first, last), blocks = (n + block - 1) / block;
    return detail::at(where, [&](filch_self self) {
        std::vector<size_t> cuts(blocks);
        detail::for_parts(self, blocks, 1, [&](filch_self here, size_t from, size_t to) {
            for (size_t i = from; i < to; i++) {
                It at = detail::step(first, i * block);
                It end = detail::step(first, std::min(n, (i + 1) * block));
                It cut = std::partition(at, end, [&](auto &one) {
                    return static_cast<bool>(detail::call(test, here, one));
                });
                cuts[i] = i * block + static_cast<size_t>(cut - at);
            }
        });
        size_t cut = 0;
        for (size_t i = 0; i < blocks; i++)
            cut += cuts[i] - i * block;
        // The ranges on the wrong side, as many elements on one as on the other.
        std::vector<std::pair<size_t, size_t>> wrong[2];
        for (size_t i = 0; i < blocks; i++) {
            size_t end = std::min(n, (i + 1) * block);
            if (cuts[i] < std::min(end, cut))
                wrong[0].emplace_back(cuts[i], std::min(end, cut));
            if (std::max(i * block, cut) < cuts[i])
                wrong[1].emplace_back(std::max(i * block, cut), cuts[i]);
        }
        struct exchange {
            size_t left, right, count;
        };
        std::vector<exchange> exchanges;
        for (size_t i = 0, j = 0; i < wrong[0].size();) {
            auto &[a, a_end] = wrong[0][i];
            auto &[b, b_end] = wrong[1][j];
            size_t count = std::min(a_end - a, b_end - b);
            exchanges.push_back({a, b, count});
            i += (a += count) == a_end;
            j += (b += count) == b_end;
        }
        detail::for_parts(self, exchanges.size(), 1, [&](filch_self, size_t from, size_t to) {
            for (; from < to; from++) {
                const exchange &one = exchanges[from];
                std::swap_ranges(detail::step(first, one.left),
                                 detail::step(first, one.left + one.count),
                                 detail::step(first, one.right));
            }
        });
        return detail::step(first, cut);
    });
}

// The same for a range.
template <class Where, class Range, class Test, class = detail::begin_of<Range>>
auto partition(const Where &where, Range &&range, Test test)
{
    return filch::partition(where, std::begin(range), std::end(range), std::move(test));
}

FL_CXX_NEEDS_PLACE(find_if)
FL_CXX_NEEDS_PLACE(partition)

} // namespace filch

#include <filch/detail/show_words.h>
#endif
