/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/deque.h>
#include <sched/start.h>

#include <errno.h>
#include <stdlib.h>

static fl_buffer *buffer_create(int64_t size)
{
    fl_buffer *buffer = malloc(sizeof *buffer + (size_t)size * sizeof buffer->items[0]);
    if (buffer)
        buffer->size = size;
    return buffer;
}

static filch_ptr *place(fl_buffer *buffer, int64_t index)
{
    return &buffer->items[index & (buffer->size - 1)];
}

int fl_deque_init(fl_deque *deque, int64_t size, fl_retire_fn *retire)
{
    fl_buffer *buffer = buffer_create(size);
    if (!buffer)
        return -ENOMEM;
    filch_u64_store(&deque->top, FL_START(32), FILCH_RELAXED); /* all three: not yet shared */
    filch_u64_store(&deque->bottom, FL_START(32), FILCH_RELAXED);
    filch_ptr_store(&deque->buffer, buffer, FILCH_RELAXED);
    deque->retire = retire;
    deque->seen = (int64_t)FL_START(32);
    return 0;
}

void fl_deque_clear(fl_deque *deque)
{
    free(filch_ptr_load(&deque->buffer, FILCH_RELAXED)); /* no longer shared */
}

static fl_buffer *grow(fl_deque *deque, fl_buffer *old, int64_t top, int64_t bottom)
{
    fl_buffer *buffer = buffer_create(2 * old->size);
    if (!buffer)
        return NULL;
    for (int64_t i = top; i < bottom; i++) /* relaxed: published by ShowBuffer */
        filch_ptr_store(place(buffer, i), filch_ptr_load(place(old, i), FILCH_RELAXED),
                        FILCH_RELAXED);
    filch_ptr_store(&deque->buffer, buffer, FILCH_RELEASE); /* ShowBuffer */
    deque->retire(deque, old);
    return buffer;
}

bool fl_deque_full(const fl_deque *deque)
{
    int64_t bottom = (int64_t)filch_u64_load(&deque->bottom, FILCH_RELAXED); /* owner's own */
    int64_t top = (int64_t)filch_u64_load(&deque->top, FILCH_RELAXED);       /* it only grows */
    const fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_RELAXED); /* owner's own */
    return bottom - top >= buffer->size;
}

int fl_deque_push(fl_deque *deque, void *item)
{
    int64_t bottom = (int64_t)filch_u64_load(&deque->bottom, FILCH_RELAXED); /* owner's own */
    fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_RELAXED);       /* owner's own */
    int64_t top = deque->seen;
    if (bottom - top >= buffer->size) /* else there is room, wherever top is by now */
        top = deque->seen =
            (int64_t)filch_u64_load(&deque->top,
                                    FILCH_ACQUIRE); /* the place was read by its thief */
    if (bottom - top >= buffer->size) {
        buffer = grow(deque, buffer, top, bottom);
        if (!buffer)
            return -ENOMEM;
    }
    filch_ptr_store(place(buffer, bottom), item, FILCH_RELAXED); /* published by PublishBottom */
    filch_u64_store(&deque->bottom, (uint64_t)(bottom + 1), FILCH_RELEASE); /* PublishBottom */
    return 0;
}

void *fl_deque_pop(fl_deque *deque)
{
    int64_t bottom = (int64_t)filch_u64_load(&deque->bottom, FILCH_RELAXED) - 1; /* owner's own */
    if (bottom <
        (int64_t)filch_u64_load(&deque->top, FILCH_RELAXED)) /* top only grows, so it is empty */
        return NULL;
    fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_RELAXED); /* owner's own */
    filch_u64_store(&deque->bottom, (uint64_t)bottom, FILCH_RELEASE);  /* LowerBottom */
    filch_fence_seq_cst();                                             /* LowerBottom */
    uint64_t top = filch_u64_load(&deque->top, FILCH_RELAXED);         /* LowerBottom */
    if ((int64_t)top < bottom)
        return filch_ptr_load(place(buffer, bottom), FILCH_RELAXED); /* owner's own */
    void *item = NULL;
    if ((int64_t)top == bottom) {
        item = filch_ptr_load(place(buffer, bottom), FILCH_RELAXED);   /* owner's own */
        if (!filch_u64_cas(&deque->top, &top, top + 1, FILCH_SEQ_CST)) /* ClaimTop: the last one */
            item = NULL;
    }
    filch_u64_store(&deque->bottom, (uint64_t)(bottom + 1), FILCH_RELEASE); /* PublishBottom */
    return item;
}

void *fl_deque_peek(fl_deque *deque)
{
    int64_t newest = (int64_t)filch_u64_load(&deque->bottom, FILCH_RELAXED) - 1; /* owner's own */
    if (newest < (int64_t)filch_u64_load(&deque->top, FILCH_RELAXED)) /* a look; pop decides */
        return NULL;
    fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_RELAXED); /* owner's own */
    return filch_ptr_load(place(buffer, newest), FILCH_RELAXED);       /* owner's own */
}

enum fl_stolen fl_deque_steal(fl_deque *deque, void **item)
{
    uint64_t top = filch_u64_load(&deque->top, FILCH_ACQUIRE); /* CompareEnds */
    filch_fence_seq_cst();                                     /* CompareEnds */
    int64_t bottom =
        (int64_t)filch_u64_load(&deque->bottom, FILCH_ACQUIRE); /* ReadBottom, CompareEnds */
    if ((int64_t)top >= bottom)
        return FL_STEAL_EMPTY;
    fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_ACQUIRE); /* ReadBuffer */
    void *oldest = filch_ptr_load(place(buffer, (int64_t)top),
                                  FILCH_RELAXED); /* ReadBottom or ReadBuffer; the CAS decides */
    if (!filch_u64_cas(&deque->top, &top, top + 1, FILCH_SEQ_CST)) /* ClaimTop */
        return FL_STEAL_LOST;
    *item = oldest;
    return FL_STEAL_GOT;
}

int64_t fl_deque_oldest(fl_deque *deque)
{
    return (int64_t)filch_u64_load(&deque->top, FILCH_RELAXED); /* a look */
}

/* The second look at top: a buffer grown since the first one begins with a later item. */
void *fl_deque_look(fl_deque *deque)
{
    int64_t top = fl_deque_oldest(deque);
    int64_t bottom = (int64_t)filch_u64_load(&deque->bottom, FILCH_ACQUIRE); /* ReadBottom */
    fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_ACQUIRE);       /* ReadBuffer */
    if (top >= bottom || fl_deque_oldest(deque) != top)
        return NULL;
    return filch_ptr_load(place(buffer, top),
                          FILCH_RELAXED); /* ReadBottom or ReadBuffer; only compared */
}

int64_t fl_deque_size(fl_deque *deque)
{
    int64_t top = (int64_t)filch_u64_load(&deque->top, FILCH_RELAXED); /* both: a look */
    return (int64_t)filch_u64_load(&deque->bottom, FILCH_RELAXED) - top;
}
