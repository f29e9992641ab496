/* gdb's questions: what there is, what can be done, threads, descriptions, and `monitor`. */
#include "svc/debug/gdb_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what can be done ---- */

void gdb_ask_supported(struct gdb *g, char *args)
{
    g->knows_swbreak = strstr(args, "swbreak+");
    g->knows_hwbreak = strstr(args, "hwbreak+");
    gdb_answer(g,
               "PacketSize=%x;QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+;"
               "qXfer:features:read+;qXfer:memory-map:read+;qXfer:threads:read+",
               PACKET_BYTES);
    if (debug_history(g->debug))
        gdb_answer(g, ";ReverseStep+;ReverseContinue+");
}

void gdb_ask_attached(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "1"); /* it was there before: who leaves does not kill it */
}

void gdb_ask_symbol(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "OK"); /* none is wanted */
}

/* ---- threads ---- */

void gdb_choose_thread(struct gdb *g, char *args)
{
    u64 thread;

    if (!*args || !strchr("gcm", *args++) || !gdb_thread(g, &args, &thread) || *args) {
        gdb_answer(g, "E.there is no such thread");
        return;
    }
    if (thread)
        debug_select_cpu(g->debug, (unsigned)thread - 1);
    gdb_answer(g, "OK");
}

void gdb_ask_thread(struct gdb *g, char *args)
{
    u64 thread;

    gdb_answer(g, gdb_thread(g, &args, &thread) && thread ? "OK" : "E.there is no such thread");
}

void gdb_ask_current(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "QC%x", debug_cpu(g->debug)->index + 1);
}

void gdb_ask_threads(struct gdb *g, char *args)
{
    const struct machine *m = debug_machine(g->debug);

    (void)args;
    for (unsigned i = 0; i < m->cpu_count; i++)
        gdb_answer(g, "%c%x", i ? ',' : 'm', i + 1);
}

void gdb_ask_threads_more(struct gdb *g, char *args)
{
    (void)args;
    gdb_answer(g, "l");
}

static void thread_text(const struct cpu *c, char *out, size_t room)
{
    snprintf(out, room, "%s (%s)", c->state->name, c->isa);
}

void gdb_ask_thread_text(struct gdb *g, char *args)
{
    char text[80];
    u64 thread;

    if (!gdb_mark(&args, ',') || !gdb_thread(g, &args, &thread) || !thread) {
        gdb_answer(g, "E.there is no such thread");
        return;
    }
    thread_text(&debug_machine(g->debug)->cpus[thread - 1], text, sizeof text);
    gdb_answer_hex(g, text, strlen(text));
}

static char *threads_object(const struct gdb *g)
{
    const struct machine *m = debug_machine(g->debug);
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    fputs("<?xml version=\"1.0\"?>\n<threads>\n", f);
    for (unsigned i = 0; i < m->cpu_count; i++)
        fprintf(f, "<thread id=\"%x\" core=\"%u\" name=\"%s\"/>\n", i + 1, i,
                m->cpus[i].state->name);
    fputs("</threads>\n", f);
    if (fclose(f)) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- objects ---- */

/* OFFSET,LENGTH of a text, which is freed. */
static void answer_part(struct gdb *g, char *text, char *args)
{
    enum { MOST = (PACKET_BYTES - 8) / 2 }; /* each byte may have to be escaped */
    u64 offset, len;
    size_t whole, n;

    if (!text || !gdb_number(&args, &offset) || !gdb_mark(&args, ',') || !gdb_number(&args, &len) ||
        *args) {
        gdb_answer(g, text ? "E.want OFFSET,LENGTH" : "E.no memory");
        free(text);
        return;
    }
    whole = strlen(text);
    offset = offset < whole ? offset : whole;
    n = whole - (size_t)offset;
    n = n < len ? n : (size_t)len;
    n = n < MOST ? n : MOST;
    gdb_answer(g, "%c%.*s", offset + n < whole ? 'm' : 'l', (int)n, text + offset);
    free(text);
}

void gdb_ask_object(struct gdb *g, char *args)
{
    static const char features[] = ":features:read:target.xml:";
    static const char map[] = ":memory-map:read::", threads[] = ":threads:read::";

    if (!strncmp(args, features, sizeof features - 1))
        answer_part(g, strdup(g->target.description), args + sizeof features - 1);
    else if (!strncmp(args, map, sizeof map - 1))
        answer_part(g, gdb_memory_map(debug_cpu(g->debug)), args + sizeof map - 1);
    else if (!strncmp(args, threads, sizeof threads - 1))
        answer_part(g, threads_object(g), args + sizeof threads - 1);
    else if (!strncmp(args, ":features:", 10))
        gdb_answer(g, "E00"); /* gdb's manual: the annex is invalid */
}

/* ---- monitor ---- */

void gdb_ask_command(struct gdb *g, char *args)
{
    char line[1024], text[300];
    size_t len;
    struct err e;

    if (!gdb_mark(&args, ',') || strlen(args) % 2 || strlen(args) / 2 >= sizeof line ||
        packet_from_hex(line, args, strlen(args)) != (len = strlen(args) / 2)) {
        gdb_answer(g, "E.want a command of up to %zu bytes", sizeof line - 1);
        return;
    }
    line[len] = 0;
    if (debug_console_run(g->console, line, &e)) {
        snprintf(text, sizeof text, "mews: %.280s\n", e.text);
        gdb_say(g, text);
    }
    gdb_answer(g, "OK");
}
