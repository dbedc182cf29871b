/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Options of a service program that are no keys: those that do something else than to serve, for
 * people and for images without a shell. */
#ifndef FL_MAIN_H
#define FL_MAIN_H

typedef struct fl_action {
    const char *name, *argument; /* NULL: it takes none */
    const char *help;
    /* Returns the exit status; `program` is the program's name. NULL: the option is not an action of
     * its own, and the rest of the command line is read with it. */
    int (*run)(const char *program, const char *argument);
} fl_action;

/* In the order of the help; the last one has no name. */
extern const fl_action fl_actions[];

/* The names of three rows without `run`. */
extern const char fl_option_config[], fl_option_once[], fl_option_check[];

/* --help: options, keys, statuses. */
int fl_help_run(const char *program, const char *argument);
/* --brokers: capabilities and options of URLs. */
int fl_broker_list_run(const char *program, const char *argument);
/* --probe URL. */
int fl_probe_run(const char *program, const char *argument);

#endif
