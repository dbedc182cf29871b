/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TUNE_MAIN_H
#define TUNE_MAIN_H

/* `filch tune`; argv[0] is what to call it. Returns the exit status: 0; 1: something could not be
 * measured; 2: wrong command line, or a file that cannot be written. */
int filch_tune_main(int argc, char **argv);

#endif
