/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reads a PNG, all of it, and prints its size and a checksum (FNV-1a) of its pixels as RGB.
 * usage: png_sum FILE.png */
#include <err.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    const char *file = argc > 1 ? argv[1] : "/dev/stdin";
    if (!png_image_begin_read_from_file(&png, file))
        errx(1, "%s: %s", file, png.message);
    png.format = PNG_FORMAT_RGB;
    size_t size = PNG_IMAGE_SIZE(png);
    uint8_t *pixels = malloc(size);
    if (!pixels)
        err(1, "%s", file);
    if (!png_image_finish_read(&png, NULL, pixels, 0, NULL))
        errx(1, "%s: %s", file, png.message);
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ pixels[i]) * 16777619u;
    printf("%u x %u %08x\n", png.width, png.height, (unsigned)sum);
    free(pixels);
}
