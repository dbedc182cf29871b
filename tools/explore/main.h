/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef EXPLORE_MAIN_H
#define EXPLORE_MAIN_H

/* argv[0] is "filch explore". Returns the exit status. */
int filch_explore_main(int argc, char **argv);

#endif
