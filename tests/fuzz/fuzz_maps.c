/*
 * Files of /proc as the kernel writes them, and as nobody writes them: the translators keep every line, and leave
 * alone what they do not know. The view has a layer with some copies.
 */
#include "emul/proc_file.h"
#include "tests/fuzz/fuzz_view.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scratch_view sv;

static void end(void)
{
    view_end(&sv);
    scratch_done(&sv.scratch);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    __lsan_disable();
    scratch_make(&sv.scratch);
    put_file(path_of("%s/file", sv.scratch.host), "file\n", 0644);
    put_file(path_of("%s/gone", sv.scratch.host), "gone\n", 0644);
    put_file(path_of("%s/old", sv.scratch.host), "old\n", 0644);
    REQUIRE(view_begin(&sv) == 0);
    REQUIRE(view_write(&sv, "file", "copied\n") == 0);
    REQUIRE(view_unlink(&sv, "gone") == 0);
    REQUIRE(view_rename(&sv, "old", "new") == 0);
    __lsan_enable();
    (void)atexit(end);
    return 0;
}

static size_t lines_of(const char *text)
{
    size_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

/* "$H", "$L" and "$U" in the input stand for the host's directory, the layer and its copy of the host's directory. */
static char *expand(const uint8_t *data, size_t size)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    REQUIRE(out != NULL);
    for (size_t i = 0; i < size && data[i] != '\0'; i++) {
        const char *stands_for = NULL;
        if (data[i] == '$' && i + 1 < size)
            stands_for = data[i + 1] == 'H'   ? sv.scratch.host
                         : data[i + 1] == 'L' ? sv.scratch.layer
                         : data[i + 1] == 'U' ? sv.scratch.upper
                                              : NULL;
        if (stands_for != NULL) {
            (void)fputs(stands_for, out);
            i++;
        } else {
            (void)fputc(data[i], out);
        }
    }
    REQUIRE(fclose(out) == 0);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        proc_translator *translate;
        bool keeps_lines;
    } files[] = {
        {proc_show_maps, true},        {proc_show_status, true},   {proc_show_stat, true},
        {proc_show_numa_maps, true},   {proc_show_mounts, false},  {proc_show_mountinfo, false},
        {proc_show_mountstats, false}, {proc_show_net_unix, true},
    };
    if (size < 2)
        return 0;
    struct thread_facts facts = {.fs = sv.caller.fs, .stopped = (data[1] & 1) != 0, .pinned = (data[1] & 2) != 0};
    CPU_SET(data[1] % 8, &facts.cpus);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/numa_maps", getpid());
    const struct proc_file file = {.view = sv.view, .caller = &sv.caller, .facts = &facts, .path = path};
    char *text = expand(data + 2, size - 2), *shown = NULL;
    size_t length = 0, which = data[0] % (sizeof files / sizeof *files);
    FILE *out = open_memstream(&shown, &length);
    REQUIRE(out != NULL);
    files[which].translate(&file, text, out);
    REQUIRE(fclose(out) == 0);
    REQUIRE(strlen(shown) == length);
    size_t before = lines_of(text), after = lines_of(shown);
    REQUIRE(files[which].keeps_lines ? before == after : after <= before);
    free(text);
    free(shown);
    return 0;
}
