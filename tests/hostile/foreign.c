/* The same calls by the interfaces of 32-bit programs (`int $0x80`) and of x32, made by a 64-bit program. */
#include "../helpers/ia32.h"
#include "attempt.h"
#include "numbers.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <termios.h>

/* In low memory, where such a call can name it. */
static char *low(const char *text)
{
    static char *memory;
    static size_t used;
    if (memory == NULL)
        memory = ia32_begin(65536);
    char *place = memory + used;
    size_t size = strlen(text) + 1;
    memcpy(place, text, size);
    used += (size + 63) / 64 * 64;
    return place;
}

/* Low memory first: what comes after may need no path. */
#define CALL(...) (low(""), IA32(__VA_ARGS__))

static int by_open(void)
{
    return write_fd((int)CALL(5, low("victim"), O_WRONLY | O_TRUNC));
}
static int by_creat(void)
{
    return write_fd((int)CALL(8, low("new"), 0644));
}
static int by_openat(void)
{
    return write_fd((int)CALL(295, AT_FDCWD, low("victim"), O_WRONLY));
}

static int by_openat2(void)
{
    struct open_how *how = (void *)low("................................");
    *how = (struct open_how){.flags = O_WRONLY};
    return write_fd((int)CALL(437, AT_FDCWD, low("victim"), how, sizeof *how));
}

static int by_link(void)
{
    return outcome(CALL(9, low("victim"), low("new")));
}
static int by_unlink(void)
{
    return outcome(CALL(10, low("victim")));
}
static int by_mknod(void)
{
    return outcome(CALL(14, low("new"), S_IFIFO | 0644, 0));
}
static int by_chmod(void)
{
    return outcome(CALL(15, low("victim"), 04755));
}
static int by_fchmod(void)
{
    return outcome(CALL(94, open("victim", O_RDONLY), 0600));
}
static int by_fchmodat2(void)
{
    return outcome(CALL(NR_fchmodat2, AT_FDCWD, low("victim"), 0600, 0));
}
static int by_lchown16(void)
{
    return outcome(CALL(16, low("victim"), getuid(), getgid()));
}
static int by_chown32(void)
{
    return outcome(CALL(212, low("victim"), getuid(), getgid()));
}
static int by_fchown16(void)
{
    return outcome(CALL(95, open("victim", O_RDONLY), getuid(), getgid()));
}
static int by_rename(void)
{
    return outcome(CALL(38, low("victim"), low("new")));
}
static int by_mkdir(void)
{
    return outcome(CALL(39, low("new"), 0755));
}
static int by_rmdir(void)
{
    return outcome(CALL(40, low("empty")));
}
static int by_symlink(void)
{
    return outcome(CALL(83, low("nowhere"), low("new")));
}
static int by_truncate(void)
{
    return outcome(CALL(92, low("victim"), 1));
}
static int by_truncate64(void)
{
    return outcome(CALL(193, low("victim"), 1, 0));
}
static int by_utime(void)
{
    return outcome(CALL(30, low("victim"), 0));
}
static int by_utimensat64(void)
{
    return outcome(CALL(412, AT_FDCWD, low("victim"), 0, 0));
}
static int by_setxattr(void)
{
    return outcome(CALL(226, low("victim"), low("user.hostile"), low("y"), 1, 0));
}
static int by_fsetxattr(void)
{
    return outcome(CALL(228, open("victim", O_RDONLY), low("user.hostile"), low("y"), 1, 0));
}
static int by_io_uring(void)
{
    return outcome(CALL(425, 8,
                        low("................................................................"
                            "................................................................")));
}
static int by_mount(void)
{
    return outcome(CALL(21, low("many"), low("empty"), 0, 0x1000, 0));
}
static int by_unshare(void)
{
    return outcome(CALL(310, CLONE_NEWUSER));
}
static int by_kill(void)
{
    return outcome(CALL(37, scene.outsider, SIGUSR1));
}
static int by_ptrace(void)
{
    return outcome(CALL(26, 0x4206, scene.outsider, 0, 0));
}

static int by_socketcall(void)
{
    struct sockaddr_un *address = (void *)low("..............................");
    memset(address, 0, 30);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, "new");
    uint32_t *words = (void *)low("............");
    words[0] = (uint32_t)socket(AF_UNIX, SOCK_STREAM, 0);
    words[1] = (uint32_t)(uintptr_t)address;
    words[2] = 30;
    return outcome(CALL(102, 2, words));
}

