/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Version of Filch: of the headers, which the macros name, and of the library, which
 * filch_version() returns. For programs that run on several versions, and for bug reports. The
 * build, filch.pc and the CMake package read the numbers from here.
 *
 *   #if FILCH_VERSION_NUMBER >= 100                    at least 0.1.0
 *   if (strcmp(filch_version(), FILCH_VERSION) != 0)   built with other headers than it runs with
 *
 * Threads: any. Suspends: no. Errors: none.
 * Since 0.1.0. */
#ifndef FILCH_VERSION_H
#define FILCH_VERSION_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>

#define FILCH_VERSION_MAJOR 0
#define FILCH_VERSION_MINOR 1
#define FILCH_VERSION_PATCH 0

/* "0.1.0" */
#define FILCH_VERSION                                                                              \
    FL_VERSION_TEXT(FILCH_VERSION_MAJOR)                                                           \
    "." FL_VERSION_TEXT(FILCH_VERSION_MINOR) "." FL_VERSION_TEXT(FILCH_VERSION_PATCH)
#define FL_VERSION_TEXT(number) FL_VERSION_QUOTED(number)
#define FL_VERSION_QUOTED(number) #number

/* 0.1.0 is 100, 1.2.3 is 10203: for comparisons. */
#define FILCH_VERSION_NUMBER                                                                       \
    (FILCH_VERSION_MAJOR * 10000 + FILCH_VERSION_MINOR * 100 + FILCH_VERSION_PATCH)

FILCH_BEGIN_DECLS

/* Returns the version of the library that runs, as FILCH_VERSION: a constant string. */
FILCH_API const char *filch_version(void);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
