/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * docs/compare-schema.json says what stands where. */
#include "fields.h"

#include <errno.h>
#include <tools/shared/facts.h>

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

static void set_numbers(json_t *o, const void *of, const number_field *numbers, bool measured)
{
    for (; numbers->name; numbers++)
        json_object_set_new(o, numbers->name,
                            measured ? json_real(field_number(of, numbers)) : json_null());
}

static json_t *row_object(const result_row *row)
{
    json_t *o = json_object();
    for (const text_field *f = row_texts; f->name; f++)
        json_object_set_new(o, f->name, facts_text(field_text(row, f)));
    json_object_set_new(o, "workers", json_integer(row->workers));
    return o;
}

static json_t *change_object(const compare_change *c)
{
    json_t *o = row_object(c->after ? c->after : c->before);
    set_numbers(o, c, change_numbers, c->p > 0);
    json_object_set_new(o, "old_samples",
                        json_integer(c->before ? (json_int_t)c->before->count : 0));
    json_object_set_new(o, "new_samples", json_integer(c->after ? (json_int_t)c->after->count : 0));
    json_object_set_new(o, "verdict", json_string(compare_verdict_names[c->verdict]));
    json_object_set_new(o, "disturbed",
                        json_boolean((c->before && c->before->disturbed) ||
                                     (c->after && c->after->disturbed)));
    return o;
}

static json_t *pair_object(const compare_pair *pair)
{
    json_t *o = row_object(pair->first);
    json_object_set_new(o, "other", facts_text(pair->other->column));
    json_object_set_new(o, "other_workers", json_integer(pair->other->workers));
    set_numbers(o, pair, pair_numbers, true);
    json_object_set_new(o, "disturbed",
                        json_boolean(pair->first->disturbed || pair->other->disturbed));
    return o;
}

static json_t *file_object(const result *file)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}", "path",
                     facts_text(file->path), "ended", facts_text(file->ended), "version",
                     facts_text(file->version), "commit", facts_text(file->commit), "compiler",
                     facts_text(file->compiler), "flags", facts_text(file->flags), "cpu",
                     facts_text(file->cpu), "kernel", facts_text(file->kernel), "usable_cpus",
                     file->usable_cpus);
}

int compare_write_json(const compare_report *r, FILE *out)
{
    const compare_options *o = r->options;
    json_t *files = json_array(), *changes = json_array(), *pairs = json_array();
    for (size_t i = 0; i < o->path_count; i++)
        json_array_append_new(files, file_object(&r->results[i]));
    for (size_t i = 0; i < r->change_count; i++)
        json_array_append_new(changes, change_object(&r->changes[i]));
    for (size_t i = 0; i < r->pair_count; i++)
        json_array_append_new(pairs, pair_object(&r->pairs[i]));
    json_t *whole =
        json_pack("{s:i, s:s, s:b, s:f, s:i, s:o, s:o, s:o}", "schema", 1, "by", o->figures.by,
                  "relative", o->figures.relative, "threshold", o->threshold, "status",
                  compare_status(r), "files", files, "changes", changes, "pairs", pairs);
    return facts_write(whole, out);
}

#else

int compare_write_json(const compare_report *r, FILE *out)
{
    (void)r, (void)out;
    return -ENOSYS;
}

#endif
