#include "emul/json_text.h"

#include "emul/cleanup.h"

#include <string.h>

size_t json_text_character(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    static const unsigned smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0x80)
        return 1;
    size_t length = (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (length == 0)
        return 0;
    unsigned value = p[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3fU);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < smallest[length] || value > 0x10ffff || surrogate ? 0 : length;
}

bool json_text_is_utf8(const char *text)
{
    while (*text != '\0') {
        size_t length = json_text_character(text);
        if (length == 0)
            return false;
        text += length;
    }
    return true;
}

json_t *json_text(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    if (json_text_is_utf8(text))
        return json_string(text);
    cleanup_free char *out = malloc(3 * strlen(text) + 1);
    if (out == NULL)
        return NULL;
    size_t used = 0;
    for (const char *p = text; *p != '\0';) {
        size_t length = json_text_character(p);
        memcpy(out + used, length > 0 ? p : replacement, length > 0 ? length : 3);
        used += length > 0 ? length : 3;
        p += length > 0 ? length : 1;
    }
    return json_stringn(out, used);
}

json_t *json_text_hex(const char *bytes)
{
    size_t length = strlen(bytes);
    cleanup_free char *text = malloc(2 * length + 1);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
    return json_stringn(text, 2 * length);
}

void json_text_set(json_t *object, const char *key, const char *text)
{
    char name[64];
    (void)json_object_set_new(object, key, json_text(text));
    if (json_text_is_utf8(text))
        return;
    (void)snprintf(name, sizeof name, "%s_hex", key);
    (void)json_object_set_new(object, name, json_text_hex(text));
}
