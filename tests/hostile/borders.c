/*
 * Places with rules of their own: denied/ may not be written, unread/ not be read, what is written to ignored/ goes
 * nowhere, noexec/ holds programs that may not be run, and direct/ is the host's. Nothing crosses from one to another.
 */
#include "attempt.h"
#include "numbers.h"

static const struct timespec once[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

/* ---- what may not be written; and not in the layer either ---- */

static int seen_changed(const char *path)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    return length > 0 && strcmp(text, "content of a file\n") == 0 ? 0 : 1;
}

/* It worked where the program sees a change, be it in the layer. */
static int denied(int result)
{
    struct stat st;
    if (result != 0)
        return result;
    if (seen_changed("denied/victim") || stat("denied/victim", &st) < 0 || (st.st_mode & 07777) != 0644)
        return 0;
    return result;
}

static int by_write(void)
{
    return denied(overwrite("denied/victim"));
}
static int by_append(void)
{
    return denied(write_fd(open("denied/victim", O_WRONLY | O_APPEND)));
}
static int by_link(void)
{
    return denied(overwrite("to-denied"));
}
static int by_create(void)
{
    return write_fd(open("denied/new", O_WRONLY | O_CREAT, 0644));
}
static int by_truncate(void)
{
    return outcome(truncate("denied/victim", 0));
}
static int by_read_truncate(void)
{
    return outcome(open("denied/victim", O_RDONLY | O_TRUNC));
}
static int by_unlink(void)
{
    return outcome(unlink("denied/victim"));
}
static int by_rename_out(void)
{
    return outcome(rename("denied/victim", "mine"));
}
static int by_rename_in(void)
{
    return outcome(rename("other", "denied/victim"));
}
static int by_rename_directory(void)
{
    return rename("denied", "mine") < 0 ? errno : overwrite("mine/victim");
}
static int by_exchange(void)
{
    return outcome(syscall(SYS_renameat2, AT_FDCWD, "denied/victim", AT_FDCWD, "other", RENAME_EXCHANGE));
}
static int by_link_out(void)
{
    return link("denied/victim", "mine") < 0 ? errno : overwrite("mine");
}
static int by_link_in(void)
{
    return outcome(link("victim", "denied/new"));
}
static int by_chmod(void)
{
    return outcome(chmod("denied/victim", 0600));
}
static int by_fchmod(void)
{
    return outcome(fchmod(open("denied/victim", O_RDONLY), 0600));
}
static int by_fchown(void)
{
    return outcome(fchown(open("denied/victim", O_RDONLY), getuid(), getgid()));
}
static int by_futimens(void)
{
    return outcome(futimens(open("denied/victim", O_RDONLY), once));
}
static int by_fsetxattr(void)
{
    return outcome(fsetxattr(open("denied/victim", O_RDONLY), "user.hostile", "y", 1, 0));
}
static int by_utime(void)
{
    return outcome(utimensat(AT_FDCWD, "denied/victim", once, 0));
}
static int by_setxattr(void)
{
    return outcome(setxattr("denied/victim", "user.hostile", "y", 1, 0));
}
static int by_mkdir(void)
{
    return outcome(mkdir("denied/new", 0755));
}
static int by_rmdir(void)
{
    return outcome(rmdir("denied/inner"));
}
static int by_symlink(void)
{
    return outcome(symlink("x", "denied/new"));
}
static int by_mknod(void)
{
    return outcome(mknod("denied/new", S_IFIFO | 0644, 0));
}
static int by_bind(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "denied/new"};
    return outcome(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof address));
}
static int by_tmpfile(void)
{
    return outcome(open("denied", O_TMPFILE | O_RDWR, 0644));
}
static int by_descriptor(void)
{
    return write_fd(openat(open("denied", O_PATH), "victim", O_WRONLY));
}
static int by_chdir(void)
{
    return chdir("denied") < 0 ? errno : overwrite("victim");
}
static int by_proc(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", open("denied/victim", O_RDONLY));
    return overwrite(path);
}
static int by_grandparent(void)
{
    if (chdir("..") < 0 || rename("borders-grandparent", "borders-moved") < 0)
        return errno;
    int result = overwrite("borders-moved/denied/victim");
    (void)rename("borders-moved", "borders-grandparent");
    return result;
}

/* ---- what may not be read ---- */

