/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program for the public API, decoded from an input's bytes, and its predicted results. The main
 * thread's actions are a list; each run and each detached task has a script, a tree of steps in
 * which each fork and each call has a script of its own. Control flow depends on the bytes alone,
 * never on the thefts. So decoding predicts the return value of each call, the result of each task,
 * and the number of tasks that run. It also predicts whether the program misuses the library so
 * that it must die.
 *
 * A program misuses the library once at most: two misuses can cancel each other out. Misuse that a
 * build need not notice (see <filch/fork.h>) is left out there. */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <filch/filch.h>
#include <stdbool.h>
#include <tests/fuzz/fuzz.h>

enum { RUNTIMES = 3, STEPS = 512, ACTIONS = 64, UNJOINED = 80, DEEPEST = 24 };

/* The task that a fork is of; GREEN goes by the plain functions. */
enum kind { RED, BLUE, GREEN, KINDS };

enum step_op {
    STEP_END, /* joins what is unjoined, returns */
    STEP_FORK,
    STEP_FORK_AGAIN, /* weight: forks are what it is about */
    STEP_JOIN,       /* nothing where nothing is unjoined */
    STEP_CALL,
    STEP_YIELD,
    STEP_GO,
    STEP_REFUSED,   /* run and destroy the own runtime: -EDEADLK */
    STEP_RUN_OTHER, /* from a task of one runtime to another */
    STEP_QUERY,
    /* misuse */
    FIRST_MISUSE,
    STEP_LEAVE = FIRST_MISUSE, /* returns between fork and join */
    STEP_JOIN_NOTHING,         /* and returns */
    STEP_JOIN_WRONG,           /* another task than the last one forked */
    STEP_FORK_TOO_MANY,
    STEP_RUN_OR_DIE, /* on its own runtime */
    STEP_OPS
};

struct step {
    enum step_op op;
    enum kind kind;
    unsigned runtime; /* the one that its task runs on; RUN_OTHER: the other */
    uint32_t script;  /* of a fork or call: its first step */
    uint32_t next;
};

enum action_op {
    DO_RUN,
    DO_GO,
    DO_CREATE,
    DO_DESTROY,
    DO_QUERY,
    DO_GO_NOWHERE, /* no function: -EINVAL */
    DO_FORK,       /* the process; in the child every call is refused */
    DO_ENVIRONMENT,
    ACTION_OPS
};

struct action {
    enum action_op op;
    unsigned runtime;
    uint32_t script;      /* RUN, GO */
    filch_config config;  /* CREATE, where `configured` */
    bool configured;      /* else NULL is given */
    int expected;         /* CREATE: its return value */
    const char *variable; /* ENVIRONMENT */
    const char *value;    /* ENVIRONMENT; NULL: not set */
    unsigned size;        /* QUERY: of the buffers */
    uint64_t result;      /* RUN: the value returned */
    uint64_t tasks;       /* RUN, GO: how many scripts run in all */
};

struct program {
    struct action action[ACTIONS];
    unsigned actions;
    struct step step[STEPS]; /* 0 is an END, the empty script */
    unsigned steps;
    enum step_op misuse; /* of which it must die; STEP_END: of none */
    uint64_t tasks;      /* scripts that run in all, if it does not die */
};

/* checked: in this build every misuse is noticed. */
void program_decode(struct program *p, struct bytes *in, bool checked);

/* A result's dependence on one more value. */
uint64_t program_mix(uint64_t sum, uint64_t value);

/* The variables that actions set. */
void program_forget_environment(void);

#endif
