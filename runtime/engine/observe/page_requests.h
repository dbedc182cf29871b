/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests to a shared runtime (FILCH_SHARE=2): its number of workers, its victim policy. Each is
 * one datagram of `filch top`, which the publisher answers before its next publication.
 *
 * The socket has an abstract name that the kernel chooses (unix(7), autobind), which stands in the
 * statistics page: nothing is left in a folder. The kernel tells the sender's user with each
 * datagram; only the user of the process, and root, are answered with more than a refusal. A
 * datagram needs no connection, so a sender that stops in the middle holds up nobody.
 *
 *   request: "workers 4", "policy nearest"        answer: empty, or the sentence of the refusal
 *
 * Threads: the publisher. */
#ifndef FL_PAGE_REQUESTS_H
#define FL_PAGE_REQUESTS_H

#include <filch/runtime.h>

enum { FL_SHARE_ADDRESS = 16, FL_SHARE_MESSAGE = 512 };

/* Opens the socket, and writes its name. A file descriptor, or a negative errno through fl_fail. */
int fl_share_control_open(char name[FL_SHARE_ADDRESS]);
/* Answers the requests that have come; some at a time. rt NULL: all are refused, as it is being
 * created or destroyed. */
void fl_share_control_answer(int socket, filch_runtime *rt);

#endif
