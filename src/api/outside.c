#include "api/outside.h"

#include "host/chance.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORD_BYTES = 4096 + 512 };

/* A copy of the word, for a reader that cuts it up. */
static int copy_word(char copy[static WORD_BYTES], const char *word, const char *option,
                     unsigned number, struct err *e)
{
    if (number == OUTSIDE_MAX)
        return err_set(e, ERR_LIMIT, "more than %d of --%s", OUTSIDE_MAX, option);
    if (strlen(word) >= WORD_BYTES)
        return err_set(e, ERR_LIMIT, "--%s: longer than %d bytes", option, WORD_BYTES - 1);
    strcpy(copy, word);
    return 0;
}

/* A relative path is one of where we are now; a comma in it is written twice. */
static int keep_word(struct outside_word *w, const char *word, bool is_path, bool own,
                     struct err *e)
{
    char here[PATH_MAX], *to;

    w->own = own;
    w->word = to = malloc(2 * sizeof here + strlen(word) + 2);
    if (!to)
        return err_set(e, ERR_NOMEM, "no memory");
    if (is_path && *word != '/' && getcwd(here, sizeof here)) {
        for (const char *from = here; *from; *to++ = *from++)
            if (*from == ',')
                *to++ = ',';
        *to++ = '/';
    }
    strcpy(to, word);
    return 0;
}

/* What is written to a file of its own is the machine's alone. */
static bool is_own_disk(const struct disk_config *c)
{
    return c->overlay ? strcmp(c->overlay, "tmp") != 0 : !c->read_only;
}

static int open_disk(struct outside *o, const char *word, struct err *e)
{
    struct disk_config c;
    char copy[WORD_BYTES];
    struct disk **d = &o->disks[o->disk_count];

    if (copy_word(copy, word, "disk", o->disk_count, e) || disk_parse(copy, &c, e) ||
        disk_open(&c, d, e))
        return -(int)e->code;
    o->disk_ports[o->disk_count++] = disk_port(*d);
    return keep_word(&o->disk_words[o->disk_count - 1], word, true, is_own_disk(&c), e);
}

/* Without a name for the machine its card's address is one that nobody else has, as far as chance
 * can tell. */
static void choose_mac(struct net_config *c, const char *machine, unsigned index)
{
    u64 salt = 0;

    if (!machine) {
        struct entropy_port *p = host_entropy();

        p->ops->fill(p, &salt, sizeof salt);
        machine = "";
    }
    net_mac(c, machine, index, salt, c->mac);
}

/* A network of its own can be had twice, its ports of the host and what others made cannot. */
static bool is_own_link(const struct net_config *c)
{
    return c->type == NET_USER ? c->forward_count : c->type != NET_NONE;
}

static int open_link(struct outside *o, const char *word, const char *machine, struct err *e)
{
    struct net_config c;
    char copy[WORD_BYTES];
    struct net_link **n = &o->links[o->link_count];

    if (copy_word(copy, word, "net", o->link_count, e) || net_parse(copy, &c, e))
        return -(int)e->code;
    choose_mac(&c, machine, o->link_count);
    if (net_open(&c, n, e))
        return -(int)e->code;
    o->link_ports[o->link_count++] = net_port(*n);
    return keep_word(&o->link_words[o->link_count - 1], word, false, is_own_link(&c), e);
}

int outside_open(struct outside *o, const struct mews_options *options, struct ports *ports,
                 struct err *e)
{
    for (unsigned i = 0; options->disks && options->disks[i]; i++)
        if (open_disk(o, options->disks[i], e))
            return err_wrap(e, "--disk %s", options->disks[i]);
    for (unsigned i = 0; options->nets && options->nets[i]; i++)
        if (open_link(o, options->nets[i], options->name, e))
            return err_wrap(e, "--net %s", options->nets[i]);
    ports->clock = host_clock();
    ports->entropy = host_entropy();
    ports->disks = o->disk_ports;
    ports->disk_count = o->disk_count;
    ports->links = o->link_ports;
    ports->link_count = o->link_count;
    return 0;
}

void outside_close(struct outside *o)
{
    while (o->disk_count) {
        disk_close(o->disks[--o->disk_count]);
        free(o->disk_words[o->disk_count].word);
    }
    while (o->link_count) {
        net_close(o->links[--o->link_count]);
        free(o->link_words[o->link_count].word);
    }
}

int outside_start(struct outside *o, const struct thread_hook *hook, struct err *e)
{
    for (unsigned i = 0; i < o->disk_count; i++)
        if (disk_start(o->disks[i], hook, e))
            return -(int)e->code;
    for (unsigned i = 0; i < o->link_count; i++)
        if (net_start(o->links[i], hook, e))
            return -(int)e->code;
    return 0;
}

const struct host_call *outside_host_call(const struct outside *o, unsigned i)
{
    static const struct host_call chance = { .name = "getrandom",
                                             .roles = THREAD_MACHINE | THREAD_CPU };
    const unsigned disks = o->disk_count ? DISK_HOST_CALLS : 0;
    const unsigned links = o->link_count ? NET_HOST_CALLS : 0;

    if (i < disks)
        return &disk_host_calls[i];
    if (i < disks + links)
        return &net_host_calls[i - disks];
    return i == disks + links ? &chance : NULL;
}
