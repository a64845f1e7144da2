#include "supervisor/record/texts.h"

#include <string.h>

const char *record_text_find(const char *name, size_t *length)
{
    for (const struct record_text *text = record_texts; text->name != NULL; text++) {
        if (strcmp(text->name, name) == 0) {
            *length = text->length;
            return text->text;
        }
    }
    return NULL;
}
