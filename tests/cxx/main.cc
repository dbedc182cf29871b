// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The C++ interface on runtimes of the given numbers of workers.
// usage: cxx_... WORKERS...
//        cxx_... misuse      joins in the wrong order, which ends the process
#include "check.hpp"

#include <cstring>

static void join_out_of_order(filch_self self)
{
    auto first = filch::fork(self, [] { return 1; });
    auto second = filch::fork(self, [] { return 2; });
    CHECK(first.join() == 1);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !std::strcmp(argv[1], "misuse"))
        filch::runtime(1u).run(join_out_of_order);
    for (int i = 1; i < argc; i++) {
        filch::runtime rt(static_cast<unsigned>(std::atoi(argv[i])));
        test_forks(rt);
        test_algorithms(rt);
        test_futures(rt);
        test_objects(rt);
#ifdef __cpp_impl_coroutine
        test_coroutines(rt);
#endif
#ifdef __cpp_exceptions
        test_exceptions(rt);
#endif
        std::printf("%s workers: passed\n", argv[i]);
    }
    return argc < 2;
}
