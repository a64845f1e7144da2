/*
 * Programs that somebody wrote by hand: the interpreter that an ELF file names.
 */
#include "emul/view_internal.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char interpreter[PATH_MAX];
    if (fd < 0)
        fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    /* Half of them get as far as the program headers. */
    Elf64_Ehdr header;
    if (size >= sizeof header && (data[size - 1] & 1) != 0) {
        memcpy(&header, data, sizeof header);
        memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phoff = header.e_phoff % 128;
        if (pwrite(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
            abort();
    }
    ssize_t length = elf_interpreter(fd, interpreter);
    if (length > 0 && (length >= PATH_MAX || strlen(interpreter) != (size_t)length))
        abort();
    return 0;
}
