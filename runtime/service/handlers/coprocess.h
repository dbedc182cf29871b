/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One co-process: a child with a socket as its standard input and output. A socket, because a
 * shutdown ends reads and writes at once, even while a descendant of the child keeps its end open. */
#ifndef FL_COPROCESS_H
#define FL_COPROCESS_H

#include <filch/process.h>

/* Zero bytes: none runs. */
typedef struct fl_peer {
    filch_process *process; /* NULL: none runs */
    int socket;
    char *input; /* bytes that have come and are not dropped */
    size_t used, room;
} fl_peer;

/* Starts it, with only this environment; its errors go to those of this process. Suspends. Returns
 * 0, or a negative errno. */
int fl_peer_start(fl_peer *peer, const char *const *words, char *const *environment, int64_t until);
/* Suspends while the child does not read. Returns 0, or a negative errno. */
int fl_peer_send(fl_peer *peer, const char *data, size_t size);
/* Waits for a frame of at most `most` bytes: *json points to its text, *size bytes long, until
 * fl_peer_drop. Returns 0; -EPIPE: the child has closed its end; -EMSGSIZE as fl_frame_find; or
 * another negative errno. */
int fl_peer_receive(fl_peer *peer, size_t most, const char **json, size_t *size);
/* Drops the frame that fl_peer_receive has returned. */
void fl_peer_drop(fl_peer *peer, size_t size);
/* Ends all waits for it. Any thread. */
void fl_peer_interrupt(fl_peer *peer);
/* Bytes of memory that it has in use; 0: unknown. */
size_t fl_peer_resident(const fl_peer *peer);
/* Ends it if it runs, as fl_child_end; *outcome is {-1, 0} if it is unknown. */
void fl_peer_end(fl_peer *peer, int64_t grace, filch_process_outcome *outcome);

#endif
