/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The radix sort for those who come without types: a key is so many bytes at a place in the item.
 * Numbers without company, and items of usual sizes, are moved as those of types are. */
#include <filch/sort.h>
#include <runtime/par/range.h>
#include <runtime/platform/error.h>

typedef struct plain_key {
    size_t size, offset, bytes;
    fl_radix_flips flips;
} plain_key;

#define PLAIN(context) ((const plain_key *)(context))

static inline uint64_t key_within(const void *item, void *context)
{
    const plain_key *plain = context;
    return fl_radix_number((const char *)item + plain->offset, plain->bytes, plain->flips);
}

/* clang-format off */
#define NUMBERS(name, bytes)                                                                       \
    static inline uint64_t name##_key(const void *item, void *context)                             \
    {                                                                                              \
        return fl_radix_number(item, bytes, PLAIN(context)->flips);                                \
    }                                                                                              \
    FL_RADIX_OPS(name##_, bytes, bytes, name##_key, plain_key)
/* clang-format on */

NUMBERS(one, 1)
NUMBERS(two, 2)
NUMBERS(four, 4)
NUMBERS(eight, 8)
FL_RADIX_OPS(with_eight_, 8, 8, key_within, plain_key)
FL_RADIX_OPS(with_sixteen_, 16, 16, key_within, plain_key)
FL_RADIX_OPS(with_any_, 0, PLAIN(fl_context)->size, key_within, plain_key)

static filch_radix_ops ops_for(const plain_key *plain)
{
    filch_radix_ops ops = with_any_radix_ops;
    if (plain->bytes == plain->size)
        ops = plain->bytes == 1   ? one_radix_ops
              : plain->bytes == 2 ? two_radix_ops
              : plain->bytes == 4 ? four_radix_ops
                                  : eight_radix_ops;
    else if (plain->size == 8)
        ops = with_eight_radix_ops;
    else if (plain->size == 16)
        ops = with_sixteen_radix_ops;
    ops.size = plain->size;
    return ops;
}

static int refuse(size_t size, size_t offset, size_t bytes, filch_radix_kind kind)
{
    const char *who = "filch_radix_sort";
    if (kind != FILCH_RADIX_UNSIGNED && kind != FILCH_RADIX_SIGNED && kind != FILCH_RADIX_FLOAT)
        return fl_fail(EINVAL, "%s by a key of kind %d; it is a FILCH_RADIX_...", who, (int)kind);
    if (bytes != 4 && bytes != 8 && (kind == FILCH_RADIX_FLOAT || (bytes != 1 && bytes != 2)))
        return fl_fail(EINVAL, "%s by a key of %zu bytes; it has %s4 or 8", who, bytes,
                       kind == FILCH_RADIX_FLOAT ? "" : "1, 2, ");
    if (bytes > size || offset > size - bytes)
        return fl_fail(EINVAL, "%s by bytes %zu to %zu of items of %zu; check the key's offset",
                       who, offset, offset + bytes, size);
    return 0;
}

/* From a task; or, where self is NULL, from another thread. */
static int sort(filch_self self, filch_runtime *rt, void *items, size_t n, size_t size,
                size_t key_offset, size_t key_bytes, filch_radix_kind kind)
{
    int rc = refuse(size, key_offset, key_bytes, kind);
    if (rc)
        return rc;
    plain_key key = {.size = size,
                     .offset = key_offset,
                     .bytes = key_bytes,
                     .flips = fl_radix_flips_of(key_bytes, kind)};
    filch_radix_ops ops = ops_for(&key);
    return self ? filch_radix_sort_by(self, items, n, &ops, &key)
                : fl_run_radix_sort_by(rt, items, n, &ops, &key);
}

int filch_radix_sort(filch_self self, void *items, size_t n, size_t size, size_t key_offset,
                     size_t key_bytes, filch_radix_kind kind)
{
    return sort(self, NULL, items, n, size, key_offset, key_bytes, kind);
}

int filch_run_radix_sort(filch_runtime *rt, void *items, size_t n, size_t size, size_t key_offset,
                         size_t key_bytes, filch_radix_kind kind)
{
    return sort(NULL, rt, items, n, size, key_offset, key_bytes, kind);
}
