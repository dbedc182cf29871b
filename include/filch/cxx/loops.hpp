// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Parallel loops over iterators, ranges and indices: for_each, for_index, transform. For engineers
// who would write the algorithms of <algorithm> with std::execution::par.
//
//   filch::for_each(self, x.begin(), x.end(), [](float &one) { one *= 2; });      from a task
//   filch::for_each(rt, x, [](float &one) { one *= 2; });             outside, and with a range
//   filch::transform(self, x.begin(), x.end(), y.begin(), [=](float one) { return a * one; });
//
// The first argument of all algorithms of this interface is `where`: the self of a task, or a
// filch::runtime, on which a thread outside runs them. The others are those of the standard
// algorithm, with its meaning; iterators need random access. There is no grain size to tune: a loop
// is split when another worker comes to help (<filch/for.h>).
//
// Functions are called on several threads at once, in any order. They may take a filch_self before
// the value, so that they can fork and call algorithms. A trivially copyable function is copied for
// each part, so changes to its own members are lost.
// Exceptions: the call throws the first exception of a function when all running parts have ended;
// no further part begins, so only some elements have been processed.
// Threads: tasks with self; others with a runtime. Suspends: yes; the caller may continue on
// another worker.
// Since 0.1.0.
#ifndef FILCH_CXX_LOOPS_HPP
#define FILCH_CXX_LOOPS_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/runtime.hpp>
#include <filch/for.h>
#include <filch/sync.h>

#include <iterator>

namespace filch
{
namespace detail
{

// The first exception of an algorithm's functions, which C code must not see.
class first_thrown
{
  public:
    // Calls part(), an int; an exception becomes the result 1, with which the algorithm stops.
    template <class Part> FL_CXX_INLINE int guard(Part &&part) noexcept
    {
#if FL_CXX_THROWS
        if constexpr (!noexcept(part())) {
            try {
                return part();
            } catch (...) {
                keep();
                return 1;
            }
        }
#endif
        return part();
    }

    // Throws the exception, if there is one, or the failure of the algorithm's call.
    int check(int rc)
    {
        if (FILCH_UNLIKELY(thrown_ != nullptr))
            std::rethrow_exception(thrown_);
        return detail::check(rc);
    }

    // Keeps the exception that is being handled.
    FILCH_COLD void keep() noexcept
    {
        filch_mutex_lock(&lock_);
        if (!thrown_)
            thrown_ = std::current_exception();
        filch_mutex_unlock(&lock_);
    }

  private:
    std::exception_ptr thrown_;
    filch_mutex lock_{};
};

// A copy for one part, which the compiler may keep in registers; else the function itself.
template <class F> using local = std::conditional_t<std::is_trivially_copyable_v<F>, F, F &>;

// Calls part(self, begin, end) for parts of [0, n); they may throw.
template <class Part> void for_parts(filch_self self, size_t n, size_t hint, Part part)
{
    struct loop {
        Part &part;
        first_thrown thrown;
    } all{part, {}};
    auto body = [](filch_self here, size_t begin, size_t end, void *context) {
        auto *mine = static_cast<loop *>(context);
        return mine->thrown.guard([&]() noexcept(noexcept(mine->part(here, begin, end))) {
            mine->part(here, begin, end);
            return 0;
        });
    };
    all.thrown.check(filch_for(self, 0, n, hint, body, &all));
}

template <class It> using value_of = typename std::iterator_traits<It>::value_type;

template <class It> struct needs_random_access {
    static_assert(
        std::is_base_of_v<std::random_access_iterator_tag,
                          typename std::iterator_traits<It>::iterator_category>,
        "the algorithms of filch need random-access iterators (vector, deque, array, pointers)");
};

// The distance between two iterators, in elements.
template <class It> size_t length_of(It first, It last)
{
    needs_random_access<It>();
    return first < last ? static_cast<size_t>(last - first) : 0;
}

template <class It> FL_CXX_INLINE It step(It first, size_t by)
{
    return first + static_cast<typename std::iterator_traits<It>::difference_type>(by);
}

// Only ranges have these.
template <class Range> using begin_of = decltype(std::begin(std::declval<Range &>()));

// Stores f(inputs[i]...) in out[i] for each i < n, and returns the end of the results.
template <class Where, class F, class Out, class... It>
Out transform_by(const Where &where, F &f, size_t n, Out out, It... inputs)
{
    needs_random_access<Out>();
    (needs_random_access<It>(), ...);
    at(where, [&](filch_self self) {
        for_parts(self, n, 0, [&](filch_self here, size_t from, size_t to) {
            local<F> mine = f;
            const Out end = step(out, to);
            [&](Out to_at, auto... one) {
                for (; to_at != end; ++to_at, (++one, ...))
                    *to_at = call(mine, here, *one...);
            }(step(out, from), step(inputs, from)...);
        });
    });
    return step(out, n);
}

} // namespace detail

// Calls f(element) for each element.
template <class Where, class It, class F> void for_each(const Where &where, It first, It last, F f)
{
    size_t n = detail::length_of(first, last);
    detail::at(where, [&](filch_self self) {
        detail::for_parts(self, n, 0, [&](filch_self here, size_t from, size_t to) {
            detail::local<F> mine = f;
            It at = detail::step(first, from), end = detail::step(first, to);
            for (; at != end; ++at)
                detail::call(mine, here, *at);
        });
    });
}

// The same for a range.
template <class Where, class Range, class F, class = detail::begin_of<Range>>
void for_each(const Where &where, Range &&range, F f)
{
    filch::for_each(where, std::begin(range), std::end(range), std::move(f));
}

// Calls f(i) for each index i in [first, last); i has the type of last.
template <class Where, class Index, class F>
void for_index(const Where &where, std::common_type_t<Index> first, Index last, F f)
{
    size_t n = first < last ? static_cast<size_t>(last - first) : 0;
    detail::at(where, [&](filch_self self) {
        detail::for_parts(self, n, 0, [&](filch_self here, size_t from, size_t to) {
            detail::local<F> mine = f;
            for (; from < to; from++)
                detail::call(mine, here, static_cast<Index>(first + static_cast<Index>(from)));
        });
    });
}

// Stores f(element) of each element, beginning at `out`; returns the end of the results. `out` may
// be `first`.
template <class Where, class It, class Out, class F>
Out transform(const Where &where, It first, It last, Out out, F f)
{
    return detail::transform_by(where, f, detail::length_of(first, last), out, first);
}

// Stores f(element, other) of each element and its counterpart in the sequence from `second`.
template <class Where, class It, class Second, class Out, class F>
Out transform(const Where &where, It first, It last, Second second, Out out, F f)
{
    return detail::transform_by(where, f, detail::length_of(first, last), out, first, second);
}

// The first form for a range.
template <class Where, class Range, class Out, class F, class = detail::begin_of<Range>>
Out transform(const Where &where, const Range &range, Out out, F f)
{
    return filch::transform(where, std::begin(range), std::end(range), out, std::move(f));
}

FL_CXX_NEEDS_PLACE(for_each)
FL_CXX_NEEDS_PLACE(for_index)
FL_CXX_NEEDS_PLACE(transform)

} // namespace filch

#include <filch/detail/show_words.h>
#endif
