/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/par.h>

int64_t item_key(item_shape shape, size_t i, size_t n, uint64_t *state)
{
    const size_t run = n / 7 + 1;
    switch (shape) {
    case FEW_VALUES:
        return (int64_t)(par_random(state) % 3);
    case EQUAL:
        return 7;
    case RISING:
        return (int64_t)i;
    case FALLING:
        return (int64_t)(n - i);
    case FALLING_STAIRS:
        return (int64_t)((n - i) / 3);
    case ORGAN_PIPE:
        return (int64_t)(i < n / 2 ? i : n - i);
    case RUNS:
        return (int64_t)(i / run % 2 ? run - i % run : i % run);
    case NEARLY_RISING:
        return par_random(state) % 50 ? (int64_t)i : (int64_t)(par_random(state) % n);
    default:
        return (int64_t)par_random(state);
    }
}

bool less_by_whim(uint64_t a, uint64_t b)
{
    return stress_mix(3 * a + b) & 1;
}

bool less_always(uint64_t a, uint64_t b)
{
    return true;
}

bool less_never(uint64_t a, uint64_t b)
{
    return false;
}

bool less_or_equal(uint64_t a, uint64_t b)
{
    return a % 16 <= b % 16;
}

bool less_in_a_circle(uint64_t a, uint64_t b)
{
    return (a - b) % 3 == 1;
}

bool less_and_then_not(uint64_t a, uint64_t b)
{
    static _Thread_local uint64_t calls;
    return stress_mix(calls++) % 4 ? a < b : a > b;
}
