/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TUNE_MAIN_H
#define TUNE_MAIN_H

/* `filch tune`; argv[0] is what to call it. Returns the exit status: 0, 1 (something could not be
 * measured or written) or 2 (usage). */
int filch_tune_main(int argc, char **argv);

#endif
