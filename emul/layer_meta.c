#include "emul/layer_meta.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "emul/layer.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static const char META_NAME[] = "layer.json";
static const char META_NEW[] = "layer.json.new";

/* layer.json is a page at most but for a huge command line; more is no layer.json. */
enum { META_SIZE_MAX = 4 << 20 };

static int read_whole(int fd, char **text, size_t *size)
{
    struct stat st;
    int status = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (status < 0)
        return status;
    if (!S_ISREG(st.st_mode) || st.st_size > META_SIZE_MAX)
        return -EBADMSG;
    size_t room = (size_t)st.st_size;
    char *buffer = malloc(room + 1);
    if (buffer == NULL)
        return -ENOMEM;
    ssize_t length = sys_read_full(fd, buffer, room);
    if (length < 0) {
        free(buffer);
        return (int)length;
    }
    *text = buffer;
    *size = (size_t)length;
    return 0;
}

int layer_meta_read(int layer_dir, json_t **meta, long *format)
{
    cleanup_free char *text = NULL;
    size_t size = 0;
    cleanup_fd int fd = sys_openat(layer_dir, META_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return fd == -ELOOP ? -EBADMSG : fd;
    int status = read_whole(fd, &text, &size);
    if (status < 0)
        return status;
    json_t *root = json_loadb(text, size, 0, NULL);
    if (root == NULL)
        return -EBADMSG;
    const json_t *number = json_object_get(root, "format");
    status = json_is_integer(number) ? 0 : -EBADMSG;
    if (status == 0 && json_integer_value(number) != LAYER_FORMAT) {
        *format = (long)json_integer_value(number);
        status = -EPROTONOSUPPORT;
    }
    if (status < 0)
        json_decref(root);
    else
        *meta = root;
    return status;
}

static int write_meta(int layer_dir, const json_t *meta)
{
    cleanup_free char *text = json_dumps(meta, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text == NULL)
        return -ENOMEM;
    int status = sys_unlinkat(layer_dir, META_NEW, 0);
    if (status < 0 && status != -ENOENT)
        return status;
    cleanup_fd int fd = sys_openat(layer_dir, META_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fd;
    status = sys_write_all(fd, text, strlen(text));
    if (status == 0)
        status = sys_write_all(fd, "\n", 1);
    /* Renaming over the old file before its bytes are on disk could leave an empty one after a power cut. */
    if (status == 0)
        status = sys_fsync(fd);
    if (status == 0)
        status = sys_renameat2(layer_dir, META_NEW, layer_dir, META_NAME, 0);
    if (status < 0)
        (void)sys_unlinkat(layer_dir, META_NEW, 0);
    return status;
}

static json_t *command_json(char *const argv[])
{
    json_t *list = json_array();
    for (size_t i = 0; argv != NULL && argv[i] != NULL; i++)
        (void)json_array_append_new(list, json_text(argv[i]));
    return list;
}

static json_t *time_json(void)
{
    char text[64];
    struct tm parts;
    time_t now = time(NULL);
    (void)gmtime_r(&now, &parts);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

static json_t *host_json(void)
{
    struct utsname name;
    json_t *host = json_object();
    if (uname(&name) == 0) {
        (void)json_object_set_new(host, "name", json_text(name.nodename));
        (void)json_object_set_new(host, "kernel", json_text(name.release));
        (void)json_object_set_new(host, "machine", json_text(name.machine));
    }
    (void)json_object_set_new(host, "uid", json_integer((json_int_t)geteuid()));
    return host;
}

int layer_meta_create(int layer_dir, char *const argv[])
{
    json_t *meta = json_object();
    if (meta == NULL)
        return -ENOMEM;
    (void)json_object_set_new(meta, "format", json_integer(LAYER_FORMAT));
    (void)json_object_set_new(meta, "created", time_json());
    (void)json_object_set_new(meta, "command", command_json(argv));
    (void)json_object_set_new(meta, "host", host_json());
    (void)json_object_set_new(meta, "runs", json_integer(0));
    int status = write_meta(layer_dir, meta);
    json_decref(meta);
    return status;
}

int layer_meta_note_run(int layer_dir, json_t *meta, char *const argv[])
{
    json_int_t runs = json_integer_value(json_object_get(meta, "runs"));
    (void)json_object_set_new(meta, "runs", json_integer(runs < INT64_MAX ? runs + 1 : runs));
    (void)json_object_set_new(meta, "last_run", time_json());
    (void)json_object_set_new(meta, "last_command", command_json(argv));
    return write_meta(layer_dir, meta);
}

/* Adds a text to a list of layer.json, once. */
static int note_in_list(int layer_dir, const char *key, const char *path)
{
    long format;
    json_t *meta = NULL;
    int status = layer_meta_read(layer_dir, &meta, &format);
    if (status < 0)
        return status;
    json_t *list = json_object_get(meta, key);
    json_t *text = json_text(path);
    bool known = false;
    if (!json_is_array(list)) {
        list = json_array();
        (void)json_object_set_new(meta, key, list);
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        known = known || json_equal(json_array_get(list, i), text);
    if (!known) {
        (void)json_array_append(list, text);
        status = write_meta(layer_dir, meta);
    }
    json_decref(text);
    json_decref(meta);
    return status;
}

int layer_meta_note_over(int layer_dir, const char *path)
{
    return note_in_list(layer_dir, "over", path);
}

int layer_meta_note_record(int layer_dir, const char *path)
{
    return note_in_list(layer_dir, "records", path);
}
