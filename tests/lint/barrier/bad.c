/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void wrong(void)
{
    __asm__ volatile("" ::: "memory");
    __asm__ __volatile__("mfence" : : : "memory");
    _mm_mfence();
    __builtin_ia32_sfence();
    syscall(SYS_membarrier, 8, 0, 0);
    filch_fence_acquire(); /* of a kind that is not there */
}
