/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results that rows demand (`reaches` of checker/check.h), for models whose threads see them: they
 * note them, and the finish tells them. So an execution that is pruned halfway reaches nothing. */
#ifndef MC_REACHES_H
#define MC_REACHES_H

/* Setup. */
void reaches_setup(void);
/* Threads; a literal. */
void reaches_note(const char *what);
/* Finish. */
void reaches_tell(void);

#endif
