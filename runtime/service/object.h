/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared objects that a program loads: handlers and brokers. An object has all rights of the
 * process, so only root and the process's user may be able to change it. */
#ifndef FL_OBJECT_H
#define FL_OBJECT_H

/* Checks a file and its folder before it is loaded. 0; or -EINVAL, -ENOENT, -EPERM with *why, a
 * literal that goes behind the path: "is writable by its group or by others". */
int fl_object_check(const char *path, const char **why);

#endif
