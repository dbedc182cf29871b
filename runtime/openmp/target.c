/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Device constructs without devices: target regions run on the host, at once, in the memory of the
 * program. So mapping has nothing to do. Only firstprivate variables need copies.
 *
 * A target region, like each team of a league, is run by an initial thread: level 0, one thread, and a
 * contention group of its own. The calling thread plays it, in a region of one thread that is made to
 * look so. */
#include <runtime/openmp/abi.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/parse.h>

#include <errno.h>
#include <limits.h>

/* gcc's numbers of devices that are none. */
enum { DEVICE_DEFAULT = -1, DEVICE_HOST = -2 };

/* Kinds of mapping: the low byte; the next byte is the binary logarithm of the alignment. */
enum { KIND_MASK = 0xff, KIND_FIRSTPRIVATE = 12, KIND_ALIGN_SHIFT = 8 };

/* Arguments: a word with an id, and the value in the same word or in the next one. */
enum { ARG_NEXT_WORD = 0x80, ARG_ID = 0xff00, ARG_THREAD_LIMIT = 0x200, ARG_SHIFT = 16 };

enum { TEAMS_UNLESS_GIVEN = 3 };

/* ---- Initial threads ---- */

static void run_initial(fl_omp_fn *fn, void *data, const fl_omp_icv *icv)
{
    fl_omp_fork(fn, data, 1, 0, NULL);
    fl_omp_thread *thread = fl_omp_here();
    thread->team->serving = &thread->team->serving_own;
    thread->team->level = thread->team->active_level = 0;
    thread->team->outer = NULL;
    *thread->task->icv = *icv;
    fn(data);
    fl_omp_join();
}

/* ---- Target regions ---- */

/* Is it the host? Ends the process if it must not be. */
static void choose_device(int device)
{
    if (device == DEVICE_DEFAULT)
        device = fl_omp_icv_here()->default_device;
    if (fl_omp_globals.offload == FL_OMP_OFFLOAD_MANDATORY && device != 0 &&
        device != DEVICE_HOST) {
        fl_omp_complain("OMP_TARGET_OFFLOAD is set to MANDATORY, but device not found");
        exit(1);
    }
}

static size_t align_of(unsigned short kind)
{
    return (size_t)1 << (kind >> KIND_ALIGN_SHIFT);
}

/* Fortran: an optional argument that is absent has no address, though it has a size. */
static bool needs_copy(const void *address, unsigned short kind)
{
    return address && (kind & KIND_MASK) == KIND_FIRSTPRIVATE;
}

/* Puts the addresses of copies in the place of the variables' own. Returns memory to free. */
static void *copy_firstprivate(size_t count, void **addresses, const size_t *sizes,
                               const unsigned short *kinds)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (needs_copy(addresses[i], kinds[i]))
            bytes += sizes[i] + align_of(kinds[i]);
    if (!bytes)
        return NULL;
    void *block = fl_omp_allocate(bytes);
    uintptr_t next = (uintptr_t)block;
    for (size_t i = 0; i < count; i++)
        if (needs_copy(addresses[i], kinds[i])) {
            const size_t align = align_of(kinds[i]);
            next = (next + align - 1) & ~(align - 1);
            addresses[i] = memcpy((void *)next, addresses[i], sizes[i]);
            next += sizes[i];
        }
    return block;
}

/* 0: there is none. */
static unsigned thread_limit_of(void **args)
{
    while (args && *args) {
        const uintptr_t word = (uintptr_t)*args++;
        const intptr_t value =
            word & ARG_NEXT_WORD ? (intptr_t)*args++ : (intptr_t)word >> ARG_SHIFT;
        if ((word & ARG_ID) == ARG_THREAD_LIMIT && value > 0)
            return value > INT_MAX ? INT_MAX : (unsigned)value;
    }
    return 0;
}

void GOMP_target(int device, fl_omp_fn *fn, const void *unused, size_t count, void **addresses,
                 size_t *sizes, unsigned char *kinds)
{
    (void)unused, (void)count, (void)sizes, (void)kinds;
    choose_device(device);
    run_initial(fn, addresses, &fl_omp_initial_icv);
}

