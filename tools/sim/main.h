/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SIM_MAIN_H
#define SIM_MAIN_H

/* filch sim; argv[0] is "filch sim". Returns the exit status. */
int filch_sim_main(int argc, char **argv);

#endif
