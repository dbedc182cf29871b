// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Futures of any type, and promises. For engineers and service authors.
//
//   filch::future<std::string> page = filch::async(rt, [] { return fetch("/"); });
//   ...
//   std::string text = page.get();               waits; throws what the function threw
//
// A future is the only owner of a result that comes later, as std::future is. It is set by async(),
// then(), filch::pool, a coroutine that returns it (<filch/cxx/coroutine.hpp>), or a promise.
// Life: movable. Destroying a future does not wait for the task: capture nothing by reference that
// may end before the task. The task belongs to its runtime, whose destructor waits for it.
// Exceptions: get() throws what the function threw, or error after a C panic of the task or if
// there will be no result. then() passes exceptions on.
// Threads: one task or thread at a time may use a future. Suspends: get() and wait().
// Since 0.1.0.
#ifndef FILCH_CXX_FUTURE_HPP
#define FILCH_CXX_FUTURE_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/runtime.hpp>
#include <filch/future.h>
#include <filch/panic.h>
#include <filch/sync.h>

#include <memory>

namespace filch
{

template <class T> class future;

namespace detail
{

template <class T> struct coroutine_promise;

// A call that is made once, when a future is done.
struct follower {
    follower *next = nullptr;
    void (*ready)(follower *) = nullptr;
};

// The part of a future that its owner and its setter share.
template <class T> struct shared {
    outcome<T> result;
    filch_future done{};
    filch_mutex lock{};
    follower *followers = nullptr;
    bool finished = false;
    filch_runtime *rt = nullptr; // that of the task which finished it, for then() outside a task

    // Marks the result as stored, wakes the waiters and calls the followers. Called once.
    void finish()
    {
        rt = filch_runtime_here();
        filch_future_set(&done, &done, 0);
        filch_mutex_lock(&lock);
        finished = true;
        follower *first = std::exchange(followers, nullptr);
        filch_mutex_unlock(&lock);
        while (first) {
            follower *one = first;
            first = one->next;
            one->ready(one);
        }
    }

    // Calls one->ready(one) when the result is stored; false: it is already, and there is no call.
    bool follow(follower *one)
    {
        filch_mutex_lock(&lock);
        bool late = finished;
        if (!late)
            one->next = std::exchange(followers, one);
        filch_mutex_unlock(&lock);
        return !late;
    }
};

// Runs body() as part of a task; a C panic in it becomes the failure of `to`.
template <class T, class Body> void run_into(shared<T> &to, filch_self self, Body body)
{
    filch_failure failure;
    auto run = [](filch_self here, void *arg) { (*static_cast<Body *>(arg))(here); };
    if (int rc = filch_try(self, run, &body, &failure))
        to.result.keep(rc, failure.message);
    to.finish();
}

template <class F> struct async_task {
    std::shared_ptr<shared<result_of<F>>> to;
    F f;

    static void go(filch_self self, void *arg)
    {
        std::unique_ptr<async_task> mine(static_cast<async_task *>(arg));
        run_into(*mine->to, self, [&](filch_self here) {
            mine->to->result.run([&] { return call_boxed(mine->f, here); });
        });
    }
};

template <class F> future<result_of<F>> start(filch_runtime *rt, F f)
{
    auto to = std::make_shared<shared<result_of<F>>>();
    auto task = std::make_unique<async_task<F>>(async_task<F>{to, std::move(f)});
    static constexpr filch_place place = {{nullptr, type_name<F>::value.at}, nullptr, 0};
    check(fl_go_at(rt, &async_task<F>::go, task.get(), &place));
    (void)task.release();
    return future<result_of<F>>(std::move(to));
}

// What f returns for the value of a future of T.
template <class F, class T> struct after {
    using type = result_of<F, T>;
};
template <class F> struct after<F, void> {
    using type = result_of<F>;
};

template <class F, class T> struct then_task : follower {
    using R = typename after<F, T>::type;
    std::shared_ptr<shared<T>> from;
    std::shared_ptr<shared<R>> to;
    filch_runtime *rt = filch_runtime_here();
    F f;

    then_task(std::shared_ptr<shared<T>> source, F function)
        : from(std::move(source)), to(std::make_shared<shared<R>>()), f(std::move(function))
    {
        ready = [](follower *one) {
            auto *mine = static_cast<then_task *>(one);
            static constexpr filch_place place = {{nullptr, type_name<F>::value.at}, nullptr, 0};
            if (fl_go_at(mine->rt ? mine->rt : mine->from->rt, &go, mine, &place))
                refuse(mine);
        };
    }

    static void refuse(then_task *all)
    {
        std::unique_ptr<then_task> mine(all);
        mine->to->result.keep(-EINVAL, filch_error());
        mine->to->finish();
    }

    static void go(filch_self self, void *arg)
    {
        std::unique_ptr<then_task> mine(static_cast<then_task *>(arg));
        if (mine->from->result.code()) {
            mine->to->result.keep_failure(mine->from->result);
            mine->to->finish();
            return;
        }
        run_into(*mine->to, self, [&](filch_self here) {
            mine->to->result.run([&] {
                if constexpr (std::is_void_v<T>)
                    return call_boxed(mine->f, here);
                else
                    return call_boxed(mine->f, here, unboxed<T>(mine->from->result.take()));
            });
        });
    }
};

} // namespace detail

template <class T> class future
{
  public:
    // The result type of coroutines.
    using promise_type = detail::coroutine_promise<T>;

    // Refers to no result.
    future() = default;

    explicit future(std::shared_ptr<detail::shared<T>> shared) : shared_(std::move(shared))
    {
    }

    // Returns true if it refers to a result: get() and then() have not been called.
    bool valid() const noexcept
    {
        return shared_ != nullptr;
    }

    // Returns true if the result is there.
    bool done() const noexcept
    {
        return filch_future_done(&shared_->done);
    }

    // Waits until the result is there, or `until`, in nanoseconds of filch_now(). Returns 0, or a
    // negative errno of filch_await_until, after which it can be called again: -ETIMEDOUT;
    // -ECANCELED (the context of the caller's own job or scope is done: return). Suspends.
    int wait(int64_t until = FILCH_FOREVER) const noexcept
    {
        return filch_await_until(&shared_->done, until);
    }

    // Returns 0 if it has a value; else the negative errno of its failure, -ENOTRECOVERABLE for an
    // exception other than error. The result must be there.
    int failure() const noexcept
    {
        return shared_->result.code();
    }

    // Waits, and moves the value out; throws if there is none. If the wait itself fails, throws
    // error, and the future stays valid. Suspends.
    T get()
    {
        need_result();
        detail::check(wait());
        auto mine = std::move(shared_);
        return detail::unboxed<T>(mine->result.take());
    }

    // Returns a future of f(value) or f(self, value), which a task calls when the value is there;
    // for a future of void, of f() or f(self). If this future fails, the returned one fails in the
    // same way, and f is not called. The task runs on the caller's runtime; outside a task, on the
    // runtime whose task set this future, which must exist. Afterwards this future is not valid().
    // Does not suspend.
    template <class F> auto then(F f)
    {
        need_result();
        using task = detail::then_task<F, T>;
        auto *next = new task(std::move(shared_), std::move(f));
        future<typename task::R> result(next->to);
        auto from = next->from;
        if (!from->follow(next))
            next->ready(next);
        return result;
    }

    // The shared part, for coroutines.
    const std::shared_ptr<detail::shared<T>> &state() const noexcept
    {
        return shared_;
    }

  private:
    void need_result() const
    {
        if (!shared_)
            detail::fail(-EINVAL, "a future without a result: it was moved or read before");
    }

    std::shared_ptr<detail::shared<T>> shared_;
};

// Starts f, a callable that takes a filch_self or nothing, as a task of a runtime, and returns a
// future of its result. Does not suspend. Throws the errors of filch_go.
template <class F> auto async(const runtime &rt, F f)
{
    return detail::start(rt.get(), std::move(f));
}

// The same on the calling task's runtime. Tasks only.
template <class F> auto async(filch_self, F f)
{
    return detail::start(nullptr, std::move(f));
}

// Sets a future from anywhere, once.
template <class T> class promise
{
  public:
    promise() : shared_(std::make_shared<detail::shared<T>>())
    {
    }
    promise(promise &&) = default;
    promise &operator=(promise &&other) noexcept
    {
        std::swap(shared_, other.shared_);
        return *this;
    }

    // If nothing was set, the future fails with EPIPE.
    ~promise()
    {
        if (shared_) {
            shared_->result.keep(-EPIPE, "the promise was destroyed before it was set");
            shared_->finish();
        }
    }

    // Returns the future. Call it once, before the promise is set.
    future<T> get_future()
    {
        return future<T>(shared_);
    }

    // Sets the value, constructed from the arguments; none for void. Wakes the waiters. A second
    // set of a promise ends the process by filch_die.
    template <class... Values> void set_value(Values &&...values)
    {
        finish([&](auto &result) {
            result.run([&] { return detail::boxed<T>(std::forward<Values>(values)...); });
        });
    }

    // Sets an exception, which get() throws.
    void set_exception(std::exception_ptr thrown)
    {
        finish([&](auto &result) { result.keep(std::move(thrown)); });
    }

    // Sets a failure: get() throws error(rc, why). rc: a negative errno.
    void set_error(int rc, const char *why)
    {
        finish([&](auto &result) { result.keep(rc, why); });
    }

  private:
    template <class Set> void finish(Set set)
    {
        auto mine = std::move(shared_);
        if (!mine)
            filch_die("a promise is set twice, or was moved away; set each promise once");
        set(mine->result);
        mine->finish();
    }

    std::shared_ptr<detail::shared<T>> shared_;
};

} // namespace filch

#include <filch/detail/show_words.h>
#endif
