/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * FFTW's OpenMP build: transforms of two and three dimensions, there and back. Plans are estimated, not measured, so that
 * two runs have the same. Prints each coefficient in a sum of bits. */
#include <fftw3.h>
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

static uint64_t digest_of(const fftw_complex *data, size_t count)
{
    uint64_t digest = 14695981039346656037u;
    for (size_t i = 0; i < 2 * count; i++) {
        uint64_t bits;
        memcpy(&bits, (const double *)data + i, sizeof bits);
        digest = (digest ^ bits) * 1099511628211u;
    }
    return digest;
}

static void transform(int rank, const int *sizes)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)sizes[i];
    fftw_complex *data = fftw_malloc(count * sizeof *data);
    fftw_plan there = fftw_plan_dft(rank, sizes, data, data, FFTW_FORWARD, FFTW_ESTIMATE);
    fftw_plan back = fftw_plan_dft(rank, sizes, data, data, FFTW_BACKWARD, FFTW_ESTIMATE);
    for (size_t i = 0; i < count; i++) {
        data[i][0] = (double)(i * 7919 % 1000) / 1000;
        data[i][1] = (double)(i * 104729 % 1000) / 1000;
    }
    for (int round = 0; round < 3; round++) {
        fftw_execute(there);
        printf("%016" PRIx64 "\n", digest_of(data, count));
        fftw_execute(back);
        for (size_t i = 0; i < count; i++) {
            data[i][0] /= (double)count;
            data[i][1] /= (double)count;
        }
    }
    fftw_destroy_plan(there);
    fftw_destroy_plan(back);
    fftw_free(data);
}

int main(void)
{
    fftw_init_threads();
    fftw_plan_with_nthreads(omp_get_max_threads());
    transform(2, (const int[]){768, 1000});
    transform(3, (const int[]){64, 96, 80});
    transform(1, (const int[]){1 << 18});
    return 0;
}
