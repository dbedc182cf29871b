// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Fork and join of functions and lambdas. For engineers who divide a computation.
//
//   long fib(filch_self self, int n) noexcept
//   {
//       if (n < 2)
//           return n;
//       auto [left, right] = filch::invoke(
//           self, [=](filch_self self) noexcept { return fib(self, n - 1); },
//           [=](filch_self self) noexcept { return fib(self, n - 2); });
//       return left + right;
//   }
//
// A branch is any callable that takes a filch_self, or nothing. It may return void, a reference, or
// a movable value. Captures may be move-only, or references, since a branch ends before the call
// that started it does.
//
// Exceptions: the join, or invoke, throws an exception that leaves a branch. Before that, the other
// branches are joined: those that run elsewhere are waited for, those that have not begun are
// dropped. If several throw, the exception of the last branch is thrown, and the others are lost.
// noexcept branches need no code for this: with g++, fib takes 1.0 times as long as with the macros
// of <filch/task.h>, and 1.5 times otherwise (docs/cxx.md).
// Threads: tasks. Suspends: joins, and invoke; the caller may continue on another worker.
// Since 0.1.0.
#ifndef FILCH_CXX_FORK_HPP
#define FILCH_CXX_FORK_HPP
#include <filch/detail/hide_words.h>

#include <filch/cxx/result.hpp>

#include <cstring>
#include <new>
#include <tuple>

