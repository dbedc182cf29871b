/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * New files of the library: traces and schedules, whose names come from the user.
 *
 * Such a file is always a new one. An existing file of that name is neither emptied nor written to: other names, open
 * descriptors and mappings of it keep its bytes. It is only unlinked, and only if it is empty or an older file of
 * the same format that no process writes any more. Symbolic links are not followed, and other kinds of files
 * (FIFOs, devices, folders) are left alone: the library maps its files, which these cannot be. A name of a descriptor
 * (/proc/self/fd/N, /dev/fd/N, /dev/stdout) means the file that was opened for the process, if that is empty. */
#ifndef FL_NEW_FILE_H
#define FL_NEW_FILE_H

enum { FL_NEW_FILE_MAGIC = 8 };

/* Creates the file, for its owner alone, and locks it (flock) until *fd and all copies of it are closed. magic: the
 * FL_NEW_FILE_MAGIC bytes with which files of the format begin. Returns 0 or a positive errno, and the reason as a text:
 * EBUSY (another process or runtime writes the file), EEXIST (a file that must not be unlinked), those of open and unlink. */
int fl_new_file(int *fd, const char *path, const char *magic, const char **why);

/* Unlinks it again, unless path is a name of a descriptor. */
void fl_new_file_remove(int fd, const char *path);

#endif
