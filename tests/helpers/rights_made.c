/*
 * What new objects inherit (set-group-ID directories, default ACLs, the umask), and what a change takes away (set-id
 * bits, capabilities of a file). As root and as an ordinary user.
 */
#include "rights.h"

#define ACL_DEFAULT "system.posix_acl_default"
#define ACL_ACCESS  "system.posix_acl_access"

struct acl_entry {
    uint16_t tag, permissions;
    uint32_t id;
};

enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };

static bool root;

static int set_acl(const char *path, const char *name, const struct acl_entry *entries, size_t count)
{
    char value[4 + 8 * sizeof *entries] = {2};

    memcpy(value + 4, entries, count * sizeof *entries);
    return setxattr(path, name, value, 4 + count * sizeof *entries, 0);
}

static void show_acl(const char *path, const char *name)
{
    char value[4 + 8 * sizeof(struct acl_entry)];
    struct acl_entry entry;
    ssize_t size = getxattr(path, name, value, sizeof value);

    if (size < 0) {
        printf("  %s: %s\n", name, strerrorname_np(errno));
        return;
    }
    printf("  %s:", name);
    for (ssize_t at = 4; at < size; at += (ssize_t)sizeof entry) {
        memcpy(&entry, value + at, sizeof entry);
        printf(" %x,%o,%x", entry.tag, entry.permissions, entry.id);
    }
    puts("");
}

static void show(const char *path)
{
    look(path);
    show_acl(path, ACL_ACCESS);
    show_acl(path, ACL_DEFAULT);
}

static const struct acl_entry defaults[] = {
    {USER_OBJ, 7, -1}, {USER, 6, BOB}, {GROUP_OBJ, 5, -1}, {MASK, 7, -1}, {OTHER, 0, -1}};

static void setup_acl(const char *dir)
{
    char path[64];

    MUST(mkdir(dir, 0755));
    MUST(set_acl(dir, ACL_DEFAULT, defaults, 5));
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "%s/gone%d", dir, i);
        put(path, "");
    }
    snprintf(path, sizeof path, "%s/file", dir);
    put(path, "content");
    snprintf(path, sizeof path, "%s/gonedir", dir);
    MUST(mkdir(path, 0755));
}

static void setup(void)
{
    const struct acl_entry bob_writes[] = {
        {USER_OBJ, 6, -1}, {USER, 6, BOB}, {GROUP_OBJ, 4, -1}, {MASK, 6, -1}, {OTHER, 4, -1}};

    root = geteuid() == 0;
    setup_acl("acl");
    make_file("shared", 0644, geteuid(), getegid());
    MUST(set_acl("shared", ACL_ACCESS, bob_writes, 5));
    make_dir("sgid", 02777, geteuid(), root ? TEAM : getegid());
    make_dir("sgidacl", 0777, geteuid(), root ? TEAM : getegid());
    MUST(set_acl("sgidacl", ACL_DEFAULT, defaults, 5));
    MUST(chmod("sgidacl", 02777));
    put("sgid/gone", "");
    make_dir("sgid/gonedir", 0755, geteuid(), getegid());
    put("sgid/gonepipe", "");
    put("sgid/gonelink", "");
    make_file("source", 0644, geteuid(), getegid());
    make_dir("sourcedir", 0755, geteuid(), getegid());
    static const char *const clears[] = {"write", "truncate", "open",  "chown", "empty",
                                         "mode",  "append",   "xattr", "group", "self"};
    char path[64];
    for (size_t i = 0; i < sizeof clears / sizeof *clears; i++) {
        snprintf(path, sizeof path, "setid-%s", clears[i]);
        make_file(path, 06777, geteuid(), getegid());
        snprintf(path, sizeof path, "locks-%s", clears[i]); /* set-group-ID without the right to execute */
        make_file(path, 02666, geteuid(), getegid());
        snprintf(path, sizeof path, "caps-%s", clears[i]);
        make_file(path, 0777, geteuid(), getegid());
        /* VFS_CAP_REVISION_2 with CAP_NET_RAW */
        const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
        if (root)
            MUST(setxattr(path, "security.capability", capability, sizeof capability, 0));
    }
}

static void make_all(const char *dir)
{
    char path[4][64];
    static const char *const names[] = {"file", "dir", "pipe", "link"};

    for (int over = 0; over < 2; over++) {
        for (int i = 0; i < 4; i++) {
            if (over)
                snprintf(path[i], sizeof path[i], "%s/gone%s", dir, i == 0 ? "" : names[i]);
            else
                snprintf(path[i], sizeof path[i], "%s/new-%s", dir, names[i]);
            if (over)
                SAY(i == 1 ? rmdir(path[i]) : unlink(path[i]));
        }
        SAY_FD(open(path[0], O_WRONLY | O_CREAT, 02775));
        SAY(mkdir(path[1], 0777));
        SAY(mknod(path[2], S_IFIFO | 0666, 0));
        SAY(symlink("x", path[3]));
        for (int i = 0; i < 4; i++) {
            look(path[i]);
            unlink(path[i]);
        }
        rmdir(path[1]);
    }
}