static int by_read(void)
{
    return show("unread/key");
}
static int by_read_link(void)
{
    return show("to-unread");
}
static int by_read_write(void)
{
    return show_fd(open("unread/key", O_RDWR));
}
static int by_read_rename(void)
{
    return rename("unread/key", "mine") < 0 ? errno : show("mine");
}
static int by_read_directory(void)
{
    return rename("unread", "mine") < 0 ? errno : show("mine/key");
}
static int by_read_hard(void)
{
    return link("unread/key", "mine") < 0 ? errno : show("mine");
}
static int by_read_path(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", open("unread/key", O_PATH));
    return show(path);
}
static int by_read_chdir(void)
{
    return chdir("unread") < 0 ? errno : show("key");
}
static int by_read_append(void)
{
    int fd = open("unread/key", O_WRONLY | O_APPEND);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? errno : show("unread/key");
}
static int by_read_chmod(void)
{
    return chmod("unread/key", 0644) < 0 ? errno : show("unread/key");
}
static int by_read_exchange(void)
{
    if (syscall(SYS_renameat2, AT_FDCWD, "unread/key", AT_FDCWD, "other", RENAME_EXCHANGE) < 0)
        return errno;
    return show("other");
}
static int by_read_to_direct(void)
{
    return rename("unread/key", "direct/mine") < 0 ? errno : show("direct/mine");
}
static int by_read_link_direct(void)
{
    return link("unread/key", "direct/mine") < 0 ? errno : show("direct/mine");
}
static int by_read_exec(void)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("sh", "sh", "unread/key", (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

/* ---- from and to what is the host's ---- */

static int by_out_of_direct(void)
{
    return overwrite("direct/out");
}
static int by_dots_direct(void)
{
    return overwrite("direct/../victim");
}
static int by_move_in(void)
{
    return outcome(rename("victim", "direct/mine"));
}
static int by_move_out(void)
{
    return outcome(rename("direct/victim", "victim"));
}
static int by_exchange_direct(void)
{
    return outcome(syscall(SYS_renameat2, AT_FDCWD, "direct/victim", AT_FDCWD, "victim", RENAME_EXCHANGE));
}
static int by_link_direct(void)
{
    return link("victim", "direct/mine") < 0 ? errno : overwrite("direct/mine");
}
static int by_link_from_direct(void)
{
    if (link("direct/victim", "mine") < 0)
        return errno;
    return outcome(rename("mine", "other"));
}
static int by_move_directory(void)
{
    return rename("many", "direct/many") < 0 ? errno : overwrite("direct/many/file");
}
static int by_move_direct(void)
{
    return outcome(rename("direct", "mine"));
}
static int by_symlink_direct(void)
{
    (void)symlink("../many", "direct/many");
    return overwrite("direct/many/file");
}
static int by_chmod_direct(void)
{
    (void)symlink("../victim", "direct/mine");
    return outcome(chmod("direct/mine", 0600));
}
static int by_tmpfile_direct(void)
{
    char path[64];
    int fd = open("direct", O_TMPFILE | O_RDWR, 0644);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return fd < 0 ? errno : outcome(linkat(AT_FDCWD, path, AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
}
static int by_link_denied_direct(void)
{
    return link("denied/victim", "direct/mine") < 0 ? errno : overwrite("direct/mine");
}
static int by_descriptor_direct(void)
{
    return write_fd(openat(open("direct", O_RDONLY), "../victim", O_WRONLY));
}
static int by_removed_direct(void)
{
    /* The directory becomes a link to another one. */
    if (rename("direct/inner", "direct/away") < 0 || symlink("../many", "direct/inner") < 0)
        return errno;
    return overwrite("direct/inner/file");
}

/* ---- what is written to nowhere ---- */

static int by_ignored(void)
{
    return overwrite("ignored/victim");
}
static int by_ignored_create(void)
{
    return write_fd(open("ignored/new", O_WRONLY | O_CREAT, 0644));
}
static int by_ignored_unlink(void)
{
    return outcome(unlink("ignored/victim"));
}
static int by_ignored_rename(void)
{
    return outcome(rename("ignored/victim", "mine"));
}
static int by_ignored_chmod(void)
{
    return outcome(chmod("ignored/victim", 0600));
}
static int by_ignored_fchmod(void)
{
    return outcome(fchmod(open("ignored/victim", O_RDONLY), 0600));
}
static int by_ignored_link(void)
{
    return link("ignored/victim", "mine") < 0 ? errno : overwrite("mine");
}

/* ---- programs that may not be run ---- */

static int run(const char *program, const char *first)
{
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, first, (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

static int by_exec(void)
{
    return run("noexec/program", NULL);
}
static int by_exec_link(void)
{
    return run("to-noexec", NULL);
}
static int by_exec_descriptor(void)
{
    pid_t child = fork();
    if (child == 0) {
        char *const words[] = {"program", NULL};
        char *const none[] = {NULL};
        syscall(SYS_execveat, open("noexec", O_PATH), "program", words, none, 0);
        _exit(errno);
    }
    return child_outcome(child);
}
static int by_exec_chdir(void)
{
    return chdir("noexec") < 0 ? errno : run("./program", NULL);
}
static int by_exec_proc(void)
{
    return run("/proc/self/cwd/noexec/program", NULL);
}
static int by_exec_interpreter(void)
{
    FILE *file = fopen("script", "we");
    if (file == NULL || fprintf(file, "#!%s/noexec/program\n", scene.directory) < 0 || fclose(file) != 0 ||
        chmod("script", 0755) < 0)
        return errno;
    return run("./script", NULL);
}

const struct attempt borders_attempts[] = {
    {"write", "denied: open", TREE, 0, by_write, NULL},
    {"append", "denied: open to append", TREE, 0, by_append, NULL},
    {"symbolic", "denied: through a symbolic link", TREE, 0, by_link, NULL},
    {"create", "denied: a new file", TREE, 0, by_create, NULL},
    {"truncate", "denied: truncate", TREE, 0, by_truncate, NULL},
    {"read-truncate", "denied: O_RDONLY with O_TRUNC", TREE, 0, by_read_truncate, NULL},
    {"unlink", "denied: unlink", TREE, 0, by_unlink, NULL},
    {"rename-out", "denied: renamed away", TREE, 0, by_rename_out, NULL},
    {"rename-in", "denied: another file renamed onto it", TREE, 0, by_rename_in, NULL},
    {"rename-directory", "denied: the directory renamed, then written", TREE, 0, by_rename_directory, NULL},
    {"exchange", "denied: exchanged", TREE, 0, by_exchange, NULL},
    {"link-out", "denied: by a hard link of it", TREE, 0, by_link_out, NULL},
    {"link-in", "denied: a hard link in it", TREE, 0, by_link_in, NULL},
    {"chmod", "denied: chmod", TREE, 0, by_chmod, NULL},
    {"fchmod", "denied: fchmod", TREE, 0, by_fchmod, NULL},
    {"fchown", "denied: fchown", TREE, 0, by_fchown, NULL},
    {"futimens", "denied: futimens", TREE, 0, by_futimens, NULL},
    {"fsetxattr", "denied: fsetxattr", TREE, 0, by_fsetxattr, NULL},
    {"utimensat", "denied: utimensat", TREE, 0, by_utime, NULL},
    {"setxattr", "denied: setxattr", TREE, 0, by_setxattr, NULL},
    {"mkdir", "denied: mkdir", TREE, 0, by_mkdir, NULL},
    {"rmdir", "denied: rmdir", TREE, 0, by_rmdir, NULL},
    {"symlink", "denied: symlink", TREE, 0, by_symlink, NULL},
    {"mknod", "denied: mknod", TREE, 0, by_mknod, NULL},
    {"bind", "denied: bind", TREE, 0, by_bind, NULL},
    {"tmpfile", "denied: O_TMPFILE", CLAIM, NEEDS_KERNEL, by_tmpfile, NULL},
    {"descriptor", "denied: below a descriptor", TREE, 0, by_descriptor, NULL},
    {"chdir", "denied: from inside", TREE, 0, by_chdir, NULL},
    {"proc", "denied: /proc/self/fd/N opened again", TREE, 0, by_proc, NULL},
    {"grandparent", "denied: after its parent's parent was renamed", TREE, 0, by_grandparent, NULL},
    {"read", "unread: open", SECRET, 0, by_read, NULL},
    {"read-link", "unread: through a symbolic link", SECRET, 0, by_read_link, NULL},
    {"read-write", "unread: open to read and write", SECRET, 0, by_read_write, NULL},
    {"read-rename", "unread: renamed first", SECRET, 0, by_read_rename, NULL},
    {"read-directory", "unread: its directory renamed first", SECRET, 0, by_read_directory, NULL},
    {"read-hard", "unread: by a hard link of it", SECRET, 0, by_read_hard, NULL},
    {"read-path", "unread: an O_PATH descriptor opened again", SECRET, 0, by_read_path, NULL},
    {"read-chdir", "unread: from inside", SECRET, 0, by_read_chdir, NULL},
    {"read-append", "unread: appended to first", SECRET, 0, by_read_append, NULL},
    {"read-chmod", "unread: its mode set first", SECRET, 0, by_read_chmod, NULL},
    {"read-exchange", "unread: exchanged first", SECRET, 0, by_read_exchange, NULL},
    {"read-to-direct", "unread: renamed to the host", SECRET, 0, by_read_to_direct, NULL},
    {"read-link-direct", "unread: linked on the host", SECRET, 0, by_read_link_direct, NULL},
    {"read-interpreter", "unread: as the script of a shell, which tells what is wrong with it", SECRET, NEEDS_KERNEL,
     by_read_exec, NULL},
    {"direct-symbolic", "direct: a link out of it", TREE, 0, by_out_of_direct, NULL},
    {"direct-dots", "direct: .. out of it", TREE, 0, by_dots_direct, NULL},
    {"direct-move-in", "direct: a file of the host renamed into it", TREE, 0, by_move_in, NULL},
    {"direct-move-out", "direct: a file of it renamed onto one of the host", TREE, 0, by_move_out, NULL},
    {"direct-exchange", "direct: exchanged for a file of the host", TREE, 0, by_exchange_direct, NULL},
    {"direct-link", "direct: a hard link in it, written to", TREE, 0, by_link_direct, NULL},
    {"direct-link-from", "direct: a hard link of it, renamed onto a file of the host", TREE, 0, by_link_from_direct,
     NULL},
    {"direct-move-directory", "direct: a directory of the host renamed into it, and written to", TREE, 0,
     by_move_directory, NULL},
    {"direct-move", "direct: itself renamed", TREE, 0, by_move_direct, NULL},
    {"direct-own-link", "direct: a link of its own out of it", TREE, 0, by_symlink_direct, NULL},
    {"direct-chmod", "direct: chmod through a link of its own", TREE, 0, by_chmod_direct, NULL},
    {"direct-tmpfile", "direct: a file without a name, linked outside", TREE, NEEDS_KERNEL, by_tmpfile_direct, NULL},
    {"direct-denied", "direct: a hard link of a denied file, written to", TREE, 0, by_link_denied_direct, NULL},
    {"direct-descriptor", "direct: .. below a descriptor", TREE, 0, by_descriptor_direct, NULL},
    {"direct-became-link", "direct: a directory that became a link", TREE, 0, by_removed_direct, NULL},
    {"ignored", "ignored: open", TREE, 0, by_ignored, NULL},
    {"ignored-create", "ignored: a new file", TREE, 0, by_ignored_create, NULL},
    {"ignored-unlink", "ignored: unlink", TREE, 0, by_ignored_unlink, NULL},
    {"ignored-rename", "ignored: renamed away", TREE, 0, by_ignored_rename, NULL},
    {"ignored-chmod", "ignored: chmod", TREE, 0, by_ignored_chmod, NULL},
    {"ignored-fchmod", "ignored: fchmod", TREE, 0, by_ignored_fchmod, NULL},
    {"ignored-link", "ignored: by a hard link of it", TREE, 0, by_ignored_link, NULL},
    {"exec", "not to be run: execve", CLAIM, 0, by_exec, NULL},
    {"exec-link", "not to be run: through a symbolic link", CLAIM, 0, by_exec_link, NULL},
    {"exec-descriptor", "not to be run: execveat", CLAIM, 0, by_exec_descriptor, NULL},
    {"exec-chdir", "not to be run: from inside", CLAIM, 0, by_exec_chdir, NULL},
    {"exec-proc", "not to be run: by /proc/self/cwd", CLAIM, 0, by_exec_proc, NULL},
    {"exec-interpreter", "not to be run: as the interpreter of a script", CLAIM, 0, by_exec_interpreter, NULL},
    {0},
};
