// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The works by the C++ interface.
#include "sides.h"
#include <filch/filch.hpp>

namespace
{

inline long fib(filch_self self, int n) noexcept
{
    if (n < 2)
        return n;
    auto [left, right] = filch::invoke(
        self, [=](filch_self here) noexcept { return fib(here, n - 1); },
        [=](filch_self here) noexcept { return fib(here, n - 2); });
    return left + right;
}

long fib_throw(filch_self self, int n)
{
    if (n < 2)
        return n;
    auto [left, right] = filch::invoke(
        self, [=](filch_self here) { return fib_throw(here, n - 1); },
        [=](filch_self here) { return fib_throw(here, n - 2); });
    return left + right;
}

long fib_refer(filch_self self, int n)
{
    if (n < 2)
        return n;
    long left, right;
    filch::invoke(
        self, [&](filch_self here) { left = fib_refer(here, n - 1); },
        [&](filch_self here) { right = fib_refer(here, n - 2); });
    return left + right;
}

void run(filch_self self, enum cxx_work work, cxx_data *data)
{
    const float a = data->a, b = data->b;
    switch (work) {
    case CXX_FIB:
        data->answer = static_cast<double>(fib(self, data->n));
        break;
    case CXX_FIB_THROW:
        data->answer = static_cast<double>(fib_throw(self, data->n));
        break;
    case CXX_FIB_REFER:
        data->answer = static_cast<double>(fib_refer(self, data->n));
        break;
    case CXX_FOR:
        for (int i = 0; i < CXX_TIMES; i++)
            filch::for_each(self, data->x, data->x + CXX_ITEMS, [=](float &x) { x = x * a + b; });
        data->answer = data->x[1];
        break;
    case CXX_DOT:
        for (int i = 0; i < CXX_TIMES; i++)
            data->answer =
                filch::transform_reduce(self, data->y, data->y + CXX_ITEMS, data->z, 0.0);
        break;
    default:
        filch::sort(self, data->keys, data->keys + CXX_KEYS);
        data->answer = data->keys[1];
    }
}

} // namespace

void cxx_run_ours(filch_self self, enum cxx_work work, cxx_data *data)
{
    run(self, work, data);
}