static void sgid(void)
{
    puts("-- sgid");
    make_all("sgid");
    int fd = open("sgid", O_TMPFILE | O_RDWR, 02775);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0)
        print_stat("temporary", &st);
    close(fd);
    SAY(rename("source", "sgid/moved"));
    look("sgid/moved");
    SAY(rename("sgid/moved", "source"));
    SAY(link("source", "sgid/linked"));
    look("sgid/linked");
    SAY(unlink("sgid/linked"));
    SAY(rename("sourcedir", "sgid/moved"));
    look("sgid/moved");
    SAY(rename("sgid/moved", "sourcedir"));
    SAY(mkdir("sgid/a", 0777));
    SAY(mkdir("sgid/a/b", 0777));
    look("sgid/a/b");
    SAY_FD(open("sgid/a/b/f", O_WRONLY | O_CREAT, 02675));
    look("sgid/a/b/f");
    SAY(chmod("sgid/a/b/f", 02755));
    look("sgid/a/b/f");
    SAY(unlink("sgid/a/b/f"));
    SAY(rmdir("sgid/a/b"));
    SAY(rmdir("sgid/a"));
}

static void acl(const char *dir)
{
    char path[64];

    printf("-- %s\n", dir);
    for (int over = 0; over < 2; over++) {
        for (int i = 0; i < 8; i++) {
            struct sockaddr_un address = {.sun_family = AF_UNIX};
            snprintf(path, sizeof path, "%s/%s%d", dir, over ? "gone" : "new", i);
            snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
            umask(i % 2 ? 077 : 022);
            if (over)
                SAY(unlink(path));
            int fd = -1;
            if (i == 0 || i == 1)
                SAY_FD(open(path, O_WRONLY | O_CREAT | O_EXCL, 0666));
            else if (i == 2)
                SAY(mkdir(path, 0777));
            else if (i == 3)
                SAY(mknod(path, S_IFIFO | 0666, 0));
            else if (i == 4)
                SAY(mkdir(path, 0700));
            else if (i == 5)
                SAY(mknod(path, S_IFREG | 0640, 0));
            else if (i == 6) {
                fd = socket(AF_UNIX, SOCK_STREAM, 0);
                SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
                close(fd);
            } else
                SAY_FD(open(path, O_RDWR | O_CREAT, 0400));
            show(path);
            if (unlink(path) < 0)
                rmdir(path);
        }
    }
    umask(027);
    int fd = open(dir, O_TMPFILE | O_RDWR, 0666);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0)
        print_stat("temporary", &st);
    close(fd);
    snprintf(path, sizeof path, "%s/moved", dir);
    SAY(rename("source", path));
    show(path);
    SAY(rename(path, "source"));
    umask(022);
}

static void shared(void)
{
    show("shared");
    SAY_FD(open("shared", O_RDWR));
    show("shared");
    SAY(chmod("shared", 0640));
    show("shared");
    SAY(chmod("shared", 0664));
    show("shared");
}

static void bob(void)
{
    SAY_FD(open("shared", O_RDWR));
    SAY(access("shared", W_OK));
    SAY(truncate("shared", 2));
    SAY(chmod("shared", 0666));
    show("shared");
}

static void say_clear(const char *kind, const char *name)
{
    char path[64];
    char value[32];

    snprintf(path, sizeof path, "%s-%s", kind, name);
    look(path);
    if (strcmp(kind, "caps") == 0)
        printf("  capability %zd\n", getxattr(path, "security.capability", value, sizeof value));
}

static void clears(void)
{
    static const char *const kinds[] = {"setid", "locks", "caps"};
    char path[10][64];

    umask(022);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"write", "truncate", "open",  "chown", "empty",
                                            "mode",  "append",   "xattr", "group", "self"};
        for (int n = 0; n < 10; n++)
            snprintf(path[n], sizeof path[n], "%s-%s", kinds[i], names[n]);
        int fd = open(path[0], O_RDWR);
        SAY(write(fd, "x", 1));
        close(fd);
        SAY(truncate(path[1], 3));
        SAY_FD(open(path[2], O_WRONLY | O_TRUNC));
        SAY(chown(path[3], geteuid(), getegid()));
        fd = open(path[4], O_RDWR);
        SAY(write(fd, "", 0));
        close(fd);
        SAY(chmod(path[5], 06751));
        fd = open(path[6], O_WRONLY | O_APPEND);
        SAY(write(fd, "x", 1));
        close(fd);
        SAY(setxattr(path[7], "user.one", "x", 1, 0));
        SAY(chown(path[8], -1, root ? TEAM : getegid()));
        SAY(chown(path[9], -1, -1));
        for (int n = 0; n < 10; n++)
            say_clear(kinds[i], names[n]);
    }
}

static void both(void)
{
    sgid();
    acl("acl");
    acl("sgidacl");
}

static void probe(void)
{
    root = geteuid() == 0;
    both();
    shared();
    if (root) {
        as("alice", ALICE, false, 0, sgid);
        as("alice of the team", ALICE, true, 0, sgid);
        as("alice with CAP_FSETID", ALICE, false, CAP(CAP_FSETID), sgid);
        as("root without CAP_FSETID", 0, false, CAP(CAP_DAC_OVERRIDE), both);
        as("bob", BOB, false, 0, bob);
        as("alice clears", ALICE, false, 0, clears);
    }
    struct stat st;
    if (stat("setid-self", &st) == 0 && st.st_uid == geteuid())
        clears();
}

int main(int argc, char **argv)
{
    return rights_main(argc, argv, setup, probe);
}