/* `nowait` allows a task, but does not ask for one. */
void GOMP_target_ext(int device, fl_omp_fn *fn, size_t count, void **addresses, size_t *sizes,
                     unsigned short *kinds, unsigned flags, void **depend, void **args)
{
    (void)flags;
    choose_device(device);
    if (depend)
        GOMP_taskwait_depend(depend);
    fl_omp_icv icv = fl_omp_initial_icv;
    const unsigned limit = thread_limit_of(args);
    if (limit)
        icv.thread_limit = limit;
    void *copies = copy_firstprivate(count, addresses, sizes, kinds);
    run_initial(fn, addresses, &icv);
    free(copies);
}

/* ---- Data: the host has them already ---- */

void GOMP_target_data(int device, const void *unused, size_t count, void **addresses, size_t *sizes,
                      unsigned char *kinds)
{
    (void)unused, (void)count, (void)addresses, (void)sizes, (void)kinds;
    choose_device(device);
}

void GOMP_target_data_ext(int device, size_t count, void **addresses, size_t *sizes,
                          unsigned short *kinds)
{
    (void)count, (void)addresses, (void)sizes, (void)kinds;
    choose_device(device);
}

void GOMP_target_end_data(void)
{
}

void GOMP_target_update(int device, const void *unused, size_t count, void **addresses,
                        size_t *sizes, unsigned char *kinds)
{
    GOMP_target_data(device, unused, count, addresses, sizes, kinds);
}

void GOMP_target_enter_exit_data(int device, size_t count, void **addresses, size_t *sizes,
                                 unsigned short *kinds, unsigned flags, void **depend)
{
    (void)flags;
    GOMP_target_data_ext(device, count, addresses, sizes, kinds);
    if (depend)
        GOMP_taskwait_depend(depend);
}

void GOMP_target_update_ext(int device, size_t count, void **addresses, size_t *sizes,
                            unsigned short *kinds, unsigned flags, void **depend)
{
    GOMP_target_enter_exit_data(device, count, addresses, sizes, kinds, flags, depend);
}

/* Code for devices that are not there. */
#define FOR_DEVICES(operation)                                                                     \
    void GOMP_offload_##operation(const void *host, int type, const void *data)                    \
    {                                                                                              \
        (void)host, (void)type, (void)data;                                                        \
    }                                                                                              \
    void GOMP_offload_##operation##_ver(unsigned version, const void *host, int type,              \
                                        const void *data)                                          \
    {                                                                                              \
        (void)version, (void)host, (void)type, (void)data;                                         \
    }
FOR_DEVICES(register)
FOR_DEVICES(unregister)

/* ---- Teams ---- */

/* On the host, the teams of a league run one after the other. */
void GOMP_teams_reg(fl_omp_fn *fn, void *data, unsigned teams, unsigned thread_limit,
                    unsigned flags)
{
    (void)flags;
    fl_omp_icv icv = *fl_omp_icv_here();
    if (!teams)
        teams = fl_omp_globals.teams ? fl_omp_globals.teams : TEAMS_UNLESS_GIVEN;
    if (!thread_limit)
        thread_limit = fl_omp_globals.teams_limit;
    if (thread_limit)
        icv.thread_limit = thread_limit;
    icv.teams = teams;
    for (icv.team = 0; icv.team < teams; icv.team++)
        run_initial(fn, data, &icv);
}

/* In a target region: the compiled code has a loop over the teams. false: it ends. */
bool GOMP_teams4(unsigned least, unsigned most, unsigned thread_limit, bool first)
{
    (void)least;
    fl_omp_icv *icv = fl_omp_icv_own();
    if (!first) {
        if (icv->team + 1 < icv->teams) {
            icv->team++;
            return true;
        }
        icv->team = icv->teams = 0;
        return false;
    }
    if (thread_limit)
        icv->thread_limit = thread_limit;
    icv->teams = most ? most : 1;
    icv->team = 0;
    return true;
}

/* Of gcc 11 and older: one team. */
void GOMP_teams(unsigned teams, unsigned thread_limit)
{
    GOMP_teams4(teams, 1, thread_limit, true);
}

/* ---- The directive error ---- */

static void report(const char *what, const char *message, size_t length)
{
    if (!message)
        fl_omp_complain("%s", what);
    else
        fl_omp_complain("%s: %.*s", what, length > INT_MAX ? INT_MAX : (int)length, message);
}

void GOMP_warning(const char *message, size_t length)
{
    report("error directive encountered", message, length);
}

void GOMP_error(const char *message, size_t length)
{
    report("fatal error: error directive encountered", message, length);
    exit(1);
}

/* ---- Memory ---- */

/* Memory of devices (OpenMP 5.1, 3.8). The host, number 0, is the only device. */

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
