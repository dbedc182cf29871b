/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), 64 bits: a hash of short texts. */
#ifndef FL_HASH_H
#define FL_HASH_H

#include <stdint.h>

#define FL_HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t fl_hash_byte(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static inline uint64_t fl_hash_text(const char *text)
{
    uint64_t hash = FL_HASH_START;
    for (; *text; text++)
        hash = fl_hash_byte(hash, (unsigned char)*text);
    return hash;
}

#endif
