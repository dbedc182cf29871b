/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fetch.h"

#include <errno.h>
#include <filch/wait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 << 20 /* bytes */ };

bool fetch_is_url(const char *place)
{
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

static char *fail(char why[FETCH_WHY], const char *text)
{
    snprintf(why, FETCH_WHY, "%s", text);
    return NULL;
}

/* ---- Files ---- */

static char *read_file(const char *path, char why[FETCH_WHY])
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(why, strerror(errno));
    char *text = malloc(MOST + 1);
    size_t size = text ? fread(text, 1, MOST, file) : 0;
    bool failed = ferror(file), is_longer = fgetc(file) != EOF;
    fclose(file);
    if (text && !failed && !is_longer) {
        text[size] = '\0';
        return text;
    }
    free(text);
    return fail(why, !text    ? "no memory"
                     : failed ? "it cannot be read"
                              : "it is longer than 16 MiB");
}

/* ---- Web servers ---- */

#ifdef FILCH_HAVE_CURL
#include <filch/timer.h>
#include <runtime/service/web.h>

static const int64_t PATIENCE = 5 * FILCH_SECOND;

typedef struct fetching {
    unsigned left;
    char *text, *why;
} fetching;

static void finished(void *arg, const fl_web_answer *answer)
{
    fetching *f = arg;
    f->left = 0;
    if (answer->failure)
        fail(f->why, answer->failure);
    else if (answer->status != 200)
        snprintf(f->why, FETCH_WHY, "status %ld (200)", answer->status);
    else if (answer->is_cut)
        fail(f->why, "the answer is longer than 16 MiB");
    else if (!(f->text = strndup(answer->body, answer->body_size)))
        fail(f->why, "no memory");
}

static char *get(const char *url, char why[FETCH_WHY])
{
    fetching f = {.left = 1, .why = why};
    fl_web *web = fl_web_create(NULL);
    const fl_web_request request = {.url = url,
                                    .timeout = PATIENCE,
                                    .answer_most = MOST,
                                    .is_direct = true,
                                    .done = finished,
                                    .arg = &f};
    fail(why, "no memory, or it is no URL");
    if (web && fl_web_begin(web, &request))
        fl_web_finish(web, &f.left, FILCH_FOREVER);
    fl_web_destroy(web);
    return f.text;
}
#else
static char *get(const char *url, char why[FETCH_WHY])
{
    (void)url;
    return fail(why, "this build has no HTTP client (Debian: libcurl4-openssl-dev); save the page "
                     "and give the file");
}
#endif

char *fetch_text(const char *place, char why[FETCH_WHY])
{
    return fetch_is_url(place) ? get(place, why) : read_file(place, why);
}
