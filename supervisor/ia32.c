#include "supervisor/ia32.h"

#include "emul/view.h"
#include "filter/ia32.h"
#include "supervisor/caller.h"
#include "supervisor/memory.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* A length that fills two arguments, or one that has a sign; users and groups whose -1 is one of 16 bits. */
static void widen(struct call *call)
{
    switch (call->shape) {
    case SHAPE_32_OFFSET:
        call->args[1] = (uint64_t)(int32_t)call->args[1];
        break;
    case SHAPE_32_LENGTH_PAIR:
        call->args[1] |= call->args[2] << 32;
        break;
    case SHAPE_32_POSITION:
        call->args[3] |= call->args[4] << 32;
        break;
    case SHAPE_32_LLSEEK:
        call->args[1] = call->args[1] << 32 | call->args[2];
        call->args[2] = call->args[4];
        break;
    case SHAPE_32_IDS:
        for (int i = 1; i <= 2; i++) {
            uint16_t id = (uint16_t)call->args[i];
            call->args[i] = id == UINT16_MAX ? UINT32_MAX : id;
        }
        break;
    case SHAPE_64:
    case SHAPE_32:
    case SHAPE_32_OLD_STAT:
    case SHAPE_32_STAT:
    case SHAPE_32_STAT64:
    case SHAPE_32_STATFS64:
    case SHAPE_32_TIME64:
    case SHAPE_32_READDIR:
    case SHAPE_32_SOCKET:
        break;
    }
}

/* The arguments of a socketcall() are fetched. false: the kernel finds nothing to do (EINVAL). */
static bool unfold(const struct task *task, struct call *call, int *error)
{
    uint32_t block[6];
    unsigned count;
    *error = 0;
    if (!ia32_socketcall(call->args[0], &call->number, &count))
        return false;
    *error = -memory_read_all(task->tid, call->args[1], block, count * sizeof *block);
    call->row = table_row(call->number);
    for (unsigned i = 0; i < 6; i++)
        call->args[i] = i < count && *error == 0 ? block[i] : 0;
    return true;
}

/* Where addresses are judged, what does not need to be is judged by arguments in memory: the kernel must find them so.
 */
static bool must_be_placed(const struct task *task, const struct call *call)
{
    return call->shape == SHAPE_32_SOCKET && view_judges_addresses(task->supervisor->view) &&
           (call->row->handler == HANDLER_SOCKET || call->row->handler == HANDLER_SEND_ADDR);
}

bool ia32_fill(const struct trace_call *made, struct call *call)
{
    const struct ia32_call *known = made->number > INT32_MAX ? NULL : ia32_call((long)made->number);
    if (known == NULL)
        return false;
    call->number = known->number;
    call->row = ia32_row(known);
    call->shape = known->shape;
    /* The kernel takes no more of them, whatever a 64-bit program has in the upper halves. */
    for (int i = 0; i < 6; i++)
        call->args[i] = (uint32_t)made->args[i];
    widen(call);
    return true;
}

enum verdict ia32_judge(const struct task *task, const struct trace_call *made, struct call *call, int *error)
{
    if (!ia32_fill(made, call))
        return VERDICT_UNKNOWN;
    if (call->shape == SHAPE_32_SOCKET) {
        if (!unfold(task, call, error))
            return VERDICT_PASS;
        if (*error != 0)
            return VERDICT_FAIL;
    }
    enum verdict verdict = table_verdict(call->row, call->args, error);
    return verdict == VERDICT_PASS && must_be_placed(task, call) ? VERDICT_STOP : verdict;
}

int ia32_place_block(struct task *task, const uint64_t args[6], uint64_t *address)
{
    uint32_t block[6];
    for (int i = 0; i < 6; i++)
        block[i] = (uint32_t)args[i];
    return caller_place(task, block, sizeof block, address);
}

bool ia32_is_judged_block(const struct call *call)
{
    return call->shape == SHAPE_32_SOCKET && call->row->handler != HANDLER_RECV_ADDR &&
           call->row->handler != HANDLER_ACCEPT;
}
