/*
 * What changes mean in a view, without a tracee: listings and their positions, copy-up, whiteouts, renames, layers on
 * layers.
 */
#include "emul/known.h"
#include "tests/unit/view_fixture.h"

/* ---- listings ---- */

#define NAMES_MAX 6000

/* One reading of a directory, record by record. */
struct reading {
    char *names[NAMES_MAX];
    int64_t positions[NAMES_MAX]; /* after each name */
    int count;
};

/* Reads what is left of a directory with a buffer of this size. */
static void read_on(int fd, size_t size, struct reading *reading)
{
    _Alignas(8) static char buffer[64 << 10];
    int64_t got;
    reading->count = 0;
    ck_assert_uint_le(size, sizeof buffer);
    while ((got = made(&sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), size, 0)) > 0) {
        for (int64_t at = 0; at < got;) {
            const struct view_record *record = (const void *)(buffer + at);
            ck_assert_int_lt(reading->count, NAMES_MAX);
            reading->names[reading->count] = strdup(record->name);
            reading->positions[reading->count++] = record->next;
            at += record->size;
        }
    }
    ck_assert_int_eq(got, 0);
}

static void forget_reading(struct reading *reading)
{
    while (reading->count > 0)
        free(reading->names[--reading->count]);
}

/* n names in a directory of which the host has one half and the layer the other; every tenth host name is deleted. */
static int make_merged(int n)
{
    int shown = 0;
    put_dir(host("d"));
    put_dir(upper("d"));
    for (int i = 0; i < n; i++) {
        bool in_host = i % 2 == 0, deleted = i % 20 == 0;
        int fd = open(path_of("%s/d/name-%d", in_host ? sv.scratch.host : sv.scratch.upper, i),
                      O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        ck_assert_int_ge(fd, 0);
        (void)close(fd);
        if (deleted)
            put_whiteout(path_of("%s/d/name-%d", sv.scratch.upper, i));
        shown += deleted ? 0 : 1;
    }
    begin();
    return shown;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_no_name_twice(const struct reading *reading)
{
    static char *sorted[NAMES_MAX];
    memcpy(sorted, reading->names, sizeof *sorted * (size_t)reading->count);
    qsort(sorted, (size_t)reading->count, sizeof *sorted, by_text);
    for (int i = 1; i < reading->count; i++)
        ck_assert_str_ne(sorted[i - 1], sorted[i]);
}

static struct reading whole, part;

START_TEST(five_thousand_names_come_once_each_in_rising_order)
{
    int shown = make_merged(5000);
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    read_on(fd, 32 << 10, &whole);
    ck_assert_int_eq(whole.count, shown + 2);
    ck_assert_str_eq(whole.names[0], ".");
    ck_assert_str_eq(whole.names[1], "..");
    check_no_name_twice(&whole);
    for (int i = 1; i < whole.count; i++)
        ck_assert_int_lt(whole.positions[i - 1], whole.positions[i]);
    /* Again, from the beginning. */
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    read_on(fd, 4096, &part);
    ck_assert_int_eq(part.count, whole.count);
    for (int i = 0; i < whole.count; i++)
        ck_assert_str_eq(part.names[i], whole.names[i]);
    (void)close(fd);
    forget_reading(&whole);
    forget_reading(&part);
}
END_TEST

START_TEST(a_reading_goes_on_from_every_position)
{
    (void)make_merged(200);
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    read_on(fd, 64, &whole);
    for (int i = 0; i < whole.count; i++) {
        ck_assert_int_eq(lseek(fd, whole.positions[i], SEEK_SET), whole.positions[i]);
        read_on(fd, 1024, &part);
        ck_assert_int_eq(part.count, whole.count - i - 1);
        for (int k = 0; k < part.count; k++)
            ck_assert_str_eq(part.names[k], whole.names[i + 1 + k]);
        forget_reading(&part);
    }
    forget_reading(&whole);
    (void)close(fd);
}
END_TEST

START_TEST(a_buffer_too_small_for_a_record_is_invalid)
{
    char buffer[16];
    (void)make_merged(4);
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(made(&sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), sizeof buffer, 0), -EINVAL);
    ck_assert_int_eq(made(&sv, SYS_getdents64, (uint64_t)fd, 8, 4096, 0), -EFAULT);
    (void)close(fd);
}
END_TEST

/* The descriptor's position is the kernel's: a duplicate goes on where the other stopped. */
START_TEST(duplicates_share_the_position)
{
    (void)make_merged(40);
    _Alignas(8) char buffer[256];
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    int other = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    read_on(fd, sizeof buffer, &whole);
    ck_assert_int_eq(lseek(other, 0, SEEK_SET), 0);
    for (int i = 0; i < whole.count;) {
        int64_t got = made(&sv, SYS_getdents64, (uint64_t)(i % 2 == 0 ? fd : other), ADDRESS(buffer), sizeof buffer, 0);
        ck_assert_int_gt(got, 0);
        for (int64_t at = 0; at < got; i++) {
            const struct view_record *record = (const void *)(buffer + at);
            ck_assert_str_eq(record->name, whole.names[i]);
            at += record->size;
        }
    }
    forget_reading(&whole);
    (void)close(other);
    (void)close(fd);
}
END_TEST

/* As rm -r does: whatever was read is removed before more is read, in a directory of either kind. */
START_TEST(names_may_be_removed_while_they_are_read)
{
    static const char *const kinds[] = {"merged", "host", "layer"};
    bool in_host = _i != 2, in_layer = _i != 1;
    int removed = 0;
    if (in_host)
        put_dir(host("d"));
    if (in_layer)
        put_dir(upper("d"));
    for (int i = 0; i < 300; i++) {
        if (in_host && (i % 2 == 0 || !in_layer))
            put_file(path_of("%s/d/n%d", sv.scratch.host, i), "", 0644);
        else
            put_file(path_of("%s/d/n%d", sv.scratch.upper, i), "", 0644);
    }
    begin();
    _Alignas(8) char buffer[512];
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    int64_t got;
    while ((got = made(&sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), sizeof buffer, 0)) > 0) {
        for (int64_t at = 0; at < got;) {
            const struct view_record *record = (const void *)(buffer + at);
            at += record->size;
            if (record->name[0] == '.')
                continue;
            ck_assert_int_eq(view_unlink(&sv, path_of("d/%s", record->name)), 0);
            removed++;
        }
    }
    ck_assert_int_eq(got, 0);
    ck_assert_msg(removed == 300, "%s: %d of 300", kinds[_i], removed);
    ck_assert_int_eq(view_rmdir(&sv, "d"), 0);
    (void)close(fd);
}
END_TEST

