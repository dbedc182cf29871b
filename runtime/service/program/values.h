/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Values of keys: from text to field. The text is never trusted. */
#ifndef FL_VALUES_H
#define FL_VALUES_H

#include <runtime/service/program/arena.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>

/* Reads `text`, which is not empty and lives as long as `base`, into the key's field of `base`, a
 * fl_configuration or fl_configured_handler; `keep` owns the parts of the value. 0; -EINVAL: not
 * allowed, nothing is explained, the field is unchanged; -ENOMEM, explained. */
int fl_value_read(const fl_key *key, const char *text, void *base, fl_keep *keep);

/* For messages: a copy of at most 64 bytes in which only printable ASCII is left. */
typedef struct fl_shown {
    char text[68];
} fl_shown;
fl_shown fl_show(const char *text);
/* The same of a value of this key, which is masked if it is secret. */
fl_shown fl_show_value(const fl_key *key, const char *text);
/* Writes a value of this key, masked, as snprintf does. "": it has none. */
void fl_mask(const fl_key *key, const char *text, char *out, size_t size);

#endif
