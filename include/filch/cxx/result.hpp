// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Calls of a program's functions, and their results: internal to the C++ interface.
//
// A function of a task is called with `self` if it can be, else without. Its result is boxed, so
// that the same code serves all types: void becomes std::monostate, a reference a pointer.
// Threads: any. Suspends: where the function does.
// Since 0.1.0.
#ifndef FILCH_CXX_RESULT_HPP
#define FILCH_CXX_RESULT_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/error.hpp>
#include <filch/fork.h>

#include <cerrno>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace filch
{
namespace detail
{

// Calls f(self, values...), or f(values...) if f takes no self.
template <class F, class... Values>
FL_CXX_INLINE decltype(auto)
call(F &f, filch_self self,
     Values &&...values) noexcept(std::is_invocable_v<F &, filch_self, Values...>
                                      ? std::is_nothrow_invocable_v<F &, filch_self, Values...>
                                      : std::is_nothrow_invocable_v<F &, Values...>)
{
    if constexpr (std::is_invocable_v<F &, filch_self, Values...>) {
        return f(self, static_cast<Values &&>(values)...);
    } else {
        static_assert(std::is_invocable_v<F &, Values...>,
                      "the function takes neither (filch_self, values...) nor (values...)");
        (void)self;
        return f(static_cast<Values &&>(values)...);
    }
}

template <class F, class... Values>
using result_of =
    decltype(call(std::declval<F &>(), std::declval<filch_self>(), std::declval<Values>()...));

template <class F>
constexpr bool never_throws =
    !FL_CXX_THROWS || noexcept(call(std::declval<F &>(), std::declval<filch_self>()));

template <class R>
using boxed = std::conditional_t<
    std::is_void_v<R>, std::monostate,
    std::conditional_t<std::is_lvalue_reference_v<R>, std::remove_reference_t<R> *,
                       std::remove_reference_t<R>>>;

// Calls f as call() does, and boxes the result.
template <class F, class... Values>
FL_CXX_INLINE boxed<result_of<F, Values...>>
call_boxed(F &f, filch_self self,
           Values &&...values) noexcept(noexcept(call(f, self, static_cast<Values &&>(values)...)))
{
    using R = result_of<F, Values...>;
    if constexpr (std::is_void_v<R>) {
        call(f, self, static_cast<Values &&>(values)...);
        return {};
    } else if constexpr (std::is_lvalue_reference_v<R>) {
        return &call(f, self, static_cast<Values &&>(values)...);
    } else {
        return call(f, self, static_cast<Values &&>(values)...);
    }
}

template <class R> FL_CXX_INLINE R unboxed(boxed<R> &&box)
{
    if constexpr (std::is_lvalue_reference_v<R>)
        return *box;
    else if constexpr (!std::is_void_v<R>)
        return static_cast<R>(std::move(box));
}

// A stored result: a value, an exception, or an errno with its message. One thread at a time may
// use it.
template <class R> class outcome
{
  public:
    // Stores what f() returns, boxed, or throws.
    template <class F> void run(F &&f) noexcept
    {
#if FL_CXX_THROWS
        try {
            value_.emplace(f());
        } catch (...) {
            thrown_ = std::current_exception();
        }
#else
        value_.emplace(f());
#endif
    }

    void keep(std::exception_ptr thrown) noexcept
    {
        thrown_ = std::move(thrown);
    }

    void keep(int rc, const char *why)
    {
        code_ = rc;
        why_ = why;
    }

    // Copies the failure of another outcome.
    template <class Other> void keep_failure(const outcome<Other> &other)
    {
        thrown_ = other.thrown();
        code_ = other.code() && !thrown_ ? other.code() : 0;
        why_ = other.why();
    }

    // Returns 0 for a value; else the errno: that of a thrown error, or -ENOTRECOVERABLE.
    int code() const noexcept
    {
        if (code_ || !thrown_)
            return code_;
#if FL_CXX_THROWS
        try {
            std::rethrow_exception(thrown_);
        } catch (const error &thrown) {
            return -thrown.code().value();
        } catch (...) {
        }
#endif
        return -ENOTRECOVERABLE;
    }

    const std::exception_ptr &thrown() const noexcept
    {
        return thrown_;
    }

    const char *why() const noexcept
    {
        return why_.c_str();
    }

    // Moves the value out, or throws.
    boxed<R> take()
    {
        if (FILCH_UNLIKELY(!value_)) {
            if (thrown_)
                std::rethrow_exception(thrown_);
            fail(code_, why_.c_str());
        }
        return std::move(*value_);
    }

  private:
    std::optional<boxed<R>> value_;
    std::exception_ptr thrown_;
    int code_ = 0;
    std::string why_;
};

// The type's name as the compiler spells it, cut so that an error's text has room for its cause:
// the name of a task in reports and traces.
template <class F> struct type_name {
    static constexpr std::size_t most = 64;

    static constexpr std::size_t length(const char *text)
    {
        std::size_t n = 0;
        while (text[n])
            n++;
        return n;
    }

    template <std::size_t Size> struct text {
        char at[Size];
    };

    static constexpr auto trimmed()
    {
        constexpr const char *whole = __PRETTY_FUNCTION__; // "... [with F = NAME; ...]"
        constexpr std::size_t size = length(whole);
        text<most + 1> name{};
        std::size_t from = 0, to = 0;
        while (from < size && !(whole[from] == 'F' && whole[from + 1] == ' ' &&
                                whole[from + 2] == '=' && whole[from + 3] == ' '))
            from++;
        const bool cut = size > from + 5 + most;
        for (std::size_t i = from + 4; i + 1 < size && to < most; i++) {
            name.at[to] = cut && to >= most - 3 ? '.' : whole[i];
            to++;
        }
        return name;
    }

    static constexpr auto value = trimmed();
};

} // namespace detail
} // namespace filch

#include <filch/detail/show_words.h>
#endif
