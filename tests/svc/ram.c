#include "tests/svc/ram.h"

#include "tests/nes/program.h"

#include <stdlib.h>
#include <string.h>

static FIELD_TABLE(ram, 1, RAM)

enum { REGISTER_BYTES = 2048, ALARM_TICKS = 1000000 };

static void ring(void *owner, u64 when)
{
    struct ram *r = owner;

    r->registers.bytes[8]++;
    event_at(&r->machine.events, &r->alarm, when + ALARM_TICKS);
}

static bool accepts(const u8 *image, size_t bytes, const char **what)
{
    *what = "an amount of memory";
    return bytes == 12 && !memcmp(image, "RAM ", 4);
}

static void destroy(struct machine *m)
{
    struct ram *r;

    if (!m)
        return;
    r = ram_of(m);
    space_fini(&r->memory);
    space_fini(&r->registers);
    free(r);
}

static int loaded(void *self, struct err *e)
{
    struct ram *r = self;

    if (r->chance && r->span >= 8 && r->span <= r->bytes)
        return 0;
    return err_set(e, ERR_FORMAT, "it would write outside its memory");
}

static void connect(struct ram *r, const struct ports *p)
{
    struct machine *m = &r->machine;

    m->kind = &ram_kind;
    m->board = "ram";
    m->root =
        (struct component) { .name = "ram", .self = r, .fields = ram_fields(), .loaded = loaded };
    m->spaces = &r->registers;
    r->registers.next = &r->memory;
    m->hz_num = 1000000;
    m->hz_den = 1;
    if (p)
        m->ports = *p;
    event_queue_init(&m->events);
    event_init(&m->events, &r->alarm, "alarm", ring, r);
    event_at(&m->events, &r->alarm, ALARM_TICKS);
}

static int create(const struct kind *k, const struct config *c, const struct ports *p,
                  struct machine **out, struct err *e)
{
    struct ram *r = calloc(1, sizeof *r);

    (void)k;
    if (r) {
        memcpy(&r->bytes, c->image + 4, sizeof r->bytes);
        r->span = r->bytes;
        r->chance = 1;
    }
    if (!r || !space_init(&r->memory, "memory", r->bytes, 0, 0) ||
        !space_init(&r->registers, "registers", REGISTER_BYTES, 0, SPACE_UNTRACKED)) {
        if (r)
            destroy(&r->machine);
        return err_set(e, ERR_NOMEM, "no memory");
    }
    connect(r, p);
    *out = &r->machine;
    return 0;
}

static enum stop run(struct machine *m, u64 until, struct stop_info *info)
{
    struct ram *r = ram_of(m);

    for (; m->now < until; m->now++) {
        u64 at = chance(&r->chance) % (r->span - 7);

        if (m->now >= m->events.deadline)
            event_run(&m->events, m->now);
        space_mark(&r->memory, at, 8);
        memcpy(r->memory.bytes + at, &r->chance, 8);
        memcpy(r->registers.bytes, &m->now, 8);
    }
    if (info)
        *info = (struct stop_info) { .why = STOP_TIME };
    return STOP_TIME;
}

static void kick(struct machine *m)
{
    (void)m;
}

static void copied(struct machine *m, const u8 id[GENERATION_BYTES])
{
    memcpy(ram_of(m)->generation, id, GENERATION_BYTES);
}

static const char *why_not(const struct machine *m, enum verb v)
{
    (void)m;
    return v <= VERB_REPLAY ? NULL : "it is only memory";
}

static const char *const boards[] = { "ram", NULL };

const struct kind ram_kind = {
    .name = "ram",
    .summary = "memory",
    .boards = boards,
    .accepts = accepts,
    .accepted = "an amount",
    .create = create,
    .destroy = destroy,
    .run = run,
    .kick = kick,
    .why_not = why_not,
    .copied = copied,
};

int ram_create(u64 bytes, struct machine **out, struct recipe *recipe, struct err *e)
{
    u8 image[12] = "RAM ";
    struct config c = { .name = "ram", .image = image, .image_bytes = sizeof image };

    memcpy(image + 4, &bytes, sizeof bytes);
    if (!recipe_init(recipe, ram_kind.name, &c))
        return err_set(e, ERR_NOMEM, "no memory");
    return create(&ram_kind, &c, NULL, out, e);
}

int ram_again(const struct recipe *recipe, struct machine **out, struct err *e)
{
    return create(&ram_kind, &recipe->config, NULL, out, e);
}
