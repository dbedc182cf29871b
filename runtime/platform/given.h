/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The first statements of a public function: is each object given, and does it live? The rule is in
 * <filch/base.h>. The tests of tests/support/null make a call for each.
 *
 *   FL_GIVEN(argument)        NULL: returns -EINVAL, from a function that returns an int
 *   FL_ALIVE(object)          the same; ends the process if the object was destroyed
 *   FL_MUST_GIVE(argument)    NULL: ends the process, in all other functions
 *   FL_MUST_LIVE(object)      the same, and if the object was destroyed
 *   FL_MAY_LIVE(object)       NULL is allowed; ends the process if the object was destroyed
 *
 * All are of public functions only, and use public ones: both libraries include this. A function that
 * several public ones share names their call: FL_GIVEN_IN(call, argument), FL_ALIVE_IN(call, object).
 *
 * An object with a life has a member `life`. Its creation ends with fl_life_begin, and fl_life_end comes
 * right before its memory is freed. The word of a freed object is read: until its memory has another
 * use it is 0, or bytes of the allocator. */
#ifndef FL_GIVEN_H
#define FL_GIVEN_H

#include <filch/base.h>

#include <errno.h>
#include <string.h>

enum { FL_LIVES = 0x4c495645 };

static FILCH_COLD FILCH_UNUSED int fl_not_given(const char *call, const char *argument)
{
    return filch_error_set(-EINVAL, "%s: argument %s is NULL; give its address", call, argument);
}

static FILCH_NORETURN FILCH_COLD FILCH_UNUSED void fl_must_give(const char *call,
                                                                const char *argument)
{
    filch_die("%s: argument %s is NULL; give its address", call, argument);
}

static FILCH_NORETURN FILCH_COLD FILCH_UNUSED void fl_must_live(const char *call,
                                                                const char *argument)
{
    filch_die("%s: argument %s was destroyed, or was never created; end its uses before", call,
              argument);
}

static inline void fl_life_begin(uint32_t *life)
{
    *life = FL_LIVES;
}

/* The compiler would drop a store before free(). */
static inline void fl_life_end(uint32_t *life)
{
    explicit_bzero(life, sizeof *life);
}

/* A longer check, which returns 0 or a negative errno. */
#define FL_CHECK(check)                                                                            \
    do {                                                                                           \
        int fl_checked_ = (check);                                                                 \
        if (FILCH_UNLIKELY(fl_checked_))                                                           \
            return fl_checked_;                                                                    \
    } while (0)

#define FL_MUST_LIVE_IN(call, name, object)                                                        \
    (FILCH_LIKELY((object)->life == FL_LIVES) ? (void)0 : fl_must_live(call, name))

#define FL_GIVEN_IN(call, argument)                                                                \
    do                                                                                             \
        if (FILCH_UNLIKELY((argument) == NULL)) /* no number compiles */                           \
            return fl_not_given(call, #argument);                                                  \
    while (0)
#define FL_GIVEN(argument) FL_GIVEN_IN(__func__, argument)
#define FL_ALIVE_IN(call, object)                                                                  \
    do {                                                                                           \
        FL_GIVEN_IN(call, object);                                                                 \
        FL_MUST_LIVE_IN(call, #object, object);                                                    \
    } while (0)
#define FL_ALIVE(object) FL_ALIVE_IN(__func__, object)
#define FL_MUST_GIVE(argument)                                                                     \
    (FILCH_LIKELY((argument) != NULL) ? (void)0 : fl_must_give(__func__, #argument))
#define FL_MUST_LIVE(object) (FL_MUST_GIVE(object), FL_MUST_LIVE_IN(__func__, #object, object))
#define FL_MAY_LIVE_IN(call, name, object)                                                         \
    ((object) ? FL_MUST_LIVE_IN(call, name, object) : (void)0)
#define FL_MAY_LIVE(object) FL_MAY_LIVE_IN(__func__, #object, object)

#endif
