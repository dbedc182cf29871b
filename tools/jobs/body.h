/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef JOBS_BODY_H
#define JOBS_BODY_H

#include "options.h"

/* Reads a body: the argument itself, the file of "@FILE", or stdin for "-"; NULL: none. The caller
 * frees *body. Returns 0, or JOBS_USAGE after a message: it cannot be read, or is over 16 MiB. */
int body_read(const jobs_options *o, const char *argument, char **body, size_t *size);

#endif
