/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocks of tasks. Each thread keeps some of the usual size: one is allocated and freed for each task, and
 * the C library has no quick path for aligned blocks. */
#include <runtime/openmp/kmpc/task.h>

#include <runtime/openmp/memory.h>

#include <pthread.h>

enum { USUAL = 256, MOST_KEPT = 128 };

static __thread struct kept {
    struct kept *next;
} * kept FL_OMP_TLS;
static __thread unsigned count FL_OMP_TLS;
static __thread bool watched FL_OMP_TLS; /* thread_ended is called for it */
static pthread_key_t ending;
static bool keyed;

static void thread_ended(void *unused)
{
    (void)unused;
    while (kept) {
        struct kept *next = kept->next;
        free(kept);
        kept = next;
    }
    count = MOST_KEPT; /* a later destructor keeps none */
}

__attribute__((constructor)) static void load(void)
{
    keyed = pthread_key_create(&ending, thread_ended) == 0;
}

static void *take(size_t bytes)
{
    void *block = kept;
    if (bytes <= USUAL && block) {
        kept = kept->next;
        count--;
        return block;
    }
    bytes = bytes <= USUAL ? USUAL : (bytes + FL_KMPC_ALIGN - 1) / FL_KMPC_ALIGN * FL_KMPC_ALIGN;
    block = aligned_alloc(FL_KMPC_ALIGN, bytes);
    if (!block)
        fl_omp_out_of_memory(bytes);
    return block;
}

static void give(void *block, size_t bytes)
{
    if (FILCH_UNLIKELY(!watched))
        watched = keyed && pthread_setspecific(ending, &kept) == 0;
    if (bytes > USUAL || count >= MOST_KEPT || !watched) {
        free(block);
        return;
    }
    count++;
    *(struct kept *)block = (struct kept){kept};
    kept = block;
}

static size_t whole(size_t bytes)
{
    return (bytes + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
}

fl_kmpc_task *fl_kmpc_block(size_t size, size_t shared)
{
    const size_t bytes = whole(size) + shared;
    fl_kmpc_header *header = take(sizeof *header + bytes);
    header->size = whole(size);
    header->bytes = bytes;
    return (fl_kmpc_task *)(void *)(header + 1);
}

void fl_kmpc_block_free(fl_kmpc_task *task)
{
    fl_kmpc_header *header = fl_kmpc_header_of(task);
    give(header, sizeof *header + header->bytes);
}