static int by_untraced(void)
{
    pid_t child = (pid_t)CALL(120, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(overwrite("victim"));
    return child_outcome(child);
}

static int by_listener(void)
{
    struct {
        uint16_t length, unused;
        uint32_t code;
    } *program = (void *)low(".......");
    struct sock_filter *code = (void *)low("........");
    *code = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program->length = 1;
    program->code = (uint32_t)(uintptr_t)code;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return outcome(CALL(354, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program));
}

#define X32(number) (0x40000000L | (number))

static int by_x32_open(void)
{
    return write_fd((int)syscall(X32(SYS_open), "victim", O_WRONLY));
}
static int by_x32_chmod(void)
{
    return outcome(syscall(X32(SYS_chmod), "victim", 0600));
}
static int by_x32_execve(void)
{
    return outcome(syscall(X32(520), "/bin/true", NULL, NULL));
}
static int by_high_number(void)
{
    return outcome(syscall(0x100000000L | SYS_chmod, "victim", 0600));
}
static int by_negative_number(void)
{
    return outcome(syscall((long)(0xffffffff00000000UL | SYS_unlink), "victim"));
}

const struct attempt foreign_attempts[] = {
    {"open", "int 0x80: open", TREE, NEEDS_KERNEL, by_open, NULL},
    {"creat", "int 0x80: creat", TREE, NEEDS_KERNEL, by_creat, NULL},
    {"openat", "int 0x80: openat", TREE, NEEDS_KERNEL, by_openat, NULL},
    {"openat2", "int 0x80: openat2", TREE, NEEDS_KERNEL, by_openat2, NULL},
    {"link", "int 0x80: link", TREE, NEEDS_KERNEL, by_link, NULL},
    {"unlink", "int 0x80: unlink", TREE, NEEDS_KERNEL, by_unlink, NULL},
    {"mknod", "int 0x80: mknod", TREE, NEEDS_KERNEL, by_mknod, NULL},
    {"chmod", "int 0x80: chmod", TREE, NEEDS_KERNEL, by_chmod, NULL},
    {"fchmod", "int 0x80: fchmod", TREE, NEEDS_KERNEL, by_fchmod, NULL},
    {"fchmodat2", "int 0x80: fchmodat2", TREE, NEEDS_KERNEL, by_fchmodat2, NULL},
    {"lchown16", "int 0x80: lchown with 16-bit numbers", TREE, NEEDS_KERNEL, by_lchown16, NULL},
    {"chown32", "int 0x80: chown32", TREE, NEEDS_KERNEL, by_chown32, NULL},
    {"fchown16", "int 0x80: fchown with 16-bit numbers", TREE, NEEDS_KERNEL, by_fchown16, NULL},
    {"rename", "int 0x80: rename", TREE, NEEDS_KERNEL, by_rename, NULL},
    {"mkdir", "int 0x80: mkdir", TREE, NEEDS_KERNEL, by_mkdir, NULL},
    {"rmdir", "int 0x80: rmdir", TREE, NEEDS_KERNEL, by_rmdir, NULL},
    {"symlink", "int 0x80: symlink", TREE, NEEDS_KERNEL, by_symlink, NULL},
    {"truncate", "int 0x80: truncate", TREE, NEEDS_KERNEL, by_truncate, NULL},
    {"truncate64", "int 0x80: truncate64, its length in two registers", TREE, NEEDS_KERNEL, by_truncate64, NULL},
    {"utime", "int 0x80: utime", TREE, NEEDS_KERNEL, by_utime, NULL},
    {"utimensat64", "int 0x80: utimensat_time64", TREE, NEEDS_KERNEL, by_utimensat64, NULL},
    {"setxattr", "int 0x80: setxattr", TREE, NEEDS_KERNEL, by_setxattr, NULL},
    {"fsetxattr", "int 0x80: fsetxattr", TREE, NEEDS_KERNEL, by_fsetxattr, NULL},
    {"io_uring", "int 0x80: io_uring_setup", CLAIM, NEEDS_KERNEL, by_io_uring, NULL},
    {"mount", "int 0x80: mount", CLAIM, NEEDS_KERNEL, by_mount, NULL},
    {"unshare", "int 0x80: unshare", CLAIM, NEEDS_KERNEL, by_unshare, NULL},
    {"kill", "int 0x80: kill of a process outside", OUTSIDER, NEEDS_KERNEL, by_kill, NULL},
    {"ptrace", "int 0x80: ptrace of a process outside", OUTSIDER, NEEDS_KERNEL, by_ptrace, NULL},
    {"socketcall", "int 0x80: socketcall: bind of a Unix socket", TREE, NEEDS_KERNEL, by_socketcall, NULL},
    {"untraced", "int 0x80: clone with CLONE_UNTRACED", TREE, NEEDS_KERNEL, by_untraced, NULL},
    {"listener", "int 0x80: a filter with a listener", CLAIM, NEEDS_KERNEL, by_listener, NULL},
    {"x32-open", "x32: open", TREE, NEEDS_KERNEL, by_x32_open, NULL},
    {"x32-chmod", "x32: chmod", TREE, NEEDS_KERNEL, by_x32_chmod, NULL},
    {"x32-execve", "x32: execve", CLAIM, NEEDS_KERNEL, by_x32_execve, NULL},
    {"high-number", "a call's number with bits above the 32nd", TREE, NEEDS_KERNEL, by_high_number, NULL},
    {"negative-number", "a call's number that is negative as a long", TREE, NEEDS_KERNEL, by_negative_number, NULL},
    {0},
};