/* A directory is touched for the first time between two calls of one reading. */
START_TEST(a_first_change_does_not_upset_a_reading)
{
    put_dir(host("d"));
    for (int i = 0; i < 300; i++)
        put_file(path_of("%s/d/n%d", sv.scratch.host, i), "", 0644);
    begin();
    _Alignas(8) char buffer[512];
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    int seen = 0;
    int64_t first = made(&sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), sizeof buffer, 0);
    for (int64_t at = 0; at < first; seen++)
        at += ((const struct view_record *)(const void *)(buffer + at))->size;
    ck_assert_int_eq(view_write(&sv, "d/added", ""), 0);
    read_on(fd, sizeof buffer, &part);
    bool added = false;
    for (int i = 0; i < part.count; i++)
        added = added || strcmp(part.names[i], "added") == 0;
    ck_assert_int_eq(seen + part.count - (added ? 1 : 0), 302);
    check_no_name_twice(&part);
    forget_reading(&part);
    (void)close(fd);
}
END_TEST

/* ---- changes ---- */

START_TEST(a_change_goes_to_a_copy)
{
    struct stat before, after;
    put_dir(host("d"));
    put_file(host("d/f"), "old", 0640);
    ck_assert_int_eq(stat(host("d/f"), &before), 0);
    begin();
    int fd = (int)view_open(&sv, "d/f", O_WRONLY | O_APPEND);
    ck_assert_int_eq(write(fd, "new", 3), 3);
    (void)close(fd);
    ck_assert_str_eq(view_read(&sv, "d/f"), "oldnew");
    ck_assert_int_eq(view_stat(&sv, "d/f", &after), 0);
    ck_assert_uint_eq(after.st_mode, before.st_mode);
    ck_assert_int_eq(made(&sv, SYS_chmod, ADDRESS("d/f"), 0600, 0, 0), 0);
    ck_assert_int_eq(made(&sv, SYS_truncate, ADDRESS("d/f"), 2, 0, 0), 0);
    ck_assert_str_eq(view_read(&sv, "d/f"), "ol");
    ck_assert_int_eq(stat(host("d/f"), &after), 0);
    ck_assert_uint_eq(after.st_mode, before.st_mode);
    ck_assert_int_eq(after.st_size, 3);
    ck_assert_int_eq(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
    ck_assert_int_eq(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}
END_TEST

START_TEST(descriptors_change_no_host_object)
{
    struct stat before, after;
    const struct timespec times[2] = {{.tv_sec = 7}, {.tv_sec = 7}};
    put_file(host("f"), "old", 0644);
    ck_assert_int_eq(stat(host("f"), &before), 0);
    begin();
    uint64_t fd = (uint64_t)view_open(&sv, "f", O_RDONLY);
    ck_assert_int_eq(made(&sv, SYS_fchmod, fd, 0600, 0, 0), 0);
    ck_assert_int_eq(made(&sv, SYS_utimensat, fd, 0, ADDRESS(times), 0), 0);
    ck_assert_int_eq(made(&sv, SYS_fsetxattr, fd, ADDRESS("user.mine"), ADDRESS("1"), 1), 0);
    (void)close((int)fd);
    ck_assert_int_eq(view_stat(&sv, "f", &after), 0);
    ck_assert_uint_eq(after.st_mode & 07777, 0600);
    ck_assert_int_eq(stat(host("f"), &after), 0);
    ck_assert_uint_eq(after.st_mode, before.st_mode);
    ck_assert_int_eq(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
    ck_assert_int_eq(getxattr(host("f"), "user.mine", NULL, 0), -1);
}
END_TEST

/* An ordinary user's, who may not read it: the copy goes without what cannot be read. */
START_TEST(a_copy_up_changes_no_unreadable_host_directory)
{
    struct stat before, after;
    put_dir(host("d"));
    put_file(host("f"), "old", 0644);
    ck_assert_int_eq(setxattr(host("d"), "user.one", "1", 1, 0), 0);
    ck_assert_int_eq(chmod(host("d"), 0311), 0);
    ck_assert_int_eq(stat(host("d"), &before), 0);
    begin();
    ck_assert_int_eq(view_rename(&sv, "f", "d/f"), 0);
    ck_assert_int_eq(view_stat(&sv, "d", &after), 0);
    ck_assert_uint_eq(after.st_mode & 07777, 0311);
    ck_assert_int_eq(stat(host("d"), &after), 0);
    ck_assert_int_eq(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
    ck_assert_int_eq(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
    ck_assert_int_eq(chmod(host("d"), 0700), 0);
    ck_assert_int_eq(chmod(upper("d"), 0700), 0);
}
END_TEST

START_TEST(what_was_deleted_can_be_made_again)
{
    put_file(host("f"), "old", 0644);
    put_dir(host("d"));
    put_file(host("d/old"), "old", 0644);
    begin();
    ck_assert_int_eq(view_unlink(&sv, "f"), 0);
    ck_assert_int_eq(view_unlink(&sv, "f"), -ENOENT);
    ck_assert_str_eq(view_names(&sv, "."), "d ");
    ck_assert_int_eq(view_rmdir(&sv, "d"), -ENOTEMPTY);
    ck_assert_int_eq(view_unlink(&sv, "d"), -EISDIR);
    ck_assert_int_eq(view_unlink(&sv, "d/old"), 0);
    ck_assert_int_eq(view_rmdir(&sv, "d"), 0);
    ck_assert_str_eq(view_names(&sv, "."), "");
    ck_assert_int_eq(view_mkdir(&sv, "f"), 0);
    ck_assert_int_eq(view_mkdir(&sv, "d"), 0);
    ck_assert_str_eq(view_names(&sv, "d"), "");
    ck_assert_str_eq(view_read(&sv, "d/old"), "ENOENT");
    ck_assert_int_eq(view_rmdir(&sv, "f"), 0);
    ck_assert_int_eq(view_symlink(&sv, "d", "f"), 0);
    ck_assert_int_eq(view_write(&sv, "f/new", "new"), 0);
    ck_assert_str_eq(view_names(&sv, "d"), "new ");
    ck_assert_int_eq(view_symlink(&sv, "x", "d"), -EEXIST);
    ck_assert_int_eq(access(host("d/old"), F_OK), 0);
}
END_TEST

START_TEST(a_merged_directory_is_empty_when_nothing_shows)
{
    put_dir(host("d"));
    put_file(host("d/host"), "1", 0644);
    put_dir(upper("d"));
    put_whiteout(upper("d/host"));
    put_dir(host("kept"));
    put_file(host("kept/host"), "1", 0644);
    put_dir(upper("kept"));
    put_dir(host("o"));
    put_file(host("o/host"), "1", 0644);
    put_dir(upper("o"));
    put_opaque(upper("o"), "y");
    begin();
    ck_assert_int_eq(view_rmdir(&sv, "d"), 0);
    ck_assert_int_eq(view_rmdir(&sv, "kept"), -ENOTEMPTY);
    ck_assert_int_eq(view_rmdir(&sv, "o"), 0);
    ck_assert_str_eq(view_names(&sv, "."), "kept ");
    ck_assert_int_eq(view_lstat(&sv, "d/host"), -ENOENT);
}
END_TEST

START_TEST(a_host_directory_is_renamed_with_all_it_holds)
{
    char text[8192] = "", expected[8192] = "";
    put_dir(host("a"));
    put_dir(host("a/b"));
    put_file(host("a/b/f"), "f", 0640);
    put_file(host("a/gone"), "g", 0644);
    put_link(host("a/link"), "b/f");
    put_dir(upper("a"));
    put_whiteout(upper("a/gone"));
    put_file(upper("a/new"), "n", 0600);
    describe(host("a"), "", expected, sizeof expected);
    begin();
    ck_assert_int_eq(view_rename(&sv, "a", "z"), 0);
    ck_assert_int_eq(view_lstat(&sv, "a"), -ENOENT);
    ck_assert_str_eq(view_names(&sv, "z"), "b link new ");
    ck_assert_str_eq(view_read(&sv, "z/b/f"), "f");
    ck_assert_str_eq(view_read(&sv, "z/link"), "f");
    /* And once more, onto an empty directory and back to where it was. */
    ck_assert_int_eq(view_mkdir(&sv, "empty"), 0);
    ck_assert_int_eq(view_rename(&sv, "z", "empty"), 0);
    ck_assert_int_eq(view_rename(&sv, "empty", "a"), 0);
    ck_assert_str_eq(view_names(&sv, "."), "a ");
    ck_assert_str_eq(view_names(&sv, "a"), "b link new ");
    ck_assert_int_eq(view_rename(&sv, "a", "a/b/c"), -EINVAL);
    describe(host("a"), "", text, sizeof text);
    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(two_names_change_places)
{
    put_file(host("f"), "f", 0644);
    put_dir(host("d"));
    put_file(host("d/in"), "in", 0644);
    begin();
    const uint64_t here = (uint64_t)(int64_t)AT_FDCWD;
    struct call call = {.number = SYS_renameat2,
                        .row = table_row(SYS_renameat2),
                        .args = {here, ADDRESS("f"), here, ADDRESS("d"), RENAME_EXCHANGE}};
    struct answer answer;
    ask(&sv, &call, &answer);
    ck_assert_int_eq(answer.kind, ANSWER_RESULT);
    ck_assert_int_eq(answer.result, 0);
    ck_assert_str_eq(view_read(&sv, "d"), "f");
    ck_assert_str_eq(view_read(&sv, "f/in"), "in");
    call.args[4] = RENAME_NOREPLACE;
    ask(&sv, &call, &answer);
    ck_assert_int_eq(answer.result, -EEXIST);
}
END_TEST

START_TEST(hard_links_in_the_layer_are_one_file)
{
    struct stat a, b;
    put_file(host("f"), "f", 0644);
    begin();
    ck_assert_int_eq(made(&sv, SYS_link, ADDRESS("f"), ADDRESS("g"), 0, 0), 0);
    ck_assert_int_eq(view_stat(&sv, "f", &a), 0);
    ck_assert_int_eq(view_stat(&sv, "g", &b), 0);
    ck_assert_uint_eq(a.st_ino, b.st_ino);
    ck_assert_uint_eq(a.st_nlink, 2);
    ck_assert_int_eq(view_write(&sv, "g", "new"), 0);
    ck_assert_str_eq(view_read(&sv, "f"), "new");
    ck_assert_int_eq(stat(host("f"), &a), 0);
    ck_assert_uint_eq(a.st_nlink, 1);
}
END_TEST

/* ---- layers on layers ---- */

/* A second layer, DIR/base, which the view lies over; its piece of the tree in fresh memory. */
static char *put_base(void)
{
    struct scratch base = sv.scratch;
    struct layer_error error;
    char *argv[] = {(char *)(uintptr_t) "test", NULL};
    (void)snprintf(base.layer, sizeof base.layer, "%.1000s/base", sv.scratch.dir);
    (void)snprintf(base.upper, sizeof base.upper, "%s/fs%s", base.layer, base.host);
    ck_assert_int_eq(layer_open(&sv.over[0], base.layer, LAYER_RUN, argv, &error), 0);
    layer_close(&sv.over[0]);
    scratch_mirror(&base);
    ck_assert_int_eq(layer_open(&sv.over[0], base.layer, LAYER_READ, NULL, &error), 0);
    sv.over_count = 1;
    return strdup(base.upper);
}

START_TEST(the_upper_layer_hides_the_lower_one)
{
    char *base = put_base();
    put_file(host("host"), "host", 0644);
    put_file(host("f"), "host", 0644);
    put_file(path_of("%s/f", base), "base", 0644);
    put_file(path_of("%s/g", base), "base", 0644);
    put_file(upper("g"), "top", 0644);
    put_file(path_of("%s/h", base), "base", 0644);
    put_whiteout(upper("h"));
    put_file(host("i"), "host", 0644);
    put_whiteout(path_of("%s/i", base));
    put_dir(host("d"));
    put_file(host("d/host"), "host", 0644);
    put_dir(path_of("%s/d", base));
    put_file(path_of("%s/d/base", base), "base", 0644);
    put_opaque(path_of("%s/d", base), "y");
    put_dir(upper("d"));
    put_file(upper("d/top"), "top", 0644);
    begin();
    ck_assert_str_eq(view_names(&sv, "."), "d f g host ");
    ck_assert_str_eq(view_names(&sv, "d"), "base top ");
    ck_assert_str_eq(view_read(&sv, "f"), "base");
    ck_assert_str_eq(view_read(&sv, "g"), "top");
    ck_assert_str_eq(view_read(&sv, "i"), "ENOENT");
    ck_assert_str_eq(view_read(&sv, "d/host"), "ENOENT");
    ck_assert_int_eq(view_mkdir(&sv, "i"), 0);
    ck_assert_str_eq(view_names(&sv, "i"), "");
    ck_assert_int_eq(view_rmdir(&sv, "i"), 0);
    ck_assert_str_eq(view_read(&sv, "i"), "ENOENT");
    free(base);
}
END_TEST

START_TEST(a_lower_layer_is_never_changed)
{
    char before[8192] = "", after[8192] = "";
    char *base = put_base();
    put_file(path_of("%s/f", base), "base", 0644);
    put_file(path_of("%s/g", base), "base", 0644);
    put_dir(path_of("%s/d", base));
    put_file(path_of("%s/d/in", base), "in", 0644);
    describe(base, "", before, sizeof before);
    begin();
    ck_assert_int_eq(view_write(&sv, "f", "top"), 0);
    ck_assert_int_eq(made(&sv, SYS_chmod, ADDRESS("g"), 0600, 0, 0), 0);
    uint64_t fd = (uint64_t)view_open(&sv, "d/in", O_RDONLY);
    ck_assert_int_eq(made(&sv, SYS_fchmod, fd, 0600, 0, 0), 0);
    (void)close((int)fd);
    ck_assert_int_eq(view_rename(&sv, "d", "e"), 0);
    ck_assert_str_eq(view_names(&sv, "."), "e f g ");
    ck_assert_str_eq(view_names(&sv, "e"), "in ");
    ck_assert_int_eq(view_unlink(&sv, "g"), 0);
    ck_assert_str_eq(view_names(&sv, "."), "e f ");
    ck_assert_int_eq(view_lstat(&sv, "d"), -ENOENT);
    describe(base, "", after, sizeof after);
    ck_assert_str_eq(before, after);
    free(base);
}
END_TEST

START_TEST(a_descriptor_changes_no_lower_layer)
{
    struct stat st;
    char *base = put_base();
    put_file(path_of("%s/f", base), "base", 0644);
    put_file(path_of("%s/g", base), "base", 0644);
    begin();
    uint64_t fd = (uint64_t)view_open(&sv, "f", O_RDONLY);
    uint64_t other = (uint64_t)view_open(&sv, "g", O_RDONLY);
    ck_assert_int_eq(view_unlink(&sv, "f"), 0);
    (void)made(&sv, SYS_fchmod, fd, 0600, 0, 0);
    ck_assert_int_eq(stat(path_of("%s/f", base), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0644);
    ck_assert_int_eq(view_write(&sv, "g", "top"), 0);
    (void)made(&sv, SYS_fchmod, other, 0600, 0, 0);
    ck_assert_int_eq(stat(path_of("%s/g", base), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0644);
    free(base);
}
END_TEST

/* linkat() with AT_EMPTY_PATH. */
START_TEST(a_file_of_a_lower_layer_is_not_linked_into_the_upper_one)
{
    struct stat st;
    char *base = put_base();
    put_file(path_of("%s/f", base), "base", 0644);
    begin();
    struct call call = {.number = SYS_linkat,
                        .row = table_row(SYS_linkat),
                        .args = {(uint64_t)view_open(&sv, "f", O_RDONLY), ADDRESS(""), (uint64_t)(int64_t)AT_FDCWD,
                                 ADDRESS("g"), AT_EMPTY_PATH}};
    struct answer answer;
    ask(&sv, &call, &answer);
    ck_assert_int_eq(stat(path_of("%s/f", base), &st), 0);
    ck_assert_uint_eq(st.st_nlink, 1);
    free(base);
}
END_TEST

/* stat() goes another way than open() does. */
START_TEST(what_a_lower_layer_deleted_is_not_looked_at)
{
    struct stat st;
    char *base = put_base();
    put_file(host("f"), "host", 0644);
    put_whiteout(path_of("%s/f", base));
    begin();
    ck_assert(!is_pure(&sv, "f"));
    ck_assert_int_eq(view_stat(&sv, "f", &st), -ENOENT);
    ck_assert_int_eq(made(&sv, SYS_access, ADDRESS("f"), F_OK, 0, 0), -ENOENT);
    free(base);
}
END_TEST

static int count_names(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count - 2;
}

START_TEST(the_last_names_of_programs_are_kept_and_no_more)
{
    enum { KEPT = 4096, MORE = 300 };
    char link[PATH_MAX], target[PATH_MAX], name[32], *often = NULL, *rarely = NULL;
    begin();
    ck_assert_str_eq(exec_named(sv.view, "/bin/dash", "/usr/bin/dash", link), "/bin/dash");
    for (int i = 0; i < KEPT + MORE; i++) {
        (void)snprintf(name, sizeof name, "/x/n%d", i);
        const char *used = exec_named(sv.view, "/bin/dash", name, link);
        ck_assert(used == link);
        ck_assert_str_eq(strrchr(used, '/') + 1, name + 3);
        ck_assert_int_eq(readlink(used, target, sizeof target), (ssize_t)strlen("/bin/dash"));
        if (i == 0 || i == 1)
            *(i == 0 ? &often : &rarely) = strdup(used);
        ck_assert(exec_named(sv.view, "/bin/dash", "/x/n0", link) == link);
        ck_assert_str_eq(link, often);
    }
    ck_assert_int_eq(count_names(sv.view->alias_dir), KEPT);
    ck_assert_int_eq(access(rarely, F_OK), -1);
    ck_assert(exec_named(sv.view, "/bin/dash", "/x/n1", link) == link);
    ck_assert_str_ne(link, rarely);
    ck_assert(exec_named(sv.view, "/bin/bash", "/x/n0", link) == link);
    ck_assert_str_ne(link, often);
    free(often);
    free(rarely);
}
END_TEST

/* The directory for short names is made when it is needed: what the view knew of its parent must not show it. */
START_TEST(the_directory_of_aliases_is_not_in_the_view)
{
    begin();
    ck_assert_int_eq(view_lstat(&sv, "/tmp/nothing"), -ENOENT);
    ck_assert_int_eq(socket_alias_directory(sv.view), 0);
    ck_assert_int_eq(access(sv.view->alias_dir, F_OK), 0);
    ck_assert_int_eq(view_lstat(&sv, sv.view->alias_dir), -ENOENT);
    ck_assert_int_eq(view_lstat(&sv, path_of("%s/0", sv.view->alias_dir)), -ENOENT);
}
END_TEST

/* Where mknod fails, and in images of containers, a whiteout is a file with an xattr; see the overlayfs documentation.
 */
START_TEST(whiteouts_that_are_files_are_not_listed)
{
    char *base = put_base();
    put_file(host("f"), "host", 0644);
    put_file(path_of("%s/f", base), "", 0600);
    ck_assert_int_eq(setxattr(path_of("%s/f", base), "user.overlay.whiteout", "y", 1, 0), 0);
    put_opaque(base, "x");
    begin();
    ck_assert_str_eq(view_read(&sv, "f"), "ENOENT");
    ck_assert_str_eq(view_names(&sv, "."), "");
    free(base);
}
END_TEST

/* ---- what was settled a moment ago (known.c) ---- */

/* The size of what a path leads to, or -errno. */
static int64_t size_of(const char *path)
{
    struct stat st;
    int64_t result = view_stat(&sv, path, &st);
    return result < 0 ? result : st.st_size;
}

START_TEST(what_was_settled_is_looked_up_again_after_a_change)
{
    put_dir(host("d"));
    put_dir(host("d/e"));
    put_file(host("d/e/f"), "1", 0644);
    put_dir(host("other"));
    put_dir(host("other/e"));
    put_file(host("other/e/f"), "12", 0644);
    put_link(host("link"), "d");
    put_link(host("far"), "link/e");
    begin();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(size_of("d/e/f"), 1);
        ck_assert_int_eq(size_of("link/e/f"), 1);
        ck_assert_int_eq(size_of("far/f"), 1);
        ck_assert_int_eq(size_of(host("d/e/f")), 1);
        ck_assert_int_eq(size_of("d/e/absent"), -ENOENT);
    }
    /* Another link, then another directory, a name that was absent, and a name that was no link. */
    ck_assert_int_eq(view_unlink(&sv, "link"), 0);
    ck_assert_int_eq(size_of("link/e/f"), -ENOENT);
    ck_assert_int_eq(size_of("far/f"), -ENOENT);
    ck_assert_int_eq(view_symlink(&sv, "other", "link"), 0);
    ck_assert_int_eq(size_of("link/e/f"), 2);
    ck_assert_int_eq(size_of("far/f"), 2);
    ck_assert_int_eq(view_symlink(&sv, "../../other/e/f", "d/e/absent"), 0);
    ck_assert_int_eq(size_of("d/e/absent"), 2);
    ck_assert_int_eq(view_unlink(&sv, "d/e/f"), 0);
    ck_assert_int_eq(view_symlink(&sv, "absent", "d/e/f"), 0);
    ck_assert_int_eq(size_of("d/e/f"), 2);
    ck_assert_int_eq(view_rename(&sv, "d/e", "d/x"), 0);
    ck_assert_int_eq(size_of("d/e/f"), -ENOENT);
    ck_assert_int_eq(size_of(host("d/e/f")), -ENOENT);
    ck_assert_int_eq(size_of("d/x/absent"), 2);
}
END_TEST

START_TEST(what_is_known_of_a_directory_is_of_no_other)
{
    struct directory one = {.serial = 2}, next = {.serial = 3};
    begin();
    known_plain_add(sv.view, &one, "/", 1);
    ck_assert(known_plain(sv.view, &one, "/", 1));
    ck_assert(!known_plain(sv.view, &next, ".", 1));
    ck_assert(!known_plain(sv.view, &next, "/", 1));
}
END_TEST

START_TEST(a_right_that_was_taken_is_missed_at_once)
{
    if (geteuid() == 0)
        return; /* root searches every directory */
    put_dir(host("d"));
    put_dir(host("d/e"));
    put_file(host("d/e/f"), "1", 0644);
    begin();
    ck_assert_int_eq(size_of("d/e/f"), 1);
    ck_assert_int_eq(size_of("d/e/f"), 1);
    ck_assert_int_eq(made(&sv, SYS_chmod, ADDRESS("d"), 0600, 0, 0), 0);
    ck_assert_int_eq(size_of("d/e/f"), -EACCES);
    ck_assert_int_eq(made(&sv, SYS_chmod, ADDRESS("d"), 0700, 0, 0), 0);
    ck_assert_int_eq(size_of("d/e/f"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view");
    TCase *cases = tcase_create("view");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, five_thousand_names_come_once_each_in_rising_order);
    tcase_add_test(cases, a_reading_goes_on_from_every_position);
    tcase_add_test(cases, a_buffer_too_small_for_a_record_is_invalid);
    tcase_add_test(cases, duplicates_share_the_position);
    tcase_add_loop_test(cases, names_may_be_removed_while_they_are_read, 0, 3);
    tcase_add_test(cases, a_first_change_does_not_upset_a_reading);
    tcase_add_test(cases, a_change_goes_to_a_copy);
    tcase_add_test(cases, descriptors_change_no_host_object);
    tcase_add_test(cases, a_copy_up_changes_no_unreadable_host_directory);
    tcase_add_test(cases, what_was_deleted_can_be_made_again);
    tcase_add_test(cases, a_merged_directory_is_empty_when_nothing_shows);
    tcase_add_test(cases, a_host_directory_is_renamed_with_all_it_holds);
    tcase_add_test(cases, two_names_change_places);
    tcase_add_test(cases, hard_links_in_the_layer_are_one_file);
    tcase_add_test(cases, the_upper_layer_hides_the_lower_one);
    tcase_add_test(cases, what_was_settled_is_looked_up_again_after_a_change);
    tcase_add_test(cases, a_right_that_was_taken_is_missed_at_once);
    tcase_add_test(cases, what_is_known_of_a_directory_is_of_no_other);
    tcase_add_test(cases, a_lower_layer_is_never_changed);
    tcase_add_test(cases, a_descriptor_changes_no_lower_layer);
    tcase_add_test(cases, a_file_of_a_lower_layer_is_not_linked_into_the_upper_one);
    tcase_add_test(cases, what_a_lower_layer_deleted_is_not_looked_at);
    tcase_add_test(cases, whiteouts_that_are_files_are_not_listed);
    tcase_add_test(cases, the_last_names_of_programs_are_kept_and_no_more);
    tcase_add_test(cases, the_directory_of_aliases_is_not_in_the_view);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
