/* A terminal that the program shares with whoever started it: characters typed for him. */
#include "../helpers/ia32.h"
#include "attempt.h"

#include <termios.h>

/* A terminal of its own, as its controlling one; what `type` does with it. */
static int on_terminal(int (*type)(int terminal))
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return UNTRIED;
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (ioctl(terminal, TIOCSCTTY, 0) < 0)
            _exit(errno);
        _exit(type(terminal));
    }
    return child_outcome(child);
}

static int inject(int terminal)
{
    return outcome(ioctl(terminal, TIOCSTI, "x"));
}
static int inject_high(int terminal)
{
    return outcome(syscall(SYS_ioctl, terminal, TIOCSTI | 0xffffffff00000000UL, "x"));
}
static int inject_tty(int terminal)
{
    (void)terminal;
    return outcome(ioctl(open("/dev/tty", O_RDWR), TIOCSTI, "x"));
}

static int inject_32(int terminal)
{
    char *low = ia32_begin(4096);
    *low = 'x';
    return outcome(IA32(54, terminal, TIOCSTI, low));
}

static int paste(int terminal)
{
    char code[] = {3};
    return outcome(ioctl(terminal, TIOCLINUX, code));
}

static int console(int terminal)
{
    return outcome(ioctl(terminal, TIOCCONS, 0));
}

static int by_inject(void)
{
    return on_terminal(inject);
}
static int by_inject_high(void)
{
    return on_terminal(inject_high);
}
static int by_inject_tty(void)
{
    return on_terminal(inject_tty);
}
static int by_inject_32(void)
{
    return on_terminal(inject_32);
}
static int by_paste(void)
{
    return on_terminal(paste);
}
static int by_console(void)
{
    return on_terminal(console);
}

const struct attempt terminal_attempts[] = {
    {"type", "TIOCSTI", CLAIM, NEEDS_KERNEL, by_inject, NULL},
    {"type-high", "TIOCSTI with bits that the kernel does not look at", CLAIM, NEEDS_KERNEL, by_inject_high, NULL},
    {"type-tty", "TIOCSTI by /dev/tty", CLAIM, NEEDS_KERNEL, by_inject_tty, NULL},
    {"type-int80", "TIOCSTI by int 0x80", CLAIM, NEEDS_KERNEL, by_inject_32, NULL},
    {"paste", "TIOCLINUX: paste of what is selected", CLAIM, NEEDS_KERNEL | NEEDS_ROOT, by_paste, NULL},
    {"console", "TIOCCONS: the messages of the console", CLAIM, NEEDS_KERNEL | NEEDS_ROOT, by_console, NULL},
    {0},
};
