/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Before rows (tests/support/null/calls.h): each becomes a function. */
#undef REFUSES
#undef DIES
#undef IGNORES
#undef ALLOWS
#define REFUSES(function, argument, call)                                                          \
    static long null_##function##_##argument(void)                                                 \
    {                                                                                              \
        return (call);                                                                             \
    }
#define DIES(function, argument, call)                                                             \
    static long null_##function##_##argument(void)                                                 \
    {                                                                                              \
        call;                                                                                      \
        return 0;                                                                                  \
    }
#define IGNORES(function, argument, call)                                                          \
    static long null_##function##_##argument(void)                                                 \
    {                                                                                              \
        return (long)(call);                                                                       \
    }
#define ALLOWS(function, argument, call) DIES(function, argument, call)
