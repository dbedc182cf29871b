/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory allocators. All memory comes from malloc: memory spaces make no difference here. A header
 * before each block says where it came from, so that omp_free needs no allocator. */
#include <runtime/openmp/abi.h>

#include <runtime/openmp/memory.h>

enum { PREDEFINED = 8 }; /* allocators 1 to 8 */
enum { HIGH_BANDWIDTH = 3, SPACES = 5 };

enum trait {
    SYNC_HINT = 1,
    ALIGNMENT,
    ACCESS,
    POOL_SIZE,
    FALLBACK,
    FALLBACK_DATA,
    PINNED,
    PARTITION
};
enum { DEFAULT_FALLBACK = 11, NULL_FALLBACK, ABORT_FALLBACK, ALLOCATOR_FALLBACK };
#define DEFAULT_VALUE UINTPTR_MAX

typedef struct allocator {
    uintptr_t traits[PARTITION + 1]; /* by key */
    filch_u64 charged;               /* bytes of its pool */
} allocator;

/* Directly before each block. */
typedef struct header {
    void *start; /* as malloc has given it */
    size_t size, total;
    uintptr_t from; /* the allocator */
} header;

enum { MALLOC_ALIGNMENT = _Alignof(max_align_t) };
_Static_assert(sizeof(header) % MALLOC_ALIGNMENT == 0, "a block after its header is aligned");

/* ---- Allocators ---- */

/* The values of each trait, and its default. A trait without a range has any value. */
static const struct {
    uintptr_t least, most, unless_given;
} values[PARTITION + 1] = {
    [SYNC_HINT] = {3, 6, 3},
    [ALIGNMENT] = {1, UINTPTR_MAX / 2 + 1, 1},
    [ACCESS] = {7, 10, 7},
    [POOL_SIZE] = {0, UINTPTR_MAX, UINTPTR_MAX},
    [FALLBACK] = {DEFAULT_FALLBACK, ALLOCATOR_FALLBACK, DEFAULT_FALLBACK},
    [FALLBACK_DATA] = {0, UINTPTR_MAX, 0},
    [PINNED] = {0, 0, 0}, /* memory cannot be pinned */
    [PARTITION] = {15, 18, 15},
};

static bool set_trait(allocator *one, const fl_omp_trait *trait)
{
    if (trait->key < SYNC_HINT || trait->key > PARTITION)
        return false;
    if (trait->value == DEFAULT_VALUE)
        return true;
    if (trait->value < values[trait->key].least || trait->value > values[trait->key].most)
        return false;
    if (trait->key == ALIGNMENT && trait->value & (trait->value - 1))
        return false;
    one->traits[trait->key] = trait->value;
    return true;
}

uintptr_t omp_init_allocator(uintptr_t space, int count, const fl_omp_trait *traits)
{
    if (space >= SPACES || space == HIGH_BANDWIDTH)
        return 0;
    allocator *one = calloc(1, sizeof *one);
    if (!one)
        return 0;
    for (int key = SYNC_HINT; key <= PARTITION; key++)
        one->traits[key] = values[key].unless_given;
    for (int i = 0; i < count; i++)
        if (!set_trait(one, &traits[i])) {
            free(one);
            return 0;
        }
    return (uintptr_t)one;
}

/* NULL: a predefined one. */
static allocator *find(uintptr_t handle)
{
    return handle > PREDEFINED ? (allocator *)handle : NULL;
}

void omp_destroy_allocator(uintptr_t handle)
{
    free(find(handle));
}

void omp_set_default_allocator(uintptr_t handle)
{
    fl_omp_icv_own()->allocator = (void *)(handle ? handle : 1);
}

uintptr_t omp_get_default_allocator(void)
{
    return (uintptr_t)fl_omp_icv_here()->allocator;
}

/* ---- Blocks ---- */

/* Bytes of the allocator's pool, if it has one. false: there are not so many left. */
static bool charge(allocator *one, size_t bytes)
{
    if (!one)
        return true;
    const uintptr_t most = one->traits[POOL_SIZE];
    uint64_t used = filch_u64_load(&one->charged, FILCH_RELAXED); /* a number, no data */
    do {
        if (bytes > most || used > most - bytes)
            return false;
    } while (!filch_u64_cas(&one->charged, &used, used + bytes, FILCH_RELAXED)); /* as above */
    return true;
}

static void discharge(allocator *one, size_t bytes)
{
    if (one)
        filch_u64_sub(&one->charged, bytes, FILCH_RELAXED); /* a number, no data */
}

