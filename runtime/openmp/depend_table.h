/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table of a task's children with dependences: the addresses that they use, and the nodes that follow or exclude
 * each other. runtime/openmp/depend.h has the idea; depend.c runs the nodes that the table releases. */
#ifndef FL_OPENMP_DEPEND_TABLE_H
#define FL_OPENMP_DEPEND_TABLE_H

#include <runtime/openmp/depend.h>

/* Of a task, for its children. */
struct fl_omp_depends {
    filch_u32 lock;
    struct fl_omp_entry *entries;
    size_t room, used;    /* room: a power of two, or 0 */
    fl_omp_node *all;     /* the last one that depended on omp_all_memory, or NULL */
    fl_omp_node *orphans; /* that an event has released: its parent runs them */
    filch_u32 open;       /* detachable nodes that are not done */
};

/* The node becomes one of the last of its addresses. Returns it if it is released, else NULL. depend: gcc's array. */
fl_omp_node *fl_omp_node_enter(fl_omp_node *node, void **depend);
/* The node is done. Returns those that it releases, one after another. */
fl_omp_node *fl_omp_node_complete(fl_omp_node *node);
/* All nodes are done, and none is known any more. */
void fl_omp_table_forget(struct fl_omp_depends *of);

#endif
