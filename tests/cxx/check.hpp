// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Checks of the C++ tests. Each file has one function of tests, which main.cc calls.
#ifndef CXX_CHECK_HPP
#define CXX_CHECK_HPP

#include <filch/filch.hpp>

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                           \
    ((condition)                                                                                   \
         ? (void)0                                                                                 \
         : (std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition),    \
            std::exit(1)))

// Does the statement throw this?
#define CHECK_THROWS(type, statement)                                                              \
    do {                                                                                           \
        bool thrown_ = false;                                                                      \
        try {                                                                                      \
            statement;                                                                             \
        } catch (const type &) {                                                                   \
            thrown_ = true;                                                                        \
        }                                                                                          \
        CHECK(thrown_);                                                                            \
    } while (0)

void test_forks(filch::runtime &rt);
void test_algorithms(filch::runtime &rt);
void test_futures(filch::runtime &rt);
void test_objects(filch::runtime &rt);
void test_coroutines(filch::runtime &rt); // C++20
void test_exceptions(filch::runtime &rt); // not with -fno-exceptions

#endif
