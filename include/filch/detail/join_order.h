/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The order of joins, checked by the compiler: part of <filch/task.h>, not for direct use.
 *
 * A join takes the newest unjoined fork of its task, whichever task it names. So each body gets one
 * more parameter, fl_unjoined, in which forks and joins record the newest unjoined tasks. An
 * optimizer that follows straight-line code folds every record away; where it proves that a join
 * names a task other than the newest fork, the call of fl_join_out_of_order remains, and with it
 * the warning. Where it proves nothing (loops, conditions), nothing remains either: neither warning
 * nor instruction.
 *
 * A function outside bodies that was given `self` has no such parameter. There the name means
 * the function below, and nothing is recorded. It is a function because a parameter that hides a
 * function does not trip -Wshadow.
 *
 * C only: in C++ a lambda with a `self` of its own could not reach the parameter of the body around
 * it. -Wno-attribute-warning turns the warning off.
 *
 * The parameter also has the `self` with which the body began, for excess forks (FL_MOVES); in C++
 * the `self` of a body is a class that has it. */
#ifndef FL_JOIN_ORDER_H
#define FL_JOIN_ORDER_H
#include <filch/detail/hide_words.h>

#include <filch/fork.h>

#if defined(__OPTIMIZE__) && !defined(__cplusplus) && defined(__has_attribute)
#if __has_attribute(__warning__)
#define FL_NOTES_KEPT
#define FL_NOTES_WARNING(text) __attribute__((__warning__(text)))
#endif
#endif
#ifndef FL_NOTES_WARNING
#define FL_NOTES_WARNING(text)
#endif

FILCH_BEGIN_DECLS

/* Dies and names both tasks: the program was compiled despite the warning. */
FILCH_API FILCH_COLD void fl_join_out_of_order(filch_self self, const filch_task *joined)
    FL_NOTES_WARNING("this join names another task than the newest unjoined fork; join in the "
                     "reverse order of forking");

FILCH_END_DECLS

#ifdef FL_NOTES_KEPT

/* Tasks are numbered, since gcc cannot tell the addresses of two tasks of other files apart. 0:
 * none, or unknown. */
typedef struct fl_notes {
    int newest, second, third, fourth;
    filch_self home; /* self as the body received it */
} fl_notes;

/* clang peels one iteration off a loop of forks for each task that is followed there. */
#ifdef __clang__
#define FL_NOTES_OLDER(task) 0
#else
#define FL_NOTES_OLDER(task) (task)
#endif

/* Outside bodies the parameter's name refers to this. Never defined or called. */
void fl_unjoined(void);

FILCH_INLINE FILCH_UNUSED void fl_note_fork(fl_notes *notes, int task)
{
    *notes = (fl_notes){task, notes->newest, FL_NOTES_OLDER(notes->second),
                        FL_NOTES_OLDER(notes->third), notes->home};
}

/* true: this join is known to be wrong. Asked of the number itself: clang may look whether it is
 * wrong first, and then takes that answer for a constant. */
FILCH_INLINE FILCH_UNUSED int fl_note_join(fl_notes *notes, int task)
{
    int newest = notes->newest;
    *notes = (fl_notes){notes->second, FL_NOTES_OLDER(notes->third), FL_NOTES_OLDER(notes->fourth),
                        0, notes->home};
    return __builtin_constant_p(newest) && newest && newest != task;
}

FILCH_INLINE FILCH_UNUSED int fl_note_nothing(void (*nowhere)(void), int task)
{
    (void)nowhere, (void)task;
    return 0;
}

#define FL_NOTE(of_body, own)                                                                      \
    _Generic(&fl_unjoined, fl_notes *                                                              \
             : of_body, default                                                                    \
             : fl_note_nothing)(&fl_unjoined, own##number)

/* May an excess fork or join (runtime/engine/fork_join.h) move `self` by a distance other than one
 * slot? It must not where the compiler knows the distance of `self` from the beginning of the body,
 * because the compiler then uses that distance; no fork before such a join has moved. Functions
 * other than bodies always may. */
FILCH_INLINE FILCH_UNUSED int fl_note_moves(fl_notes *notes, filch_self self)
{
    return !__builtin_constant_p((const char *)self - (const char *)notes->home);
}

FILCH_INLINE FILCH_UNUSED int fl_note_moves_always(void (*nowhere)(void), filch_self self)
{
    (void)nowhere, (void)self;
    return 1;
}

#define FL_MOVES                                                                                   \
    _Generic(&fl_unjoined, fl_notes *                                                              \
             : fl_note_moves, default                                                              \
             : fl_note_moves_always)(&fl_unjoined, self)
#define FL_NOTE_FORK(own) FL_NOTE(fl_note_fork, own),
#define FL_NOTE_JOIN(own)                                                                          \
    (FL_NOTE(fl_note_join, own) ? fl_join_out_of_order(self, &own##task) : (void)0),
#define FL_NOTES_PARAM FILCH_UNUSED fl_notes fl_unjoined,
#define FL_NOTES_NONE (fl_notes){0, 0, 0, 0, self},
#define FL_NUMBER(own) enum { own##number = __COUNTER__ + 1 };

#else
#if defined(__cplusplus) && defined(__OPTIMIZE__)
#define FL_BODY_SELF fl_body_self
#define FL_MOVES fl_self_moves(self)

/* The `self` of a body, with its first value. Always inlined, like the body: otherwise gcc would
 * not know the distance between the two early enough. */
#define FL_ALWAYS __attribute__((__always_inline__))
extern "C++" {
struct fl_body_self {
    filch_self at, home;

    FL_ALWAYS fl_body_self(filch_self self) : at(self), home(self)
    {
    }
    FL_ALWAYS operator filch_self() const
    {
        return at;
    }
    FL_ALWAYS fl_body_self &operator=(filch_self self)
    {
        at = self;
        return *this;
    }
    FL_ALWAYS fl_body_self &operator--()
    {
        --at;
        return *this;
    }
};

FILCH_INLINE FILCH_UNUSED int fl_self_moves(const fl_body_self &self)
{
    return !__builtin_constant_p((const char *)self.at - (const char *)self.home);
}

FILCH_INLINE FILCH_UNUSED int fl_self_moves(filch_self)
{
    return 1;
}
}
#else
#define FL_MOVES 1
#endif
#define FL_NOTE_FORK(own)
#define FL_NOTE_JOIN(own)
#define FL_NOTES_PARAM
#define FL_NOTES_NONE
#define FL_NUMBER(own)
#endif

#ifndef FL_BODY_SELF
#define FL_BODY_SELF filch_self
#endif

#include <filch/detail/show_words.h>
#endif
