/*
 * /proc/PID/status and stat: what they tell of the supervisor.
 *
 * It traces every process, and keeps it on one CPU: a program must not see either. The two lines about CPUs say what
 * the program itself has set; nobody traces; and a process that is stopped for the supervisor is running, unless job
 * control has stopped it.
 */
#include "emul/proc_file.h"

#include <ctype.h>
#include <string.h>

/* "3" or "00000000,00000003": the digits of the kernel's own mask, filled in anew from the last one on. */
static void write_mask(FILE *out, const char *shape, size_t length, const cpu_set_t *cpus)
{
    size_t digits = 0;
    for (size_t i = 0; i < length; i++)
        digits += isxdigit((unsigned char)shape[i]) != 0;
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)shape[i])) {
            (void)fputc(shape[i], out);
            continue;
        }
        unsigned digit = 0;
        digits--;
        for (size_t bit = 0; bit < 4; bit++)
            if (digits * 4 + bit < CPU_SETSIZE && CPU_ISSET(digits * 4 + bit, cpus))
                digit |= 1u << bit;
        (void)fputc("0123456789abcdef"[digit], out);
    }
}

/* "0-3,5" */
static void write_list(FILE *out, const cpu_set_t *cpus)
{
    const char *separator = "";
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, cpus))
            continue;
        size_t last = cpu;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
            last++;
        (void)fprintf(out, last > cpu ? "%s%zu-%zu" : "%s%zu", separator, cpu, last);
        separator = ",";
        cpu = last;
    }
}

/* The state of a thread that the supervisor may have stopped for a moment; NULL: as the kernel says. */
static const char *state_of(const struct thread_facts *facts, char state)
{
    if (facts->stopped)
        return "T (stopped)";
    return state == 't' ? "R (running)" : NULL;
}

/* The text behind "NAME:\t", or NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 ? line + length : NULL;
}

/* One line, without its end; false: as the kernel says. */
static bool show_line(const struct thread_facts *facts, const char *line, size_t length, FILE *out)
{
    const char *value, *end = line + length;
    if ((value = value_of(line, "State:\t")) != NULL && state_of(facts, *value) != NULL) {
        (void)fprintf(out, "State:\t%s", state_of(facts, *value));
    } else if (value_of(line, "TracerPid:\t") != NULL) {
        (void)fputs("TracerPid:\t0", out);
    } else if (facts->pinned && (value = value_of(line, "Cpus_allowed:\t")) != NULL) {
        (void)fputs("Cpus_allowed:\t", out);
        write_mask(out, value, (size_t)(end - value), &facts->cpus);
    } else if (facts->pinned && value_of(line, "Cpus_allowed_list:\t") != NULL) {
        (void)fputs("Cpus_allowed_list:\t", out);
        write_list(out, &facts->cpus);
    } else {
        return false;
    }
    return true;
}

void proc_show_status(const struct proc_file *file, const char *text, FILE *out)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (!show_line(file->facts, line, length, out))
            (void)fwrite(line, 1, length, out);
        line += length;
        if (*line == '\n')
            (void)fputc(*line++, out);
    }
}

/* "PID (NAME) STATE ...": the name may hold anything. */
void proc_show_stat(const struct proc_file *file, const char *text, FILE *out)
{
    const char *name_end = strrchr(text, ')');
    const char *state = NULL;
    if (name_end != NULL && name_end[1] == ' ' && isalpha((unsigned char)name_end[2]))
        state = state_of(file->facts, name_end[2]);
    if (state == NULL)
        (void)fputs(text, out);
    else
        (void)fprintf(out, "%.*s %c%s", (int)(name_end + 1 - text), text, state[0], name_end + 3);
}
