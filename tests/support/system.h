/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Children, folders, ports, servers, clocks and refused system calls of tests. */
#ifndef SUPPORT_SYSTEM_H
#define SUPPORT_SYSTEM_H

#include <filch/atomic.h>
#include <filch/process.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <tests/support/patience.h>
#include <unistd.h>

/* ---- Children ---- */

/* Runs a piece of a test in a process of its own: for code that ends a process, or changes it for
 * good. Returns the child's status and its stderr. Call it while the test has one thread. */

struct child {
    int status;       /* as waitpid tells it */
    char text[32768]; /* stderr, cut there */
};

/* In the child: ends it as failed, and says where. */
#define CHILD_CHECK(condition)                                                                     \
    ((condition) ? (void)0                                                                         \
                 : (dprintf(STDERR_FILENO, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition), \
                    _exit(99)))
/* work() may return, which is exit status 0, or end the process as it likes. */
void child_run(struct child *child, void (*work)(void));
/* It died as filch_die does, in words that contain `text`. */
int child_died(const struct child *child, const char *text);
int child_passed(const struct child *child);

/* ---- Shell scripts, and the processes that these start ---- */

void start_spawner(void);
/* Files as in filch_process_config. */
int spawn_script(filch_process **out, const char *script, int in, int out_to);
/* With pipes to and from it. */
filch_process *script(const char *text);
/* Reads to the end of its output, or until there is no room; a NUL follows. Returns the length, or a
 * negative errno. */
ssize_t read_output(filch_process *process, char *to, size_t size);
/* 0..255: its exit status; negative: minus the signal that ended it; other numbers: an error. */
int outcome_of(filch_process *process);
/* Any process, as long as it runs; -1: it has ended. */
int process_file(long pid);
/* Returns when it has ended; closes its file. */
void wait_for_end(int process_file);

/* ---- Guards of servers ---- */

/* Guards: a process that keeps a server for all tests of a program, which are processes, and lives
 * until their parent, the test runner, has ended, even by SIGKILL. */

/* Files of a guard: the runner's pidfd, which is ready when it has ended, and one of the caller's. */
enum { GUARD_RUNNER = 3, GUARD_OWN, GUARD_FILES };
/* Makes a guard of this process, a child of a test. It holds no other file of the tests, since the
 * runner waits until their output is closed. A negative file is
 * /dev/null. */
void guard_become(pid_t runner, int output, int own);
/* Waits until the runner has ended: true; or the process of `pidfd`, unless it is negative. */
bool guard_wait(int pidfd);

/* ---- Holdings of this process ---- */

unsigned process_threads(void);
/* Whether a thread has this name: `top -H` and `perf` show it. */
bool process_has_thread(const char *name);
/* A thread that was joined is on the kernel's list for a moment more. Does not return while there
 * are more. */
void process_wait_for_threads(unsigned count);
unsigned process_files(void);
unsigned process_mappings(void);

/* ---- Idle processes ---- */

/* Does a process that has nothing to do leave the CPU alone? A bound on busy waiting, far above the
 * cost of idling. */

/* The process uses less than a fifth of one CPU in one of a few windows: a spinning thread would
 * use it in all of them. */
bool idle_process(void);

/* ---- Memory mappings ---- */

/* A child of a test that uses up the mappings that the kernel allows it (vm.max_map_count), but for
 * some. */

enum { MAPPINGS_REACHABLE = 4 << 20 }; /* more would take too long */
/* 0: unknown. */
unsigned mappings_most(void);
void mappings_prepare(void);
/* Every other page gets another protection, until no more mappings can be had. */
void mappings_use_up(void);
/* Two mappings for each page. */
void mappings_give_back(size_t pages);
void mappings_release(void);

/* ---- Temporary folders, below $TMPDIR ---- */

const char *folder_above(void);
/* With everything in it. */
void folder_remove(const char *path);
extern pid_t folder_maker; /* the process that ends with it */
/* The path of the test's own folder; the first call makes it. It ends with the process that has made it. */
const char *folder_make(void);

/* ---- Loopback ports that the kernel chooses ---- */

/* A listening socket, with room for `guests`, and its port. Ends the process if there is none. */
int port_listen(int guests, int *port);
/* One that is free now: another process may take it. */
int port_free(void);

/* ---- A proxy that makes faults ---- */

/* A TCP proxy that makes faults: a process that forwards connections from a loopback port of its own
 * to another, and resets, half-closes, stalls, delays or splits them when it is told to. It ends
 * with the process that has started it. */

typedef enum proxy_mode {
    PROXY_PASSES,      /* forwards */
    PROXY_DELAYS,      /* forwards each piece after 2 ms */
    PROXY_TRICKLES,    /* forwards each byte alone */
    PROXY_STALLS,      /* accepts connections, and forwards nothing */
    PROXY_RESETS,      /* resets all connections, then passes */
    PROXY_HALF_CLOSES, /* ends the stream to the clients, whose own bytes still pass; then passes */
    PROXY_MODES
} proxy_mode;

typedef struct proxy {
    int port;
    pid_t pid;
    filch_u32 *mode; /* shared */
} proxy;
proxy proxy_start(int target);
/* A reset and a half-close have happened when it returns. */
void proxy_set(const proxy *p, proxy_mode mode);
void proxy_end(proxy *p);

/* ---- Silent networks ---- */

/* How long this process's TCP connections wait for a network that swallows packets. */

enum { SILENCE_MOST = 25, SILENCE_FDS = 1024 }; /* s, as in docs/service/README.md */
/* Idle ones by probes, and those with bytes under way by their age. */
void connections_find_silence(int port);

/* ---- Refused system calls ---- */

/* System calls that fail as on another kernel, for the rest of a child's life, in all its
 * threads. */

/* The call fails with `error`. */
void seccomp_deny(unsigned call, int error);
/* The call fails with `error` where its argument of that index is `value`. */
void seccomp_deny_argument(unsigned call, unsigned index, uint32_t value, int error);

/* ---- CPU quotas ---- */

/* A cgroup with a CPU quota. Needs root and a writable /sys/fs/cgroup. */

#define CPU_GROUP_NEEDS                                                                            \
    "no cgroup with the cpu controller can be made: it takes root and a writable /sys/fs/cgroup"
enum { CPU_GROUP_PERIOD = 100000 }; /* us */
/* Where systems show the CPU controller, and the files that limit a group there. */
struct cpu_controller {
    const char *mount, *file, *format;
};

typedef struct cpu_group {
    const struct cpu_controller *of;
    char folder[128];
} cpu_group;

bool cpu_group_limit(const cpu_group *group, unsigned hundredths);
/* In hundredths of a CPU. false: none can be made here. */
bool cpu_group_make(cpu_group *group, unsigned hundredths);
/* The calling process, with all its threads. */
bool cpu_group_enter(const cpu_group *group);
/* Back to the topmost group, and removes this one. */
bool cpu_group_leave(const cpu_group *group);

/* ---- A clock that stops ---- */

/* The monotonic clock, which a test stops at will. The executable is linked with
 * -Wl,--wrap=clock_gettime. */

void stop_clock_at(int64_t when);
/* Returns the next nanosecond. */
int64_t stop_clock(void);
void start_clock(void);

/* ---- The timer thread ---- */

/* The timer thread's own files are opened by the first wait. A test in which somebody may be about
 * to wait for a number that is closed meanwhile starts it before, so that none of them gets that
 * number. */

void timer_thread_start(void);
/* Its thread has begun, and asks for nothing that belongs to its beginning any more. */
void timer_thread_has_begun(void);

#endif
