/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "picture.h"

#include <png.h>
#include <string.h>

enum { SIDE = PICTURE_SIDE, PIXEL = 3, BYTES = SIDE * SIDE * PIXEL };

/* A gradient with a disc, which filters and compression have to work for. */
static void paint(unsigned char *pixels)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int away = (x - SIDE / 3) * (x - SIDE / 3) + (y - SIDE / 2) * (y - SIDE / 2);
            unsigned char *at = pixels + (y * SIDE + x) * PIXEL;
            at[0] = (unsigned char)(x * 4);
            at[1] = (unsigned char)(y * 4);
            at[2] = (unsigned char)(away < 200 ? 255 : (x * y) & 31);
        }
}

static void turn(const unsigned char *from, unsigned char *to)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memcpy(to + (x * SIDE + SIDE - 1 - y) * PIXEL, from + (y * SIDE + x) * PIXEL, PIXEL);
}

static size_t encode(const unsigned char *pixels, unsigned char *file)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = SIDE,
                       .height = SIDE,
                       .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = PICTURE_MOST;
    return png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL) ? size : 0;
}

static bool decode(const void *file, size_t size, unsigned char *pixels)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, file, size))
        return false;
    image.format = PNG_FORMAT_RGB;
    bool fits = image.width == SIDE && image.height == SIDE &&
                png_image_finish_read(&image, NULL, pixels, 0, NULL);
    png_image_free(&image);
    return fits;
}

size_t picture_make(unsigned char *file)
{
    unsigned char pixels[BYTES];
    paint(pixels);
    return encode(pixels, file);
}

size_t picture_turn(const void *file, size_t size, unsigned char *turned)
{
    unsigned char from[BYTES], to[BYTES];
    if (!decode(file, size, from))
        return 0;
    turn(from, to);
    return encode(to, turned);
}

bool picture_is_turned(const unsigned char *turned, size_t size)
{
    unsigned char painted[BYTES], expected[BYTES], got[BYTES];
    paint(painted);
    turn(painted, expected);
    return decode(turned, size, got) && memcmp(got, expected, sizeof got) == 0;
}
