/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "redact.h"

#include <string.h>

const char *const redact_words[] = {"authorization", "cookie",  "credential", "password",
                                    "passwd",        "secret",  "session",    "token",
                                    "api-key",       "api_key", "apikey",     NULL};

bool redact_hides(const char *name, const char *const *more, size_t count)
{
    for (unsigned i = 0; redact_words[i]; i++)
        if (strcasestr(name, redact_words[i]))
            return true;
    for (size_t i = 0; i < count; i++)
        if (strcasestr(name, more[i]))
            return true;
    return false;
}
