// SPDX-License-Identifier: MIT OR Apache-2.0
// Exceptions within tasks, and one that leaves a task: which, the argument says.
#include <filch/filch.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace
{

FILCH_TASK(int, checked, (int, n))
{
    if (n > 3)
        throw std::runtime_error("more than three");
    return n;
}

FILCH_TASK(int, catches, (int, n))
{
    FILCH_FORK(checked, 1);
    int sum = 0;
    try {
        sum += checked(self, n);
    } catch (const std::exception &) {
        sum += 10;
    }
    FILCH_JOIN(int one, checked);
    return sum + one;
}

void detached(filch_self self, void *)
{
    checked(self, 4);
}

// The handler is outside of the boundary.
void tries(filch_self self, void *)
{
    try {
        filch_try(self, detached, nullptr, nullptr);
    } catch (const std::exception &) {
        std::puts("caught");
    }
}

} // namespace

int main(int, char **argument)
{
    filch_runtime *rt;
    filch_config config{};
    config.workers = 2;
    if (filch_runtime_create(&rt, &config))
        return 1;
    if (FILCH_RUN(rt, catches, 9) != 11 || FILCH_RUN(rt, catches, 2) != 3)
        return 1;
    if (!std::strcmp(argument[1], "run"))
        FILCH_RUN(rt, checked, 4);
    if (!std::strcmp(argument[1], "go"))
        filch_go(rt, detached, nullptr);
    if (!std::strcmp(argument[1], "try"))
        filch_go(rt, tries, nullptr);
    return filch_runtime_destroy(rt);
}
