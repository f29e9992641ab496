#include "app/bounds.h"

#include "app/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PERIOD_US = 100000, CPUS_MOST = 4096, LEAST = 10 /* thousandths: the kernel's 1 ms */ };

bool bounds_cpus(struct bounds *b, const char *text)
{
    uint64_t whole = 0, part = 0, unit = 1000;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9' && whole <= CPUS_MOST; text++)
        whole = 10 * whole + (uint64_t)(*text - '0');
    if (*text == '.' && text[1])
        for (text++; *text >= '0' && *text <= '9' && unit > 1; text++)
            part += (uint64_t)(*text - '0') * (unit /= 10);
    if (*text || whole > CPUS_MOST || whole * 1000 + part < LEAST)
        return false;
    b->thousandths = whole * 1000 + part;
    return true;
}

int bounds_enter(const struct bounds *b, struct mews_error *error)
{
    struct cgroup_setting list[3];
    unsigned n = 0;
    struct err e;

    if (b->thousandths) {
        list[n] = (struct cgroup_setting) { .file = "cpu.max", .required = true };
        snprintf(list[n++].value, sizeof list->value, "%" PRIu64 " %d",
                 b->thousandths * PERIOD_US / 1000, PERIOD_US);
    }
    if (b->memory) {
        list[n] = (struct cgroup_setting) { .file = "memory.max", .required = true };
        snprintf(list[n++].value, sizeof list->value, "%zu", b->memory);
        /* Without it the machine could go on without a part of itself. */
        list[n++] = (struct cgroup_setting) { .file = "memory.oom.group", .value = "1" };
    }
    if (!n || !cgroup_enter(list, n, &e))
        return 0;
    error->code = e.code == ERR_SYS ? ERR_STATE : (int)e.code; /* its text is complete */
    snprintf(error->text, sizeof error->text, "%s: %.200s",
             b->thousandths ? "--host-cpus" : "--host-memory", e.text);
    return -1;
}
