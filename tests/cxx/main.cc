// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The C++ interface on runtimes of the given numbers of workers.
// usage: cxx_... WORKERS...
#include "check.hpp"

int main(int argc, char **argv)
{
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
