/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The key `periodic`: [{"name": "report", "cron": "30 2 * * *", "type": "report"}, ...]. */
#include <runtime/service/nearest.h>
#include <runtime/service/program/sources.h>

#include <runtime/service/program/keys.h>

#include <errno.h>

static const char *given(const fl_configuration *out)
{
    return out->texts[fl_key_of(FL_KEY_OF_SERVICE, "periodic", 8) - fl_keys];
}

#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/json.h>
#include <runtime/service/program/keep.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <string.h>

enum { CALLED_BYTES = 128 };

static int take_entry(filch_periodic *periodic, json_t *object, size_t i, fl_keep *keep)
{
    char called[CALLED_BYTES], nearest[160];
    const char *name, *names[FL_KEYS_MOST] = {NULL};
    json_t *value;
    if (!json_is_object(object))
        return filch_error_set(-EINVAL, "periodic[%zu] is no object", i);
    json_object_foreach(object, name, value)
    {
        const fl_key *key = fl_key_of(FL_KEY_OF_PERIODIC, name, strlen(name));
        snprintf(called, sizeof called, "periodic[%zu]: %.64s", i, fl_show(name).text);
        if (!key) {
            fl_key_names(FL_KEY_OF_PERIODIC, names);
            fl_nearest(name, names, nearest, sizeof nearest);
            return filch_error_set(-EINVAL, "periodic[%zu]: unknown key '%s' (%s)", i,
                                   fl_show(name).text, nearest);
        }
        int rc = fl_json_take(key, value, called, periodic, keep);
        if (rc)
            return rc;
    }
    if (periodic->body)
        periodic->body_size = strlen(periodic->body);
    return 0;
}

static int take_list(fl_configuration *out, const json_t *list)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > FILCH_PERIODICS)
        return filch_error_set(-EINVAL, "periodic is no array of at most %d objects",
                               FILCH_PERIODICS);
    out->periodics = fl_keep_bytes(&out->keep, (count + 1) * sizeof *out->periodics);
    if (!out->periodics)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int rc = take_entry(&out->periodics[i], json_array_get(list, i), i, &out->keep);
        if (rc)
            return rc;
        out->periodic_count++;
    }
    return 0;
}

int fl_periodics_read(fl_configuration *out)
{
    const char *text = given(out);
    if (!text)
        return 0;
    json_t *list = fl_json_read(text, strlen(text), "periodic");
    int rc = list ? take_list(out, list) : -EINVAL;
    json_decref(list);
    return rc;
}
#else
int fl_periodics_read(fl_configuration *out)
{
    return !given(out)
               ? 0
               : filch_error_set(-EINVAL, "this build reads no periodic jobs; build it where "
                                          "jansson is installed (Debian: libjansson-dev)");
}
#endif
