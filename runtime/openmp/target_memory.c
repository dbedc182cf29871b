/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory of devices (OpenMP 5.1, 3.8). The host, number 0, is the only device. */
#include <runtime/openmp/abi_target.h>

#include <runtime/openmp/abi_team.h>
#include <runtime/openmp/memory.h>

#include <errno.h>
#include <limits.h>

enum { HOST = 0 };

void *omp_target_alloc(size_t size, int device)
{
    return device == HOST ? malloc(size) : NULL;
}

void omp_target_free(void *block, int device)
{
    if (device == HOST)
        free(block);
}

int omp_target_is_present(const void *address, int device)
{
    (void)address;
    return device == HOST;
}

int omp_target_is_accessible(const void *address, size_t size, int device)
{
    (void)size;
    return omp_target_is_present(address, device);
}

void *omp_get_mapped_ptr(const void *address, int device)
{
    return device == HOST ? (void *)(uintptr_t)address : NULL;
}

int omp_target_memcpy(void *to, const void *from, size_t size, size_t to_offset, size_t from_offset,
                      int to_device, int from_device)
{
    if (to_device != HOST || from_device != HOST)
        return EINVAL;
    memmove((char *)to + to_offset, (const char *)from + from_offset, size);
    return 0;
}

/* One side of a copied box. */
typedef struct side {
    char *at;
    const size_t *offsets, *dims;
} side;

/* Bytes of an element of the outermost dimension. false: too many. */
static bool slice_of(const side *one, size_t element, int dims, size_t *slice)
{
    *slice = element;
    for (int i = 1; i < dims; i++)
        if (__builtin_mul_overflow(*slice, one->dims[i], slice))
            return false;
    return true;
}

static bool copy_box(side to, side from, size_t element, int dims, const size_t *volume)
{
    size_t to_slice, from_slice;
    if (!slice_of(&to, element, dims, &to_slice) || !slice_of(&from, element, dims, &from_slice))
        return false;
    to.at += to_slice * *to.offsets;
    from.at += from_slice * *from.offsets;
    if (dims == 1) {
        memcpy(to.at, from.at, element * *volume);
        return true;
    }
    side to_row = {to.at, to.offsets + 1, to.dims + 1};
    side from_row = {from.at, from.offsets + 1, from.dims + 1};
    for (size_t i = 0; i < *volume; i++) {
        if (!copy_box(to_row, from_row, element, dims - 1, volume + 1))
            return false;
        to_row.at += to_slice;
        from_row.at += from_slice;
    }
    return true;
}

/* Without addresses: how many dimensions there may be. */
int omp_target_memcpy_rect(void *to, const void *from, size_t element, int dims,
                           const size_t *volume, const size_t *to_offsets,
                           const size_t *from_offsets, const size_t *to_dims,
                           const size_t *from_dims, int to_device, int from_device)
{
    if (!to && !from)
        return INT_MAX;
    if (to_device != HOST || from_device != HOST || dims < 1)
        return EINVAL;
    const side target = {to, to_offsets, to_dims};
    const side source = {(char *)(uintptr_t)from, from_offsets, from_dims};
    return copy_box(target, source, element, dims, volume) ? 0 : EINVAL;
}

/* Waits for dependence objects, in the layout of GOMP_taskwait_depend with objects only. */
static void await(int count, void *objects)
{
    enum { FIRST = 5, OBJECT_BYTES = 2 * sizeof(void *) };
    if (count <= 0)
        return;
    void **depend = fl_omp_allocate((FIRST + (size_t)count) * sizeof *depend);
    depend[1] = (void *)(intptr_t)count;
    for (int i = 0; i < count; i++)
        depend[FIRST + i] = (char *)objects + (size_t)i * OBJECT_BYTES;
    GOMP_taskwait_depend(depend);
    free(depend);
}

int omp_target_memcpy_async(void *to, const void *from, size_t size, size_t to_offset,
                            size_t from_offset, int to_device, int from_device, int count,
                            void *objects)
{
    await(count, objects);
    return omp_target_memcpy(to, from, size, to_offset, from_offset, to_device, from_device);
}

int omp_target_memcpy_rect_async(void *to, const void *from, size_t element, int dims,
                                 const size_t *volume, const size_t *to_offsets,
                                 const size_t *from_offsets, const size_t *to_dims,
                                 const size_t *from_dims, int to_device, int from_device, int count,
                                 void *objects)
{
    await(count, objects);
    return omp_target_memcpy_rect(to, from, element, dims, volume, to_offsets, from_offsets,
                                  to_dims, from_dims, to_device, from_device);
}

/* Memory of the host has no counterpart. */
int omp_target_associate_ptr(const void *host, const void *device_pointer, size_t size,
                             size_t offset, int device)
{
    (void)host, (void)device_pointer, (void)size, (void)offset, (void)device;
    return EINVAL;
}

int omp_target_disassociate_ptr(const void *address, int device)
{
    (void)address, (void)device;
    return EINVAL;
}
