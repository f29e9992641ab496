#include "base/json_bytes.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static json_t *encode(const u8 *b, size_t len)
{
    size_t room = (len + 2) / 3 * 4, at = 0;
    char *text = malloc(room + 1);
    json_t *j;

    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        u32 bits = (u32)b[i] << 16 | (n > 1 ? (u32)b[i + 1] << 8 : 0) | (n > 2 ? b[i + 2] : 0);

        for (unsigned k = 0; k < 4; k++)
            text[at++] = (char)(k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
    }
    j = json_stringn_nocheck(text, at);
    free(text);
    return j;
}

void json_bytes_add(json_t *object, const void *bytes, size_t len)
{
    json_t *text = memchr(bytes, 0, len) ? NULL : json_stringn(bytes, len);

    if (text)
        json_object_set_new(object, "text", text);
    else
        json_object_set_new(object, "base64", encode(bytes, len));
}

static int digit(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool decode(const char *text, size_t len, char *out, size_t *out_len)
{
    size_t n = 0;

    if (len % 4)
        return false;
    for (size_t i = 0; i < len; i += 4) {
        unsigned pad = i + 4 < len ? 0 : (text[i + 3] == '=') + (text[i + 2] == '=');
        u32 bits = 0;

        for (unsigned k = 0; k < 4; k++) {
            int d = k >= 4 - pad ? 0 : digit(text[i + k]);

            if (d < 0)
                return false;
            bits = bits << 6 | (u32)d;
        }
        for (unsigned k = 0; k < 3 - pad; k++)
            out[n++] = (char)(bits >> (16 - 8 * k));
    }
    *out_len = n;
    return true;
}

int json_bytes_get(const json_t *object, char **out, size_t *len, struct err *e)
{
    const json_t *text = json_object_get(object, "text"), *b64 = json_object_get(object, "base64");
    const json_t *given = json_is_string(text) ? text : b64;
    char *bytes;

    if (!json_is_string(given))
        return err_set(e, ERR_USAGE, "want \"text\" or \"base64\"");
    bytes = malloc(json_string_length(given) + 1);
    if (!bytes)
        return err_set(e, ERR_NOMEM, "no memory");
    if (given == text) {
        *len = json_string_length(given);
        memcpy(bytes, json_string_value(given), *len);
    } else if (!decode(json_string_value(given), json_string_length(given), bytes, len)) {
        free(bytes);
        return err_set(e, ERR_USAGE, "\"base64\" is none");
    }
    bytes[*len] = 0;
    *out = bytes;
    return 0;
}
