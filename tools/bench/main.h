/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef BENCH_MAIN_H
#define BENCH_MAIN_H

/* `filch bench`; argv[0] is what to call it. Returns the exit status: 0; 1: a kernel failed; 2: wrong command line,
 * or a file that cannot be written; 130: interrupted. */
int filch_bench_main(int argc, char **argv);

#endif
