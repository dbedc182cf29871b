/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A sum without `reduction`. Only a program with decision points before its accesses shows it. */
int main(void)
{
    long sum = 0;
#pragma omp parallel for
    for (int i = 0; i < 4; i++)
        sum += i;
    return sum != 6;
}
