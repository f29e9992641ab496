/* help: the commands and their options, from the tables that are parsed by. */
#include "app/complete.h"

#include <stdio.h>
#include <string.h>

static const struct option_row help_option = { "help", NULL, "print this" };

static void print_option(const struct command *c, const struct option_row *o)
{
    const char letter[] = { ',', ' ', '-', option_letter(c, o), 0 };
    char left[48];

    snprintf(left, sizeof left, "--%s%s%s%s", o->name, letter[3] ? letter : "", o->value ? " " : "",
             o->value ? o->value : "");
    printf("  %-34s %s\n", left, o->doc);
}

void help_command(const struct command *c)
{
    printf("usage: mews %s %s\n%s\n", c->name, c->synopsis, c->summary);
    for (const struct option_row *o = c->options; o && o->name; o++)
        print_option(c, o);
    print_option(c, &help_option);
}

static json_t *option_object(const struct option_row *o)
{
    json_t *j = json_pack("{s:s}", "name", o->name);

    if (o->value)
        json_object_set_new(j, "value", json_text(o->value));
    json_object_set_new(j, "doc", json_text(o->doc));
    return j;
}

static json_t *command_object(const struct command *c)
{
    json_t *options = json_array();

    for (const struct option_row *o = c->options; o && o->name; o++)
        json_array_append_new(options, option_object(o));
    json_array_append_new(options, option_object(&help_option));
    return json_pack("{s:s, s:s, s:s, s:o}", "command", c->name, "synopsis", c->synopsis, "summary",
                     c->summary, "options", options);
}

static void help_all(bool json)
{
    json_t *list = json_array();

    if (!json) {
        printf("usage: mews COMMAND [OPTION...] [ARGUMENT...]\n");
        for (const struct command *c = commands; c->name; c++)
            printf("  %-10s %s\n", c->name, c->summary);
        printf("mews help COMMAND explains one; so does its manual page, mews-COMMAND(1).\n");
        json_decref(list);
        return;
    }
    for (const struct command *c = commands; c->name; c++)
        json_array_append_new(list, command_object(c));
    json_print(list);
}

int cmd_help(const struct command *c, int argc, char **argv)
{
    bool json = false;
    int i;

    if (argc == 3 && !strcmp(argv[1], "--completions")) /* the two are for shells */
        return complete_script(c, argv[2]);
    if (argc > 1 && !strcmp(argv[1], "--complete"))
        return complete_words(argc - 2, argv + 2);
    i = options_parse(c, argc, argv, options_json, &json);
    if (i < 0)
        return options_end(i);
    if (argc - i > 1)
        return usage(c, "wants one COMMAND at most");
    if (i == argc) {
        help_all(json);
        return 0;
    }
    for (const struct command *k = commands; k->name; k++)
        if (!strcmp(k->name, argv[i])) {
            if (json)
                json_print(command_object(k));
            else
                help_command(k);
            return 0;
        }
    return usage(NULL, "'%s' is not a command", argv[i]);
}
