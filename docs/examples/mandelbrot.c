/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The Mandelbrot set as a picture. Shows FILCH_FOR over work of very unequal size: a row through
 * the middle costs many times one at the edge, and nobody has to say how many rows make a task.
 *
 *   cc -O2 mandelbrot.c $(pkg-config --cflags --libs filch libpng) -o mandelbrot
 *   ./mandelbrot [FILE.png]
 *
 * Writes the picture and prints its size and how many of its points belong to the set. All
 * arithmetic is in integers, so that it is the same picture on every machine. */
#include <err.h>
#include <filch/par.h>
#include <png.h>
#include <stdio.h>

enum { WIDTH = 960, HEIGHT = 640, STEPS = 256 };

typedef struct pixel {
    uint8_t red, green, blue;
} pixel;

/* Fixed-point numbers: ONE is 1.0, and a pixel is this much wide and high. */
static const int64_t ONE = 1 << 28;
static const int64_t PIXEL = 3 * ((1 << 28) / WIDTH);

/* How many steps of z = z^2 + c it takes to leave the circle of radius 2; STEPS: all of them. */
static int steps(int64_t re, int64_t im)
{
    int64_t x = 0, y = 0;
    for (int n = 0; n < STEPS; n++) {
        int64_t xx = x * x / ONE, yy = y * y / ONE;
        if (xx + yy > 4 * ONE)
            return n;
        y = 2 * x * y / ONE + im;
        x = xx - yy + re;
    }
    return STEPS;
}

/* Black inside; outside from dark blue to white gold. */
static pixel colour(int n)
{
    if (n == STEPS)
        return (pixel){0, 0, 0};
    int warm = n < 32 ? n * 8 : 255;
    return (pixel){(uint8_t)warm, (uint8_t)(warm * warm / 300), (uint8_t)(60 + n * 3 / 4)};
}

FILCH_FOR(paint, row, (pixel *, picture))
{
    int64_t im = (HEIGHT / 2 - (int64_t)row) * PIXEL;
    for (int column = 0; column < WIDTH; column++) {
        int64_t re = (column - WIDTH * 3 / 4) * PIXEL;
        picture[row * WIDTH + (size_t)column] = colour(steps(re, im));
    }
}

int main(int argc, char **argv)
{
    const char *file = argc > 1 ? argv[1] : "mandelbrot.png";
    static pixel picture[WIDTH * HEIGHT];
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || FILCH_RUN(rt, paint, 0, HEIGHT, picture))
        errx(1, "%s", filch_error());
    filch_runtime_destroy(rt);

    png_image png = {.version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT};
    png.format = PNG_FORMAT_RGB;
    if (!png_image_write_to_file(&png, file, 0, picture, 0, NULL))
        errx(1, "%s: %s", file, png.message);

    int inside = 0;
    for (const pixel *p = picture; p < picture + WIDTH * HEIGHT; p++)
        inside += p->blue == 0;
    printf("%s: %d x %d, %d points of the set\n", file, WIDTH, HEIGHT, inside);
}
