#include "emul/opening.h"

#include "emul/shapes.h"

#include <errno.h>
#include <sys/syscall.h>

static unsigned resolve_to_walk(uint64_t resolve)
{
    unsigned walk_flags = 0;
    if ((resolve & RESOLVE_NO_SYMLINKS) != 0)
        walk_flags |= WALK_NO_SYMLINKS | WALK_NO_MAGIC;
    if ((resolve & RESOLVE_NO_MAGICLINKS) != 0)
        walk_flags |= WALK_NO_MAGIC;
    if ((resolve & RESOLVE_BENEATH) != 0)
        walk_flags |= WALK_BENEATH;
    if ((resolve & RESOLVE_IN_ROOT) != 0)
        walk_flags |= WALK_IN_ROOT;
    if ((resolve & RESOLVE_NO_XDEV) != 0)
        walk_flags |= WALK_NO_XDEV;
    return walk_flags;
}

#define HOW_SIZE_MAX 4096u /* a page: what the kernel reads of struct open_how */
#define HOW_RESOLVE_KNOWN                                                                                              \
    ((uint64_t)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT |    \
                RESOLVE_CACHED))

/* A struct of a later kernel: what this one does not know must be zero (copy_struct_from_user()). 0 or -errno. */
static int read_tail(struct caller *caller, uint64_t address, uint64_t size)
{
    char bytes[256];
    while (size > 0) {
        size_t piece = size < sizeof bytes ? (size_t)size : sizeof bytes;
        if (caller->ops->read(caller->context, address, bytes, piece) != (ssize_t)piece)
            return -EFAULT;
        for (size_t i = 0; i < piece; i++)
            if (bytes[i] != 0)
                return -E2BIG;
        address += piece;
        size -= piece;
    }
    return 0;
}

/* Reads struct open_how. 0 or -errno. */
static int read_how(struct caller *caller, const struct call *call, struct opening *opening)
{
    struct open_how *how = &opening->how;
    uint64_t size = call->args[3];
    if (size < sizeof *how || size > HOW_SIZE_MAX)
        return size < sizeof *how ? -EINVAL : -E2BIG;
    int error = read_tail(caller, call->args[2] + sizeof *how, size - sizeof *how);
    if (error < 0)
        return error;
    if (caller->ops->read(caller->context, call->args[2], how, sizeof *how) != (ssize_t)sizeof *how)
        return -EFAULT;
    if ((how->flags & ~OPENING_FLAGS_KNOWN) != 0 || (how->resolve & ~HOW_RESOLVE_KNOWN) != 0 ||
        (how->mode & ~(uint64_t)07777) != 0)
        return -EINVAL;
    if ((how->resolve & RESOLVE_BENEATH) != 0 && (how->resolve & RESOLVE_IN_ROOT) != 0)
        return -EINVAL;
    if (how->mode != 0 && (how->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0)
        return -EINVAL;
    opening->flags = (int)how->flags;
    opening->mode = (mode_t)how->mode;
    opening->walk = resolve_to_walk(how->resolve);
    return 0;
}

/* Flags that contradict each other, before the path is looked at (build_open_flags() in fs/open.c). */
static int check_flags(struct opening *opening)
{
    const int path_flags = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
    /* The old calls drop what means nothing beside O_PATH; openat2 refuses it. */
    if ((opening->flags & O_PATH) != 0 && opening->flags_argument >= 0)
        opening->flags &= path_flags;
    int flags = opening->flags;
    if ((flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
        return -EINVAL;
    if ((flags & O_PATH) != 0 && (flags & ~path_flags) != 0)
        return -EINVAL;
    bool temporary = (flags & (O_TMPFILE & ~O_DIRECTORY)) != 0;
    if (temporary && ((flags & O_DIRECTORY) == 0 || (flags & O_ACCMODE) == O_RDONLY))
        return -EINVAL;
    /* "Only what is cached" is never so for what is made; else what the view knows is as good as cached. */
    bool makes = temporary || (flags & (O_CREAT | O_TRUNC)) != 0;
    return (opening->how.resolve & RESOLVE_CACHED) != 0 && makes ? -EAGAIN : 0;
}

int opening_read(struct caller *caller, const struct call *call, struct opening *opening)
{
    int path = call->row->path[0].path;
    *opening = (struct opening){.flags_argument = path + 1};
    if (call->number == SYS_openat2) {
        opening->flags_argument = -1;
        int error = read_how(caller, call, opening);
        return error < 0 ? error : check_flags(opening);
    }
    if (call->number == SYS_creat) {
        opening->flags_argument = -1;
        opening->flags = O_CREAT | O_WRONLY | O_TRUNC;
        opening->mode = (mode_t)call->args[path + 1];
    } else {
        opening->flags = (int)call->args[path + 1];
        opening->mode = (mode_t)call->args[path + 2];
        opening->small = shape_is_32(call) && (opening->flags & OPENING_LARGE_FILE) == 0;
    }
    return check_flags(opening);
}
