/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef TOP_MAIN_H
#define TOP_MAIN_H

/* argv[0] is "filch top". Returns the exit status. */
int filch_top_main(int argc, char **argv);

#endif
