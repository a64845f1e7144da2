#include "supervisor/record/words.h"

#include "supervisor/text.h"

#include <jansson.h>

void words_put(FILE *out, const char *array, char separator)
{
    json_t *words = array == NULL ? NULL : json_loads(array, 0, NULL);
    if (json_array_size(words) == 0)
        (void)fputc('?', out);
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        if (i > 0)
            (void)fputc(separator, out);
        text_escaped(out, word == NULL ? "?" : word);
    }
    json_decref(words);
}
