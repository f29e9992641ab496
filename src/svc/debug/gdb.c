#include "svc/debug/gdb_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAID_MAX = (PACKET_BYTES - 8) / 2 }; /* bytes in one packet of text */

/* ---- answers ---- */

void gdb_answer(struct gdb *g, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(g->answer + g->answered, sizeof g->answer - g->answered, fmt, ap);
    va_end(ap);
    g->answered += (size_t)n;
    if (g->answered >= sizeof g->answer)
        g->answered = sizeof g->answer - 1;
}

void gdb_answer_hex(struct gdb *g, const void *bytes, size_t len)
{
    if (2 * len > sizeof g->answer - 1 - g->answered)
        return;
    packet_to_hex(g->answer + g->answered, bytes, len);
    g->answered += 2 * len;
}

void gdb_answer_error(struct gdb *g, const struct err *e)
{
    g->answered = 0;
    gdb_answer(g, "E.%s", e->text);
}

static void put_out(struct gdb *g, const void *bytes, size_t len)
{
    if (g->then != GDB_LOST && !g->o.send(g->o.ctx, bytes, len))
        g->then = GDB_LOST;
}

static void put_packet(struct gdb *g, const void *data, size_t len)
{
    packet_write(&g->last, data, len);
    if (g->last.failed)
        g->then = GDB_LOST;
    put_out(g, g->last.bytes, g->last.len);
}

/* Text for the person, while something is under way. */
void gdb_say(void *ctx, const char *text)
{
    struct gdb *g = ctx;
    char said[1 + 2 * SAID_MAX];
    size_t len = strlen(text), n;

    for (; len; len -= n, text += n) {
        n = len < SAID_MAX ? len : SAID_MAX;
        said[0] = 'O';
        packet_to_hex(said + 1, text, n);
        put_packet(g, said, 1 + 2 * n);
    }
}

