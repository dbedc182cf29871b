/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table of configuration keys. One row makes an option (--width), a variable
 * (FILCH_SERVICE_WIDTH), a member of the file ("width"), a line of --help and --check-config, and a
 * row of docs/service/worker.md. */
#ifndef FL_KEYS_H
#define FL_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filch_service_defaults;

typedef enum fl_key_type {
    FL_KEY_NUMBER,  /* unsigned */
    FL_KEY_DECIMAL, /* double; range in thousandths */
    FL_KEY_TIME,    /* int64_t, ns */
    FL_KEY_BYTES,   /* size_t */
    FL_KEY_FLAG,    /* bool */
    FL_KEY_TEXT,    /* const char * */
    FL_KEY_CHOICE,  /* an enum, whose names are in `choices` */
    FL_KEY_PORT,    /* int */
    FL_KEY_RATE,    /* filch_limit */
    FL_KEY_NAMES,   /* const char *const *, names of variables, ends with NULL */
    FL_KEY_QUEUES,  /* fl_configuration.queues and queue_count */
    FL_KEY_LIST,    /* JSON array of objects, read when all other keys are known */
    FL_KEY_TYPES
} fl_key_type;

typedef enum fl_key_scope {
    FL_KEY_OF_SERVICE,
    FL_KEY_OF_HANDLER, /* of an entry of `handlers`; an unset key leaves its field as it is */
    FL_KEY_OF_PERIODIC /* of an entry of `periodic` */
} fl_key_scope;

typedef enum fl_key_secrecy {
    FL_KEY_PUBLIC,
    FL_KEY_URL,   /* may hold a password: shown without it */
    FL_KEY_SECRET /* never shown. Both also come from a file, by the name with "-file" behind */
} fl_key_secrecy;

typedef struct fl_key {
    const char *name;
    fl_key_scope scope;
    fl_key_type type;
    size_t offset;         /* of the field in fl_configuration, fl_configured_handler or
                             filch_periodic */
    size_t given;          /* of a bool there, which is set with the field; 0: none */
    const char *standard;  /* the default, as it could be given; NULL: */
    const char *otherwise; /* the default in words */
    int64_t least, most;
    const char *const *choices; /* ends with NULL */
    const char *alias;          /* a second variable of the environment */
    fl_key_secrecy secrecy;
    bool reloadable; /* SIGHUP changes it, by apply() of reload.c */
    const char *help;
} fl_key;

/* The rows, in the order of the help; the last one has no name. Those of the service come first. */
extern const fl_key fl_keys[];

/* Sets defaults of the program, not copied, which win over those of the table. NULL: none. */
void fl_key_defaults_set(const struct filch_service_defaults *defaults);
/* The program's own default of a key, as a text; NULL: none. */
const char *fl_key_own_default(const fl_key *key);

/* The key of this name, of `length` bytes; NULL: there is none. */
const fl_key *fl_key_of(fl_key_scope scope, const char *name, size_t length);
/* Writes the key's range or choices, "1..100000", as snprintf does. */
void fl_key_allowed(const fl_key *key, char *text, size_t size);
/* Writes the key's variable, "FILCH_SERVICE_LOG_LEVEL". */
void fl_key_variable(const fl_key *key, char *text, size_t size);

/* Writes the names of the keys of a scope into names[], which has room for FL_KEYS_MOST; returns
 * their number. */
unsigned fl_key_names(fl_key_scope scope, const char **names);

#endif
