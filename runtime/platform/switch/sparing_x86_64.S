/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The slow paths of fork and join for callers that keep values in every general register but r11
 * across the call (clang's preserve_most). The caller saves vector registers. The fork
 * returns nothing, so rax is kept as well. */

.macro SAVE register
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \register, 0
.endm

.macro RESTORE register
    popq %\register
    .cfi_adjust_cfa_offset -8
    .cfi_restore \register
.endm

.macro SPARING name, target, pad
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    .irp register, rcx, rdx, rsi, rdi, r8, r9, r10
    SAVE \register
    .endr
    .if \pad
    SAVE rax
    subq $8, %rsp /* the callee finds rsp as the ABI says */
    .cfi_adjust_cfa_offset 8
    .endif
    call \target
    .if \pad
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    RESTORE rax
    .endif
    .irp register, r10, r9, r8, rdi, rsi, rdx, rcx
    RESTORE \register
    .endr
    ret
    .cfi_endproc
    .size \name, . - \name
.endm

    .text
SPARING fork_sparing, fl_fork_slow@PLT, 1
SPARING join_sparing, fl_join_slow@PLT, 0

    .section .data.rel.ro, "aw", @progbits
    .globl fl_sparing_calls
    .type fl_sparing_calls, @object
    .size fl_sparing_calls, 16
    .p2align 4
fl_sparing_calls:
    .quad fork_sparing
    .quad join_sparing

    .section .note.GNU-stack, "", @progbits
