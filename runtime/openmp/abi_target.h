/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Device constructs, teams, and error directives, as gcc declares them. */
#ifndef FL_OPENMP_ABI_TARGET_H
#define FL_OPENMP_ABI_TARGET_H

#include <runtime/openmp/openmp.h>

/* sizes and kinds: one for each address. args: pairs that end with NULL (target.c). */
FL_OMP_API void GOMP_target(int device, fl_omp_fn *fn, const void *unused, size_t count,
                            void **addresses, size_t *sizes, unsigned char *kinds);
FL_OMP_API void GOMP_target_ext(int device, fl_omp_fn *fn, size_t count, void **addresses,
                                size_t *sizes, unsigned short *kinds, unsigned flags, void **depend,
                                void **args);
FL_OMP_API void GOMP_target_data(int device, const void *unused, size_t count, void **addresses,
                                 size_t *sizes, unsigned char *kinds);
FL_OMP_API void GOMP_target_data_ext(int device, size_t count, void **addresses, size_t *sizes,
                                     unsigned short *kinds);
FL_OMP_API void GOMP_target_end_data(void);
FL_OMP_API void GOMP_target_update(int device, const void *unused, size_t count, void **addresses,
                                   size_t *sizes, unsigned char *kinds);
FL_OMP_API void GOMP_target_update_ext(int device, size_t count, void **addresses, size_t *sizes,
                                       unsigned short *kinds, unsigned flags, void **depend);
FL_OMP_API void GOMP_target_enter_exit_data(int device, size_t count, void **addresses,
                                            size_t *sizes, unsigned short *kinds, unsigned flags,
                                            void **depend);
FL_OMP_API void GOMP_offload_register(const void *host, int type, const void *data);
FL_OMP_API void GOMP_offload_unregister(const void *host, int type, const void *data);
FL_OMP_API void GOMP_offload_register_ver(unsigned version, const void *host, int type,
                                          const void *data);
FL_OMP_API void GOMP_offload_unregister_ver(unsigned version, const void *host, int type,
                                            const void *data);

FL_OMP_API void GOMP_teams(unsigned teams, unsigned thread_limit);
FL_OMP_API bool GOMP_teams4(unsigned least, unsigned most, unsigned thread_limit, bool first);
FL_OMP_API void GOMP_teams_reg(fl_omp_fn *fn, void *data, unsigned teams, unsigned thread_limit,
                               unsigned flags);

/* length: SIZE_MAX if the text ends with a zero byte. message: may be NULL. */
FL_OMP_API void GOMP_warning(const char *message, size_t length);
FL_OMP_API void GOMP_error(const char *message, size_t length);

FL_OMP_API void *omp_target_alloc(size_t size, int device);
FL_OMP_API void omp_target_free(void *block, int device);
FL_OMP_API int omp_target_is_present(const void *address, int device);
FL_OMP_API int omp_target_is_accessible(const void *address, size_t size, int device);
FL_OMP_API void *omp_get_mapped_ptr(const void *address, int device);
FL_OMP_API int omp_target_memcpy(void *to, const void *from, size_t size, size_t to_offset,
                                 size_t from_offset, int to_device, int from_device);
FL_OMP_API int omp_target_memcpy_rect(void *to, const void *from, size_t element, int dims,
                                      const size_t *volume, const size_t *to_offsets,
                                      const size_t *from_offsets, const size_t *to_dims,
                                      const size_t *from_dims, int to_device, int from_device);
/* The same after `count` dependence objects (omp_depend_t). */
FL_OMP_API int omp_target_memcpy_async(void *to, const void *from, size_t size, size_t to_offset,
                                       size_t from_offset, int to_device, int from_device,
                                       int count, void *objects);
FL_OMP_API int omp_target_memcpy_rect_async(void *to, const void *from, size_t element, int dims,
                                            const size_t *volume, const size_t *to_offsets,
                                            const size_t *from_offsets, const size_t *to_dims,
                                            const size_t *from_dims, int to_device, int from_device,
                                            int count, void *objects);
FL_OMP_API int omp_target_associate_ptr(const void *host, const void *device_pointer, size_t size,
                                        size_t offset, int device);
FL_OMP_API int omp_target_disassociate_ptr(const void *address, int device);

#endif
