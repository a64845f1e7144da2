#include "supervisor/record/file_system.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/vfs.h>

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
/* Not in linux/magic.h: include/linux/nfs_fs.h, fs/configfs, ipc/mqueue.c of the kernel. */
enum { CONFIGFS_MAGIC = 0x62656570, MQUEUE_MAGIC = 0x19800202 };

static const unsigned long pseudo[] = {
    PROC_SUPER_MAGIC,     SYSFS_MAGIC,    DEBUGFS_MAGIC,      TRACEFS_MAGIC,       SECURITYFS_MAGIC,   SELINUX_MAGIC,
    SMACK_MAGIC,          BPF_FS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, PSTOREFS_MAGIC,     EFIVARFS_MAGIC,
    BINFMTFS_MAGIC,       NSFS_MAGIC,     PIPEFS_MAGIC,       SOCKFS_MAGIC,        DEVPTS_SUPER_MAGIC, DAXFS_MAGIC,
    RDTGROUP_SUPER_MAGIC, CONFIGFS_MAGIC, MQUEUE_MAGIC,       ANON_INODE_FS_MAGIC,
};

static const unsigned long served[] = {
    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, V9FS_MAGIC,
    AFS_SUPER_MAGIC, AFS_FS_MAGIC,    CODA_SUPER_MAGIC, NCP_SUPER_MAGIC,  CEPH_SUPER_MAGIC,
};

static bool is_one_of(const unsigned long *magics, size_t count, unsigned long magic)
{
    for (size_t i = 0; i < count; i++)
        if (magics[i] == magic)
            return true;
    return false;
}

static enum file_system_kind ask(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return FILE_SYSTEM_PSEUDO;
    unsigned long magic = (unsigned long)fs.f_type & 0xffffffff;
    if (is_one_of(pseudo, sizeof pseudo / sizeof *pseudo, magic))
        return FILE_SYSTEM_PSEUDO;
    if (magic == FUSE_SUPER_MAGIC || magic == AUTOFS_SUPER_MAGIC)
        return FILE_SYSTEM_PROGRAM;
    return is_one_of(served, sizeof served / sizeof *served, magic) ? FILE_SYSTEM_SERVED : FILE_SYSTEM_OWN;
}

enum file_system_kind file_system_kind(struct file_systems *systems, int fd, dev_t device)
{
    enum { ROOM = sizeof systems->known / sizeof *systems->known };
    for (unsigned i = 0; i < systems->count; i++)
        if (systems->known[i].device == device)
            return systems->known[i].kind;
    enum file_system_kind kind = ask(fd);
    unsigned at = systems->next++ % ROOM;
    systems->known[at].device = device;
    systems->known[at].kind = kind;
    if (systems->count < ROOM)
        systems->count++;
    return kind;
}
