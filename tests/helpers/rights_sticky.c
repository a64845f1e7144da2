/* Who may do what in directories that several users write to: the sticky bit, links, FIFOs and files of others. */
#include "rights.h"

static void fill(const char *dir)
{
    char path[64];
    static const struct {
        const char *name;
        uid_t uid;
    } owners[] = {{"alice", ALICE}, {"bob", BOB}, {"root", 0}};

    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        uid_t uid = owners[i].uid;
        snprintf(path, sizeof path, "%s/file-%s", dir, owners[i].name);
        make_file(path, 0666, uid, uid);
        snprintf(path, sizeof path, "%s/private-%s", dir, owners[i].name);
        make_file(path, 0600, uid, uid);
        snprintf(path, sizeof path, "%s/dir-%s", dir, owners[i].name);
        make_dir(path, 0777, uid, uid);
        snprintf(path, sizeof path, "%s/link-%s", dir, owners[i].name);
        make_link("../target", path, uid);
        snprintf(path, sizeof path, "%s/way-%s", dir, owners[i].name);
        make_link("../others", path, uid);
    }
}

static void setup(void)
{
    make_file("target", 0666, 0, 0);
    make_dir("others", 0777, 0, 0);
    make_file("others/inside", 0666, 0, 0);
    make_file("others/setid", 04755, BOB, BOB);
    make_dir("common", 01777, 0, 0);
    make_dir("own", 01777, ALICE, ALICE);
    make_dir("group", 01770, 0, TEAM);
    make_dir("plain", 0777, 0, 0);
    fill("common");
    fill("own");
    fill("group");
    fill("plain");
}

static const char *in(const char *name)
{
    static const char *const dirs[] = {"common", "own", "group", "plain"};
    static char paths[4][64];
    static unsigned next;
    static int which;

    if (name == NULL) {
        which = (which + 1) % 4;
        printf("-- %s\n", dirs[which]);
        return NULL;
    }
    snprintf(paths[next % 4], sizeof paths[0], "%s/%s", dirs[which], name);
    return paths[next++ % 4];
}

static void follow(void)
{
    SAY_FD(open(in("link-bob"), O_RDONLY));
    SAY_FD(open(in("link-root"), O_WRONLY));
    SAY_FD(open(in("link-alice"), O_RDONLY));
    SAY_FD(open(in("way-bob/inside"), O_RDONLY));
    SAY_FD(open(in("way-alice/inside"), O_RDWR));
    struct stat st;
    SAY(stat(in("link-bob"), &st));
    SAY(lstat(in("link-bob"), &st));
    SAY(stat(in("way-bob/inside"), &st));
    SAY(stat(in("way-bob/"), &st));
    SAY(access(in("link-root"), R_OK));
    SAY(chmod(in("link-bob"), 0666));
    SAY(truncate(in("link-bob"), 3));
    SAY(mkdir(in("way-bob/made"), 0700));
    SAY(rmdir("others/made"));
}

static void open_others(void)
{
    SAY_FD(open(in("file-bob"), O_WRONLY | O_CREAT, 0644));
    SAY_FD(open(in("file-root"), O_RDWR | O_CREAT | O_TRUNC, 0644));
    SAY_FD(open(in("file-alice"), O_WRONLY | O_CREAT, 0644));
    SAY_FD(open(in("file-bob"), O_RDONLY | O_CREAT, 0644));
    SAY_FD(open(in("file-bob"), O_WRONLY));
    SAY_FD(open(in("private-bob"), O_WRONLY | O_CREAT, 0644));
}

static void remove_others(void)
{
    SAY(link(in("file-bob"), in("linked-bob")));
    SAY(link(in("private-bob"), in("linked-private")));
    SAY(link("others/setid", in("linked-setid")));
    SAY(link(in("link-bob"), in("linked-link")));
    SAY(link(in("file-alice"), in("linked-alice")));
    SAY(unlink(in("linked-bob")));
    SAY(unlink(in("linked-alice")));
    SAY(rename(in("file-bob"), in("renamed")));
    SAY(rename(in("renamed"), in("file-bob")));
    SAY(rename(in("file-alice"), in("file-root")));
    SAY(rename(in("dir-bob"), in("renamed")));
    SAY(rename(in("renamed"), in("dir-bob")));
    SAY(rename(in("dir-alice"), in("dir-root")));
    SAY(syscall(SYS_renameat2, AT_FDCWD, in("private-alice"), AT_FDCWD, in("private-bob"), RENAME_EXCHANGE));
    SAY(unlink(in("link-root")));
    SAY(unlink(in("link-alice")));
    SAY(rmdir(in("dir-root")));
    SAY(rmdir(in("dir-alice")));
    SAY(unlink(in("private-bob")));
    SAY(unlink(in("private-alice")));
}

static void all(void)
{
    for (int i = 0; i < 4; i++) {
        follow();
        open_others();
        remove_others();
        in(NULL);
    }
}

static void probe(void)
{
    as("alice", ALICE, true, 0, all);
    as("alice with CAP_FOWNER", ALICE, true, CAP(CAP_FOWNER), all);
    as("bob", BOB, false, 0, all);
    as("root without CAP_FOWNER", 0, false, CAP(CAP_DAC_OVERRIDE), all);
}

int main(int argc, char **argv)
{
    return rights_main(argc, argv, setup, probe);
}
