// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A context as an object: cancellation and deadlines (<filch/context.h>). For engineers and service
// authors.
//
//   filch::context request(filch_in(50 * FILCH_MILLISECOND));
//   ...  if (request.cause()) return;
//
// Life: an object is a reference. Copies refer to the same context, and the last one frees it; that
// does not cancel it.
// Threads: any. Suspends: wait() and sleep(). Constructors throw error (error.hpp).
// Since 0.1.0.
#ifndef FILCH_CXX_CONTEXT_HPP
#define FILCH_CXX_CONTEXT_HPP
#include <filch/detail/hide_words.h>

#include <filch/context.h>
#include <filch/cxx/error.hpp>

#include <utility>

namespace filch
{

class context
{
  public:
    // Creates a root, which is done at `until` at the latest, in nanoseconds of filch_now().
    explicit context(int64_t until = FILCH_FOREVER)
    {
        create(nullptr, until);
    }

    // The same as a child of another one.
    explicit context(const context &parent, int64_t until)
    {
        create(parent.at_, until);
    }

    // Retains a C context; nullptr: one that is never done.
    explicit context(filch_context *other) noexcept : at_(filch_context_retain(other))
    {
    }

    context(const context &other) noexcept : context(other.at_)
    {
    }

    context(context &&other) noexcept : at_(std::exchange(other.at_, nullptr))
    {
    }

    context &operator=(context other) noexcept
    {
        std::swap(at_, other.at_);
        return *this;
    }

    ~context()
    {
        filch_context_release(at_);
    }

    // Cancels it and its descendants with a negative errno. Returns false if it was done already.
    bool cancel(int cause = -ECANCELED)
    {
        int rc = filch_context_cancel(at_, cause);
        if (rc != -EALREADY)
            detail::check(rc);
        return rc == 0;
    }

    // Returns 0, or the negative errno with which it is done.
    int cause() const noexcept
    {
        return filch_context_cause(at_);
    }

    // Returns the earliest deadline of it and its ancestors, or FILCH_FOREVER.
    int64_t deadline() const noexcept
    {
        return filch_context_deadline(at_);
    }

    // Waits until it is done, and returns its cause; -ETIMEDOUT if `until` comes first; further
    // errors: filch_context_wait. Suspends.
    int wait(int64_t until = FILCH_FOREVER) const noexcept
    {
        return filch_context_wait(at_, until);
    }

    // Sleeps for ns nanoseconds. Returns 0, or the cause if the context is done first. Suspends.
    int sleep(int64_t ns) const noexcept
    {
        return filch_context_sleep(at_, ns);
    }

    // Returns the context for C functions.
    filch_context *get() const noexcept
    {
        return at_;
    }

  private:
    void create(filch_context *parent, int64_t until)
    {
        detail::check(filch_context_create_until(&at_, parent, until));
    }

    filch_context *at_ = nullptr;
};

} // namespace filch

#include <filch/detail/show_words.h>
#endif