size_t gdb_refusal(char *out, size_t room, const char *why)
{
    struct packet_writer w = { 0 };
    char text[160];
    int n = snprintf(text, sizeof text, "E.%s", why);
    size_t len = 0;

    packet_write(&w, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    if (!w.failed && w.len + 1 <= room) {
        *out = '+';
        memcpy(out + 1, w.bytes, w.len);
        len = w.len + 1;
    }
    packet_fini(&w);
    return len;
}

/* ---- what is read ---- */

bool gdb_number(char **at, u64 *out)
{
    unsigned digits = 0;
    u64 v = 0;

    for (; digits <= 16; digits++) {
        char c = **at;

        if (c >= '0' && c <= '9')
            v = v << 4 | (u64)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v << 4 | (u64)((c | 32) - 'a' + 10);
        else
            break;
        ++*at;
    }
    *out = v;
    return digits && digits <= 16;
}

bool gdb_mark(char **at, char mark)
{
    if (**at != mark)
        return false;
    ++*at;
    return true;
}

bool gdb_thread(const struct gdb *g, char **at, u64 *out)
{
    if (gdb_mark(at, '-')) {
        *out = 0;
        return gdb_mark(at, '1');
    }
    return gdb_number(at, out) && *out <= debug_machine(g->debug)->cpu_count;
}

/* ---- memory ---- */

/* As much as there is of it, from the first byte on. */
static size_t peek(const struct gdb *g, u64 addr, u8 *out, size_t len)
{
    const struct kind *k = debug_machine(g->debug)->kind;
    struct cpu *c = debug_cpu(g->debug);
    size_t got = 0, n;

    for (; k->peek && got < len; got += n) {
        size_t page = SPACE_PAGE_BYTES - (addr + got) % SPACE_PAGE_BYTES;

        n = len - got < page ? len - got : page;
        if (k->peek(c, CPU_VIRTUAL, addr + got, out + got, n))
            continue;
        for (n = 0; got < len && k->peek(c, CPU_VIRTUAL, addr + got, out + got, 1);)
            got++;
        break;
    }
    return got;
}

static bool range(char **at, u64 *addr, u64 *len)
{
    return gdb_number(at, addr) && gdb_mark(at, ',') && gdb_number(at, len);
}

static void read_memory(struct gdb *g, char *args)
{
    u8 bytes[SAID_MAX];
    u64 addr, len;
    size_t got;

    if (!range(&args, &addr, &len) || *args) {
        gdb_answer(g, "E.m wants ADDRESS,LENGTH");
        return;
    }
    got = peek(g, addr, bytes, len < sizeof bytes ? (size_t)len : sizeof bytes);
    if (got)
        gdb_answer_hex(g, bytes, got);
    else
        gdb_answer(g, "E14"); /* what a debugger has always said of an address without memory */
}

static void poke(struct gdb *g, u64 addr, const void *bytes, size_t len)
{
    struct err e;

    if (len && debug_poke(g->debug, addr, bytes, len, &e))
        gdb_answer_error(g, &e);
    else
        gdb_answer(g, "OK");
}

static void write_memory(struct gdb *g, char *args)
{
    u8 bytes[PACKET_BYTES / 2];
    u64 addr, len;

    if (!range(&args, &addr, &len) || !gdb_mark(&args, ':') || strlen(args) != 2 * len ||
        packet_from_hex(bytes, args, strlen(args)) != len)
        gdb_answer(g, "E.M wants ADDRESS,LENGTH:BYTES");
    else
        poke(g, addr, bytes, (size_t)len);
}

static void write_binary(struct gdb *g, char *args)
{
    const char *end = (const char *)g->in.data + g->in.len;
    u64 addr, len;

    if (!range(&args, &addr, &len) || !gdb_mark(&args, ':') || (u64)(end - args) != len)
        gdb_answer(g, "E.X wants ADDRESS,LENGTH:BYTES");
    else
        poke(g, addr, args, (size_t)len);
}

/* ---- registers ---- */

static void answer_register(struct gdb *g, const struct gdb_slot *s)
{
    static const char none[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    u8 bytes[GDB_REGISTER_BYTES];

    if (gdb_target_get(s, g->debug, bytes))
        gdb_answer_hex(g, bytes, gdb_slot_bytes(s));
    else
        gdb_answer(g, "%.*s", (int)(2 * gdb_slot_bytes(s)), none);
}

static void read_registers(struct gdb *g, char *args)
{
    (void)args;
    for (unsigned i = 0; i < g->target.count; i++)
        answer_register(g, &g->target.slots[i]);
}

static void read_register(struct gdb *g, char *args)
{
    u64 n;

    if (gdb_number(&args, &n) && !*args && n < g->target.count)
        answer_register(g, &g->target.slots[n]);
    else
        gdb_answer(g, "E.there is no such register");
}

/* Those that it would change. */
static void write_registers(struct gdb *g, char *args)
{
    u8 now[GDB_REGISTER_BYTES], bytes[GDB_REGISTER_BYTES];
    struct err e;

    for (unsigned i = 0; i < g->target.count && *args; i++) {
        const struct gdb_slot *s = &g->target.slots[i];
        size_t len = gdb_slot_bytes(s);

        if (strnlen(args, 2 * len) < 2 * len) {
            gdb_answer(g, "E.G wants whole registers");
            return;
        }
        memset(bytes, 0, sizeof bytes);
        if (packet_from_hex(bytes, args, 2 * len) == len && gdb_target_get(s, g->debug, now) &&
            memcmp(bytes, now, len) != 0 && gdb_target_set(s, g->debug, bytes, &e)) {
            gdb_answer_error(g, &e);
            return;
        }
        args += 2 * len;
    }
    gdb_answer(g, "OK");
}

static void write_register(struct gdb *g, char *args)
{
    u8 bytes[GDB_REGISTER_BYTES] = { 0 };
    const struct gdb_slot *s;
    struct err e;
    u64 n;

    if (!gdb_number(&args, &n) || !gdb_mark(&args, '=') || n >= g->target.count) {
        gdb_answer(g, "E.there is no such register");
        return;
    }
    s = &g->target.slots[n];
    if (strlen(args) != 2 * gdb_slot_bytes(s) ||
        packet_from_hex(bytes, args, strlen(args)) != gdb_slot_bytes(s))
        gdb_answer(g, "E.P wants N=BYTES, %zu of them", gdb_slot_bytes(s));
    else if (gdb_target_set(s, g->debug, bytes, &e))
        gdb_answer_error(g, &e);
    else
        gdb_answer(g, "OK");
}

/* ---- the connection ---- */

static void detach(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "OK");
    g->then = GDB_LEAVES;
}

static void kill_quietly(struct gdb *g, char *args)
{
    (void)args;
    g->silent = true;
    g->then = GDB_KILLS;
}

static void kill_process(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "OK");
    g->then = GDB_KILLS;
}

static void why_stopped(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "%s", g->stop);
}

static void no_acks(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "OK");
    g->no_acks_from_next = true;
}

/* ---- the table ---- */

/* A name of one letter is all of a packet's command; a longer one ends where a mark begins. What is
 * not here gets the empty answer, which says so. */
