/*
 * Bytes of file names and arguments as JSON strings, which must be UTF-8.
 */
#ifndef COFFER_EMUL_JSON_TEXT_H
#define COFFER_EMUL_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Length in bytes of the UTF-8 character at text, which is not the end of a string; 0 if the bytes are none. */
size_t json_text_character(const char *text);

/* Whether the string is UTF-8. */
bool json_text_is_utf8(const char *text);

/* A new JSON string; each byte that is not part of UTF-8 becomes U+FFFD. NULL when memory runs out. */
json_t *json_text(const char *text);

/* A new JSON string of two hexadecimal digits a byte. NULL when memory runs out. */
json_t *json_text_hex(const char *bytes);

/* Sets a member to such a string; bytes that are not UTF-8 stand in a member "KEY_hex" as well. */
void json_text_set(json_t *object, const char *key, const char *text);

#endif
