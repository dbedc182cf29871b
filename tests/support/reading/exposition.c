/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/reading.h>
#include <tests/support/test.h>

/* ---- The output ---- */

int exposition_take(const char *text, size_t size, void *arg)
{
    exposition *all = arg;
    if (all->length + size >= sizeof all->text)
        return 1;
    memcpy(all->text + all->length, text, size);
    all->length += size;
    all->text[all->length] = '\0';
    return 0;
}

const char *exposition_find(const char *text, const char *series)
{
    size_t length = strlen(series);
    while (text && (strncmp(text, series, length) || text[length] != ' ')) {
        text = strchr(text, '\n');
        text = text && text[1] ? text + 1 : NULL;
    }
    return text ? text + length + 1 : NULL;
}

double exposition_value(const char *text, const char *series)
{
    const char *found = exposition_find(text, series);
    return found ? strtod(found, NULL) : -1;
}

/* ---- The reader ---- */

typedef struct exposition_reader {
    const char *at;                       /* the text not read yet */
    const char *wrong;                    /* NULL: nothing so far */
    char name[EXPOSITION_NAME], kind[16]; /* of the family */
    char sample[EXPOSITION_NAME],
        labels[EXPOSITION_KEY];          /* of the line; labels without le, quantile */
    char key[EXPOSITION_NAME], mark[64]; /* le or quantile */
    double value;
    char series[EXPOSITION_KEY]; /* of the histogram or summary under way: its labels */
    double last_mark, last_value;
    const char *seen[4096]; /* lines of samples */
    unsigned samples, families;
    const char *family[512]; /* lines of TYPE */
} exposition_reader;

static bool exposition_expect(exposition_reader *r, bool holds, const char *what)
{
    if (!holds && !r->wrong)
        r->wrong = what;
    return !r->wrong;
}

static bool exposition_skip(exposition_reader *r, const char *text)
{
    bool there = !strncmp(r->at, text, strlen(text));
    r->at += there ? strlen(text) : 0;
    return there;
}

static void exposition_word(exposition_reader *r, char *to, size_t room)
{
    size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    exposition_expect(r, n > 0 && n < room && !(*r->at >= '0' && *r->at <= '9'), "a name");
    n = n < room ? n : 0;
    memcpy(to, r->at, n);
    to[n] = '\0';
    r->at += n;
}

/* NAME="VALUE" */
static void exposition_label(exposition_reader *r)
{
    char name[EXPOSITION_NAME], value[EXPOSITION_KEY];
    size_t n = 0;
    exposition_word(r, name, sizeof name);
    exposition_expect(r, exposition_skip(r, "=\""), "=\" of a label");
    for (; *r->at && *r->at != '"' && *r->at != '\n' && n + 3 < sizeof value; r->at++) {
        value[n++] = *r->at;
        if (*r->at == '\\') {
            exposition_expect(r, r->at[1] && strchr("\\\"n", r->at[1]), "an escape");
            value[n++] = *++r->at;
        }
    }
    value[n] = '\0';
    exposition_expect(r, n > 0 && exposition_skip(r, "\""), "a value of a label");
    if (!strcmp(name, "le") || !strcmp(name, "quantile")) {
        if (exposition_expect(r, !*r->key && n < sizeof r->mark, "one le or quantile")) {
            strcpy(r->key, name);
            memcpy(r->mark, value, n + 1);
        }
        return;
    }
    size_t length = strlen(r->labels);
    snprintf(r->labels + length, sizeof r->labels - length, "%s=\"%s\",", name, value);
}

static void exposition_number(exposition_reader *r)
{
    char *end;
    r->value = strtod(r->at, &end);
    exposition_expect(r, end > r->at && *r->at != ' ' && *end == '\n', "a number");
    r->at = end;
}

/* The line that begins at `line` is of the same series as none before. */
static void exposition_once(exposition_reader *r, const char *line)
{
    size_t size = strcspn(line, "\n");
    while (size > 0 && line[size - 1] != ' ')
        size--;
    for (unsigned i = 0; i < r->samples; i++)
        exposition_expect(r, strncmp(r->seen[i], line, size) != 0, "a series comes twice");
    if (exposition_expect(r, r->samples < 4096, "fewer samples"))
        r->seen[r->samples++] = line;
}

