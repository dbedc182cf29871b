/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * JSON in configurations: values as the texts that the other sources would give. */
#ifndef FL_JSON_H
#define FL_JSON_H

#include <runtime/service/program/arena.h>
#include <runtime/service/program/keys.h>

#include <jansson.h>

/* Reads a text of one value. NULL: -EINVAL, explained; `called` is its place. */
json_t *fl_json_read(const char *text, size_t size, const char *called);
/* The text of a value for a key. NULL: -EINVAL or -ENOMEM, explained. */
const char *fl_json_text(const fl_key *key, const json_t *value, const char *called, fl_keep *keep);
/* Reads a value into the key's field of `base`, as fl_value_read. 0, or -EINVAL or -ENOMEM, explained. */
int fl_json_take(const fl_key *key, const json_t *value, const char *called, void *base,
                 fl_keep *keep);

#endif
