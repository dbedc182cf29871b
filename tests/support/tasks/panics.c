/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

filch_runtime *panic_runtime(unsigned i)
{
    return config_runtime(i, 10000);
}

void panic_runtimes(void (*claim)(filch_runtime *))
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = panic_runtime(i);
        claim(rt);
        OK(filch_runtime_destroy(rt));
    }
}

char panic_diary[64];

void write_letter(void *letter)
{
    size_t length = strlen(panic_diary);
    if (length + 1 < sizeof panic_diary) {
        panic_diary[length] = *(const char *)letter;
        panic_diary[length + 1] = '\0';
    }
}

void start_diary(void)
{
    panic_diary[0] = '\0';
}
