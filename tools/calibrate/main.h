/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef CALIBRATE_MAIN_H
#define CALIBRATE_MAIN_H

/* filch calibrate; argv[0] is "filch calibrate". Returns the exit status. */
int filch_calibrate_main(int argc, char **argv);

#endif
