/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * FIPS 180-4, sections 5.1.1 and 6.1.2. Five rounds at a time, so that the five words change
 * their parts by name and none is moved. */
#include "sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t load(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

static void store(uint8_t *at, uint32_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(at, &word, sizeof word);
}

/* The t-th word of the schedule. Made when it is needed: as a loop of its own, gcc vectorizes it in
 * pairs, which wait for each other's stores and double the time of the whole. */
static inline uint32_t word(uint32_t *w, int t)
{
    if (t >= 16)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    return w[t];
}

#define ROUND(a, b, c, d, e, f, k, t)                                                              \
    e += rotate(a, 5) + f(b, c, d) + (k) + word(w, t);                                             \
    b = rotate(b, 30);
#define ROUNDS(from, to, f, k)                                                                     \
    for (int t = from; t < to; t += 5) {                                                           \
        ROUND(a, b, c, d, e, f, k, t)                                                              \
        ROUND(e, a, b, c, d, f, k, t + 1)                                                          \
        ROUND(d, e, a, b, c, f, k, t + 2)                                                          \
        ROUND(c, d, e, a, b, f, k, t + 3)                                                          \
        ROUND(b, c, d, e, a, f, k, t + 4)                                                          \
    }
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

void sha1_short(uint8_t digest[SHA1_BYTES], const uint8_t *message, size_t size)
{
    static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t block[64] = {0};
    memcpy(block, message, size);
    block[size] = 0x80;
    store(block + 60, (uint32_t)size * 8);

    uint32_t w[80];
    for (int t = 0; t < 16; t++)
        w[t] = load(block + 4 * t);

    uint32_t a = start[0], b = start[1], c = start[2], d = start[3], e = start[4];
    ROUNDS(0, 20, CHOOSE, 0x5a827999)
    ROUNDS(20, 40, PARITY, 0x6ed9eba1)
    ROUNDS(40, 60, MAJORITY, 0x8f1bbcdc)
    ROUNDS(60, 80, PARITY, 0xca62c1d6)

    const uint32_t end[5] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++)
        store(digest + 4 * i, start[i] + end[i]);
}
