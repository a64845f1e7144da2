#include "supervisor/network.h"

#include "filter/program.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls of 32-bit programs. */
enum { IA32_SOCKETCALL = 102, IA32_SOCKET = 359, IA32_SOCKETPAIR = 360 };

/*
 * A filter of its own beside the table's, since most runs do without. The family of a socket that socketcall() makes
 * lies in memory: the supervisor looks at it (ia32_judge()).
 */
static const struct sock_filter only_unix_sockets[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 3, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 8, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 7, 10),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IA32_SOCKET, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IA32_SOCKETPAIR, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IA32_SOCKETCALL, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_SOCKET, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_SOCKETPAIR, 4, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL),
};

int network_refuse(void)
{
    struct sock_fprog program = {
        .len = sizeof only_unix_sockets / sizeof only_unix_sockets[0],
        .filter = (struct sock_filter *)(void *)(size_t)only_unix_sockets,
    };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