namespace filch
{
namespace detail
{

// Whether a value fits into `room` bytes of a slot.
template <class T> constexpr bool fits_slot(std::size_t room)
{
    return std::is_trivially_copyable_v<T> && sizeof(T) <= room && alignof(T) <= 8;
}

// Whether a function, and its result, fit into a slot; a function that may throw needs the slot's
// last word for the exception.
template <class F>
constexpr bool travels_in_slot =
    fits_slot<F>(FILCH_SLOT_BYTES) && fits_slot<boxed<result_of<F>>>(
                                          FILCH_SLOT_BYTES -
                                          (never_throws<F> ? 0 : sizeof(std::exception_ptr)));

// A forked function that stays in its owner's frame, to which the slot points.
template <class F, bool = travels_in_slot<F>> class branch
{
  public:
    explicit branch(F &f) : f_(&f)
    {
    }

    // Puts the arguments into a slot that is to be forked.
    void put(filch_slot *slot)
    {
        branch *here = this;
        std::memcpy(slot->args, &here, sizeof here);
    }

    // Runs a task that was not stolen.
    FL_CXX_INLINE boxed<result_of<F>> run_kept(filch_slot *slot)
    {
        return call_boxed(*f_, slot);
    }

    // The result of a task that a thief has run.
    boxed<result_of<F>> take(filch_slot *)
    {
        return outcome_.take();
    }

    // Forgets that result.
    void drop(filch_slot *)
    {
    }

    static void run(filch_self self, filch_slot *slot) noexcept
    {
        branch *here;
        std::memcpy(&here, slot->args, sizeof here);
        here->outcome_.run([&] { return call_boxed(*here->f_, self); });
    }

    static constexpr filch_task task{&run, type_name<F>::value.at};

  private:
    F *f_;
    outcome<result_of<F>> outcome_;
};

// A forked function that travels in the slot, with its result.
template <class F> class branch<F, true>
{
    using R = boxed<result_of<F>>;
    static constexpr std::size_t thrown_at = FILCH_SLOT_BYTES - sizeof(std::exception_ptr);

    // A local copy of what is in a slot.
    template <class T> union copy {
        T value;
        FL_CXX_INLINE explicit copy(const filch_slot *slot)
        {
            std::memcpy(static_cast<void *>(this), slot->args, sizeof(T));
        }
    };

    static std::exception_ptr *thrown(filch_slot *slot)
    {
        return reinterpret_cast<std::exception_ptr *>(reinterpret_cast<char *>(slot->args) +
                                                      thrown_at);
    }

  public:
    explicit branch(F &f) : f_(f)
    {
    }

    FL_CXX_INLINE void put(filch_slot *slot)
    {
        std::memcpy(slot->args, static_cast<const void *>(&f_), sizeof(F));
    }

    FL_CXX_INLINE R run_kept(filch_slot *slot)
    {
        copy<F> f(slot);
        return call_boxed(f.value, slot);
    }

    FL_CXX_INLINE R take(filch_slot *slot)
    {
        if constexpr (!never_throws<F>)
            if (FILCH_UNLIKELY(slot->args[thrown_at / 8]))
                rethrow(slot);
        return copy<R>(slot).value;
    }

    void drop(filch_slot *slot)
    {
        if constexpr (!never_throws<F>)
            thrown(slot)->~exception_ptr();
    }

    static void run(filch_self self, filch_slot *slot) noexcept
    {
        copy<F> f(slot);
        if constexpr (never_throws<F>) {
            R result = call_boxed(f.value, self);
            std::memcpy(slot->args, static_cast<const void *>(&result), sizeof(R));
        } else {
            outcome<result_of<F>> all;
            all.run([&] { return call_boxed(f.value, self); });
            new (thrown(slot)) std::exception_ptr(all.thrown());
            if (!all.thrown()) {
                R result = all.take();
                std::memcpy(slot->args, static_cast<const void *>(&result), sizeof(R));
            }
        }
    }

    static constexpr filch_task task{&run, type_name<F>::value.at};

  private:
    [[noreturn]] FILCH_COLD static void rethrow(filch_slot *slot)
    {
        std::exception_ptr mine = *thrown(slot);
        thrown(slot)->~exception_ptr();
        std::rethrow_exception(mine);
    }

    F &f_;
};

template <class F> FL_CXX_INLINE boxed<result_of<F>> join(branch<F> &forked, filch_slot *slot)
{
    if (filch_join_inline(slot, &branch<F>::task))
        return forked.run_kept(slot);
    return forked.take(slot);
}

// Joins a branch whose result is no longer wanted.
template <class F> FILCH_COLD void abandon(branch<F> &forked, filch_slot *slot)
{
    if (!filch_join_inline(slot, &branch<F>::task))
        forked.drop(slot);
}

// Calls g; if that throws, abandons the branch forked before it. The clean-up is a cold function: a
// destructor would be inlined with all its cases.
template <class F, class G>
FL_CXX_INLINE boxed<result_of<G>> call_beside(branch<F> &forked, G &g, filch_self self)
{
#if FL_CXX_THROWS
    if constexpr (!never_throws<G>) {
        try {
            return call_boxed(g, self);
        } catch (...) {
            abandon(forked, self - 1);
            throw;
        }
    }
#endif
    return call_boxed(g, self);
}

template <class F, class G> using pair_of = std::pair<boxed<result_of<F>>, boxed<result_of<G>>>;

template <class F, class G> FL_CXX_INLINE pair_of<F, G> invoke_here(filch_self self, F &f, G &g)
{
    branch<F> forked(f);
    forked.put(self);
    filch_self next = filch_fork_inline(self, &branch<F>::task);
    boxed<result_of<G>> right = call_beside(forked, g, next);
    boxed<result_of<F>> left = join(forked, next - 1);
    return {std::move(left), std::move(right)};
}

// Small functions are passed in registers.
template <class F>
using passed = std::conditional_t<std::is_trivially_copyable_v<F> && sizeof(F) <= 16, F, F &>;

// invoke_here, not inlined. A recursive function that begins with its leaf case is then inlined
// into this one, so only forks cost a call. Compilers do not find this division by themselves where
// an exception may pass, and clang never does.
template <class F, class G>
__attribute__((__noinline__)) pair_of<F, G>
invoke_apart(filch_self self, passed<F> f, passed<G> g) noexcept(never_throws<F> &&never_throws<G>)
{
    return invoke_here<F, G>(self, f, g);
}

template <class F, class G> FL_CXX_INLINE pair_of<F, G> invoke_two(filch_self self, F &f, G &g)
{
#ifndef __clang__
    if constexpr (never_throws<F> && never_throws<G>)
        return invoke_here(self, f, g);
    else
#endif
        return invoke_apart<F, G>(self, f, g);
}

template <class F> std::tuple<boxed<result_of<F>>> invoke_many(filch_self self, F &f)
{
    return {call_boxed(f, self)};
}

template <class F, class... Gs>
std::tuple<boxed<result_of<F>>, boxed<result_of<Gs>>...> invoke_many(filch_self self, F &f,
                                                                     Gs &...gs)
{
    auto others = [&](filch_self next) { return invoke_many(next, gs...); };
    auto both = invoke_two(self, f, others);
    return std::tuple_cat(std::tuple<boxed<result_of<F>>>(std::move(both.first)),
                          std::move(both.second));
}

} // namespace detail

// Runs all functions, in parallel if other workers are idle, and returns their results: a std::pair
// of two, a std::tuple of more, for structured bindings. std::monostate stands for the result of a
// function that returns void, a pointer for a reference. If all return void, so does invoke. The
// last function is called directly; the others are forked.
template <class F, class G, class... More>
FL_CXX_INLINE auto invoke(filch_self self, F f, G g, More... more)
{
    constexpr bool no_results = std::is_void_v<detail::result_of<F>> &&
                                std::is_void_v<detail::result_of<G>> &&
                                (std::is_void_v<detail::result_of<More>> && ...);
    if constexpr (no_results && !sizeof...(More))
        (void)detail::invoke_two(self, f, g);
    else if constexpr (no_results)
        (void)detail::invoke_many(self, f, g, more...);
    else if constexpr (!sizeof...(More))
        return detail::invoke_two(self, f, g);
    else
        return detail::invoke_many(self, f, g, more...);
}

// A fork, which join() joins, or at the latest the end of its block. The newest fork is joined
// first; any other order ends the process by filch_die. Not movable: it belongs to its block.
template <class F> class [[nodiscard]] forked
{
  public:
    // See fork().
    forked(filch_self &self, F f) : self_(self), f_(std::move(f)), branch_(f_)
    {
        branch_.put(self);
        slot_ = self;
        self = filch_fork_inline(self, &detail::branch<F>::task);
    }

    forked(const forked &) = delete;
    forked &operator=(const forked &) = delete;

    // Without a join(): waits for the function if it runs elsewhere; else the function is not
    // called. Its result or exception is dropped.
    ~forked()
    {
        if (slot_)
            detail::abandon(branch_, leave());
    }

    // Calls the function, or waits until another worker has run it. Returns its result, or throws
    // its exception. May be called once. Suspends.
    detail::result_of<F> join()
    {
        if (!slot_)
            filch_die("join of a fork that was joined before; join each fork once");
        return detail::unboxed<detail::result_of<F>>(detail::join(branch_, leave()));
    }

  private:
    filch_slot *leave()
    {
        filch_slot *slot = slot_;
        if (self_ - 1 != slot)
            filch_die(
                "join of a fork that is not the newest; join in the reverse order of forking");
        slot_ = nullptr;
        self_ = slot;
        return slot;
    }

    filch_self &self_;
    filch_slot *slot_;
    F f_;
    detail::branch<F> branch_;
};

// Forks f, which another worker may then run, and moves self to the next slot.
//
//   auto left = filch::fork(self, [=](filch_self self) { return fib(self, n - 1); });
//   long right = fib(self, n - 2);
//   return left.join() + right;
//
// invoke() is faster, since self stays in a register. If the fork stack is full, f runs at once.
// Until the join, only further forks and joins may change self.
template <class F> FL_CXX_INLINE forked<F> fork(filch_self &self, F f)
{
    return forked<F>(self, std::move(f));
}

} // namespace filch

#include <filch/detail/show_words.h>
#endif
