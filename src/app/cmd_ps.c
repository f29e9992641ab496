/* ps: the machines of this user, alive or ended. */
#include "app/remote.h"

#include <stdio.h>
#include <string.h>

static void print_row(const json_t *j)
{
    double age = remote_number(j, "age_seconds"), cpu = remote_number(j, "cpu_seconds");
    bool ended = !strcmp(remote_text(j, "state"), "ended");
    char how_old[16] = "-", guest[16] = "-", share[16] = "-", memory[16] = "-", state[24];

    snprintf(state, sizeof state, "%s", remote_state(j));
    if (ended) {
        remote_duration(remote_number(j, "ended") - remote_number(j, "started"), how_old);
        snprintf(state, sizeof state, "%s %d", remote_text(j, "why"),
                 (int)remote_number(j, "status"));
    } else if (json_object_get(j, "age_seconds")) {
        remote_duration(age, how_old);
        remote_duration(remote_number(j, "guest_seconds"), guest);
        snprintf(share, sizeof share, "%.1f", age > 0 ? 100 * cpu / age : 0);
        remote_size(remote_number(j, "resident_bytes"), memory);
    }
    printf("%-20s %-6s %-10s %8s %8s %6s %8s  %s\n", remote_text(j, "name"), remote_text(j, "kind"),
           state, how_old, guest, share, memory, remote_text(j, "thing"));
}

int cmd_ps(const struct command *c, int argc, char **argv)
{
    bool json = false;
    struct mews_error e;
    json_t *list, *j;
    size_t k;
    int i = options_parse(c, argc, argv, options_json, &json);

    if (i < 0)
        return options_end(i);
    if (i < argc)
        return usage(c, "takes no argument");
    list = remote_machines(&e);
    if (!list)
        return fail_error(&e);
    if (json) {
        json_print(list);
        return 0;
    }
    printf("%-20s %-6s %-10s %8s %8s %6s %8s  %s\n", "NAME", "KIND", "STATE", "AGE", "GUEST",
           "CPU%", "RSS", "THING");
    json_array_foreach(list, k, j) print_row(j);
    json_decref(list);
    return 0;
}
