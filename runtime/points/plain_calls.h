/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions that compilers call before plain accesses with -fsanitize=thread, for programs that
 * are linked without thread sanitizer's run-time. One file of a program includes this header. It
 * defines before
 *   FL_PLAIN(address, size, writes)   what to do before an access of `size` bytes
 * gcc 12 and clang 14 call no other ones. */
#ifndef FL_PLAIN_CALLS_H
#define FL_PLAIN_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#define FL_PLAIN_CALL(name, bytes, writes)                                                         \
    void __tsan_##name##bytes(void *address);                                                      \
    void __tsan_##name##bytes(void *address)                                                       \
    {                                                                                              \
        FL_PLAIN(address, bytes, writes);                                                          \
    }

#define FL_PLAIN_CALLS(bytes)                                                                      \
    FL_PLAIN_CALL(read, bytes, false)                                                              \
    FL_PLAIN_CALL(write, bytes, true)                                                              \
    FL_PLAIN_CALL(read_write, bytes, true)                                                         \
    FL_PLAIN_CALL(volatile_read, bytes, false)                                                     \
    FL_PLAIN_CALL(volatile_write, bytes, true)                                                     \
    FL_PLAIN_CALL(unaligned_read, bytes, false)                                                    \
    FL_PLAIN_CALL(unaligned_write, bytes, true)                                                    \
    FL_PLAIN_CALL(unaligned_read_write, bytes, true)                                               \
    FL_PLAIN_CALL(unaligned_volatile_read, bytes, false)                                           \
    FL_PLAIN_CALL(unaligned_volatile_write, bytes, true)

FL_PLAIN_CALLS(1)
FL_PLAIN_CALLS(2)
FL_PLAIN_CALLS(4)
FL_PLAIN_CALLS(8)
FL_PLAIN_CALLS(16)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
void __tsan_read_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size);
void __tsan_vptr_read(void **at);
void __tsan_vptr_update(void **at, void *value);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void)
{
}

void __tsan_read_range(void *address, size_t size)
{
    FL_PLAIN(address, size, false);
}

void __tsan_write_range(void *address, size_t size)
{
    FL_PLAIN(address, size, true);
}

void __tsan_vptr_read(void **at)
{
    FL_PLAIN(at, sizeof *at, false);
}

/* A constructor stores the same pointer again where a derived class has not got its own. */
void __tsan_vptr_update(void **at, void *value)
{
    if (*at != value)
        FL_PLAIN(at, sizeof *at, true);
}

#endif
