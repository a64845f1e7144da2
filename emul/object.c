#include "emul/object.h"

#include "emul/cleanup.h"
#include "emul/overlay.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

/* "UID:GID:0MODE", after which fuse-overlayfs may write a type; anything else is not believed. */
static bool parse_override(const char *text, struct stat *st)
{
    char *end;
    unsigned long uid = strtoul(text, &end, 10);
    if (end == text || *end != ':' || uid >= UINT32_MAX)
        return false;
    text = end + 1;
    unsigned long gid = strtoul(text, &end, 10);
    if (end == text || *end != ':' || gid >= UINT32_MAX)
        return false;
    text = end + 1;
    unsigned long mode = strtoul(text, &end, 8);
    if (end == text || (*end != '\0' && *end != ':'))
        return false;
    st->st_uid = (uid_t)uid;
    st->st_gid = (gid_t)gid;
    st->st_mode = (st->st_mode & S_IFMT) | (mode_t)(mode & 07777);
    return true;
}

/*
 * User attributes are as readable as the file (xattr(7)), so that the owner of a file of mode 000 in a
 * layer cannot see who shall own it. Lends him that right; true when give_back() has to take it again.
 */
static bool lend_read(int fd, const struct stat *st)
{
    bool lacks = S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ? (st->st_mode & S_IRUSR) == 0 : false;
    if (!lacks || geteuid() == 0 || st->st_uid != geteuid())
        return false;
    return sys_fchmod(fd, (st->st_mode & 07777) | S_IRUSR) == 0;
}

static void give_back(int fd, const struct stat *st, bool lent)
{
    if (lent)
        (void)sys_fchmod(fd, st->st_mode & 07777);
}

bool object_xattr_is_absent(ssize_t status)
{
    return status == -ENODATA || status == -ENOTSUP || status == -EACCES || status == -EPERM || status == -ENOENT ||
           status == -ENOTDIR || status == -ELOOP || status == -ERANGE || status == -ENOSYS;
}

int object_override(int fd, struct stat *st)
{
    char text[64];
    /* Only these can carry user attributes at all (xattr(7)). */
    if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
        return 0;
    bool lent = lend_read(fd, st);
    ssize_t length = sys_fgetxattr(fd, XATTR_OVERRIDE, text, sizeof text - 1);
    give_back(fd, st, lent);
    if (length <= 0)
        return length == 0 || object_xattr_is_absent(length) ? 0 : (int)length;
    text[length] = '\0';
    return parse_override(text, st);
}

int object_override_set(int fd, const struct stat *st)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%u:%u:0%o", st->st_uid, st->st_gid, st->st_mode & 07777);
    return sys_fsetxattr(fd, XATTR_OVERRIDE, text, (size_t)length, 0);
}

int object_stat(int fd, struct stat *st)
{
    int status = sys_fstatat(fd, "", st, AT_EMPTY_PATH);
    if (status == 0)
        status = object_override(fd, st);
    return status < 0 ? status : 0;
}

int object_opaque(int fd)
{
    char value = '\0';
    ssize_t length = sys_fgetxattr(fd, XATTR_OPAQUE, &value, 1);
    if (length < 0 && !object_xattr_is_absent(length))
        return (int)length;
    return length == 1 && (value == 'y' || value == 'x') ? value : 0;
}

int object_is_whiteout(int dir, const char *name, const struct stat *st, bool marked)
{
    char value;
    if (S_ISCHR(st->st_mode))
        return st->st_rdev == 0;
    if (!marked || !S_ISREG(st->st_mode) || st->st_size != 0)
        return 0;
    cleanup_fd int fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
    ssize_t length = fd < 0 ? fd : sys_fgetxattr(fd, XATTR_WHITEOUT, &value, 1);
    if (length >= 0 || length == -ERANGE)
        return 1;
    return object_xattr_is_absent(length) ? 0 : (int)length;
}

