/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Before the same rows: each becomes a row of a table. */
#undef REFUSES
#undef DIES
#undef IGNORES
#undef ALLOWS
#define REFUSES(function, argument, call)                                                          \
    {#function, #argument, NULL_REFUSED, null_##function##_##argument},
#define DIES(function, argument, call)                                                             \
    {#function, #argument, NULL_DEADLY, null_##function##_##argument},
#define IGNORES(function, argument, call)                                                          \
    {#function, #argument, NULL_IGNORED, null_##function##_##argument},
#define ALLOWS(function, argument, call)                                                           \
    {#function, #argument, NULL_ALLOWED, null_##function##_##argument},
