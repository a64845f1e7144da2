#include "emul/records.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { IA32_GETDENTS64 = 220 };

/* Where the name begins; the old forms but readdir's keep the type in the last byte, behind the name's zero. */
static size_t name_offset(enum record_form form)
{
    switch (form) {
    case RECORD_64:
        return 19;
    case RECORD_OLD:
        return 18;
    case RECORD_32:
    case RECORD_32_ONE:
        break;
    }
    return 10;
}

static size_t record_size(enum record_form form, size_t name_length)
{
    size_t size = name_offset(form) + name_length + 1;
    if (form == RECORD_32_ONE)
        return size;
    if (form == RECORD_64)
        return (size + 7) & ~(size_t)7;
    return form == RECORD_OLD ? (size + 1 + 7) & ~(size_t)7 : (size + 1 + 3) & ~(size_t)3;
}

static void put_large(char *to, uint64_t ino, int64_t next, uint16_t size)
{
    memcpy(to, &ino, 8);
    memcpy(to + 8, &next, 8);
    memcpy(to + 16, &size, 2);
}

static void put_small(char *to, uint64_t ino, int64_t position, uint16_t size)
{
    uint32_t number = (uint32_t)ino, low = (uint32_t)position;
    memcpy(to, &number, 4);
    memcpy(to + 4, &low, 4);
    memcpy(to + 8, &size, 2);
}

bool record_emit(struct output *out, const char *name, uint64_t ino, uint8_t type, int64_t here, int64_t next)
{
    size_t length = strlen(name);
    size_t size = record_size(out->form, length);
    bool one = out->form == RECORD_32_ONE;
    bool small = one || out->form == RECORD_32;
    out->error = -EINVAL;
    if (out->used + size > out->size || (one && out->used > 0))
        return false;
    if (small && ino > UINT32_MAX) {
        out->error = -EOVERFLOW;
        return false;
    }
    char *to = out->data + out->used;
    memset(to, 0, size);
    if (small)
        put_small(to, ino, one ? here : next, (uint16_t)(one ? length : size));
    else
        put_large(to, ino, next, (uint16_t)size);
    if (out->form == RECORD_64)
        to[18] = (char)type;
    else if (!one)
        to[size - 1] = (char)type;
    memcpy(to + name_offset(out->form), name, length + 1);
    out->used += size;
    return true;
}

int64_t record_read_ia32(int fd, void *buffer, size_t size)
{
    int64_t result = IA32_GETDENTS64;
    char *low = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED)
        return -ENOMEM;
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"((int64_t)fd), "c"(low), "d"(size)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result > 0)
        memcpy(buffer, low, (size_t)result);
    (void)munmap(low, size + 1);
    return result;
}
