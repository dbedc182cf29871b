/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/sized_struct.h>

#include <runtime/platform/error.h>

#include <errno.h>

int fl_take_config(void *out, const void *config, size_t known, const char *name)
{
    size_t size = config ? *(const size_t *)config : 0;
    if (size > known)
        return fl_fail(EINVAL,
                       "size of %s: %zu (this library knows %zu bytes; build against its headers, "
                       "or use a newer library)",
                       name, size, known);
    if (size % _Alignof(size_t)) /* it would cut a field in two */
        return fl_fail(EINVAL,
                       "size of %s: %zu, which no release of this library had (give "
                       "sizeof(%s), or 0)",
                       name, size, name);
    memset(out, 0, known);
    if (config)
        memcpy(out, config, size ? size : known);
    return 0;
}
