/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef COMPARE_MAIN_H
#define COMPARE_MAIN_H

/* `filch compare`; argv[0] is what to call it. Returns the exit status: 0, 1 (something got slower)
 * or 2 (usage, or nothing to compare). */
int filch_compare_main(int argc, char **argv);

#endif
