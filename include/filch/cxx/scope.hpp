// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Scopes: tasks that end before the block that started them does (<filch/scope.h>). For engineers
// and service authors.
//
//   filch::scope scope;
//   for (const auto &url : urls)
//       scope.spawn([&] { fetch(url); });
//   scope.join();                                waits for all; throws the first exception
//
// A child is a callable that takes a filch_self or nothing; its result is ignored. It may refer to
// variables declared before the scope.
// Life: a scope belongs to the task or thread that made it, and to its block. If the block is left
// without join(), for example by an exception, the destructor cancels the scope's context, waits
// for the children, and drops their exceptions.
// Exceptions: the first exception of a child cancels the scope's context, and thereby the waits of
// the other children; join() throws it. A failure by filch_scope_fail, or a C panic, throws error.
// Threads: the owner, the children and their forks may spawn. Suspends: join(), wait() and the
// destructor.
// Since 0.1.0.
#ifndef FILCH_CXX_SCOPE_HPP
#define FILCH_CXX_SCOPE_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/context.hpp>
#include <filch/cxx/runtime.hpp>
#include <filch/scope.h>
#include <filch/sync.h>

#include <memory>

namespace filch
{

class scope
{
  public:
    // Begins a scope on the calling task's runtime; its context is a root. Throws the errors of
    // filch_scope_begin.
    scope()
    {
        begin(nullptr, nullptr);
    }
    // The same below a context.
    explicit scope(const context &parent)
    {
        begin(nullptr, parent.get());
    }
    // The same on a runtime: for threads that are not workers.
    explicit scope(const runtime &rt)
    {
        begin(rt.get(), nullptr);
    }
    scope(const runtime &rt, const context &parent)
    {
        begin(rt.get(), parent.get());
    }

    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

    ~scope()
    {
        if (joined_)
            return;
        filch_context_cancel(filch_scope_context(&scope_), 0);
        filch_scope_end(&scope_);
    }

    // Starts a child. If an exception of another child has ended the scope's context, throws that
    // exception. Throws error if it cannot start the child for another reason: ECANCELED (the
    // scope's context is done: end the scope); others are those of filch_scope_spawn. May suspend.
    template <class F> void spawn(F f)
    {
        auto one = std::make_unique<child<F>>(child<F>{this, std::move(f)});
        int rc = filch_scope_spawn(&scope_, &child<F>::how, one.get());
        if (rc == -ECANCELED)
            rethrow();
        detail::check(rc);
        (void)one.release();
    }

    // Waits until all children have ended, or `until`. Returns 0, or the negative errno of the
    // first failure, -ECHILD for an exception; errors of the wait are those of filch_scope_wait.
    // Suspends.
    int wait(int64_t until = FILCH_FOREVER) noexcept
    {
        return filch_scope_wait(&scope_, until);
    }

    // Ends the scope: waits for all children, and throws the first exception or failure. Suspends.
    void join()
    {
        int rc = filch_scope_end(&scope_);
        joined_ = true;
        if (thrown_)
            std::rethrow_exception(std::exchange(thrown_, nullptr));
        if (rc)
            detail::fail(rc, filch_error());
    }

    // Returns the context that a failure cancels. Call it before join().
    filch::context context() const
    {
        return filch::context(filch_scope_context(&scope_));
    }

    // Returns the scope for C functions.
    filch_scope *get() noexcept
    {
        return &scope_;
    }

  private:
    template <class F> struct child {
        scope *owner;
        F f;

        static int go(filch_self self, filch_scope *, void *arg)
        {
            std::unique_ptr<child> mine(static_cast<child *>(arg));
            detail::outcome<void> result;
            result.run([&] {
                (void)detail::call(mine->f, self);
                return detail::boxed<void>();
            });
            return result.thrown() ? mine->owner->keep(result.thrown()) : 0;
        }

        static constexpr filch_child how = {{nullptr, detail::type_name<F>::value.at},
                                            &go,
                                            nullptr,
                                            0};
    };

    void begin(filch_runtime *rt, filch_context *parent)
    {
        detail::check(filch_scope_begin(&scope_, rt, parent));
    }

    int keep(std::exception_ptr thrown)
    {
        filch_mutex_lock(&lock_);
        if (!thrown_)
            thrown_ = std::move(thrown);
        filch_mutex_unlock(&lock_);
        return filch_error_set(-ECHILD,
                               "a child of a filch::scope threw an exception; join() throws it");
    }

    void rethrow()
    {
        filch_mutex_lock(&lock_);
        std::exception_ptr thrown = thrown_;
        filch_mutex_unlock(&lock_);
        if (thrown)
            std::rethrow_exception(thrown);
    }

    filch_scope scope_;
    filch_mutex lock_{};
    std::exception_ptr thrown_;
    bool joined_ = false;
};

} // namespace filch

#include <filch/detail/show_words.h>
#endif
