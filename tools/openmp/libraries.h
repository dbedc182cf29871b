/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The OpenMP libraries of a program and of all libraries that it needs, as the dynamic linker finds them. */
#ifndef FILCH_OPENMP_LIBRARIES_H
#define FILCH_OPENMP_LIBRARIES_H

#include <stdbool.h>

/* Asks the dynamic linker, without running the program; LD_LIBRARY_PATH is set already. Warns on stderr of two OpenMP
 * libraries, of one that is not in the folder, and of functions that no library has. Says nothing about programs that the
 * linker does not know: scripts, and those that are linked statically.
 * false: the program cannot start, since a library lacks a version of its interface; the message names it. */
bool libraries_check(const char *program, const char *folder);

#endif