/* Marks ascend; a histogram's counts, too, up to +Inf, which is its count. */
static void exposition_series(exposition_reader *r, const char *suffix)
{
    bool histogram = !strcmp(r->kind, "histogram");
    if (*r->key) {
        double mark = strtod(r->mark, NULL);
        exposition_expect(r, !strcmp(r->key, histogram ? "le" : "quantile"), "le or quantile");
        exposition_expect(r, !strcmp(suffix, histogram ? "_bucket" : ""), "a suffix of a mark");
        if (!strcmp(r->series, r->labels)) {
            exposition_expect(r, mark > r->last_mark, "ascending marks");
            exposition_expect(r, !histogram || r->value >= r->last_value, "counts that add up");
        }
        strcpy(r->series, r->labels);
        r->last_mark = mark;
        r->last_value = r->value;
        return;
    }
    exposition_expect(r, !strcmp(suffix, "_sum") || !strcmp(suffix, "_count"), "sum or count");
    exposition_expect(r, !strcmp(r->series, r->labels), "a sum after its marks");
    if (histogram && !strcmp(suffix, "_count"))
        exposition_expect(r, r->last_mark > 1e300 && r->value == r->last_value,
                          "+Inf is the count");
}

static void exposition_sample(exposition_reader *r)
{
    const char *line = r->at;
    *r->labels = *r->key = '\0';
    exposition_word(r, r->sample, sizeof r->sample);
    if (exposition_skip(r, "{")) {
        do
            exposition_label(r);
        while (!r->wrong && exposition_skip(r, ","));
        exposition_expect(r, exposition_skip(r, "}"), "} of labels");
    }
    exposition_expect(r, exposition_skip(r, " "), "a blank before the value");
    exposition_number(r);
    exposition_once(r, line);
    size_t length = strlen(r->name);
    if (!exposition_expect(r, length && !strncmp(r->sample, r->name, length), "a sample's family"))
        return;
    if (!strcmp(r->kind, "histogram") || !strcmp(r->kind, "summary"))
        exposition_series(r, r->sample + length);
    else
        exposition_expect(r, !r->sample[length] && !*r->key, "no suffix, no mark");
    if (!strcmp(r->kind, "counter"))
        exposition_expect(r, r->value >= 0, "a count");
}

static void exposition_head(exposition_reader *r)
{
    char name[EXPOSITION_NAME];
    exposition_word(r, r->name, sizeof r->name);
    exposition_expect(r, exposition_skip(r, " ") && *r->at != '\n', "a help text");
    r->at += strcspn(r->at, "\n");
    exposition_expect(r, exposition_skip(r, "\n# TYPE "), "TYPE after HELP");
    for (unsigned i = 0; i < r->families; i++)
        exposition_expect(r, strncmp(r->family[i], r->at, strlen(r->name) + 1) != 0,
                          "a family once");
    if (exposition_expect(r, r->families < 512, "fewer families"))
        r->family[r->families++] = r->at;
    exposition_word(r, name, sizeof name);
    exposition_expect(r, !strcmp(name, r->name) && exposition_skip(r, " "),
                      "TYPE of the same name");
    exposition_word(r, r->kind, sizeof r->kind);
    exposition_expect(r,
                      !strcmp(r->kind, "counter") || !strcmp(r->kind, "gauge") ||
                          !strcmp(r->kind, "summary") || !strcmp(r->kind, "histogram"),
                      "a known kind");
    strcpy(r->series, "-"); /* no labels of any series */
    r->last_mark = r->last_value = -1;
}

const char *exposition_wrong(const char *text, const char **at)
{
    static exposition_reader r;
    memset(&r, 0, sizeof r);
    r.at = text;
    while (*r.at && !r.wrong) {
        *at = r.at;
        if (exposition_skip(&r, "# HELP "))
            exposition_head(&r);
        else
            exposition_sample(&r);
        exposition_expect(&r, exposition_skip(&r, "\n"), "the end of a line");
    }
    return r.wrong;
}

const char *exposition_written(filch_metrics *metrics, exposition *all)
{
    const char *at = "", *wrong;
    all->length = 0;
    *all->text = '\0';
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, all), 0, "%s", filch_error());
    wrong = exposition_wrong(all->text, &at);
    cr_assert_null(wrong, "%s is expected in %.80s", wrong, at);
    return all->text;
}
