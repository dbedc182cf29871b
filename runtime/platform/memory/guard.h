/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guards: address ranges below C stacks in which every access faults. Three kinds, in the order in
 * which they are tried:
 *   marked  MADV_GUARD_INSTALL (Linux 6.13): marks in the page table; the mapping stays whole.
 *   mapped  mprotect: splits its mapping in three. The kernel allows a process vm.max_map_count
 *           mappings; when they are used up, pthread_create and dlopen fail too. So all runtimes of
 *           the process together install at most G = (vm.max_map_count - mappings in use when the
 *           first is wanted) / 4 guards of this kind, and leave half of the mappings that were free
 *           to the program.
 *   none    The range is ordinary memory of the fiber's own unit. An overflow is found late: when
 *           the fiber suspends below its stack, or when it is freed and a page of the range is
 *           resident.
 *
 * Threads: any. The count of mapped guards is a number; it orders nothing. */
#ifndef FL_GUARD_H
#define FL_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum fl_guard { FL_GUARD_NONE, FL_GUARD_MARKED, FL_GUARD_MAPPED };
enum { FL_GUARDS_MOST = 16 };

/* Whole pages, readable and writable until now. Never fails: the worst kind is `none`. */
enum fl_guard fl_guard_install(char *low, size_t size);
/* Guards of kind `marked` in up to FL_GUARDS_MOST ranges of this size, `stride` bytes apart, by one
 * system call (process_madvise of Linux 6.15). Returns the number of ranges from the first on that
 * have one now; 0 where the kernel does not know that call. The others remain to be installed. */
unsigned fl_guard_mark_all(char *low, size_t size, size_t stride, unsigned count);
/* The ranges of `count` mapped guards were unmapped, or mapped anew. */
void fl_guard_unmapped(unsigned count);
/* Has any page of a range of kind `none` been touched? */
bool fl_guard_touched(const char *low, size_t size);

#endif
