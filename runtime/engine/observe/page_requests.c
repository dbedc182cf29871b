/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/observe/page_requests.h>

#include <runtime/platform/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- The socket ---- */

static int refuse(int fd)
{
    int code = errno;
    if (fd >= 0)
        close(fd);
    return fl_fail(code,
                   "cannot open the control socket: %s; raise the limit of open files, or set "
                   "FILCH_SHARE=1",
                   strerror(code));
}

int fl_share_control_open(char name[FL_SHARE_ADDRESS])
{
    static const int on = 1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address.sun_family;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) ||
        bind(fd, (const struct sockaddr *)&address, size))
        return refuse(fd);
    size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size))
        return refuse(fd);
    int length = (int)(size - offsetof(struct sockaddr_un, sun_path)) - 1;
    snprintf(name, FL_SHARE_ADDRESS, "%.*s", length, address.sun_path + 1);
    return fd;
}

/* ---- Requests ---- */

static int set_workers(filch_runtime *rt, const char *text)
{
    char *end;
    errno = 0;
    unsigned long workers = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || workers > UINT16_MAX)
        return fl_fail(EINVAL, "'%s' is not a number of workers (1 to %u)", text,
                       filch_runtime_max_workers(rt));
    return filch_runtime_resize(rt, (unsigned)workers);
}

static const struct request {
    const char *name;
    int (*serve)(filch_runtime *rt, const char *value);
} requests[] = {{"workers", set_workers}, {"policy", filch_runtime_set_policy}};

static int serve(filch_runtime *rt, const char *text)
{
    if (!rt)
        return fl_fail(ESHUTDOWN, "the runtime is being created or destroyed; try again");
    const char *value = strchr(text, ' ');
    size_t length = value ? (size_t)(value - text) : 0;
    for (size_t i = 0; value && i < sizeof requests / sizeof *requests; i++)
        if (strlen(requests[i].name) == length && strncmp(requests[i].name, text, length) == 0)
            return requests[i].serve(rt, value + 1);
    return fl_fail(EINVAL, "unknown request '%s' (valid: workers N, policy NAME)", text);
}

/* ---- Datagrams ---- */

typedef struct datagram {
    struct sockaddr_un from;
    socklen_t from_size;
    struct ucred sender;
    char text[FL_SHARE_MESSAGE];
} datagram;

/* false: none is there. */
static bool receive(int fd, datagram *out)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec text = {out->text, sizeof out->text - 1};
    struct msghdr message = {.msg_name = &out->from,
                             .msg_namelen = sizeof out->from,
                             .msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
    if (n < 0)
        return false;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    out->text[n] = '\0';
    out->from_size = message.msg_namelen;
    out->sender = (struct ucred){.uid = (uid_t)-1};
    if (head && head->cmsg_type == SCM_CREDENTIALS)
        memcpy(&out->sender, CMSG_DATA(head), sizeof out->sender);
    return true;
}

static bool is_allowed(const datagram *from)
{
    return from->sender.uid == geteuid() || from->sender.uid == 0;
}

void fl_share_control_answer(int fd, filch_runtime *rt)
{
    enum { AT_ONCE = 16 };
    datagram one;
    for (int i = 0; i < AT_ONCE && receive(fd, &one); i++) {
        int rc = is_allowed(&one) ? serve(rt, one.text)
                                  : fl_fail(EPERM,
                                            "user %u may not change it (allowed: the user "
                                            "of the process, and root)",
                                            (unsigned)one.sender.uid);
        const char *answer = rc ? filch_error() : "";
        sendto(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&one.from,
               one.from_size); /* a sender that is gone hears nothing */
    }
}
