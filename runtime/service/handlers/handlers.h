/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ready-made handlers, for services without C code of their own: one kind is one file and one row
 * of the table in handlers.c. A configuration names the kind and its words; `make` turns them into
 * the function and argument of a filch_handler. */
#ifndef FL_HANDLERS_H
#define FL_HANDLERS_H

#include <filch/service.h>

#include <errno.h>
#include <stddef.h>

/* The settings of one handler. A zero field means the kind's default. Not copied: they outlive it. */
typedef struct fl_handler_spec {
    const char *const *words;  /* ends with NULL: a program with its arguments, a file and a symbol,
                                   a URL ...; may be NULL if the kind takes none */
    unsigned processes;        /* co-processes kept; default: the handler's width */
    unsigned recycle_jobs;     /* jobs after which a co-process is replaced; default: never */
    size_t recycle_bytes;      /* resident memory above which it is replaced; default: never */
    size_t output_most;        /* bytes of a frame or a response that are read; default 64 KiB */
    int64_t grace;             /* ns from a polite end to a kill; default 5 s */
    bool result;               /* the output of a command, or a response, is the job's result */
    const char *const *passed; /* names of variables that its children get beside PATH, HOME, LANG
                                  and TZ; ends with NULL; may be NULL */
    char *const *environment; /* their values, "NAME=value", ends with NULL; default: the process's.
                                 Only read by `make` */
} fl_handler_spec;

typedef struct fl_handler_kind {
    const char *name;            /* "command" */
    const char *words;           /* for help: "PROGRAM [ARGUMENT...]"; "": it takes none */
    const char *const *settings; /* the keys of fl_handler_spec that it uses; ends with NULL; NULL:
                                    none */
    /* Sets fn, arg and, where it needs one, thread of *handler, whose other fields are set. Nothing
     * is started yet where that can fail later. Returns 0, or a negative errno, explained. */
    int (*make)(filch_handler *handler, const fl_handler_spec *spec);
    /* Ends its processes and frees arg; no job of it runs. NULL: nothing to free. */
    void (*unmake)(filch_handler *handler);
} fl_handler_kind;

/* The code for a job that was ended by its context with this cause: the retry policy decides, and a
 * lack of memory is no reason for a dead letter. */
static inline int fl_handler_cut(int cause)
{
    return cause == -ENOMEM ? -EAGAIN : cause;
}

/* The kind of this name. NULL: -EINVAL, explained with the valid names. */
const fl_handler_kind *fl_handler_kind_of(const char *name);
/* The kinds, in alphabetical order; ends with NULL. */
extern const fl_handler_kind *const fl_handler_kinds[];

extern const fl_handler_kind fl_handler_command, fl_handler_coprocess, fl_handler_echo,
    fl_handler_fail, fl_handler_http, fl_handler_module, fl_handler_sleep;
extern const fl_handler_kind fl_handler_hash; /* if built with libcrypto */

enum { FL_HANDLER_OUTPUT = 64 << 10 }; /* the default of output_most */

/* ---- What handlers know ---- */

/* The facts about a job that a handler outside the process gets: as an environment, or as headers
 * of a request. */

enum { FL_FACTS_MOST = 32 << 10 }; /* bytes of all FILCH_HEADER_<NAME>=value, NULs included */

/* ms until the job's deadline; -1: it has none. */
int64_t fl_facts_deadline_ms(filch_service_job *job);
/* Makes texts "NAME=value", with a NULL after the last, in one block for free(). They are FILCH_JOB_ID (if it has one),
 * _TYPE, _ATTEMPT, _QUEUE, _DEADLINE_MS (if it has one), TRACEPARENT, and FILCH_HEADER_<NAME> for
 * each header with a name of letters, digits, - and _, as long as they fit. inherited: texts that
 * come first, ends with NULL; NULL: none. Returns NULL: no memory. */
char **fl_facts_make(filch_service_job *job, char *const *inherited);

/* ---- Escapes ---- */

/* Texts from outside, made fit for reasons and logs: printable ASCII; other bytes become \n, \r, \t or
 * \xNN, and a backslash \x5c. */

/* Writes as much of the beginning as fits, and a NUL; room is at least 1. Returns `to`. */
char *fl_escape(char *to, size_t room, const char *from, size_t size);
/* The same with the end of the text; white space behind it is left out. */
char *fl_escape_end(char *to, size_t room, const char *from, size_t size);

#endif
