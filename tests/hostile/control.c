/*
 * The control file: rules that are added where nobody may add any, and rules beyond the ceilings.
 *
 * Natively there is no such file: what these do natively they do in a view whose control is open and whose ceilings
 * allow everything. There a way that is one must lead to the secret.
 */
#include "../helpers/ia32.h"
#include "attempt.h"

#include <linux/stat.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>

static char room[4096];

/* "/dev/coffer/add/VERB DIRECTORY/PLACE" */
static const char *command(const char *verb, const char *place)
{
    (void)snprintf(room, sizeof room, "/dev/coffer/add/%s %s/%s", verb, scene.directory, place);
    return room;
}

static const char *uncover(void)
{
    return command("read allow", "hidden/**");
}

/* ---- who may add none: the secret is behind a rule that he would have to add ---- */

static int seen(long result)
{
    int error = outcome(result);
    int read = show("hidden/key");
    return error != 0 ? error : read;
}

static int by_access(void)
{
    return seen(access(uncover(), R_OK));
}
static int by_faccessat2(void)
{
    return seen(syscall(439, AT_FDCWD, uncover(), F_OK, AT_EACCESS));
}
static int by_open(void)
{
    return seen(open(uncover(), O_RDONLY));
}
static int by_creat(void)
{
    return seen(open(uncover(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
}
static int by_path_only(void)
{
    return seen(open(uncover(), O_PATH));
}
static int by_openat(void)
{
    return seen(openat(12345, uncover(), O_RDONLY));
}
static int by_slash(void)
{
    return seen(access(command("read allow", "hidden/**/"), R_OK));
}

static int by_stat(void)
{
    struct stat st;
    return seen(stat(uncover(), &st));
}

static int by_statx(void)
{
    struct statx sx;
    return seen(statx(AT_FDCWD, uncover(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx));
}

static int by_readlink(void)
{
    char text[64];
    return seen(readlink(uncover(), text, sizeof text));
}

static int by_openat2(void)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_RDONLY, 0, 0};
    return seen(syscall(SYS_openat2, AT_FDCWD, uncover(), &how, sizeof how));
}

static int by_ia32(long number)
{
    const char *text = uncover();
    char *low = ia32_begin(sizeof room);
    memcpy(low, text, strlen(text) + 1);
    return seen(IA32(number, low, 0, 0));
}

static int by_ia32_open(void)
{
    return by_ia32(5);
}
static int by_ia32_access(void)
{
    return by_ia32(33);
}

static void *access_there(void *none)
{
    (void)access(uncover(), R_OK);
    return none;
}

static int by_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, access_there, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return EAGAIN;
    return show("hidden/key");
}

static int access_it(void)
{
    return outcome(access(uncover(), R_OK));
}

static int by_fork(void)
{
    int result = in_child(access_it);
    int read = show("hidden/key");
    return result != 0 ? result : read;
}

/* A program that was executed gives the command: see main.c. */
static int executed(const char *program)
{
    pid_t child = fork();
    if (child == 0) {
        const char *text = uncover();
        execl(program, "attempts", "look", text, (char *)NULL);
        _exit(errno);
    }
    int result = child_outcome(child);
    int read = show("hidden/key");
    return result != 0 ? result : read;
}

static int by_exec(void)
{
    return executed("/proc/self/exe");
}
static int by_shell(void)
{
    const char *text = uncover();
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "test -r \"$0\"", text, (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child) != 0 ? EPERM : show("hidden/key");
}

static void *execute_there(void *program)
{
    execl(program, "attempts", "look", uncover(), (char *)NULL);
    return NULL;
}

/* As another thread than the first: the process goes on under the first one's number. */
static int by_thread_exec(void)
{
    static char program[] = "/proc/self/exe";
    pthread_t thread;
    pid_t child = fork();
    if (child == 0) {
        (void)pthread_create(&thread, NULL, execute_there, program);
        pause();
    }
    int result = child_outcome(child);
    int read = show("hidden/key");
    return result != 0 ? result : read;
}

static int by_vfork_exec(void)
{
    const char *text = uncover();
    pid_t child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", "attempts", "look", text, (char *)NULL);
        _exit(1);
    }
    int result = child_outcome(child);
    int read = show("hidden/key");
    return result != 0 ? result : read;
}

/* ---- locked: what was open, or said, before ---- */

static int by_unlock(void)
{
    (void)access("/dev/coffer/lock/exec", R_OK);
    return by_access();
}

