/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The spawner: a small process that starts the children of its parent, reports their ends, and
 * kills them when the parent has ended. This is its own code, and its protocol; its parent's side
 * is runtime/sync/process_start.h.
 *
 * The problem. Children must die with the parent, even if it is killed by SIGKILL and runs no code.
 * PR_SET_PDEATHSIG in a child of a worker does not do that: the signal comes when the *thread* that
 * forked ends, so a worker that retires would take its children with it. It does not reach
 * grandchildren either. So a process of its own is the children's parent. It has one thread, so
 * PR_SET_PDEATHSIG works for its death; it watches its own parent; and as a subreaper it inherits
 * all descendants whose parents have ended.
 *
 *   parent                              spawner                          child
 *   a packet with 6 files:       ----->  clones itself            ---->  dies with the spawner
 *     report, request, in, out,          STARTED and the pid on          session of its own
 *     err, directory                     `report`                        reads `request`: program,
 *   writes `request`,                                                    arguments, environment
 *   reads it to its end          <-------------------------------------  exec closes `request`, or
 *                                                                        writes its error there
 *   may send orders on `report`  ----->  kills the child or its group
 *                                <-----  ENDED and the status, when it has ended and is reaped
 *   closes `report`              ----->  kills the child's group
 *   ends, however it does        ----->  kills all descendants, and ends
 *
 * The spawner never waits for its parent or for a child, but in its epoll: the child reads the
 * request itself, so a long or slow one delays only its own child.
 *
 * Numbers of processes are safe from reuse: only the spawner reaps, and it has one thread. Orders
 * to kill go to it for that reason; a child that it has not reaped keeps its number, also as that
 * of its group. When a child ends, the rest of its group is killed just before the child is reaped,
 * while the number of the group is still its own.
 *
 * Clones copy a process with threads only if the spawner is started after them; it is correct even
 * then. Its code and its children's, up to exec, is async-signal-safe: it calls the kernel, and no
 * function that takes a lock or allocates. The sanitizers' interceptors do that, so most calls go
 * through syscall(), and thread sanitizer does not instrument these files (runtime/CMakeLists.txt). */
#ifndef FL_SPAWNER_H
#define FL_SPAWNER_H

#include <filch/base.h>

#include <sys/types.h>

/* The files of a packet that asks for a child, in this order. */
enum {
    FL_SPAWN_REPORT,  /* one end of a socket of packets, between parent and spawner */
    FL_SPAWN_REQUEST, /* one end of a stream, between parent and child */
    FL_SPAWN_IN,      /* its standard input, output, error, */
    FL_SPAWN_OUT,
    FL_SPAWN_ERR,
    FL_SPAWN_DIRECTORY, /* and working directory */
    FL_SPAWN_FILES
};

/* Children of one spawner at a time. */
enum { FL_SPAWN_MOST = 16384 };

/* From the spawner, on `report`. */
enum {
    FL_SPAWN_STARTED, /* value: the pid */
    FL_SPAWN_REFUSED, /* value: the errno */
    FL_SPAWN_ENDED    /* value: its status, as waitpid has it */
};
typedef struct fl_spawn_report {
    int32_t event, value;
} fl_spawn_report;

/* To the spawner, on `report`. */
typedef struct fl_spawn_order {
    int32_t signal, group; /* group: 1: to the child's whole group */
} fl_spawn_order;

/* To the child, on `request`: this, and `size` bytes of strings, each with its NUL: the program's
 * path, the arguments, the environment. */
typedef struct fl_spawn_request {
    uint64_t size;
    uint32_t arguments, variables;
} fl_spawn_request;

/* From the child, on `request`, if it could not exec: the step that failed, and the errno. */
enum { FL_SPAWN_AT_REQUEST, FL_SPAWN_AT_FILES, FL_SPAWN_AT_DIRECTORY, FL_SPAWN_AT_EXEC };
typedef struct fl_spawn_failure {
    int32_t step, error;
} fl_spawn_failure;

/* Clones the calling process, all of whose signals are blocked. In the clone it is the spawner;
 * socket: its end of the socket of packets; null: /dev/null. Returns its pid, or a negative errno.
 * waitpid(-1) of the parent does not see it. Any thread. */
pid_t fl_spawner_clone(int socket, int null);

/* In a clone of the spawner: becomes the child. */
FILCH_NORETURN void fl_spawner_exec(const int *files, pid_t spawner);

#endif