bool object_xattr_is_format(const char *name)
{
    return strncmp(name, "user.overlay.", strlen("user.overlay.")) == 0 ||
           strncmp(name, "trusted.overlay.", strlen("trusted.overlay.")) == 0 || strcmp(name, XATTR_OVERRIDE) == 0;
}

static bool is_visible(const char *name)
{
    static const char *const labels[] = {"security.selinux", "security.ima", "security.evm"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strncmp(name, labels[i], strlen(labels[i])) == 0)
            return false;
    return !object_xattr_is_format(name);
}

/* All names, each ending in a NUL, in fresh memory. Length, 0 where there are none, or -errno. */
static ssize_t load_names(int fd, char **names)
{
    *names = NULL;
    for (;;) {
        ssize_t length = sys_flistxattr(fd, NULL, 0);
        if (length == -ENOTSUP || length == -ENOSYS)
            return 0;
        if (length <= 0)
            return length;
        char *list = malloc((size_t)length);
        if (list == NULL)
            return -ENOMEM;
        length = sys_flistxattr(fd, list, (size_t)length);
        if (length > 0) {
            *names = list;
            return length;
        }
        free(list);
        if (length != -ERANGE)
            return length;
    }
}

/* One value in fresh memory. 0, 1 when the attribute is gone meanwhile or unreadable, or -errno. */
static int load_value(int fd, const char *name, struct object_xattr *item)
{
    for (;;) {
        ssize_t size = sys_fgetxattr(fd, name, NULL, 0);
        if (size < 0)
            return size == -ENODATA || size == -EPERM || size == -EACCES || size == -ENOTSUP ? 1 : (int)size;
        char *value = malloc((size_t)size + 1);
        if (value == NULL)
            return -ENOMEM;
        size = sys_fgetxattr(fd, name, value, (size_t)size);
        if (size >= 0) {
            *item = (struct object_xattr){.name = strdup(name), .value = value, .size = (size_t)size};
            return item->name == NULL ? -ENOMEM : 0;
        }
        free(value);
        if (size != -ERANGE)
            return size == -ENODATA ? 1 : (int)size;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct object_xattr *left = a;
    const struct object_xattr *right = b;
    return strcmp(left->name, right->name);
}

static int load_all(int fd, struct object_xattrs *xattrs)
{
    cleanup_free char *names = NULL;
    *xattrs = (struct object_xattrs){0};
    ssize_t length = load_names(fd, &names);
    if (length <= 0)
        return (int)length;
    size_t count = 0;
    for (ssize_t i = 0; i < length; i++)
        count += names[i] == '\0';
    xattrs->items = calloc(count, sizeof *xattrs->items);
    if (xattrs->items == NULL)
        return -ENOMEM;
    for (const char *name = names; name < names + length; name += strlen(name) + 1) {
        int status = is_visible(name) ? load_value(fd, name, &xattrs->items[xattrs->count]) : 1;
        if (status < 0) {
            object_xattrs_free(xattrs);
            return status;
        }
        xattrs->count += status == 0;
    }
    qsort(xattrs->items, xattrs->count, sizeof *xattrs->items, by_name);
    return 0;
}

int object_xattrs_load(int fd, bool lend, struct object_xattrs *xattrs)
{
    struct stat st;
    int status = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (status < 0)
        return status;
    bool lent = lend && lend_read(fd, &st);
    status = load_all(fd, xattrs);
    give_back(fd, &st, lent);
    return status;
}

void object_xattrs_free(struct object_xattrs *xattrs)
{
    for (size_t i = 0; i < xattrs->count; i++) {
        free(xattrs->items[i].name);
        free(xattrs->items[i].value);
    }
    free(xattrs->items);
    *xattrs = (struct object_xattrs){0};
}

const struct object_xattr *object_xattrs_find(const struct object_xattrs *xattrs, const char *name)
{
    for (size_t i = 0; i < xattrs->count; i++)
        if (strcmp(xattrs->items[i].name, name) == 0)
            return &xattrs->items[i];
    return NULL;
}

static bool same_xattr(const struct object_xattr *a, const struct object_xattr *b)
{
    return strcmp(a->name, b->name) == 0 && a->size == b->size && memcmp(a->value, b->value, a->size) == 0;
}

bool object_xattrs_equal(const struct object_xattrs *a, const struct object_xattrs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_xattr(&a->items[i], &b->items[i]))
            return false;
    return true;
}

