/*
 * The marks of the kernel's overlayfs format, mounted with userxattr, and the one of containers-storage.
 * See "overlayfs" in the kernel's documentation, sections "whiteouts and opaque directories" and "userxattr".
 */
#ifndef COFFER_EMUL_OVERLAY_H
#define COFFER_EMUL_OVERLAY_H

#define XATTR_OPAQUE   "user.overlay.opaque"   /* "y": hides what lies below; "x": whiteouts may be of the xattr kind */
#define XATTR_WHITEOUT "user.overlay.whiteout" /* on an empty file, where mknod fails */
/* "UID:GID:0MODE": owner and mode that the user may not set (fuse-overlayfs, containers-storage). */
#define XATTR_OVERRIDE "user.containers.override_stat"

/* The kernel's own (acl(5)): whose value goes from a directory to what is made in it, and that of an object itself. */
#define XATTR_DEFAULT_ACL "system.posix_acl_default"
#define XATTR_ACCESS_ACL  "system.posix_acl_access"

#endif
