/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filch's libgomp.so.1: in which folder it lies, and how a program gets it in the place of gcc's. */
#ifndef SHARED_OPENMP_LIBRARY_H
#define SHARED_OPENMP_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* Sets *folder; it lies beside this command, in an installation and in a build. false: there is none. */
bool openmp_library_find(char *folder, size_t size);

/* Programs that this process starts from now on look there first. false: no memory. */
bool openmp_library_put_first(const char *folder);

/* Both. false: the command has printed an error. */
bool openmp_library_use(const char *command, char *folder, size_t size);

#endif
