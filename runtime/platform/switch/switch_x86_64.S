/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The switch for x86-64, System V ABI: rbp, rbx, r12-r15, the control words of SSE (MXCSR) and x87.
 * A stack that does not run looks like this, from its saved rsp upwards: control words (8 bytes),
 * r15, r14, r13, r12, rbx, rbp, return address.
 *
 * A control word is compared before it is loaded: nearly always it is there already. The flags in
 * MXCSR's low bits do not count; like those of the x87 they are not preserved across a call. */

#define MXCSR_CONTROL 0xffffffc0
#define X87_MASKS 0x3f /* a 0 lets a flag that is set trap */

        .text
        .globl  fl_switch_frame_swap
        .hidden fl_switch_frame_swap
        .type   fl_switch_frame_swap, @function
        .p2align 4
fl_switch_frame_swap:
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
        movl    (%rsp), %eax
        movzwl  4(%rsp), %ecx
        movq    %rsp, (%rdi)
        movq    (%rsi), %rsp            /* the frame there looks the same, so the CFI holds on */
        xorl    (%rsp), %eax
        testl   $MXCSR_CONTROL, %eax
        jne     2f
1:      cmpw    4(%rsp), %cx
        jne     3f
4:      addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
2:      ldmxcsr (%rsp)
        jmp     1b
3:      movzwl  4(%rsp), %eax
        notl    %eax
        testb   $X87_MASKS, %al
        je      5f
        fnclex                          /* flags of other stacks must not trap here */
5:      fldcw   4(%rsp)
        jmp     4b
        .cfi_endproc
        .size   fl_switch_frame_swap, . - fl_switch_frame_swap

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

/* void fl_switch_frame_make(fl_switch_frame *frame, void *top, void (*entry)(void *), void *arg) */
        .globl  fl_switch_frame_make
        .hidden fl_switch_frame_make
        .type   fl_switch_frame_make, @function
        .p2align 4
fl_switch_frame_make:
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
        .size   fl_switch_frame_make, . - fl_switch_frame_make

        .section .note.GNU-stack, "", @progbits