static int by_old_descriptor(void)
{
    const char *text = uncover();
    char name[8300];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d/add/%s", CONTROL_FD, text + strlen("/dev/coffer/add/"));
    (void)access(name, R_OK);
    (void)faccessat(CONTROL_FD, text + strlen("/dev/coffer/"), R_OK, 0);
    (void)faccessat(CONTROL_FD, text, R_OK, 0);
    return show("hidden/key");
}

/* Content is no command. */
static int written(int fd)
{
    const char *text = uncover() + strlen("/dev/coffer/add/");
    int pipes[2];
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || pipe(pipes) < 0 || write(pipes[1], text, strlen(text)) < 0)
        return errno;
    (void)splice(pipes[0], NULL, fd, NULL, strlen(text), 0);
    (void)sendfile(fd, open("victim", O_RDONLY), NULL, 4096);
    (void)ioctl(fd, 0, text);
    return show("hidden/key");
}

static int by_content(void)
{
    return written(open("/dev/coffer", O_RDWR));
}

static int by_copied_descriptor(void)
{
    char name[64];
    int fd = dup(CONTROL_FD);
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int again = open(name, O_RDWR);
    return written(again >= 0 ? again : fd);
}

static int by_symlink(void)
{
    const char *text = uncover();
    return symlink(text, "way") < 0 ? errno : seen(access("way", R_OK));
}

static int by_symlink_open(void)
{
    return symlink(uncover(), "way") < 0 ? errno : seen(open("way", O_RDONLY));
}

static int by_directory_link(void)
{
    const char *rule = uncover() + strlen("/dev/coffer/");
    char name[8300];
    (void)snprintf(name, sizeof name, "way/%s", rule);
    return symlink("/dev/coffer", "way") < 0 ? errno : seen(access(name, R_OK));
}

static int by_hard_link(void)
{
    const char *rule = uncover() + strlen("/dev/coffer");
    char name[8300];
    (void)link("/dev/coffer", "way");
    (void)snprintf(name, sizeof name, "way%s", rule);
    return seen(access(name, R_OK));
}

static int by_mount(void)
{
    (void)mount("/dev/coffer", "victim", NULL, MS_BIND, NULL);
    return seen(access("victim/add/read allow /**", R_OK));
}

static int by_dots(void)
{
    char name[8300];
    (void)snprintf(name, sizeof name, "/dev/../dev/coffer/add/read allow %s/hidden/**", scene.directory);
    return seen(access(name, R_OK));
}

static int by_relative(void)
{
    const char *rule = uncover() + strlen("/dev/");
    int result = chdir("/dev") < 0 ? errno : outcome(access(rule, R_OK));
    int read = chdir(scene.directory) < 0 ? errno : show("hidden/key");
    return result != 0 ? result : read;
}

static int by_own_directory(void)
{
    (void)mkdir("/dev/coffer", 0777);
    (void)mkdir("/dev/coffer/add", 0777);
    return by_access();
}

static int by_rename(void)
{
    return seen(rename(uncover(), "/dev/coffer/lock"));
}

static int by_watch(void)
{
    return seen(inotify_add_watch(inotify_init(), uncover(), IN_ALL_EVENTS));
}

static int by_statfs(void)
{
    struct statfs fs;
    return seen(statfs(uncover(), &fs));
}

static int by_attribute(void)
{
    return seen(getxattr(uncover(), "user.x", NULL, 0));
}

static int by_execute(void)
{
    const char *text = uncover();
    pid_t child = fork();
    if (child == 0) {
        execl(text, text, (char *)NULL);
        _exit(errno);
    }
    int result = child_outcome(child);
    int read = show("hidden/key");
    return result != 0 ? result : read;
}

/* ---- who may add rules, beyond the ceilings ---- */

static int with_rule(const char *rule)
{
    char name[4200];
    (void)snprintf(name, sizeof name, "/dev/coffer/add/%s", rule);
    return outcome(access(name, R_OK));
}

static int rule_and_key(const char *verb, const char *place)
{
    return seen(access(command(verb, place), R_OK));
}

static int rule_and_all(const char *rule)
{
    int result = with_rule(rule);
    int read = show("hidden/key");
    return result != 0 ? result : read;
}

