/* Capabilities that were dropped or kept, real and effective identity, many groups. */
#include "rights.h"

static void setup(void)
{
    make_file("bobs", 0600, BOB, BOB);
    make_file("open", 0666, BOB, BOB);
    make_file("roots", 0600, 0, 0);
    make_file("program", 0600, 0, 0);
    make_dir("closed", 0700, BOB, BOB);
    make_file("closed/in", 0666, BOB, BOB);
    make_dir("closed/sub", 0777, BOB, BOB);
    make_dir("listed", 0744, BOB, BOB);
    make_file("listed/in", 0666, BOB, BOB);
    make_dir("writable", 0777, BOB, BOB);
    make_file("team", 0060, 0, 70000);
    make_file("setid", 06755, 0, TEAM);
    make_file("members", 02755, ALICE, TEAM);
    make_dir("none", 0, 0, 0);
    make_file("none/in", 0644, 0, 0);
}

static void touch(void)
{
    const struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}}, then[2] = {{1, 0}, {1, 0}};
    struct stat st;
    char text[64];

    SAY_FD(open("bobs", O_RDONLY));
    SAY_FD(open("bobs", O_WRONLY));
    SAY_FD(open("roots", O_RDWR));
    SAY_FD(open("closed/in", O_RDONLY));
    SAY_FD(open("closed/in", O_RDWR));
    SAY_FD(open("closed/new", O_WRONLY | O_CREAT, 0644));
    SAY_FD(open("listed/in", O_RDONLY));
    SAY_FD(open("closed", O_RDONLY | O_DIRECTORY));
    SAY_FD(open("listed", O_RDONLY | O_DIRECTORY));
    SAY_FD(open("open", O_RDONLY | O_NOATIME));
    SAY(stat("closed/in", &st));
    SAY(readlink("closed/in", text, sizeof text));
    SAY(access("closed/in", R_OK));
    SAY(access("bobs", R_OK));
    SAY(access("bobs", W_OK));
    SAY(access("bobs", X_OK));
    SAY(access("closed", X_OK));
    SAY(syscall(439, AT_FDCWD, "bobs", R_OK | W_OK, AT_EACCESS));
    SAY(syscall(439, AT_FDCWD, "roots", R_OK, AT_EACCESS));
    SAY(access("roots", R_OK));
    SAY(chdir("closed"));
    SAY(chdir(".."));
    SAY(mkdir("closed/made", 0755));
    SAY(rmdir("closed/made"));
    SAY(chmod("bobs", 0604));
    SAY(chmod("bobs", 0600));
    SAY(chown("roots", 0, BOB));
    SAY(chown("roots", ALICE, -1));
    SAY(chown("roots", 0, 0));
    SAY(chown("open", -1, TEAM));
    SAY(chown("open", BOB, BOB));
    SAY(utimensat(AT_FDCWD, "bobs", now, 0));
    SAY(utimensat(AT_FDCWD, "bobs", then, 0));
    SAY(utimensat(AT_FDCWD, "open", now, 0));
    SAY(utimensat(AT_FDCWD, "open", then, 0));
    SAY(truncate("bobs", 3));
    SAY(truncate("open", 3));
    SAY(setxattr("open", "user.one", "x", 1, 0));
    SAY(setxattr("bobs", "user.one", "x", 1, 0));
    SAY(getxattr("bobs", "user.one", text, sizeof text));
    SAY(setxattr("open", "trusted.one", "x", 1, 0));
    SAY(getxattr("open", "trusted.one", text, sizeof text));
    SAY(removexattr("open", "trusted.one"));
    SAY(setxattr("open", "security.one", "x", 1, 0));
    SAY(removexattr("open", "security.one"));
    SAY(rename("bobs", "writable/bobs"));
    SAY(rename("writable/bobs", "bobs"));
    SAY(rename("closed/sub", "writable/sub"));
    SAY(rename("writable/sub", "closed/sub"));
    SAY(link("bobs", "writable/linked"));
    SAY(unlink("writable/linked"));
    SAY(mknod("writable/pipe", S_IFIFO | 0600, 0));
    SAY(unlink("writable/pipe"));
    SAY(chmod("setid", 06755));
    look("setid");
    SAY(chmod("members", 02755));
    look("members");
    SAY_FD(open("team", O_RDWR));
    SAY_FD(open("none/in", O_RDONLY));
    SAY(chroot("writable"));
}

