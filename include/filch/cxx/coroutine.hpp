// SPDX-License-Identifier: MIT OR Apache-2.0
//
// C++20 coroutines that await futures. For engineers and service authors.
//
//   filch::future<int> total(const filch::runtime &rt)
//   {
//       int a = co_await filch::async(rt, first);
//       int b = co_await filch::async(rt, second);
//       co_return a + b;
//   }
//
// A coroutine that awaits occupies neither a fiber nor a thread. It begins on its caller's stack.
// If it awaits in a task, it resumes as a task of the same runtime, else on the thread that sets
// the future. It has no self after an await: await filch::async for parallel work. Referenced
// arguments must live until the coroutine has ended: pass values.
// Exceptions: co_await throws what get() would. The future of the coroutine throws an exception
// that leaves the coroutine.
// Threads: any. Suspends: the coroutine, not its caller.
// Empty unless the compiler has coroutines (-std=c++20: g++ 10, clang 17).
// Since 0.1.0.
#ifndef FILCH_CXX_COROUTINE_HPP
#define FILCH_CXX_COROUTINE_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/future.hpp>

#ifdef __cpp_impl_coroutine
#include <coroutine>

namespace filch
{
namespace detail
{

template <class T> struct awaiter : follower {
    std::shared_ptr<shared<T>> from;
    std::coroutine_handle<> waiting;
    filch_runtime *rt = filch_runtime_here();

    explicit awaiter(std::shared_ptr<shared<T>> source) : from(std::move(source))
    {
        ready = [](follower *one) {
            auto *mine = static_cast<awaiter *>(one);
            static constexpr filch_place place = {{nullptr, "a coroutine"}, nullptr, 0};
            void *frame = mine->waiting.address();
            auto go = [](filch_self, void *arg) {
                std::coroutine_handle<>::from_address(arg).resume();
            };
            if (!mine->rt || fl_go_at(mine->rt, go, frame, &place))
                go(nullptr, frame);
        };
    }

    bool await_ready() const noexcept
    {
        return filch_future_done(&from->done);
    }

    // false: the future is done by now, and the coroutine continues. true: this object may end at
    // any time.
    bool await_suspend(std::coroutine_handle<> handle)
    {
        auto held = from;
        waiting = handle;
        return held->follow(this);
    }

    T await_resume()
    {
        return unboxed<T>(from->result.take());
    }
};

template <class T> struct coroutine_returns {
    std::shared_ptr<shared<T>> to = std::make_shared<shared<T>>();

    template <class Value> void return_value(Value &&value)
    {
        to->result.run([&] { return boxed<T>(std::forward<Value>(value)); });
    }
};

template <> struct coroutine_returns<void> {
    std::shared_ptr<shared<void>> to = std::make_shared<shared<void>>();

    void return_void()
    {
        to->result.run([] { return boxed<void>(); });
    }
};

template <class T> struct coroutine_promise : coroutine_returns<T> {
    future<T> get_return_object()
    {
        return future<T>(this->to);
    }

    std::suspend_never initial_suspend() noexcept
    {
        return {};
    }

    std::suspend_never final_suspend() noexcept
    {
        this->to->finish();
        return {};
    }

    void unhandled_exception() noexcept
    {
        this->to->result.keep(std::current_exception());
    }
};

} // namespace detail

// Awaits a future in a coroutine: co_await returns its value or throws. Afterwards the future is
// not valid().
template <class T> detail::awaiter<T> operator co_await(future<T> &&from)
{
    auto state = from.state();
    from = future<T>();
    return detail::awaiter<T>(std::move(state));
}

} // namespace filch
#endif

#include <filch/detail/show_words.h>
#endif
