/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dependences between the children of a task (OpenMP 5.1, 2.19.11).
 *
 * A child with a `depend` clause is a node. An unmet node is in no fork stack. The thread that ends its last
 * predecessor releases it: it runs one released node itself, in a loop and not on top of the node that has
 * ended, and forks the others. It joins those before its own task ends. Joining the parent's slots therefore waits
 * for all nodes: the parent forks those without unmet predecessors, and each other node runs inside the frame of the
 * predecessor that released it. No counter is needed, and taskwait, taskgroups and barriers wait as they do for
 * other tasks. The scheduling constraint of tied tasks holds as well: a released node has the same parent as
 * the one that has ended.
 *
 * An address has two groups of nodes: the last ones that use it in compatible ways, and those before. Readers
 * are compatible, and so are the members of a set (inoutset, mutexinoutset). A new node follows all nodes of one
 * group. A node on omp_all_memory follows all others, and those after it follow that one.
 *
 * Nodes of a mutexinoutset exclude each other. Such a node is released when its predecessors are done and it
 * gets all its addresses at once; otherwise it waits in the list of the first one that another node has. A node that ends
 * passes each of its addresses on to the first waiting node that gets all it needs. So nobody holds one address and waits for another.
 *
 * An undeferred task, and a taskwait with `depend`, are nodes that the calling task waits for. It runs its
 * children meanwhile, but a child that another thread has taken does not hold it up. Such a node is done when it is
 * ready, because later children come after it anyway. It takes mutexinoutset for inout.
 *
 * An event that releases nodes may come from a foreign thread, which cannot run them. They are orphans: their parent runs
 * them where it waits, and it does not end before.
 *
 * Edges: the lock of the table (TakeLock, DropLock of runtime/platform/lock.h) orders everything: a
 * node's `done`, its successors, their counts, and owners of addresses. The parent waits for its
 * node without the lock:
 *   ReleaseParent: store ready, seq_cst             -> AwaitChildren, wait: load ready, seq_cst;
 *                                                      it sees their stores
 * Likewise for the end of a detachable node, after which the fulfilling thread leaves the table alone:
 *   CloseNode: add -1 to open, acq_rel              -> ReadOpen, parent: load open, acquire; it
 *                                                      sees orphans and a ready node */
#ifndef FL_OPENMP_DEPEND_H
#define FL_OPENMP_DEPEND_H

#include <runtime/openmp/task.h>

typedef struct fl_omp_node fl_omp_node;

/* Creates a child of the calling task with these dependences. */
void fl_omp_depend_create(const fl_omp_closure *closure, void **depend, bool final);
/* The calling task waits until an undeferred child with these dependences may begin, which it then runs. */
void fl_omp_depend_await(void **depend);
/* The same for a detachable child, which the calling task then runs. It is done when two parts are over: its body, and its
 * event, which any thread may fulfil. */
fl_omp_node *fl_omp_depend_detachable(void **depend);
void fl_omp_depend_part_over(fl_omp_node *node, bool by_event);
/* Runs children of the calling task that events have released. true: there were some. */
bool fl_omp_depend_adopt(fl_omp_task *task);
/* Waits until the detachable children with dependences are done, and those that they have released. */
void fl_omp_depend_settle(fl_omp_task *task);
/* The calling task has joined all its children: nobody uses its table. */
void fl_omp_depend_forget(fl_omp_task *task);
void fl_omp_depend_clear(fl_omp_task *task);

/* task.c: runs the body of a node that is released, and its children. self: the next free slot. */
void fl_omp_node_body(filch_self self, const fl_omp_node *node);

struct fl_omp_node {
    fl_omp_fn *fn;
    void *data; /* within `block` */
    void *block;
    fl_omp_group *group;
    fl_omp_icv *icv;    /* of its parent */
    bool final, copied; /* copied: its data, by the program's code */
    /* Under the lock of the table */
    struct fl_omp_depends *of;
    bool done;
    bool awaited;    /* its creator waits for `ready`, and then runs it */
    filch_u32 ready; /* 1: it is released */
    unsigned parts;  /* of a detachable one that are not over */
    unsigned unmet;  /* predecessors that are not done, and 1 while it is being created */
    unsigned holders;
    fl_omp_node **successors;
    unsigned count, room;
    void **exclusive;    /* its addresses of a mutexinoutset */
    unsigned exclusives; /* how many */
    fl_omp_node *next;   /* in a list of released ones */
};

/* ---- The table ---- */

/* The table of a task's children with dependences: the addresses that they use, and the nodes that follow or exclude
 * each other. */

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
