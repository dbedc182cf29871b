/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The switch for x86-64, System V ABI: rbp, rbx, r12-r15, the control words of SSE (MXCSR) and x87.
 * A stack that does not run looks like this, from its saved rsp upwards: control words (8 bytes),
 * r15, r14, r13, r12, rbx, rbp, return address. */
        .text
        .globl  fl_context_switch
        .hidden fl_context_switch
        .type   fl_context_switch, @function
        .p2align 4
fl_context_switch:
        .cfi_startproc
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        movq    (%rsi), %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .cfi_endproc
        .size   fl_context_switch, . - fl_context_switch

/* The bottom frame of a new stack: r12 holds entry's argument, r13 entry. Debuggers stop here. */
        .type   start, @function
        .p2align 4
start:
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        callq   *%r13
        ud2
        .cfi_endproc
        .size   start, . - start

/* void fl_context_make(fl_context *context, void *top, void (*entry)(void *), void *arg) */
        .globl  fl_context_make
        .hidden fl_context_make
        .type   fl_context_make, @function
        .p2align 4
fl_context_make:
        .cfi_startproc
        leaq    start(%rip), %rax
        movq    %rax, -8(%rsi)          /* return address; after the ret rsp is top, 16-aligned */
        movq    $0, -16(%rsi)           /* rbp */
        movq    $0, -24(%rsi)           /* rbx */
        movq    %rcx, -32(%rsi)         /* r12 */
        movq    %rdx, -40(%rsi)         /* r13 */
        movq    $0, -48(%rsi)           /* r14 */
        movq    $0, -56(%rsi)           /* r15 */
        stmxcsr -64(%rsi)
        fnstcw  -60(%rsi)
        leaq    -64(%rsi), %rax
        movq    %rax, (%rdi)
        ret
        .cfi_endproc
        .size   fl_context_make, . - fl_context_make

        .section .note.GNU-stack, "", @progbits
