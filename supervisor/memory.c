#include "supervisor/memory.h"

#include <errno.h>
#include <sys/uio.h>

enum { PAGE = 4096, PIECES_MAX = 64 };

/*
 * Cuts a range of the tracee at page boundaries: process_vm_readv() promises a partial result only
 * between the elements of the vector. Returns the number of pieces; *covered is how much they hold.
 */
static unsigned long cut_at_pages(uint64_t address, size_t size, struct iovec pieces[PIECES_MAX], size_t *covered)
{
    unsigned long count = 0;
    size_t done = 0;
    while (done < size && count < PIECES_MAX) {
        size_t piece = PAGE - (size_t)((address + done) % PAGE);
        if (piece > size - done)
            piece = size - done;
        pieces[count].iov_base = (void *)(uintptr_t)(address + done);
        pieces[count].iov_len = piece;
        done += piece;
        count++;
    }
    *covered = done;
    return count;
}

static int memory_error(int error)
{
    return error == EIO ? -EPERM : -error;
}

ssize_t memory_read(pid_t tid, uint64_t address, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct iovec remote[PIECES_MAX];
        size_t covered;
        unsigned long pieces = cut_at_pages(address + done, size - done, remote, &covered);
        struct iovec local = {.iov_base = (char *)buffer + done, .iov_len = covered};

        ssize_t got = process_vm_readv(tid, &local, 1, remote, pieces, 0);
        if (got < 0)
            return done > 0 ? (ssize_t)done : memory_error(errno);
        done += (size_t)got;
        if ((size_t)got < covered)
            break;
    }
    return (ssize_t)done;
}

int memory_read_all(pid_t tid, uint64_t address, void *buffer, size_t size)
{
    ssize_t got = memory_read(tid, address, buffer, size);
    if (got < 0)
        return (int)got;
    return (size_t)got < size ? -EFAULT : 0;
}

int memory_write(pid_t tid, uint64_t address, const void *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct iovec remote[PIECES_MAX];
        size_t covered;
        unsigned long pieces = cut_at_pages(address + done, size - done, remote, &covered);
        struct iovec local = {.iov_base = (void *)(uintptr_t)((const char *)data + done), .iov_len = covered};

        ssize_t put = process_vm_writev(tid, &local, 1, remote, pieces, 0);
        if (put < 0)
            return memory_error(errno);
        if ((size_t)put < covered)
            return -EFAULT;
        done += covered;
    }
    return 0;
}
