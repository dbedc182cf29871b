// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A worker pool as an object, whose jobs are callables with results (<filch/pool.h>). For service
// authors.
//
//   filch::pool pool(rt, 8);                                    up to 8 jobs at a time
//   filch::future<image> small = pool.submit([=] { return resize(picture); });
//   show(small.get());
//
// A job takes a filch_self, or nothing; it may fork, spawn and wait. With a retry policy it may be
// called several times.
// Life: the destructor closes the pool and waits for all accepted jobs. A future may outlive the
// pool.
// Exceptions: an exception that leaves a job makes it fail, as a nonzero result does in C, and the
// future throws it after the last attempt. A retry policy gets the errno of an error, and
// -ENOTRECOVERABLE for any other exception, which the default policy does not retry. The future of
// a job that timed out, was cancelled or was dropped fails with ETIMEDOUT, ECANCELED or ENOBUFS. A
// dead letter has no result; when it is removed, its future fails with ECANCELED.
// Threads: any task or thread, including jobs of the pool. Suspends: submit() while the queue is
// full, wait() and the destructor.
// Since 0.1.0.
#ifndef FILCH_CXX_POOL_HPP
#define FILCH_CXX_POOL_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/future.hpp>
#include <filch/pool.h>

namespace filch
{

class pool
{
  public:
    // Creates a pool with a runtime of its own: a worker per core, and a width of as many jobs.
    pool() : pool(filch_pool_config{})
    {
    }
    // The same with up to `width` jobs in progress at a time, 1..1000000; 0: the default.
    explicit pool(unsigned width) : pool(config_of(width))
    {
    }
    // The same with a configuration; the pool refers to the objects that it names. Throws the
    // errors of filch_pool_create.
    explicit pool(const filch_pool_config &config)
    {
        detail::check(filch_pool_create(&at_, &config));
    }
    // Creates a pool whose jobs run on a runtime, which must be destroyed after the pool.
    explicit pool(const runtime &rt, filch_pool_config config = {})
    {
        config.runtime = rt.get();
        if (!config.runtime)
            detail::fail(-EINVAL, "runtime of filch::pool: moved from (pass one that was not)");
        detail::check(filch_pool_create(&at_, &config));
    }
    pool(const runtime &rt, unsigned width) : pool(rt, config_of(width))
    {
    }

    pool(const pool &) = delete;
    pool &operator=(const pool &) = delete;

    ~pool()
    {
        if (filch_pool_destroy(at_))
            filch_die("destructor of a filch::pool: %s", filch_error());
    }

    // Submits f and returns a future of its result. `done` and `drop` of the options belong to the
    // pool. Waits until `until` for room. Throws error if the job is refused: EPIPE (the pool is
    // closed), EAGAIN or ETIMEDOUT (full: try later), EINVAL (done or drop is set); others are
    // those of filch_pool_submit. Suspends.
    template <class F>
    auto submit(F f, const filch_job_options &options = {}, int64_t until = FILCH_FOREVER)
    {
        using job = job_of<F>;
        if (options.done || options.drop)
            detail::fail(-EINVAL, "filch::pool::submit: done and drop belong to the pool (leave "
                                  "them out, and use the future)");
        auto to = std::make_shared<detail::shared<detail::result_of<F>>>();
        auto one = std::make_unique<job>(std::move(f), to);
        filch_job_options all = options;
        if (!all.name)
            all.name = detail::type_name<F>::value.at;
        all.done = &job::done;
        all.drop = &job::drop;
        if (int rc = filch_pool_submit(nullptr, at_, &job::run, one.get(), &all, until)) {
            one->to = nullptr;
            detail::check(rc);
        }
        (void)one.release();
        return future<detail::result_of<F>>(std::move(to));
    }

    // Stops accepting jobs; accepted ones still run. Does not wait.
    void close() noexcept
    {
        filch_pool_close(at_);
    }

    // Waits until `until` for every accepted job to have an outcome and none to be in progress.
    // Returns 0 or a negative errno (filch_pool_wait). Suspends.
    int wait(int64_t until = FILCH_FOREVER) noexcept
    {
        return filch_pool_wait(at_, until);
    }

    // Closes the pool and cancels its jobs. Does not wait. Returns the number of waiting jobs
    // cancelled.
    size_t shutdown_now() noexcept
    {
        return filch_pool_shutdown_now(at_);
    }

    // Returns the pool for C functions.
    filch_pool *get() const noexcept
    {
        return at_;
    }

  private:
    // A job's data. `latest` is the result of the last attempt; `to` is set once, by `done`.
    template <class F> struct job_of {
        using R = detail::result_of<F>;
        F f;
        std::shared_ptr<detail::shared<R>> to;
        detail::outcome<R> latest{};

        job_of(F function, std::shared_ptr<detail::shared<R>> shared)
            : f(std::move(function)), to(std::move(shared))
        {
        }

        ~job_of()
        {
            if (to)
                settle([](auto &result) { result.keep(-ECANCELED, "the job has no result"); });
        }

        template <class Set> void settle(Set set)
        {
            auto mine = std::exchange(to, nullptr);
            set(mine->result);
            mine->finish();
        }

        static int run(filch_self self, filch_job *, void *data)
        {
            auto *mine = static_cast<job_of *>(data);
            mine->latest = detail::outcome<R>();
            mine->latest.run([&] { return detail::call_boxed(mine->f, self); });
            int rc = mine->latest.code();
            return rc ? filch_error_set(rc, "the job threw an exception") : 0;
        }

        static void done(filch_job *, filch_outcome outcome, const filch_failure *why, void *data)
        {
            auto *mine = static_cast<job_of *>(data);
            if (!mine) // a dead letter's
                return;
            bool ran = outcome == FILCH_SUCCEEDED || outcome == FILCH_FAILED;
            mine->settle([&](auto &result) {
                if (ran && (outcome == FILCH_SUCCEEDED || mine->latest.thrown()))
                    result = std::move(mine->latest);
                else
                    result.keep(why ? why->code : code_of(outcome),
                                why ? why->message : "the job has no result");
            });
        }

        static void drop(void *data)
        {
            delete static_cast<job_of *>(data);
        }
    };

    static filch_pool_config config_of(unsigned width)
    {
        filch_pool_config config{};
        config.width = width;
        return config;
    }

    static int code_of(filch_outcome outcome)
    {
        return outcome == FILCH_TIMED_OUT ? -ETIMEDOUT
               : outcome == FILCH_DROPPED ? -ENOBUFS
                                          : -ECANCELED;
    }

    filch_pool *at_ = nullptr;
};

} // namespace filch

#include <filch/detail/show_words.h>
#endif
