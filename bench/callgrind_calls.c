/*
 * A library to preload into coffer when valgrind counts its instructions. valgrind 3.19 answers the calls it does not
 * know with ENOSYS and hides the vdso; here such calls go past it to the kernel, and the vdso is a copy in a file,
 * $COFFER_BENCH_VDSO. What the calls mean to valgrind does not matter: it only counts. But it needs its descriptors.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

struct request {
    long number;
    long args[6];
};

static unsigned long vdso_copy;

/* Runs on the real CPU: valgrind sees neither its instructions nor its system call. */
static long call_kernel(unsigned thread, const struct request *request)
{
    (void)thread;
    long result;
    __asm__ volatile("mov %[fourth], %%r10\n\tmov %[fifth], %%r8\n\tmov %[sixth], %%r9\n\tsyscall"
                     : "=a"(result)
                     : "a"(request->number), "D"(request->args[0]), "S"(request->args[1]), "d"(request->args[2]),
                       [fourth] "r"(request->args[3]), [fifth] "r"(request->args[4]), [sixth] "r"(request->args[5])
                     : "rcx", "r8", "r9", "r10", "r11", "memory");
    return result;
}

/* In place of glibc's. */
long syscall(long number, ...) /* NOLINT(readability-inconsistent-declaration-parameter-name): its names are reserved */
{
    struct request request = {.number = number};
    va_list arguments;
    va_start(arguments, number);
    for (size_t i = 0; i < 6; i++)
        request.args[i] = va_arg(arguments, long);
    va_end(arguments);
    /* What becomes the command closes all but a few: valgrind goes on in it until the exec, and not without its own. */
    if (number == SYS_close_range)
        request.args[2] |= CLOSE_RANGE_CLOEXEC;

    long result = (long)VALGRIND_NON_SIMD_CALL1(call_kernel, &request);
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

/* In place of glibc's, for the one value that coffer asks for. */
unsigned long getauxval(unsigned long type)
{
    return type == AT_SYSINFO_EHDR ? vdso_copy : 0;
}

/*
 * Only in coffer, not in what starts valgrind. The programs that coffer starts are to be as they always are, so they
 * get nothing of ours and nothing that valgrind has set: it has every program look for libraries in one place more.
 */
__attribute__((constructor)) static void set_up(void)
{
    if (!RUNNING_ON_VALGRIND)
        return;
    struct stat st;
    const char *path = getenv("COFFER_BENCH_VDSO");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        void *copy = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        vdso_copy = copy == MAP_FAILED ? 0 : (unsigned long)copy;
    }
    if (fd >= 0)
        (void)close(fd);
    static const char *const ours[] = {"COFFER_BENCH_VDSO", "LD_PRELOAD", "LD_LIBRARY_PATH", "GLIBCPP_FORCE_NEW",
                                       "GLIBCXX_FORCE_NEW"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        (void)unsetenv(ours[i]);
}
