/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Options of the build under test. */
#ifndef SUPPORT_BUILD_H
#define SUPPORT_BUILD_H

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__)
#define BUILD_ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILD_ASAN true
#endif
#endif
#ifndef BUILD_ASAN
#define BUILD_ASAN false
#endif

#ifdef FILCH_TSAN
#define BUILD_TSAN true
#else
#define BUILD_TSAN false
#endif

#ifdef __OPTIMIZE__
#define BUILD_OPTIMIZED true
#else
#define BUILD_OPTIMIZED false
#endif

#ifdef FILCH_TINY
#define BUILD_TINY true
#else
#define BUILD_TINY false
#endif

#ifdef FILCH_DEBUG
#define BUILD_DEBUG true
#else
#define BUILD_DEBUG false
#endif

#endif
