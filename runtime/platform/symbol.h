/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names of functions, for reports. The linker's table of symbols in the function's own file has
 * them, also those of static functions, which dladdr does not know. A stripped file has none; its
 * functions are named by file and place, `program+0x1a2b`, as addr2line takes them.
 *
 * A file is read once for each function. A name that was found stays until the process ends, so
 * that traces may know it by its address. No lock: a child of fork() would find it held. Two
 * threads may look up the same function, and one name is kept.
 *
 *   InsertSymbol: CAS the name, release             -> FindSymbol: load the name, acquire: its
 *                                                      text is seen
 *
 * Any thread. */
#ifndef FL_SYMBOL_H
#define FL_SYMBOL_H

enum { FL_SYMBOL_NAME = 80 }; /* bytes, with the NUL; longer names are cut */

/* NULL: no memory, or there are too many functions. */
const char *fl_symbol(const void *function);

/* For functions that a compiler makes of parts of others: a function of the program has its place as well,
 * `main+0x1a2b`. Not kept. */
void fl_symbol_and_place(char name[FL_SYMBOL_NAME], const void *function);

#endif
