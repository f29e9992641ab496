/* The words of the command line. */
#include "app/usernet/usernet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MTU_MIN = 576, MTU_MAX = 65520 };

static bool number(const char *text, unsigned least, unsigned most, u16 *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || v < least || v > most)
        return false;
    *out = (u16)v;
    return true;
}

/* tcp|udp:HOSTADDR:HOSTPORT:GUESTPORT */
static bool take_forward(char *text, struct usernet_config *c)
{
    struct usernet_forward *f = &c->forward[c->forward_count];
    char *field[4];

    if (c->forward_count == USERNET_FORWARDS_MAX)
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(field); i++) {
        field[i] = strsep(&text, ":");
        if (!field[i])
            return false;
    }
    f->udp = !strcmp(field[0], "udp");
    if (text || (!f->udp && strcmp(field[0], "tcp") != 0) ||
        inet_pton(AF_INET, field[1], &f->host) != 1 || !number(field[2], 1, 65535, &f->host_port) ||
        !number(field[3], 1, 65535, &f->guest_port))
        return false;
    c->forward_count++;
    return true;
}

static bool take(char *word, struct usernet_config *c)
{
    char *value = strchr(word, '=');

    if (!value)
        return false;
    *value++ = 0;
    if (!strcmp(word, "mtu"))
        return number(value, MTU_MIN, MTU_MAX, &c->mtu);
    if (!strcmp(word, "restrict"))
        return c->restricted = true, !strcmp(value, "on");
    if (!strcmp(word, "host"))
        return c->no_host = true, !strcmp(value, "off");
    if (!strcmp(word, "dns"))
        return inet_pton(AF_INET, value, &c->dns) == 1;
    return !strcmp(word, "forward") && take_forward(value, c);
}

int usernet_parse(char **words, struct usernet_config *c, struct err *e)
{
    *c = (struct usernet_config) { .mtu = 1500 };
    for (; *words; words++) {
        char said[80];

        snprintf(said, sizeof said, "%s", *words);
        if (!take(*words, c))
            return err_set(e, ERR_USAGE,
                           "'%s' (accepted: mtu=N restrict=on host=off dns=ADDR "
                           "forward=tcp|udp:HOSTADDR:HOSTPORT:GUESTPORT)",
                           said);
    }
    return 0;
}
