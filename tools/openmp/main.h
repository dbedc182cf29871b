/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch openmp: runs a program that gcc has built for OpenMP on Filch (docs/openmp.md). */
#ifndef FILCH_OPENMP_MAIN_H
#define FILCH_OPENMP_MAIN_H

/* argv[0] is "filch openmp". Returns the exit status, if the program could not be started. */
int filch_openmp_main(int argc, char **argv);

#endif
