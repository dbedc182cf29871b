/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * `filch topo`: draws the machine, the places of a runtime's workers on it, and how far apart they
 * are. */
#ifndef FILCH_TOPO_H
#define FILCH_TOPO_H

/* argv[0] is "filch topo". Returns the exit status: 0, 1 the machine cannot be read or the text not
 * written; usage errors and --help leave the process, with 2 and 0. */
int filch_topo_main(int argc, char **argv);

#endif