static int over_file(void)
{
    (void)access(command("read allow", "hidden"), R_OK);
    return rule_and_key("read allow", "hidden/key");
}
static int over_tree(void)
{
    return rule_and_key("read allow", "hidden/**");
}
static int over_above(void)
{
    return rule_and_key("read allow", "**");
}
static int over_glob(void)
{
    return rule_and_key("read allow", "[h]idde?/**");
}
static int over_escape(void)
{
    return rule_and_key("read allow", "\\150idden/**");
}
static int over_deny(void)
{
    return rule_and_key("read deny", "hidden/**");
}
static int over_dots(void)
{
    return rule_and_key("read allow", "empty/../hidden/key");
}
static int over_stars(void)
{
    return rule_and_all("read allow /**/key");
}
static int over_root(void)
{
    return rule_and_all("read allow /**");
}
static int over_working_directory(void)
{
    return rule_and_all("read allow ./**");
}
static int over_two_lines(void)
{
    return rule_and_all("read deny /none/**\nread allow /**");
}
static int over_returned(void)
{
    return rule_and_all("read deny /none/**\r\nread allow /**");
}
static int over_ceiling(void)
{
    (void)with_rule("ceiling read allow /**");
    return over_tree();
}
static int over_profile(void)
{
    return rule_and_all("include trace");
}
static int over_quiet(void)
{
    return rule_and_all("quiet read /none\tread allow /**");
}

static int over_include(void)
{
    char text[4096];
    int fd = open("more", O_WRONLY | O_CREAT, 0644);
    int length = snprintf(text, sizeof text, "ceiling read allow /**\nread allow /**\n");
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        return errno;
    (void)snprintf(text, sizeof text, "include %s/more", scene.directory);
    return rule_and_all(text);
}

/* Variables of a rule are those that coffer was started with; and nobody else's home is written to. */
static int over_variables(void)
{
    char text[4096];
    (void)setenv("HOME", scene.directory, 1);
    (void)setenv("COFFER_WAY", scene.directory, 1);
    (void)with_rule("read allow $COFFER_WAY/hidden/**");
    (void)with_rule("read allow ${COFFER_WAY:-/}/**");
    (void)snprintf(text, sizeof text, "read allow ${COFFER_NONE:-%s}/hidden/**", scene.directory);
    (void)with_rule(text);
    return rule_and_all("read allow ~/hidden/**");
}

/* The place is that of the link, and that of what it leads to. */
static int over_symlink(void)
{
    if (symlink("hidden", "way") < 0)
        return errno;
    (void)rule_and_key("read allow", "way/**");
    (void)rule_and_key("read allow", "way");
    (void)show("way/key");
    (void)access(command("read allow", "hidden"), R_OK);
    return rule_and_key("read allow", "to-hidden");
}

static int over_written(void)
{
    int result = outcome(access(command("write direct", "**"), R_OK));
    int written_to = overwrite("victim");
    return result != 0 ? result : written_to;
}

static int over_written_file(void)
{
    int result = outcome(access(command("write direct", "victim"), R_OK));
    int written_to = overwrite("victim");
    return result != 0 ? result : written_to;
}

static int over_connected(void)
{
    char text[64];
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "hidden/socket"};
    (void)snprintf(text, sizeof text, "connect allow *");
    (void)with_rule(text);
    (void)with_rule("connect allow unix:*");
    (void)with_rule("connect allow unix:@*");
    (void)over_tree();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return outcome(connect(fd, (void *)&name, sizeof name));
}