/* Where the block is in the memory that malloc has given. */
static uintptr_t place(const char *start, size_t alignment)
{
    return ((uintptr_t)start + sizeof(header) + alignment - 1) & ~(alignment - 1);
}

static void *take(size_t alignment, size_t size, uintptr_t handle, bool zero)
{
    allocator *one = find(handle);
    size_t total;
    if (one && one->traits[ALIGNMENT] > alignment)
        alignment = one->traits[ALIGNMENT];
    if (alignment < MALLOC_ALIGNMENT || alignment & (alignment - 1))
        alignment = MALLOC_ALIGNMENT;
    if (__builtin_add_overflow(size, sizeof(header) + alignment - MALLOC_ALIGNMENT, &total) ||
        !charge(one, total))
        return NULL;
    char *start = zero ? calloc(1, total) : malloc(total);
    if (!start) {
        discharge(one, total);
        return NULL;
    }
    header *block = (header *)place(start, alignment);
    block[-1] = (header){start, size, total, handle};
    return block;
}

/* Keeps the allocator and the alignment. A pool has to have room for the difference only. */
static void *resize(void *from, size_t size)
{
    const header head = ((header *)from)[-1];
    const size_t alignment = head.total - head.size - sizeof(header) + MALLOC_ALIGNMENT;
    size_t offset = (size_t)((char *)from - (char *)head.start);
    __asm__("" : "+r"(offset)); /* or gcc computes it after the realloc, and warns */
    const size_t kept = size < head.size ? size : head.size;
    allocator *one = find(head.from);
    size_t total;
    if (__builtin_add_overflow(size, head.total - head.size, &total))
        return NULL;
    const size_t more = total > head.total ? total - head.total : 0;
    const size_t less = total < head.total ? head.total - total : 0;
    if (!charge(one, more))
        return NULL;
    char *start = realloc(head.start, total);
    discharge(one, start ? less : more);
    if (!start)
        return NULL;
    header *block = (header *)place(start, alignment);
    memmove(block, start + offset, kept);
    block[-1] = (header){start, size, total, head.from};
    return block;
}

/* With the fallbacks of the allocators. */
static void *allocate(size_t alignment, size_t size, uintptr_t handle, bool zero)
{
    if (!size)
        return NULL;
    if (!handle)
        handle = omp_get_default_allocator();
    for (;;) {
        void *block = take(alignment, size, handle, zero);
        const allocator *one = find(handle);
        if (block || !one)
            return block;
        switch (one->traits[FALLBACK]) {
        case ABORT_FALLBACK:
            fl_omp_out_of_memory(size);
        case NULL_FALLBACK:
            return NULL;
        case ALLOCATOR_FALLBACK:
            handle = one->traits[FALLBACK_DATA];
            if (!handle)
                return NULL;
            break;
        default:
            handle = 1;
        }
    }
}

void *omp_aligned_alloc(size_t alignment, size_t size, uintptr_t handle)
{
    return allocate(alignment, size, handle, false);
}

void *omp_alloc(size_t size, uintptr_t handle)
{
    return allocate(1, size, handle, false);
}

void *omp_aligned_calloc(size_t alignment, size_t count, size_t size, uintptr_t handle)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL
                                                       : allocate(alignment, bytes, handle, true);
}

void *omp_calloc(size_t count, size_t size, uintptr_t handle)
{
    return omp_aligned_calloc(1, count, size, handle);
}

void omp_free(void *block, uintptr_t handle)
{
    (void)handle; /* the header says it */
    if (!block)
        return;
    const header *head = (header *)block - 1;
    discharge(find(head->from), head->total);
    free(head->start);
}

void *omp_realloc(void *block, size_t size, uintptr_t handle, uintptr_t free_handle)
{
    if (!block)
        return omp_alloc(size, handle);
    if (!size) {
        omp_free(block, free_handle);
        return NULL;
    }
    const header *head = (header *)block - 1;
    const bool same = !handle || handle == head->from;
    void *other = same ? resize(block, size) : NULL;
    if (other)
        return other;
    other = omp_alloc(size, same ? head->from : handle);
    if (!other)
        return NULL;
    memcpy(other, block, size < head->size ? size : head->size);
    omp_free(block, free_handle);
    return other;
}

/* For the clause allocate: the program cannot go on without. */
void *GOMP_alloc(size_t alignment, size_t size, uintptr_t handle)
{
    void *block = allocate(alignment, size, handle, false);
    if (!block && size)
        fl_omp_out_of_memory(size);
    return block;
}

void GOMP_free(void *block, uintptr_t handle)
{
    omp_free(block, handle);
}