static const struct command {
    const char *name;
    void (*run)(struct gdb *g, char *args);
} commands[] = {
    { "?", why_stopped },
    { "g", read_registers },
    { "G", write_registers },
    { "p", read_register },
    { "P", write_register },
    { "m", read_memory },
    { "M", write_memory },
    { "X", write_binary },
    { "D", detach },
    { "k", kill_quietly },
    { "vKill", kill_process },
    { "QStartNoAckMode", no_acks },
    { "c", gdb_run_continue },
    { "C", gdb_run_continue_signal },
    { "s", gdb_run_step },
    { "S", gdb_run_step_signal },
    { "vCont", gdb_run_cont },
    { "vCont?", gdb_run_cont_words },
    { "bs", gdb_run_back_step },
    { "bc", gdb_run_back },
    { "Z", gdb_set_point },
    { "z", gdb_clear_point },
    { "H", gdb_choose_thread },
    { "T", gdb_ask_thread },
    { "qC", gdb_ask_current },
    { "qfThreadInfo", gdb_ask_threads },
    { "qsThreadInfo", gdb_ask_threads_more },
    { "qThreadExtraInfo", gdb_ask_thread_text },
    { "qAttached", gdb_ask_attached },
    { "qSupported", gdb_ask_supported },
    { "qSymbol", gdb_ask_symbol },
    { "qXfer", gdb_ask_object },
    { "qRcmd", gdb_ask_command },
};

static bool is_named(const struct command *c, const char *data)
{
    size_t len = strlen(c->name);

    return !strncmp(c->name, data, len) && (len == 1 || !data[len] || strchr(":;,", data[len]));
}

static void answer_packet(struct gdb *g)
{
    char *data = (char *)g->in.data;
    const struct command *best = NULL;

    g->answered = 0;
    g->silent = false;
    for (const struct command *c = commands; c < commands + ARRAY_SIZE(commands); c++)
        if (is_named(c, data) && (!best || strlen(c->name) > strlen(best->name)))
            best = c;
    if (best)
        best->run(g, data + strlen(best->name));
    if (!g->silent)
        put_packet(g, g->answer, g->answered);
    if (g->no_acks_from_next)
        g->no_acks = true;
}

/* ---- what comes ---- */

u8 *gdb_room(struct gdb *g, size_t *room)
{
    return packet_room(&g->in, room);
}

void gdb_came(struct gdb *g, size_t len)
{
    packet_came(&g->in, len);
}

bool gdb_interrupts(struct gdb *g)
{
    return packet_interrupted(&g->in);
}

static void acknowledge(struct gdb *g, char mark)
{
    if (!g->no_acks)
        put_out(g, &mark, 1);
}

enum gdb_then gdb_perform(struct gdb *g)
{
    static const char too_long[] = "E.the packet is too long";

    while (g->then == GDB_STAYS)
        switch (packet_next(&g->in)) {
        case PACKET_NONE: return GDB_STAYS;
        case PACKET_INTERRUPT: break; /* it stands still already */
        case PACKET_DAMAGED: acknowledge(g, '-'); break;
        case PACKET_AGAIN:
            if (!g->no_acks)
                put_out(g, g->last.bytes, g->last.len);
            break;
        case PACKET_TOO_LONG:
            acknowledge(g, '+');
            put_packet(g, too_long, sizeof too_long - 1);
            break;
        case PACKET_DATA:
            acknowledge(g, '+');
            answer_packet(g);
            break;
        }
    return g->then;
}

/* ---- life ---- */

int gdb_create(struct debug *d, const struct gdb_options *o, struct gdb **out, struct err *e)
{
    struct gdb *g = calloc(1, sizeof *g);
    const struct debug_console_options said = { .no_files = true, .say = gdb_say, .ctx = g };

    if (!g)
        return err_set(e, ERR_NOMEM, "no memory for gdb");
    g->debug = d;
    g->o = *o;
    snprintf(g->stop, sizeof g->stop, "T05thread:%x;", debug_cpu(d)->index + 1);
    if (gdb_target_init(&g->target, debug_cpu(d), e) ||
        debug_console_create(d, &said, &g->console, e)) {
        gdb_destroy(g);
        return -(int)e->code;
    }
    *out = g;
    return 0;
}

void gdb_destroy(struct gdb *g)
{
    if (!g)
        return;
    debug_console_destroy(g->console);
    gdb_target_fini(&g->target);
    packet_fini(&g->last);
    free(g);
}
