/* version: of program and library, which are one. */
#include "app/app.h"

#include <stdio.h>

int cmd_version(const struct command *c, int argc, char **argv)
{
    bool json = false;
    int i = options_parse(c, argc, argv, options_json, &json);

    if (i < 0)
        return options_end(i);
    if (i < argc)
        return usage(c, "takes no argument");
    if (json)
        json_print(json_pack("{s:s}", "version", mews_version()));
    else
        printf("mews %s\n", mews_version());
    return 0;
}
