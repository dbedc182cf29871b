/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where values come from. Each call sets the keys that its source gives, by
 * fl_configuration_set. Errors: -EINVAL, -ENOMEM, explained. */
#ifndef FL_SOURCES_H
#define FL_SOURCES_H

#include <runtime/service/program/configuration.h>

/* The command line. `out` NULL: only what it requests is read. */
int fl_options_read(fl_configuration *out, fl_command_line *request, int argc, char **argv);
/* The environment, "NAME=value" each, NULL at the end: FILCH_SERVICE_KEY, and the aliases, over which
 * these win. */
int fl_environment_read(fl_configuration *out, char *const *environment);
/* FILCH_SERVICE_CONFIG; NULL: unset or empty. */
const char *fl_environment_file(char *const *environment);
/* Removes the variables that may hold secrets from the environment of the process, so that its
 * children do not inherit them. */
void fl_environment_hide(void);
/* Refuses a forgotten broker. RABBITMQ_URL must be a URL of RabbitMQ. Unless a broker is named, its
 * variables must not be empty, and no other variable of RabbitMQ workers may be set. Error: -EINVAL,
 * explained. */
int fl_broker_check(char *const *environment, bool is_named);
/* A file with one JSON object. */
int fl_file_read(fl_configuration *out, const char *path);
/* Raises a cap below the first delay, which is an error if the cap was given: then false. */
bool fl_retry_cap(filch_retry_policy *retry, bool given);
/* The key `handlers`, into out->handlers. */
int fl_handlers_read(fl_configuration *out);
/* The key `periodic`, into out->periodics. */
int fl_periodics_read(fl_configuration *out);

#endif
