/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threadprivate variables that the compiler does not make thread-local: of flang, and of clang with
 * -fnoopenmp-use-tls. The first thread of the process has the variable itself, and others have copies. A
 * table of each thread finds them by the address of the variable. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/memory.h>
#include <runtime/platform/lock.h>

#include <pthread.h>

/* length: of an array; not used by those of one object. */
typedef void *construct_fn(void *copy, size_t length);
typedef void *copy_fn(void *copy, void *original, size_t length);
typedef void destroy_fn(void *copy, size_t length);

/* A variable. */
typedef struct variable {
    struct variable *next;
    void *address;
    size_t size, length;
    void *image; /* its first value, or NULL: not yet used */
    construct_fn *construct;
    copy_fn *copy;
    destroy_fn *destroy;
} variable;

/* A thread's copy of one. */
typedef struct own {
    struct own *next;
    const variable *of;
    void *copy;
} own;

static filch_u32 lock;
static variable *variables; /* under the lock */
static __thread own *owned FL_OMP_TLS;
static pthread_key_t ending;
static bool keyed;

static void thread_ended(void *unused)
{
    (void)unused;
    while (owned) {
        own *it = owned;
        owned = it->next;
        if (it->of->destroy)
            it->of->destroy(it->copy, it->of->length);
        free(it->copy);
        free(it);
    }
}

__attribute__((constructor)) static void load(void)
{
    keyed = pthread_key_create(&ending, thread_ended) == 0;
}

/* Under the lock. */
static variable *variable_of(void *address)
{
    variable *it = variables;
    while (it && it->address != address)
        it = it->next;
    if (it)
        return it;
    it = fl_omp_allocate(sizeof *it);
    it->address = address;
    it->next = variables;
    return variables = it;
}

static const variable *used(void *address, size_t size)
{
    fl_lock(&lock);
    variable *it = variable_of(address);
    if (!it->image) {
        it->size = size;
        it->image = fl_omp_allocate(size ? size : 1);
        memcpy(it->image, address, size);
    }
    fl_unlock(&lock);
    return it;
}

static void *copy_of(void *address, size_t size)
{
    own *it = owned;
    while (it && it->of->address != address)
        it = it->next;
    if (it)
        return it->copy;
    it = fl_omp_allocate(sizeof *it);
    it->of = used(address, size);
    it->copy = fl_omp_allocate(size ? size : 1);
    if (it->of->construct)
        it->of->construct(it->copy, it->of->length);
    else if (it->of->copy)
        it->of->copy(it->copy, address, it->of->length);
    else
        memcpy(it->copy, it->of->image, size);
    it->next = owned;
    owned = it;
    if (keyed)
        pthread_setspecific(ending, it);
    return it->copy;
}

FL_OMP_ENTRY(void *, __kmpc_threadprivate, fl_kmpc_ident *at, int32_t thread, void *address,
             size_t size)
{
    (void)at, (void)thread;
    if (fl_kmpc_thread() != 0)
        return copy_of(address, size);
    used(address, size);
    return address;
}

/* cache: not used. */
FL_OMP_ENTRY(void *, __kmpc_threadprivate_cached, fl_kmpc_ident *at, int32_t thread, void *address,
             size_t size, void ***cache)
{
    (void)cache;
    return __kmpc_threadprivate(at, thread, address, size);
}

FL_OMP_ENTRY(void, __kmpc_threadprivate_register_vec, fl_kmpc_ident *at, void *address,
             construct_fn *construct, copy_fn *copy, destroy_fn *destroy, size_t length)
{
    (void)at;
    fl_lock(&lock);
    variable *it = variable_of(address);
    it->construct = construct;
    it->copy = copy;
    it->destroy = destroy;
    it->length = length;
    fl_unlock(&lock);
}

FL_OMP_ENTRY(void, __kmpc_threadprivate_register, fl_kmpc_ident *at, void *address,
             construct_fn *construct, copy_fn *copy, destroy_fn *destroy)
{
    __kmpc_threadprivate_register_vec(at, address, construct, copy, destroy, 1);
}
