// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A runtime as an object. For engineers.
//
//   filch::runtime rt;                                          a worker per core
//   long n = rt.run([](filch_self self) { return fib(self, 42); });
//
// Life: any number of threads may use it. Its destructor waits for everything submitted. It can be
// moved; a moved-from runtime can only be destroyed or assigned to.
// Exceptions: run() throws what its function throws. Failed calls throw error (error.hpp).
// Threads: any. Suspends: run() in a task of another runtime, and the destructor.
// Since 0.1.0.
#ifndef FILCH_CXX_RUNTIME_HPP
#define FILCH_CXX_RUNTIME_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/fork.hpp>
#include <filch/runtime.h>

#include <cerrno>
#include <memory>

namespace filch
{

class runtime
{
  public:
    // Creates a runtime with the defaults, as filch_runtime_create does, whose errors it throws.
    runtime() : runtime(filch_config{})
    {
    }

    // The same with this many workers, 1..1024.
    explicit runtime(unsigned workers) : runtime(config_of(workers))
    {
    }

    // The same with a configuration; its strings are copied.
    explicit runtime(const filch_config &config)
    {
        filch_runtime *created = nullptr;
        detail::check(filch_runtime_create(&created, &config));
        rt_.reset(created);
    }

    // Runs f, a callable that takes a filch_self or nothing, waits for it, and returns its result.
    // A thread that is not a worker may run f itself (filch_config.guest). Throws what f throws;
    // error with EDEADLK on a worker of this runtime: call f itself instead. A C panic of f
    // throws error with its code.
    template <class F> detail::result_of<std::remove_reference_t<F>> run(F &&f) const
    {
        using Function = std::remove_reference_t<F>;
        if (rt_ && rt_.get() == filch_runtime_here())
            detail::fail(-EDEADLK,
                         "filch::runtime::run or an algorithm called on a worker of the same "
                         "runtime (call the function itself, or pass the task's self)");
        detail::branch<Function, false> task(f);
        filch_slot slot;
        task.put(&slot);
        detail::check(filch_run(rt_.get(), &task.task, &slot));
        return detail::unboxed<detail::result_of<Function>>(task.take(&slot));
    }

    // Sets the number of workers, as filch_runtime_resize does, whose errors it throws.
    void resize(unsigned workers)
    {
        detail::check(filch_runtime_resize(rt_.get(), workers));
    }

    // Returns the number of workers.
    unsigned workers() const
    {
        return filch_runtime_workers(rt_.get());
    }

    // Returns the runtime for C functions; nullptr if it was moved from.
    filch_runtime *get() const noexcept
    {
        return rt_.get();
    }

  private:
    struct destroyer {
        void operator()(filch_runtime *rt) const noexcept
        {
            if (filch_runtime_destroy(rt))
                filch_die("destructor of a filch::runtime: %s", filch_error());
        }
    };

    static filch_config config_of(unsigned workers)
    {
        filch_config config{};
        config.workers = workers;
        return config;
    }

    std::unique_ptr<filch_runtime, destroyer> rt_;
};

namespace detail
{

// Calls f with a self: that of the calling task, or that of a new task on a runtime.
template <class F> FL_CXX_INLINE result_of<F> at(filch_self self, F &&f)
{
    return f(self);
}

template <class F> result_of<std::remove_reference_t<F>> at(const runtime &rt, F &&f)
{
    return rt.run(f);
}

template <class T>
constexpr bool is_place =
    std::is_convertible_v<T, filch_self> || std::is_convertible_v<T, const runtime &>;

// Catches calls of an algorithm without a place to run, so that the first error names the remedy.
#define FL_CXX_NEEDS_PLACE(name)                                                                   \
    template <class First, class... Rest,                                                          \
              class = std::enable_if_t<!filch::detail::is_place<First>>>                           \
    void name(First &&, Rest &&...)                                                                \
    {                                                                                              \
        static_assert(filch::detail::is_place<First>,                                              \
                      "filch::" #name " without a runtime (write filch::" #name                    \
                      "(rt, ...) with a filch::runtime, or (self, ...) in a task)");               \
    }

} // namespace detail
} // namespace filch

#include <filch/detail/show_words.h>
#endif
