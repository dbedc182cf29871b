/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef PLAY_MAIN_H
#define PLAY_MAIN_H

/* argv[0] is "filch play". Returns the exit status. */
int filch_play_main(int argc, char **argv);

#endif
