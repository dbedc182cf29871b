// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Parallel reductions over iterators and ranges: reduce, transform_reduce. For engineers; the rules
// of all algorithms are those of <filch/cxx/loops.hpp>.
//
//   double sum = filch::reduce(self, x.begin(), x.end(), 0.0);
//   double dot = filch::transform_reduce(self, x.begin(), x.end(), y.begin(), 0.0);
//   size_t bytes = filch::transform_reduce(self, words, size_t(0), std::plus<>(),
//                                          [](const std::string &word) { return word.size(); });
//
// As in the standard, `combine` must be associative and commutative, since values are combined in
// any order and grouping. Floating-point sums may therefore differ in their last bits from run to
// run; FILCH_REDUCE_DETERMINISTIC (<filch/reduce.h>) gives the same bits. The result has the type
// of `init`.
// Since 0.1.0.
#ifndef FILCH_CXX_REDUCE_HPP
#define FILCH_CXX_REDUCE_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/loops.hpp>
#include <filch/reduce.h>

#include <functional>
#include <utility>

namespace filch
{
namespace detail
{

// Sixteen sums side by side: the compiler keeps them in vector registers. Constant indices, since
// gcc -O2 leaves an array in memory that it indexes in a loop.
template <class T, class Value, class Combine, size_t... I>
FL_CXX_INLINE T sum_lanes(size_t &i, size_t end, Value &value, Combine &combine,
                          std::index_sequence<I...>)
{
    T lane[] = {T(value(i + I))...};
    for (i += 16; end - i >= 16; i += 16)
        ((lane[I] = combine(lane[I], value(i + I))), ...);
    ((lane[I % 8] = I < 8 ? combine(lane[I % 8], lane[I % 8 + 8]) : lane[I % 8]), ...);
    ((lane[I % 4] = I < 4 ? combine(lane[I % 4], lane[I % 4 + 4]) : lane[I % 4]), ...);
    T low = combine(lane[0], lane[2]), high = combine(lane[1], lane[3]);
    return combine(low, high);
}

// The sum of value(i) for each i in [i, end), which is not empty.
template <class T, class Value, class Combine>
FL_CXX_INLINE T sum_of(size_t i, size_t end, Value &value, Combine &combine)
{
    if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= 32) {
        if (end - i >= 16) {
            T sum = sum_lanes<T>(i, end, value, combine, std::make_index_sequence<16>());
            for (; i < end; i++)
                sum = combine(sum, value(i));
            return sum;
        }
    }
    T sum = value(i);
    while (++i < end)
        sum = combine(std::move(sum), value(i));
    return sum;
}

// The functions of filch_reduction for sums on the heap; a sum of nothing is nullptr, so no
// identity is needed. One sum is kept per part that another worker has taken.
template <class T, class Value, class Combine> struct reduction {
    const Value &value; // value(self, i)
    const Combine &combine;
    first_thrown thrown{};

    static T *&at(void *sum)
    {
        return *static_cast<T **>(sum);
    }

    static bool make(void *, void *sum)
    {
        at(sum) = nullptr;
        return true;
    }

    static int chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
    {
        auto *mine = static_cast<reduction *>(context);
        return begin == end ? 0 : mine->thrown.guard([&] {
            local<const Value> of = mine->value;
            local<const Combine> both = mine->combine;
            auto one = [&](size_t i) { return of(self, i); };
            T part = sum_of<T>(begin, end, one, both);
            if (at(sum))
                *at(sum) = both(std::move(*at(sum)), std::move(part));
            else
                at(sum) = new T(std::move(part));
            return 0;
        });
    }

    static void join(void *context, void *left, void *right)
    {
        auto *mine = static_cast<reduction *>(context);
        std::unique_ptr<T> other(at(right));
        if (!at(left))
            at(left) = other.release();
        else if (other)
            mine->thrown.guard([&] {
                *at(left) = mine->combine(std::move(*at(left)), std::move(*other));
                return 0;
            });
    }

    static void drop(void *, void *sum)
    {
        delete at(sum);
    }

    static constexpr filch_reduction how{sizeof(T *), &make, &chunk, &join, &drop};

    T run(filch_self self, size_t n, T init)
    {
        T *sum = nullptr;
        int rc = filch_reduce(self, 0, n, 0, &how, &sum, this);
        std::unique_ptr<T> held(sum);
        thrown.check(rc);
        return held ? T(combine(std::move(init), std::move(*held))) : init;
    }
};

template <class T, class Where, class Value, class Combine>
T reduce_by(const Where &where, size_t n, T init, const Combine &combine, const Value &value)
{
    return at(where, [&](filch_self self) {
        reduction<T, Value, Combine> all{value, combine};
        return all.run(self, n, std::move(init));
    });
}

} // namespace detail

// Returns the combination of init and of each transform(element).
template <class Where, class It, class T, class Combine, class Transform>
T transform_reduce(const Where &where, It first, It last, T init, Combine combine,
                   Transform transform)
{
    return detail::reduce_by(where, detail::length_of(first, last), std::move(init), combine,
                             [=](filch_self self, size_t i) {
                                 return detail::call(transform, self, *detail::step(first, i));
                             });
}

// The same for a range.
template <class Where, class Range, class T, class Combine, class Transform,
          class = detail::begin_of<Range>>
T transform_reduce(const Where &where, const Range &range, T init, Combine combine,
                   Transform transform)
{
    return filch::transform_reduce(where, std::begin(range), std::end(range), std::move(init),
                                   std::move(combine), std::move(transform));
}

// Returns init plus the sum of the products of elements at the same position.
template <class Where, class It, class Second, class T>
T transform_reduce(const Where &where, It first, It last, Second second, T init)
{
    detail::needs_random_access<Second>();
    return detail::reduce_by(where, detail::length_of(first, last), std::move(init), std::plus<>(),
                             [=](filch_self, size_t i) {
                                 return *detail::step(first, i) * *detail::step(second, i);
                             });
}

// Returns the combination of init and all elements; by default their sum.
template <class Where, class It, class T, class Combine = std::plus<>>
T reduce(const Where &where, It first, It last, T init, Combine combine = {})
{
    return detail::reduce_by(where, detail::length_of(first, last), std::move(init), combine,
                             [=](filch_self, size_t i) { return *detail::step(first, i); });
}

// The same for a range.
template <class Where, class Range, class T, class Combine = std::plus<>,
          class = detail::begin_of<Range>>
T reduce(const Where &where, const Range &range, T init, Combine combine = {})
{
    return filch::reduce(where, std::begin(range), std::end(range), std::move(init),
                         std::move(combine));
}

FL_CXX_NEEDS_PLACE(transform_reduce)
FL_CXX_NEEDS_PLACE(reduce)

} // namespace filch

#include <filch/detail/show_words.h>
#endif
