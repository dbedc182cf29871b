/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The switch for riscv64, LP64D: ra, s0-s11, fs0-fs11, and the rounding mode (the flags beside it
 * in fcsr are not preserved across a call). A stack that does not run looks like this, from its
 * saved sp upwards: ra, s0 to s11, fs0 to fs11, rounding mode. */

#define FRAME 208
#define FRM_AT 200

/* The registers that travel, each in its place; the arguments are sd and fsd, or ld and fld. */
.macro TRAVELLERS how, how_float
        \how    ra, 0(sp)
        \how    s0, 8(sp)
        \how    s1, 16(sp)
        \how    s2, 24(sp)
        \how    s3, 32(sp)
        \how    s4, 40(sp)
        \how    s5, 48(sp)
        \how    s6, 56(sp)
        \how    s7, 64(sp)
        \how    s8, 72(sp)
        \how    s9, 80(sp)
        \how    s10, 88(sp)
        \how    s11, 96(sp)
        \how_float fs0, 104(sp)
        \how_float fs1, 112(sp)
        \how_float fs2, 120(sp)
        \how_float fs3, 128(sp)
        \how_float fs4, 136(sp)
        \how_float fs5, 144(sp)
        \how_float fs6, 152(sp)
        \how_float fs7, 160(sp)
        \how_float fs8, 168(sp)
        \how_float fs9, 176(sp)
        \how_float fs10, 184(sp)
        \how_float fs11, 192(sp)
.endm

        .text
        .globl  fl_switch_frame_swap
        .hidden fl_switch_frame_swap
        .type   fl_switch_frame_swap, @function
        .p2align 2
fl_switch_frame_swap:
        .cfi_startproc
        addi    sp, sp, -FRAME
        .cfi_def_cfa_offset FRAME
        TRAVELLERS sd, fsd
        .cfi_offset ra, -FRAME
        .cfi_offset s0, -FRAME + 8
        frrm    t0
        sd      t0, FRM_AT(sp)
        sd      sp, 0(a0)
        ld      sp, 0(a1)               /* the frame there looks the same, so the CFI holds on */
        TRAVELLERS ld, fld
        ld      t1, FRM_AT(sp)
        beq     t0, t1, 1f              /* writing it may drain the pipeline; hardly ever needed */
        fsrm    t1
1:      addi    sp, sp, FRAME
        .cfi_def_cfa_offset 0
        .cfi_restore ra
        .cfi_restore s0
        ret
        .cfi_endproc
        .size   fl_switch_frame_swap, . - fl_switch_frame_swap

/* The bottom frame of a new stack: s1 holds entry's argument, s2 entry. Debuggers stop here. */
        .type   start, @function
        .p2align 2
start:
        .cfi_startproc
        .cfi_undefined ra
        mv      a0, s1
        jalr    s2
        unimp
        .cfi_endproc
        .size   start, . - start

/* void fl_switch_frame_make(fl_switch_frame *frame, void *top, void (*entry)(void *), void *arg) */
        .globl  fl_switch_frame_make
        .hidden fl_switch_frame_make
        .type   fl_switch_frame_make, @function
        .p2align 2
fl_switch_frame_make:
        .cfi_startproc
        addi    t0, a1, -FRAME          /* after the ret sp is top */
        lla     t1, start
        sd      t1, 0(t0)               /* ra */
        sd      zero, 8(t0)             /* s0: no frame above */
        sd      a3, 16(t0)              /* s1 */
        sd      a2, 24(t0)              /* s2 */
        frrm    t1
        sd      t1, FRM_AT(t0)          /* other registers: any value */
        sd      t0, 0(a0)
        ret
        .cfi_endproc
        .size   fl_switch_frame_make, . - fl_switch_frame_make

        .section .note.GNU-stack, "", @progbits
