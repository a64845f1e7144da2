/*
 * From a row's handler to the function that answers it.
 */
#include "emul/bound.h"
#include "emul/judged.h"
#include "emul/listener.h"
#include "emul/open_finish.h"
#include "emul/open_grant.h"

#include <errno.h>
#include <unistd.h>

static call_handler *const handlers[HANDLER_COUNT] = {
    [HANDLER_OPEN] = call_open,
    [HANDLER_STAT] = call_stat,
    [HANDLER_FSTAT] = call_fstat,
    [HANDLER_ACCESS] = call_access,
    [HANDLER_READLINK] = call_readlink,
    [HANDLER_STATFS] = call_statfs,
    [HANDLER_HANDLE] = call_handle,
    [HANDLER_GETDENTS] = call_getdents,
    [HANDLER_CHDIR] = call_chdir,
    [HANDLER_FCHDIR] = call_fchdir,
    [HANDLER_CHROOT] = call_chroot,
    [HANDLER_GETCWD] = call_getcwd,
    [HANDLER_UMASK] = call_umask,
    [HANDLER_MKDIR] = call_mkdir,
    [HANDLER_MKNOD] = call_mknod,
    [HANDLER_UNLINK] = call_unlink,
    [HANDLER_RENAME] = call_rename,
    [HANDLER_LINK] = call_link,
    [HANDLER_SYMLINK] = call_symlink,
    [HANDLER_TRUNCATE] = call_truncate,
    [HANDLER_CHMOD] = call_chmod,
    [HANDLER_FCHMOD] = call_fchmod,
    [HANDLER_CHOWN] = call_chown,
    [HANDLER_FCHOWN] = call_fchown,
    [HANDLER_UTIMENS] = call_utimens,
    [HANDLER_GETXATTR] = call_getxattr,
    [HANDLER_FGETXATTR] = call_fgetxattr,
    [HANDLER_LISTXATTR] = call_listxattr,
    [HANDLER_FLISTXATTR] = call_flistxattr,
    [HANDLER_SETXATTR] = call_setxattr,
    [HANDLER_FSETXATTR] = call_fsetxattr,
    [HANDLER_REMOVEXATTR] = call_removexattr,
    [HANDLER_FREMOVEXATTR] = call_fremovexattr,
    [HANDLER_IOCTL_FLAGS] = call_ioctl_flags,
    [HANDLER_FILE_ATTR] = call_file_attr,
    [HANDLER_INOTIFY] = call_inotify,
    [HANDLER_EXEC] = call_exec,
    [HANDLER_SEND_ADDR] = call_send_addr,
    [HANDLER_SENDMSG] = call_sendmsg,
    [HANDLER_SOCKET] = call_socket,
    [HANDLER_RECV_ADDR] = call_recv_addr,
    [HANDLER_ACCEPT] = call_recv_addr,
};

void view_call(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    call_handler *handler = call->row->handler < HANDLER_COUNT ? handlers[call->row->handler] : NULL;
    *answer = (struct answer){.kind = ANSWER_RESULT, .result = -ENOSYS, .finish = {.fd = -1}};
    view->call = call;
    if (view->reads_pass && call->row->handler != HANDLER_ACCESS)
        fs_context_refresh(view, caller);
    if (handler != NULL)
        handler(view, caller, call, answer);
    identity_leave(view);
    if (answer->kind == ANSWER_RESULT) {
        /* Prepared for the end of a call that is not made after all. */
        answer->want_exit = false;
        answer_release(answer);
    }
}

static void replace_cwd(struct view *view, struct caller *caller, struct answer *answer)
{
    directory_release(view, caller->fs->cwd);
    caller->fs->cwd = answer->finish.directory;
    caller->fs->cwd_in_layer = answer->finish.mode != 0;
    caller->fs->cwd_apart = false;
    answer->finish.directory = NULL;
}

void view_call_exit(struct view *view, struct caller *caller, const struct call *call, struct answer *answer,
                    int64_t *result)
{
    switch (answer->finish.kind) {
    case FINISH_CHDIR:
        if (*result == 0)
            replace_cwd(view, caller, answer);
        break;
    case FINISH_OPEN:
    case FINISH_OPEN_MADE:
    case FINISH_OPEN_MODE:
    case FINISH_OPEN_EMPTIED:
        open_finish(view, answer, *result);
        break;
    case FINISH_RECV_ADDR:
        finish_recv_addr(view, caller, call, answer->finish.mode, *result);
        break;
    case FINISH_BIND:
        if (*result == 0)
            *result = finish_bind(view, answer);
        break;
    case FINISH_LISTENER:
        finish_listener(view, caller, call, answer, *result);
        break;
    case FINISH_BOUND:
        if (*result == 0)
            bound_remember(view, answer->finish.fd);
        break;
    case FINISH_SENDMMSG_ONE:
        *result = finish_sendmmsg_one(caller, call, answer, *result);
        break;
    case FINISH_SENDMMSG:
        finish_sendmmsg(caller, call, answer);
        break;
    case FINISH_FORGET: /* by answer_release() */
    case FINISH_NONE:
    case FINISH_EXEC:
        break;
    }
    answer_release(answer);
}

const char *view_exec_name(const struct answer *answer)
{
    return answer->finish.kind == FINISH_EXEC ? answer->finish.text : NULL;
}

void answer_release(struct answer *answer)
{
    if (answer->finish.kind == FINISH_FORGET)
        proc_copy_finish(answer);
    grant_free(answer->grant);
    answer->grant = NULL;
    if (answer->finish.fd >= 0)
        (void)close(answer->finish.fd);
    answer->finish.fd = -1;
    free(answer->finish.text);
    answer->finish.text = NULL;
    /* An interrupted chdir: the directory is still counted. Its view is the one of every directory. */
    if (answer->finish.directory != NULL)
        directory_drop(answer->finish.directory);
    answer->finish.directory = NULL;
    answer->finish.kind = FINISH_NONE;
}