const struct attempt locked_attempts[] = {
    {"access", "access", SECRET, 0, by_access, NULL},
    {"faccessat2", "faccessat2", SECRET, NEEDS_KERNEL, by_faccessat2, NULL},
    {"open", "open to read", SECRET, 0, by_open, NULL},
    {"creat", "open to create", SECRET, 0, by_creat, NULL},
    {"path-only", "open with O_PATH", SECRET, 0, by_path_only, NULL},
    {"openat", "openat with a wrong descriptor", SECRET, 0, by_openat, NULL},
    {"openat2", "openat2", SECRET, NEEDS_KERNEL, by_openat2, NULL},
    {"stat", "stat", SECRET, 0, by_stat, NULL},
    {"statx", "statx", SECRET, 0, by_statx, NULL},
    {"readlink", "readlink", SECRET, 0, by_readlink, NULL},
    {"slash", "a slash behind the rule", SECRET, 0, by_slash, NULL},
    {"ia32-open", "the 32-bit open", SECRET, NEEDS_KERNEL, by_ia32_open, NULL},
    {"ia32-access", "the 32-bit access", SECRET, NEEDS_KERNEL, by_ia32_access, NULL},
    {"thread", "another thread", SECRET, 0, by_thread, NULL},
    {"fork", "another process", SECRET, 0, by_fork, NULL},
    {"exec", "another program", SECRET, 0, by_exec, NULL},
    {"shell", "a shell", SECRET, 0, by_shell, NULL},
    {"unlock", "lock/exec after lock", SECRET, 0, by_unlock, NULL},
    {"old-descriptor", "below a descriptor from before the lock", SECRET, 0, by_old_descriptor, NULL},
    {"content", "a rule is written into it", SECRET, NO_WAY, by_content, NULL},
    {"copied-descriptor", "the same by a descriptor from before the lock", SECRET, NO_WAY, by_copied_descriptor, NULL},
    {"symlink", "a symbolic link to a rule", SECRET, NO_WAY, by_symlink, NULL},
    {"symlink-open", "the same, opened", SECRET, NO_WAY, by_symlink_open, NULL},
    {"directory-link", "a symbolic link to the control file", SECRET, NO_WAY, by_directory_link, NULL},
    {"hard-link", "a hard link to it", SECRET, NO_WAY, by_hard_link, NULL},
    {"mount", "it is mounted elsewhere", SECRET, NO_WAY, by_mount, NULL},
    {"dots", "a path with dots", SECRET, NO_WAY, by_dots, NULL},
    {"relative", "a relative path", SECRET, NO_WAY, by_relative, NULL},
    {"own-directory", "a directory of that name", SECRET, 0, by_own_directory, NULL},
    {"rename", "rename", SECRET, NO_WAY, by_rename, NULL},
    {"watch", "inotify", SECRET, NO_WAY, by_watch, NULL},
    {"statfs", "statfs", SECRET, NO_WAY, by_statfs, NULL},
    {"attribute", "getxattr", SECRET, NO_WAY, by_attribute, NULL},
    {"execute", "execve", SECRET, NO_WAY, by_execute, NULL},
    {0},
};

/* Where the command alone may add rules, and the ceilings leave what is hidden where it is. */
const struct attempt ceilings_attempts[] = {
    {"file", "read allow of the file", SECRET, 0, over_file, NULL},
    {"tree", "read allow of its directory", SECRET, 0, over_tree, NULL},
    {"above", "read allow of all above", SECRET, 0, over_above, NULL},
    {"glob", "a pattern that does not name it", SECRET, 0, over_glob, NULL},
    {"escape", "a pattern with escaped signs", SECRET, 0, over_escape, NULL},
    {"deny", "read deny, which is looser than hide", SECRET, NO_WAY, over_deny, NULL},
    {"dots", "a pattern with dots", SECRET, NO_WAY, over_dots, NULL},
    {"quiet", "a tab in a rule", SECRET, NO_WAY, over_quiet, NULL},
    {"ceiling", "a ceiling of one's own", SECRET, 0, over_ceiling, NULL},
    {"profile", "include of a profile", SECRET, NO_WAY, over_profile, NULL},
    {"include", "include of a file of one's own", SECRET, NO_WAY, over_include, NULL},
    {"symlink", "a symbolic link in a pattern", SECRET, 0, over_symlink, NULL},
    {"written", "write direct of everything", TREE, 0, over_written, NULL},
    {"written-file", "write direct of a file", TREE, 0, over_written_file, NULL},
    {"connected", "connect allow", LISTENER, 0, over_connected, NULL},
    /* Where all is open these open everything: so they come last. */
    {"returned", "the same with carriage returns", SECRET, 0, over_returned, NULL},
    {"variables", "variables of one's own", SECRET, 0, over_variables, NULL},
    {"root", "read allow of everything", SECRET, 0, over_root, NULL},
    {"stars", "a pattern that matches anywhere", SECRET, 0, over_stars, NULL},
    {"two-lines", "two rules in one", SECRET, 0, over_two_lines, NULL},
    {"working-directory", "a pattern from where the command began", SECRET, 0, over_working_directory, NULL},
    {0},
};

/* Where the command alone may add rules, and any: what it executed may add none. */
const struct attempt executed_attempts[] = {
    {"exec", "a program that is executed", SECRET, 0, by_exec, NULL},
    {"shell", "a shell", SECRET, 0, by_shell, NULL},
    {"thread-exec", "one that a thread executes", SECRET, 0, by_thread_exec, NULL},
    {"vfork-exec", "one that a child of vfork executes", SECRET, 0, by_vfork_exec, NULL},
    {0},
};
