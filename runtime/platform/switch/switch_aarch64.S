/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The switch for aarch64, AAPCS64: x19-x30, the low halves of v8-v15, and the control word FPCR
 * (FPSR, the flags, is not preserved across a call). A stack that does not run looks like this,
 * from its saved sp upwards: x29, x30, x19 to x28, d8 to d15, FPCR, a word to fill up.
 *
 * The return address lies signed (by key A, against the sp that the ret finds), and everything that
 * may be called is a landing pad. The instructions for that are hints, written as such for old
 * assemblers; processors without these features pass over them. The process has one key for all its
 * threads, so a stack may go on in another one. */

#define PACIASP   hint #25 /* sign x30 against sp; a landing pad, too */
#define AUTIASP   hint #29
#define PACIA1716 hint #8  /* sign x17 against x16 */
#define BTI_C     hint #34

#define FRAME 176
#define FPCR_AT 160

/* The registers that travel, each pair in its place; `how` is stp or ldp. */
.macro TRAVELLERS how
        \how    x29, x30, [sp]
        \how    x19, x20, [sp, #16]
        \how    x21, x22, [sp, #32]
        \how    x23, x24, [sp, #48]
        \how    x25, x26, [sp, #64]
        \how    x27, x28, [sp, #80]
        \how    d8, d9, [sp, #96]
        \how    d10, d11, [sp, #112]
        \how    d12, d13, [sp, #128]
        \how    d14, d15, [sp, #144]
.endm

        .text
        .globl  fl_switch_frame_swap
        .hidden fl_switch_frame_swap
        .type   fl_switch_frame_swap, %function
        .p2align 4
fl_switch_frame_swap:
        .cfi_startproc
        PACIASP
        .cfi_negate_ra_state
        sub     sp, sp, #FRAME
        .cfi_def_cfa_offset FRAME
        TRAVELLERS stp
        .cfi_offset x29, -FRAME
        .cfi_offset x30, -FRAME + 8
        mrs     x9, fpcr
        str     x9, [sp, #FPCR_AT]
        mov     x10, sp
        str     x10, [x0]
        ldr     x10, [x1]
        mov     sp, x10                 /* the frame there looks the same, so the CFI holds on */
        TRAVELLERS ldp
        ldr     x10, [sp, #FPCR_AT]
        cmp     x9, x10
        b.eq    1f                      /* writing FPCR is slow, and rarely needed */
        msr     fpcr, x10
1:      add     sp, sp, #FRAME
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        AUTIASP
        .cfi_negate_ra_state
        ret
        .cfi_endproc
        .size   fl_switch_frame_swap, . - fl_switch_frame_swap

/* The bottom frame of a new stack: x19 holds entry's argument, x20 entry. Debuggers stop here. */
        .type   start, %function
        .p2align 4
start:
        .cfi_startproc
        .cfi_undefined x30
        mov     x0, x19
        blr     x20
        brk     #1
        .cfi_endproc
        .size   start, . - start

/* void fl_switch_frame_make(fl_switch_frame *frame, void *top, void (*entry)(void *), void *arg) */
        .globl  fl_switch_frame_make
        .hidden fl_switch_frame_make
        .type   fl_switch_frame_make, %function
        .p2align 4
fl_switch_frame_make:
        .cfi_startproc
        BTI_C
        sub     x9, x1, #FRAME
        adr     x17, start
        mov     x16, x1                 /* after the ret sp is top */
        PACIA1716
        stp     xzr, x17, [x9]          /* x29: no frame above; x30 */
        stp     x3, x2, [x9, #16]       /* x19, x20 */
        mrs     x10, fpcr
        str     x10, [x9, #FPCR_AT]     /* other registers: any value */
        str     x9, [x0]
        ret
        .cfi_endproc
        .size   fl_switch_frame_make, . - fl_switch_frame_make

/* Without this note in every object, the linker marks a library built for BTI as one without. */
        .section .note.gnu.property, "a"
        .p2align 3
        .word   4, 16, 5                /* lengths of name and rest; NT_GNU_PROPERTY_TYPE_0 */
        .asciz  "GNU"
        .word   0xc0000000, 4           /* GNU_PROPERTY_AARCH64_FEATURE_1_AND, its length */
        .word   3, 0                    /* BTI, PAC; fill up */

        .section .note.GNU-stack, "", %progbits
