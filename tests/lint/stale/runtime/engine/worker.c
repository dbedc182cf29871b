/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Still needs its exception. */
fl_worker *fl_worker_here(void)
{
    __asm__ volatile("" ::: "memory"); /* not const */
    return here;
}
