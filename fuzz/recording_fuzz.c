/* A damaged recording is refused, or plays: whatever the tape answers, the machine does no harm.
 *
 * The input is a recording of an NES or a 6502v. The digests of its chunks are put right first, so
 * that what lies behind them is reached: whoever wants to do harm can compute them too. */
#include "api/kinds.h"
#include "base/le.h"
#include "svc/replay/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { RUN_TICKS = 60000, PIECES = 4, INPUT_MAX = 1 << 20, HEAD = 24, MEMORY = 4 << 20 };

static void mend(u8 *b, size_t size)
{
    XXH3_state_t *x = XXH3_createState();
    u64 body, digest;

    assert(x);
    for (size_t at = 8; at + HEAD <= size; at += HEAD + body) {
        body = le_get(b + at + 8, 8);
        if (body > size - at - HEAD)
            break;
        XXH3_64bits_reset(x);
        XXH3_64bits_update(x, b + at, 16);
        XXH3_64bits_update(x, b + at + HEAD, body);
        digest = XXH3_64bits_digest(x);
        le_put(b + at + 16, digest, 8);
    }
    XXH3_freeState(x);
}

struct played {
    struct recorder *recorder;
    struct machine *machine;
};

static bool make(struct played *p, const struct recording *rec)
{
    static const struct ports deaf;
    struct err e;

    *p = (struct played) { 0 };
    assert(!recorder_create_as(&deaf, rec->has, &p->recorder, &e));
    for (unsigned k = 0; k < kind_count; k++)
        if (!strcmp(kinds[k]->name, rec->recipe.kind) &&
            kinds[k]->create(kinds[k], &rec->recipe.config, recorder_ports(p->recorder),
                             &p->machine, &e))
            break;
    if (p->machine)
        recorder_attach(p->recorder, p->machine);
    return p->machine;
}

static void unmake(struct played *p)
{
    if (p->machine)
        p->machine->kind->destroy(p->machine);
    recorder_destroy(p->recorder);
}

/* Plays a little in pieces, then goes back, and on from there. */
static void play(struct history *h, struct machine *m, bool back)
{
    u64 first = m->now;
    struct stop_info info;
    struct err e;

    for (unsigned i = 0; i < PIECES; i++)
        if (history_run(h, m->now + RUN_TICKS / PIECES, &info) == STOP_HOST)
            break;
    if (!back)
        return;
    if (!history_seek(h, first + (m->now - first) / 2, &e) && !history_branch(h, &e))
        history_run(h, m->now + RUN_TICKS / PIECES, &info);
}

static void replay(struct recording *rec, bool verify)
{
    struct history_options o = { .memory_bytes = MEMORY };
    struct history *h = NULL;
    struct played p, spare = { 0 };
    struct err e;
    u64 compared;

    if (make(&p, rec) && !history_open(p.machine, p.recorder, rec, &o, &h, &e)) {
        if (verify && make(&spare, rec))
            assert(!history_verify(h, spare.machine, &e));
        play(h, p.machine, !verify);
        history_verdict(h, &compared, &e);
        history_destroy(h);
    }
    unmake(&spare);
    unmake(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e;

    for (unsigned verify = 0; verify < 2; verify++) {
        struct recording rec = { 0 };
        u8 *b = malloc(size + 1);

        assert(b);
        memcpy(b, data, size);
        mend(b, size);
        if (size > INPUT_MAX || recording_read(&rec, b, size, &e)) {
            free(b);
            continue;
        }
        replay(&rec, verify);
        recording_fini(&rec);
    }
    return 0;
}
