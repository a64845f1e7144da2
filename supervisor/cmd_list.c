#include "emul/json_text.h"
#include "emul/layer_store.h"
#include "supervisor/command.h"
#include "supervisor/text.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { OPTION_JSON = OPTION_LONG_ONLY };

const struct option_row list_options[] = {
    {OPTION_JSON, "json", NULL, "print one JSON object a line"},
    {0, NULL, NULL, NULL},
};

/* "12K": three digits at most and a letter. */
static void print_size(uint64_t bytes)
{
    static const char letters[] = "BKMGTPE";
    size_t power = 0;
    while (bytes >= 1024 && power + 1 < sizeof letters - 1) {
        bytes = (bytes + 1023) / 1024;
        power++;
    }
    (void)printf("%5" PRIu64 "%c", bytes, letters[power]);
}

static void print_age(time_t seconds)
{
    static const struct {
        time_t length;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t unit = 0;
    while (unit < 3 && seconds < units[unit].length)
        unit++;
    (void)printf("%5lld%c", (long long)(seconds < 0 ? 0 : seconds / units[unit].length), units[unit].letter);
}

static const json_t *command_of(const struct layer_summary *layer)
{
    const json_t *last = json_object_get(layer->meta, "last_command");
    return json_array_size(last) > 0 ? last : json_object_get(layer->meta, "command");
}

static const char *state_of(const struct layer_summary *layer)
{
    if (layer->running > 0)
        return "running";
    switch (layer->meta_error) {
    case 0:
        return "idle";
    case -EPROTONOSUPPORT:
        return "version";
    case -ENOENT:
        return "no-layer";
    default:
        return "damaged";
    }
}

static void print_line(const struct layer_summary *layer, int width)
{
    char *name = text_escape(layer->name);
    (void)printf("%-*s ", width, name == NULL ? layer->name : name);
    free(name);
    print_size(layer->bytes);
    (void)printf(" %7" PRIu64 " ", layer->files);
    print_age(time(NULL) - layer->used.tv_sec);
    (void)printf("  %-8s ", state_of(layer));
    const json_t *command = command_of(layer);
    for (size_t i = 0; i < json_array_size(command); i++) {
        const char *word = json_string_value(json_array_get(command, i));
        (void)fputs(i == 0 ? "" : " ", stdout);
        text_escaped(stdout, word == NULL ? "?" : word);
    }
    (void)putchar('\n');
}

static void print_json(const struct layer_summary *layer)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "name", json_text(layer->name));
    (void)json_object_set_new(object, "size", json_integer((json_int_t)layer->bytes));
    (void)json_object_set_new(object, "files", json_integer((json_int_t)layer->files));
    (void)json_object_set_new(object, "used", json_integer((json_int_t)layer->used.tv_sec));
    (void)json_object_set_new(object, "state", json_string(state_of(layer)));
    if (layer->running > 0)
        (void)json_object_set_new(object, "pid", json_integer((json_int_t)layer->running));
    static const char *const copied[] = {"created", "command", "last_command", "runs"};
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        json_t *value = json_object_get(layer->meta, copied[i]);
        if (value != NULL)
            (void)json_object_set(object, copied[i], value);
    }
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(object);
}

static void print_table(const struct layer_list *list)
{
    int width = (int)strlen("NAME");
    for (size_t i = 0; i < list->count; i++)
        if ((int)strlen(list->layers[i].name) > width)
            width = (int)strlen(list->layers[i].name);
    if (list->count > 0)
        (void)printf("%-*s %6s %7s %6s  %-8s %s\n", width, "NAME", "SIZE", "FILES", "AGE", "STATE", "COMMAND");
    for (size_t i = 0; i < list->count; i++)
        print_line(&list->layers[i], width);
}

int cmd_list(int argc, char **argv)
{
    const struct command *self = command_find("list");
    struct layer_list list;
    bool json = false;
    int option;
    while ((option = command_options_next(self, argc, argv, 0)) >= 0)
        json = true;
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    if (optind < argc)
        return command_usage_error(self, "takes no arguments");
    int status = layer_list_load(&list, true);
    if (status < 0) {
        error_errno("layers", status);
        return STATUS_FAILED;
    }
    for (size_t i = 0; json && i < list.count; i++)
        print_json(&list.layers[i]);
    if (!json)
        print_table(&list);
    layer_list_free(&list);
    return STATUS_DONE;
}
