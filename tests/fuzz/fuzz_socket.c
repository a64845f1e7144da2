/*
 * AF_UNIX addresses: those that the kernel hands back, with any bytes and any length; those that are made for a
 * directory and a name; and calls that take or return them, single and in messages, in a memory that holds anything.
 */
#include "tests/fuzz/fuzz_view.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(struct view *view, const uint8_t *data, size_t size)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    size_t room = size < sizeof address.sun_path ? size : sizeof address.sun_path;
    memcpy(address.sun_path, data, room);
    unsigned length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + room);
    unsigned shown = socket_name_show(view, &address, length);
    if (shown > sizeof address)
        abort();
}

static void make(struct view *view, const uint8_t *data, size_t size)
{
    char dir[PATH_MAX] = "/", name[NAME_MAX + 1];
    struct sockaddr_un address;
    size_t name_size = size < NAME_MAX ? size : NAME_MAX;
    size_t dir_size = size < sizeof dir - 2 ? size : sizeof dir - 2;
    memcpy(dir + 1, data, dir_size);
    dir[dir_size + 1] = '\0';
    memcpy(name, data, name_size);
    name[name_size] = '\0';
    int length = socket_name_make(view, dir, name, &address);
    if (length > (int)sizeof address)
        abort();
    if (length > 0) {
        /* What is made for an alias is shown as the directory that it stands for. */
        (void)socket_name_show(view, &address, (unsigned)length);
    }
    socket_aliases_remove(view);
    view->alias_dir[0] = '\0';
    view->alias_count = 0;
}

/* The caller's memory: MEMORY_SIZE bytes from address MEMORY on, and what is placed, behind them. */
enum { MEMORY = 0x10000, MEMORY_SIZE = 1024, PLACED = 0x20000, PLACED_SIZE = 8192 };

static struct scratch_view sv;
static uint8_t memory[MEMORY_SIZE], placed[PLACED_SIZE];
static size_t placed_size;
static int sockets[2];

static ssize_t fuzz_read(void *context, uint64_t address, void *buffer, size_t size)
{
    (void)context;
    if (address < MEMORY || address >= MEMORY + MEMORY_SIZE)
        return -EFAULT;
    size_t there = (size_t)(MEMORY + MEMORY_SIZE - address);
    memcpy(buffer, memory + (address - MEMORY), size < there ? size : there);
    return (ssize_t)(size < there ? size : there);
}

static int fuzz_write(void *context, uint64_t address, const void *data, size_t size)
{
    (void)context;
    if (address < MEMORY || address > MEMORY + MEMORY_SIZE || size > MEMORY + MEMORY_SIZE - address)
        return -EFAULT;
    memcpy(memory + (address - MEMORY), data, size);
    return 0;
}

static int fuzz_dup_fd(void *context, int fd)
{
    (void)context;
    int copy = fd < 0 || fd > 9 ? -1 : fcntl(sockets[fd % 2], F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -EBADF : copy;
}

static int fuzz_place(void *context, const void *data, size_t size, uint64_t *address)
{
    (void)context;
    if (size > PLACED_SIZE - placed_size)
        return -ENOMEM;
    memcpy(placed + placed_size, data, size);
    *address = PLACED + placed_size;
    placed_size += size;
    return 0;
}

static const struct caller_ops fuzz_ops = {
    .read = fuzz_read, .write = fuzz_write, .dup_fd = fuzz_dup_fd, .place = fuzz_place};

static void end(void)
{
    view_end(&sv);
    scratch_done(&sv.scratch);
}

static void begin(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    __lsan_disable();
    scratch_make(&sv.scratch);
    REQUIRE(view_begin(&sv) == 0);
    REQUIRE(mkdir("d", 0755) == 0);
    for (int i = 0; i < 2; i++)
        REQUIRE((sockets[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0);
    REQUIRE(bind(sockets[0], (struct sockaddr *)&name, sizeof name) == 0);
    REQUIRE(connect(sockets[1], (struct sockaddr *)&name, sizeof name) == 0);
    sv.caller.ops = &fuzz_ops;
    __lsan_enable();
    (void)atexit(end);
}

/* An argument: small numbers, addresses in the memory and just outside of it, anything. */
static uint64_t argument(const uint8_t *data)
{
    uint64_t value = (uint64_t)(data[0] | data[1] << 8);
    switch (data[2] % 4) {
    case 0:
        return value % 128;
    case 1:
        return MEMORY + value % MEMORY_SIZE;
    case 2:
        return MEMORY + MEMORY_SIZE - value % 160;
    default:
        return value << 56 | value << 24 | value;
    }
}

/* Only asked for, never made; at its end the memory may hold whatever the kernel has written there meanwhile. */
static void call(const uint8_t *data, size_t size)
{
    static const long numbers[] = {SYS_bind,     SYS_connect,  SYS_sendto,      SYS_sendmsg,
                                   SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg,     SYS_recvmmsg,
                                   SYS_accept,   SYS_accept4,  SYS_getsockname, SYS_getpeername};
    enum { HEAD = 1 + 6 * 3 + 2 };
    if (size < HEAD)
        return;
    struct call call = {.number = numbers[data[0] % (sizeof numbers / sizeof *numbers)]};
    struct answer answer;
    int error;
    call.row = table_row(call.number);
    for (size_t i = 0; i < 6; i++)
        call.args[i] = argument(data + 1 + 3 * i);
    memset(memory, 0, sizeof memory);
    memcpy(memory, data + HEAD, size - HEAD < MEMORY_SIZE ? size - HEAD : MEMORY_SIZE);
    placed_size = 0;
    if (table_verdict(call.row, call.args, &error) == VERDICT_PASS)
        return;
    view_call(sv.view, &sv.caller, &call, &answer);
    REQUIRE(answer.kind != ANSWER_RESULT || answer.result >= -4095);
    /* Of sendmmsg only the count may be another: it ends before an address that cannot be used. */
    REQUIRE(answer.kind != ANSWER_REWRITE || placed_size > 0 || call.number == SYS_sendmmsg);
    int64_t result = (int8_t)data[HEAD - 2];
    if (answer.kind == ANSWER_RESULT || !answer.want_exit) {
        answer_release(&answer);
        return;
    }
    memory[data[HEAD - 1] * 4u % MEMORY_SIZE] ^= data[HEAD - 2];
    view_call_exit(sv.view, &sv.caller, &call, &answer, &result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char prefix[] = "/layer/fs", none[] = "", no_layer[] = "/layer";
    static struct layer layer;
    if (sv.view == NULL)
        begin();
    if (size < 2)
        return 0;
    if (data[0] % 3 == 0) {
        call(data + 1, size - 1);
        return 0;
    }
    memcpy(layer.path, no_layer, sizeof no_layer);
    struct view view = {.layer = &layer,
                        .trees = {{.fd = -1, .prefix = prefix}, {.fd = -1, .prefix = none}},
                        .tree_count = 2,
                        .host = 1,
                        .hidden_fd = -1};
    if (data[0] % 3 == 1)
        make(&view, data + 1, size - 1);
    else
        show(&view, data + 1, size - 1);
    for (int i = 0; i < view.hidden_count; i++)
        free(view.hidden[i]);
    return 0;
}
