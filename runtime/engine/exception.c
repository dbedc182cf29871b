/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Before anything is unwound, an unwinder asks the personality of each frame, from the newest on,
 * whether it has a handler. The frame of fl_call_barred gets a personality that reports. Passing
 * the exception on to a handler outside of the boundary would leave the fork stack and the pending
 * cleanups as they are. */
#include <runtime/engine/exception.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>

#include <unwind.h>

__attribute__((used, visibility("hidden"))) _Unwind_Reason_Code
fl_exception_leaves(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                    struct _Unwind_Exception *exception, struct _Unwind_Context *context);

_Unwind_Reason_Code fl_exception_leaves(int version, _Unwind_Action actions,
                                        _Unwind_Exception_Class kind,
                                        struct _Unwind_Exception *exception,
                                        struct _Unwind_Context *context)
{
    (void)version, (void)kind, (void)exception, (void)context;
    const fl_fiber *fiber = fl_fiber_here();
    const char *task = fiber && fiber->boundary ? fiber->boundary->task : NULL;
    if (actions & _UA_FORCE_UNWIND) { /* pthread_exit, pthread_cancel */
        if (fiber && fl_fiber_guest(fiber))
            filch_die("pthread_exit in task %s, which runs on the thread that called filch_run: a "
                      "worker would be lost with the thread; return from the task first",
                      task ? task : "(no name)");
        return _URC_CONTINUE_UNWIND;
    }
    fl_say("an exception left task %s; catch it in the task, and return an error or panic there",
           task ? task : "(no name)");
    return _URC_FATAL_PHASE1_ERROR;
}

void fl_call_barred(filch_go_fn *fn, filch_self self, void *arg)
{
    fn(self, arg);
    /* 0x1b: the address is relative, and has 4 bytes. After the call, which is so no tail call. */
    __asm__ volatile(".cfi_personality 0x1b, fl_exception_leaves");
}
