/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The result file: docs/result-schema.json says what stands where. */
#include "bench.h"

#include <errno.h>

#ifdef BENCH_HAVE_JANSSON
#include "machine.h"
#include "summary.h"

#include "build.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const bool bench_has_json = true;

/* A name or path may be no UTF-8; then each byte beyond ASCII becomes "?". */
static json_t *text_of(const char *text)
{
    json_t *as_is = json_string(text);
    if (as_is)
        return as_is;
    char *plain = strdup(text);
    for (char *at = plain; at && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    as_is = json_string(plain ? plain : "?");
    free(plain);
    return as_is;
}

static json_t *sample_object(const sample *s)
{
    json_t *o = json_object();
    for (size_t f = 0; f < sample_field_count; f++)
        json_object_set_new(o, sample_fields[f].name,
                            json_real(*(const double *)(const void *)((const char *)s +
                                                                      sample_fields[f].at)));
    return o;
}

static json_t *summary_object(const summary *s)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:b}", "seconds", s->seconds.median, "low",
                     s->seconds.low, "high", s->seconds.high, "over_serial", s->over_serial,
                     "speed_up", s->speed_up, "tasks_per_second", s->tasks_per_second, "disturbed",
                     s->disturbed);
}

static json_t *cell_object(const block *b, const cell *c)
{
    json_t *samples = json_array();
    for (int i = 0; i < c->sample_count; i++)
        json_array_append_new(samples, sample_object(&c->samples[i]));
    json_t *o = json_pack("{s:s, s:s?, s:s?, s:i, s:f, s:o}", "column", c->column->label, "queue",
                          c->column->queue, "policy", c->column->policy, "workers", (int)c->workers,
                          "peak_mib", c->peak_mib, "samples", samples);
    if (*c->error)
        json_object_set_new(o, "error", text_of(c->error));
    if (c->sample_count > 0) {
        summary s = summarize(b, c);
        json_object_set_new(o, "summary", summary_object(&s));
    }
    return o;
}

static json_t *block_object(const block *b)
{
    const kernel *k = block_kernel(b);
    char answer[32];
    snprintf(answer, sizeof answer, "%llu", (unsigned long long)b->answer);
    json_t *cells = json_array();
    for (size_t i = 0; i < b->cell_count; i++)
        json_array_append_new(cells, cell_object(b, &b->cells[i]));
    json_t *o =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:o}", "kernel", k->name, "label",
                  text_of(b->label), "size", bench_size_names[b->size], "what", k->what, "source",
                  k->source, "answer", *b->text ? b->text : answer, "columns", cells);
    if (k->reads_dir)
        json_object_set_new(o, "input",
                            json_pack("{s:I, s:I, s:I}", "files", (json_int_t)b->files, "bytes",
                                      (json_int_t)b->bytes, "unreadable",
                                      (json_int_t)b->unreadable));
    return o;
}

static json_t *machine_object(const options *o)
{
    machine m;
    machine_read(&m);
    return json_pack("{s:s, s:s, s:I, s:I, s:f, s:o}", "cpu", m.cpu, "kernel", m.kernel, "cpus",
                     (json_int_t)m.cpus, "usable_cpus", (json_int_t)m.usable_cpus, "memory_mib",
                     m.memory_mib, "runtime", text_of(o->runtime));
}

static json_t *build_object(void)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "version", BUILD_VERSION, "commit", BUILD_COMMIT,
                     "compiler", __VERSION__, "flags", BUILD_FLAGS);
}

static json_t *verdict_array(const report *r)
{
    char *text = NULL, *rest = NULL;
    size_t size;
    json_t *lines = json_array();
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return lines;
    bench_write_verdict(r, out, "");
    fclose(out);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(lines, text_of(line));
    free(text);
    return lines;
}

int bench_write_json(const report *r, FILE *out)
{
    char now[32];
    time_t seconds = time(NULL);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
    json_t *command = json_array(), *results = json_array();
    for (int i = 0; i < r->options->argc; i++)
        json_array_append_new(command, text_of(r->options->argv[i]));
    for (size_t i = 0; i < r->block_count; i++)
        json_array_append_new(results, block_object(&r->blocks[i]));
    json_t *whole =
        json_pack("{s:i, s:s, s:f, s:f, s:i, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "ended", now,
                  "seconds", r->seconds, "ceiling", r->ceiling, "ceiling_copies",
                  (int)r->ceiling_copies, "command", command, "machine", machine_object(r->options),
                  "build", build_object(), "verdict", verdict_array(r), "results", results);
    int rc = whole && json_dumpf(whole, out, JSON_INDENT(1)) == 0 ? 0 : -ENOMEM;
    fputc('\n', out);
    json_decref(whole);
    return rc;
}

#else

const bool bench_has_json = false;

int bench_write_json(const report *r, FILE *out)
{
    (void)r;
    (void)out;
    return -ENOSYS;
}

#endif