/* What the target will not take is counted and left: an installer's file is worth more than its label. */
static int tolerate(int status, size_t *lost)
{
    if (status != -ENOTSUP && status != -EPERM && status != -EACCES)
        return status;
    (*lost)++;
    return 0;
}

int object_xattrs_copy(int from, bool lend, int to, size_t *lost)
{
    struct object_xattrs wanted = {0};
    struct object_xattrs present = {0};
    int status = object_xattrs_load(from, lend, &wanted);
    if (status == 0)
        status = object_xattrs_load(to, true, &present);
    for (size_t i = 0; status == 0 && i < wanted.count; i++) {
        const struct object_xattr *item = &wanted.items[i];
        const struct object_xattr *old = object_xattrs_find(&present, item->name);
        if (old == NULL || !same_xattr(item, old))
            status = tolerate(sys_fsetxattr(to, item->name, item->value, item->size, 0), lost);
    }
    for (size_t i = 0; status == 0 && i < present.count; i++)
        if (object_xattrs_find(&wanted, present.items[i].name) == NULL)
            status = tolerate(sys_fremovexattr(to, present.items[i].name), lost);
    object_xattrs_free(&wanted);
    object_xattrs_free(&present);
    return status;
}

int object_copy_metadata(int from, int to, const struct stat *st, bool times, size_t *lost)
{
    struct stat now;
    int status = sys_fstatat(to, "", &now, AT_EMPTY_PATH);
    if (status < 0)
        return status;
    mode_t mode = st->st_mode & 07777;
    if (now.st_uid != st->st_uid || now.st_gid != st->st_gid) {
        status = sys_fchown(to, st->st_uid, st->st_gid);
        if (status == -EPERM && geteuid() != 0) {
            /* A program with somebody else's bit would run as the wrong user. */
            if (!S_ISDIR(st->st_mode))
                mode &= ~(mode_t)(S_ISUID | S_ISGID);
            status = 0;
        }
        if (status < 0)
            return status;
    }
    /* Only a file that its owner may write takes user attributes from him. */
    if (geteuid() != 0 && !S_ISLNK(now.st_mode) && (now.st_mode & S_IWUSR) == 0)
        (void)sys_fchmod(to, (now.st_mode & 07777) | S_IWUSR);
    /* chown takes set-id bits and capabilities away, so they come after it; attributes before a mode without 'w'. */
    status = object_xattrs_copy(from, true, to, lost);
    if (status == 0 && !S_ISLNK(st->st_mode))
        status = sys_fchmod(to, mode);
    if (status == 0 && times) {
        const struct timespec both[2] = {st->st_atim, st->st_mtim};
        status = sys_futimens(to, both);
    }
    return status;
}

int object_open_readable(int dir, const char *name, int flags)
{
    flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    int fd = sys_openat(dir, name, flags | O_NOATIME, 0);
    if (fd == -EPERM)
        fd = sys_openat(dir, name, flags, 0);
    if (fd != -EACCES)
        return fd;
    /* A file that its owner may not read himself, such as one of mode 000 in a user's layer. */
    struct stat st;
    cleanup_fd int handle = sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
    if (handle < 0 || sys_fstatat(handle, "", &st, AT_EMPTY_PATH) < 0 || st.st_uid != geteuid())
        return -EACCES;
    if (sys_fchmod(handle, (st.st_mode & 07777) | (S_ISDIR(st.st_mode) ? S_IRUSR | S_IXUSR : S_IRUSR)) < 0)
        return -EACCES;
    fd = sys_openat(dir, name, flags, 0);
    int status = sys_fchmod(handle, st.st_mode & 07777);
    if (status < 0 && fd >= 0) {
        (void)close(fd);
        return status;
    }
    return fd;
}
