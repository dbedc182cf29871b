// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A channel of items of any type (<filch/channel.h>). For engineers and service authors.
//
//   filch::channel<std::string> lines(16);
//   lines.send("one");                           waits while it holds 16 lines
//   for (std::string &line : lines) { ... }      until it is closed and empty
//   lines.close();
//
// Items are moved in and out. Trivially copyable ones are stored in the channel, others on the
// heap.
// Life: not movable, since tasks refer to it. The destructor destroys the remaining items; all
// users must have finished.
// Errors: sends and receives return 0 or a negative errno, and throw only what an item's
// constructor throws. An item that was not sent stays with the caller. The constructor throws error
// (error.hpp).
// Threads: tasks and any thread. Suspends: sends and receives without try_.
// Since 0.1.0.
#ifndef FILCH_CXX_CHANNEL_HPP
#define FILCH_CXX_CHANNEL_HPP
#include <filch/detail/hide_words.h>

#include <filch/channel.h>
#include <filch/cxx/error.hpp>

#include <cerrno>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace filch
{

template <class T> class channel
{
  public:
    // Creates a channel with room for `capacity` items; 0: a send returns when a receiver has taken
    // the item.
    explicit channel(size_t capacity = 0)
    {
        detail::check(filch_channel_create(&at_, sizeof(item), capacity));
    }

    channel(const channel &) = delete;
    channel &operator=(const channel &) = delete;

    ~channel()
    {
        if constexpr (!flat)
            for (T *left; filch_channel_try_receive(at_, &left) == 0;)
                delete left;
        filch_channel_destroy(at_);
    }

    // Closes it to senders; items in it can still be received. A second call does nothing.
    void close() noexcept
    {
        filch_channel_close(at_);
    }

    // Moves value into the channel. Errors: -EPIPE (closed: send no more); -ECANCELED (the context
    // of the caller's job or scope is done: return). After an error `value` is unchanged. Suspends.
    [[nodiscard]] int send(T &&value)
    {
        return put(value, [&](const item *one) { return filch_channel_send(at_, one); });
    }
    // The same with a copy.
    [[nodiscard]] int send(const T &value)
    {
        return send(T(value));
    }
    // The same, but does not wait: -EAGAIN if it is full.
    [[nodiscard]] int try_send(T &&value)
    {
        return put(value, [&](const item *one) { return filch_channel_try_send(at_, one); });
    }
    // The same, until `until`: -ETIMEDOUT; further errors: filch_channel_send_until.
    [[nodiscard]] int send_until(T &&value, int64_t until)
    {
        return put(value,
                   [&](const item *one) { return filch_channel_send_until(at_, one, until); });
    }

    // Moves the next item to `to`. Errors, which leave `to` unchanged: -EPIPE (closed and empty:
    // receive no more); -ECANCELED (the context of the caller's job or scope is done: return).
    // Suspends.
    [[nodiscard]] int receive(T &to)
    {
        return take(to, [&](item *one) { return filch_channel_receive(at_, one); });
    }
    // The same, but does not wait: -EAGAIN if there is none.
    [[nodiscard]] int try_receive(T &to)
    {
        return take(to, [&](item *one) { return filch_channel_try_receive(at_, one); });
    }
    // The same, until `until`: -ETIMEDOUT; further errors: filch_channel_receive_until.
    [[nodiscard]] int receive_until(T &to, int64_t until)
    {
        return take(to, [&](item *one) { return filch_channel_receive_until(at_, one, until); });
    }

    // Returns the next item; nothing if the channel is closed and empty, or the wait was cancelled.
    // Suspends.
    std::optional<T> next()
    {
        std::optional<T> one;
        take(one, [&](item *to) { return filch_channel_receive(at_, to); });
        return one;
    }

    // Iterates over the items as next() returns them.
    class iterator
    {
      public:
        explicit iterator(channel *from) : from_(from)
        {
            if (from_)
                ++*this;
        }
        T &operator*()
        {
            return *one_;
        }
        iterator &operator++()
        {
            one_ = from_->next();
            return *this;
        }
        bool operator!=(const iterator &) const
        {
            return one_.has_value();
        }

      private:
        channel *from_;
        std::optional<T> one_;
    };
    iterator begin()
    {
        return iterator(this);
    }
    iterator end()
    {
        return iterator(nullptr);
    }

    // Returns the number of items in it; possibly outdated on return.
    size_t length() const noexcept
    {
        return filch_channel_length(at_);
    }
    // Returns the capacity, in items.
    size_t capacity() const noexcept
    {
        return filch_channel_capacity(at_);
    }
    // Returns true if it is closed; items may still be in it.
    bool closed() const noexcept
    {
        return filch_channel_closed(at_);
    }
    // Returns the channel for selects. Its items are of type T if T is trivially copyable, else
    // pointers to a T that the receiver deletes.
    filch_channel *get() const noexcept
    {
        return at_;
    }

  private:
    static constexpr bool flat = std::is_trivially_copyable_v<T>;
    using item = std::conditional_t<flat, T, T *>;

    template <class Send> static int put(T &value, Send send)
    {
        if constexpr (flat) {
            return send(&value);
        } else {
            auto one = std::make_unique<T>(std::move(value));
            T *raw = one.get();
            int rc = send(&raw);
            if (rc)
                value = std::move(*one);
            else
                (void)one.release();
            return rc;
        }
    }

    template <class To, class Receive> static int take(To &to, Receive receive)
    {
        if constexpr (flat) {
            union room {
                char none;
                T value;
                room() : none(0)
                {
                }
            } one;
            int rc = receive(&one.value);
            if (!rc)
                to = one.value;
            return rc;
        } else {
            T *raw;
            int rc = receive(&raw);
            if (!rc)
                to = std::move(*std::unique_ptr<T>(raw));
            return rc;
        }
    }

    filch_channel *at_ = nullptr;
};

} // namespace filch

#include <filch/detail/show_words.h>
#endif