static void many_groups(void)
{
    static gid_t groups[65536];
    static const int counts[] = {1, 33, 300, 65536};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (int group = 0; group < counts[i]; group++)
            groups[group] = (gid_t)(4000 + group);
        groups[counts[i] - 1] = 70000;
        printf("-- %d groups\n", counts[i]);
        fflush(stdout);
        if (fork() == 0) {
            SAY(setgroups((size_t)counts[i], groups));
            SAY(setresgid(ALICE, ALICE, ALICE));
            SAY(setresuid(ALICE, ALICE, ALICE));
            SAY_FD(open("team", O_RDONLY));
            SAY_FD(open("team", O_WRONLY));
            SAY(access("team", R_OK | W_OK));
            SAY(access("team", X_OK));
            fflush(stdout);
            _exit(0);
        }
        wait(NULL);
    }
}

/* Like a program with a set-user-id bit: access() asks for who called it. */
static void real_identity(void)
{
    MUST(setresuid(ALICE, 0, 0));
    puts("-- real alice, effective root");
    SAY(access("roots", R_OK));
    SAY(access("roots", F_OK));
    SAY(access("closed/in", R_OK));
    SAY(access("open", R_OK | W_OK));
    SAY(access("open", X_OK));
    SAY(syscall(439, AT_FDCWD, "roots", R_OK | W_OK, AT_EACCESS));
    SAY(syscall(439, AT_FDCWD, "closed/in", R_OK | W_OK, AT_EACCESS));
    SAY_FD(open("roots", O_RDWR));
    MUST(setresuid(0, ALICE, 0));
    puts("-- real root, effective alice");
    SAY(access("roots", R_OK));
    SAY(access("closed/in", R_OK));
    SAY(access("program", X_OK));
    SAY(syscall(439, AT_FDCWD, "roots", R_OK | W_OK, AT_EACCESS));
    SAY_FD(open("roots", O_RDWR));
    SAY_FD(open("open", O_RDWR));
    MUST(setresuid(0, 0, 0));
    setfsuid(ALICE);
    puts("-- file-system alice");
    SAY(access("roots", R_OK));
    SAY_FD(open("roots", O_RDWR));
    SAY_FD(open("closed/in", O_RDONLY));
    SAY_FD(open("writable/alices", O_WRONLY | O_CREAT, 0600));
    look("writable/alices");
    SAY(unlink("writable/alices"));
}

static void probe(void)
{
    const uint64_t all = ~UINT64_C(0);

    as("root", 0, false, all, touch);
    as("root without any", 0, false, 0, touch);
    as("root without CAP_DAC_OVERRIDE", 0, false, all & ~CAP(CAP_DAC_OVERRIDE), touch);
    as("root without both of DAC", 0, false, all & ~CAP(CAP_DAC_OVERRIDE) & ~CAP(CAP_DAC_READ_SEARCH), touch);
    as("root without CAP_FOWNER", 0, false, all & ~CAP(CAP_FOWNER), touch);
    as("root without CAP_CHOWN", 0, false, all & ~CAP(CAP_CHOWN), touch);
    as("root without CAP_FSETID", 0, false, all & ~CAP(CAP_FSETID), touch);
    as("alice", ALICE, true, 0, touch);
    as("alice with CAP_DAC_OVERRIDE", ALICE, true, CAP(CAP_DAC_OVERRIDE), touch);
    as("alice with CAP_DAC_READ_SEARCH", ALICE, true, CAP(CAP_DAC_READ_SEARCH), touch);
    as("alice with CAP_FOWNER", ALICE, true, CAP(CAP_FOWNER), touch);
    as("alice with CAP_CHOWN", ALICE, true, CAP(CAP_CHOWN), touch);
    as("alice with CAP_FSETID", ALICE, true, CAP(CAP_FSETID), touch);
    as("alice with CAP_SYS_ADMIN", ALICE, true, CAP(CAP_SYS_ADMIN), touch);
    as("root of another identity", 0, false, all, real_identity);
    many_groups();
}

int main(int argc, char **argv)
{
    return rights_main(argc, argv, setup, probe);
}
