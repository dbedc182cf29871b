/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 2. */
#include "exercise.h"

#include "../check.h"

enum { NUMBERS = 40, WIDTH = 5 };

long square(long n)
{
    work_begins("square of", (int)n);
    wait_for_begun(WIDTH);
    dawdle();
    work_ends();
    return n * n;
}

int main(void)
{
    long numbers[NUMBERS], squares[NUMBERS] = {0};
    check_begin();
    if_stuck = "there should be five jobs in progress at a time, but the pool is not so wide";
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = (i * 17) % NUMBERS - 7;
    returned("square_all", square_all(numbers, squares, NUMBERS));
    check_work("square", NUMBERS, WIDTH);
    for (int i = 0; i < NUMBERS; i++)
        CHECK_THAT(squares[i] == numbers[i] * numbers[i],
                   "squares[%d] is %ld; it should be %ld, the square of numbers[%d], which is %ld",
                   i, squares[i], numbers[i] * numbers[i], i, numbers[i]);
    return check_end();
}
