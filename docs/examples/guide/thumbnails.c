/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Thumbnails of PNG files, several at a time. A job reads its file where it may block, decodes it and
 * makes it smaller by a parallel loop on the workers, and writes the small one. For engineers.
 *
 *   cc -O2 thumbnails.c $(pkg-config --cflags --libs filch libpng) -o thumbnails */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PICTURES = 12, WIDTH = 4, WIDE = 320, HIGH = 240, SMALLER = 4, MOST = 1 << 20 };

typedef struct picture {
    unsigned width, height;
    unsigned char *pixels; /* red, green, blue */
} picture;

typedef struct task {
    char from[32], to[32];
    int result;
} task;

static int decode(const void *bytes, size_t size, picture *out)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, size))
        return -EBADMSG;
    image.format = PNG_FORMAT_RGB;
    unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
    if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
        png_image_free(&image);
        free(pixels);
        return pixels ? -EBADMSG : -ENOMEM;
    }
    *out = (picture){image.width, image.height, pixels};
    return 0;
}

static int read_picture(const char *path, picture *out)
{
    unsigned char *bytes = malloc(MOST);
    int rc = bytes ? filch_blocking_begin() : -ENOMEM;
    if (!rc) { /* on a thread of its own: the disk may take its time */
        FILE *file = fopen(path, "rb");
        size_t size = file ? fread(bytes, 1, MOST, file) : 0;
        if (file)
            fclose(file);
        int error = filch_blocking_end();
        rc = file ? decode(bytes, size, out)
                  : -error; /* on a worker again: this takes a processor */
    }
    free(bytes);
    return rc;
}

static int write_picture(const char *path, const picture *from)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = from->width,
                       .height = from->height,
                       .format = PNG_FORMAT_RGB};
    int rc = filch_blocking_begin();
    if (rc)
        return rc;
    bool good = png_image_write_to_file(&image, path, 0, from->pixels, 0, NULL);
    filch_blocking_end();
    return good ? 0 : -EIO;
}

/* A line of the small picture: each of its values is the mean of a square of the large one. */
FILCH_FOR_HINT(shrink, 8, y, (const picture *, from), (picture *, to))
{
    for (size_t x = 0; x < 3 * (size_t)to->width; x++) {
        const unsigned char *corner =
            from->pixels + 3 * SMALLER * (y * from->width + x / 3) + x % 3;
        unsigned sum = 0;
        for (size_t i = 0; i < SMALLER * SMALLER; i++)
            sum += corner[3 * (i / SMALLER * from->width + i % SMALLER)];
        to->pixels[3 * y * to->width + x] = (unsigned char)(sum / (SMALLER * SMALLER));
    }
}

static int make_thumbnail(filch_self self, filch_job *job, void *arg)
{
    (void)job;
    task *mine = arg;
    picture large = {0, 0, NULL}, small = {0, 0, NULL};
    int rc = read_picture(mine->from, &large);
    if (!rc) {
        small = (picture){large.width / SMALLER, large.height / SMALLER, NULL};
        small.pixels = malloc((size_t)small.width * small.height * 3);
        rc = small.pixels ? shrink(self, 0, small.height, &large, &small) : -ENOMEM;
    }
    rc = rc ? rc : write_picture(mine->to, &small);
    free(large.pixels);
    free(small.pixels);
    return mine->result = rc;
}

/* Rings around a point; each picture has another. */
static int paint(const char *path, unsigned number)
{
    static unsigned char pixels[3 * WIDE * HIGH];
    for (unsigned i = 0; i < WIDE * HIGH; i++) {
        unsigned x = i % WIDE - 20 * number, y = i / WIDE - 10 * number;
        for (unsigned colour = 0; colour < 3; colour++)
            pixels[3 * i + colour] = (unsigned char)((x * x + y * y) >> (6 + colour));
    }
    return write_picture(path, &(picture){WIDE, HIGH, pixels});
}

/* Reads a thumbnail again; of its pixels the FNV-1a hash. */
static void print(const task *one, unsigned number)
{
    picture small = {0, 0, NULL};
    uint32_t hash = 2166136261;
    int rc = one->result ? one->result : read_picture(one->to, &small);
    for (size_t i = 0; !rc && i < 3 * (size_t)small.width * small.height; i++)
        hash = (hash ^ small.pixels[i]) * 16777619;
    printf("%2u: %u x %u, %08x%s\n", number, small.width, small.height, hash, rc ? ", failed" : "");
    free(small.pixels);
}

int main(void)
{
    static task tasks[PICTURES];
    char folder[] = "thumbs-XXXXXX";
    filch_pool *pool;
    if (!mkdtemp(folder) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH, .capacity = 2 * WIDTH}))
        return fprintf(stderr, "thumbnails: %s\n", filch_error()), 1;
    int rc = 0;
    for (unsigned i = 0; i < PICTURES && !rc; i++) {
        snprintf(tasks[i].from, sizeof tasks[i].from, "%s/%u.png", folder, i);
        snprintf(tasks[i].to, sizeof tasks[i].to, "%s/%u-small.png", folder, i);
        rc = paint(tasks[i].from, i);
        rc = rc ? rc : FILCH_SUBMIT(pool, make_thumbnail, &tasks[i]);
    }
    filch_pool_destroy(pool);
    for (unsigned i = 0; i < PICTURES; i++) {
        print(&tasks[i], i);
        remove(tasks[i].from);
        remove(tasks[i].to);
    }
    return rmdir(folder) || rc ? 1 : 0;
}
