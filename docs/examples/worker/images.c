/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service that makes thumbnails: a job image_processing halves a picture until it is at most
 * `width` pixels wide. Shows a handler that forks over all cores, watches its context, and may run
 * twice without harm: it writes a file beside its target, and renames it at the end.
 *
 *   cc -O2 images.c $(pkg-config --cflags --libs filch-service jansson) -o images
 *   ./images --broker sqlite:jobs.db
 *   filch-jobs enqueue --broker sqlite:jobs.db --type image_processing \
 *       '{"url": "file:///pictures/a.ppm", "to": "/thumbnails/a.ppm", "width": 320}' */
#include <errno.h>
#include <filch/filch.h>
#include <filch/service_main.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXEL = 3, SIDE_MOST = 30000, PATH_MOST = 4000 };

typedef struct picture {
    unsigned width, height;
    unsigned char *pixels;
} picture;

/* ---- Binary PPM files ---- */

static bool read_picture(const char *path, picture *out)
{
    FILE *file = fopen(path, "rb");
    picture read = {0};
    bool whole = file && fscanf(file, "P6 %u %u 255", &read.width, &read.height) == 2 &&
                 fgetc(file) != EOF && read.width - 1 < SIDE_MOST && read.height - 1 < SIDE_MOST;
    size_t size = whole ? (size_t)read.width * read.height * PIXEL : 0;
    read.pixels = malloc(size ? size : 1);
    whole = whole && read.pixels && fread(read.pixels, 1, size, file) == size;
    if (file)
        fclose(file);
    if (whole)
        *out = read;
    else
        free(read.pixels);
    return whole;
}

static bool write_picture(const char *path, const picture *from)
{
    char beside[PATH_MOST + 8];
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "wb");
    if (!file)
        return false;
    size_t size = (size_t)from->width * from->height * PIXEL;
    fprintf(file, "P6\n%u %u\n255\n", from->width, from->height);
    bool written = fwrite(from->pixels, 1, size, file) == size;
    return !fclose(file) && written && !rename(beside, path);
}

/* ---- Halving ---- */

/* Each row of the result is the mean of two; rows are independent. */
FILCH_FOR(halve_row, y, (const picture *, from), (picture *, to))
{
    size_t line = (size_t)from->width * PIXEL;
    const unsigned char *above = from->pixels + 2 * y * line, *below = above + line;
    unsigned char *out = to->pixels + y * to->width * PIXEL;
    for (size_t x = 0; x < to->width; x++)
        for (size_t c = 0; c < PIXEL; c++, out++) {
            size_t left = 2 * x * PIXEL + c, right = left + PIXEL;
            *out = (unsigned char)((above[left] + above[right] + below[left] + below[right]) / 4);
        }
}

static int halve(filch_self self, picture *of)
{
    picture half = {of->width / 2, of->height / 2, NULL};
    half.pixels = malloc((size_t)half.width * half.height * PIXEL);
    if (!half.pixels)
        return -ENOMEM;
    halve_row(self, 0, half.height, of, &half);
    free(of->pixels);
    *of = half;
    return 0;
}

/* ---- The handler ---- */

static int shrink(filch_self self, filch_service_job *job, picture *of, unsigned width,
                  const char *to)
{
    int rc = 0;
    while (!rc && of->width > width && of->width > 1 && of->height > 1) {
        rc = filch_context_cause(filch_service_job_context(job)); /* time is over, or drained */
        if (!rc)
            rc = halve(self, of);
    }
    if (!rc && !write_picture(to, of))
        rc = filch_service_job_retry(job, 0, "cannot write %s: %s", to, strerror(errno));
    return rc;
}

static int process_image(filch_self self, filch_service_job *job, void *arg)
{
    static const char scheme[] = "file://";
    const filch_message *message = filch_service_job_message(job);
    const char *url = NULL, *to = NULL;
    int width = 0, rc;
    picture of;
    (void)arg;
    json_t *body = json_loadb(message->body, message->body_size, 0, NULL);
    if (json_unpack(body, "{s:s, s:s, s:i}", "url", &url, "to", &to, "width", &width) ||
        strncmp(url, scheme, strlen(scheme)) != 0 || strlen(to) > PATH_MOST || width < 1)
        rc = filch_service_job_fail(job, "the body is not {\"url\": \"file://...\", \"to\": path, "
                                         "\"width\": pixels}");
    else if (!read_picture(url + strlen(scheme), &of))
        rc = filch_service_job_fail(job, "no picture of format PPM: %s", url);
    else {
        rc = shrink(self, job, &of, (unsigned)width, to);
        free(of.pixels);
    }
    json_decref(body);
    return rc;
}

int main(int argc, char **argv)
{
    static const filch_handler handlers[] = {
        {.type = "image_processing", .fn = process_image, .timeout = 2 * FILCH_SECOND}};
    return filch_service_main(argc, argv, handlers, 1);
}
