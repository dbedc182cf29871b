/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command line of a command: a table with a row for each option, from which arguments are read and the help is
 * written. A wrong command line ends the process with status 2, after one sentence on stderr. */
#ifndef SHARED_COMMAND_H
#define SHARED_COMMAND_H

#include "names.h"

#include <filch/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct command command;
typedef struct command_option command_option;

/* Puts a value in its place, or refuses it. text: NULL of a flag, and of an optional value that is absent. */
typedef void command_reader(const command *c, const command_option *row, void *options,
                            const char *text);
/* Adds the names of a registry, such as the victim policies. */
typedef void command_registry(names_list *out);

struct command_option {
    const char *name, *value,
        *help; /* value: its name in the help, NULL: a flag, "[=N]": optional; help NULL: hidden */
    char letter; /* 0: none */
    command_reader *read;
    command_reader *each;       /* of command_list: reads one name */
    size_t at, size;            /* COMMAND_FIELD */
    double least, most;         /* ns, of durations */
    const char *const *choices; /* values, closed by NULL, */
    command_registry *registry; /* or those of a registry; both NULL: any value */
    const char *instead;        /* an earlier name: refused, with today's name */
    unsigned group;             /* one bit; 0: taken by all commands that have this table */
};

/* The place of a row's value in the options. */
#define COMMAND_FIELD(type, field)                                                                 \
    .at = offsetof(type, field), .size = sizeof(((type *)NULL)->field)

struct command {
    const char *name;              /* "filch tune" */
    const char *arguments;         /* as the usage has them: "[PART...]" */
    const char *about;             /* paragraphs */
    const char *ending;            /* examples, keys, exit statuses */
    const command_option *options; /* closed by a row without a name */
    unsigned takes;                /* groups of options */
    int least, most;               /* arguments; most < 0: any number */
    const char *const *choices; /* values of the arguments, besides files; as in command_option */
    command_registry *registry;
    bool in_order; /* options end at the first argument: the rest is a program's */
    void (*write_tables)(FILE *out); /* between options and ending; or NULL */
};

/* The line for --version; NULL: there is no such option. */
extern const char *command_version;

/* When the process ends with 0 and stdout cannot be written, it ends with that status instead, after a message. */
void command_check_output(const char *program, int status);

/* Reads argv[1..] into the options. Returns the arguments that are no options, closed by NULL. --help and --version end the
 * process with 0. */
char **command_read(const command *c, void *options, int argc, char **argv);
/* Writes the help, broken at the width of the terminal. */
void command_help(const command *c, FILE *out);
/* Writes the command with these rows (closed by NULL) as a JSON object; refuses without jansson. */
void command_describe(const command *c, const command_option *const *rows, FILE *out);

/* Writes "NAME: ...; see NAME --help" and ends the process with status 2. */
FILCH_NORETURN FILCH_PRINTF(2, 3) void command_refuse(const command *c, const char *format, ...);
/* The place of a name in the list, or refuses: "unknown WHAT 'nme' (nearest: name; valid: name, other)". */
int command_choose(const command *c, const char *what, const char *name, const char *const *list);
/* The place of a value among those of the row, or refuses. */
int command_pick(const command *c, const command_option *row, const char *text);
/* Adds the values of the list and of the registry. */
void command_values(const char *const *choices, command_registry *registry, names_list *out);
/* A whole number from least to most, or refuses: "WHAT: 'text' is not a number in range (1..8)". */
unsigned long command_whole(const command *c, const char *what, const char *text,
                            unsigned long least, unsigned long most);

/* Readers; each says what its field is. */
command_reader command_flag;     /* bool */
command_reader command_set;      /* a flag: an enum becomes row->least */
command_reader command_count;    /* an unsigned number of any size; most 0: as many as it holds */
command_reader command_number;   /* double */
command_reader command_duration; /* int64_t, ns */
command_reader command_choice;   /* an enum or int: a place among the values of the row */
command_reader command_text;     /* const char *, not empty */
command_reader command_path;     /* const char *; "-", standard output, is NULL */
command_reader command_list;     /* calls row->each with each name of "a,b,c" */

#endif
