#include "kinds/kvm/bells.h"

#include <assert.h>
#include <linux/kvm.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

void bells_init(struct bells *b, int kvm, int vm)
{
    *b = (struct bells) { .vm = -1 };
    if (kvm >= 0 && ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_IOEVENTFD) > 0 &&
        ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_IOEVENTFD_ANY_LENGTH) > 0)
        b->vm = vm;
}

void bells_fini(struct bells *b)
{
    for (unsigned i = 0; i < b->count; i++)
        close(b->bell[i].fd); /* the kernel's own hold on it ends with the machine */
    b->count = 0;
}

/* ---- where the kernel listens ---- */

static bool tell(const struct bells *b, const struct bell *l, u64 at, u32 flags)
{
    struct kvm_ioeventfd k = { .addr = at, .len = l->width_bytes, .fd = l->fd, .flags = flags };

    if (l->width_bytes) {
        k.flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
        k.datamatch = l->value;
    }
    return !ioctl(b->vm, KVM_IOEVENTFD, &k);
}

static void follow(const struct bells *b, struct bell *l)
{
    u64 base = l->bound ? l->place->base : BELLS_NOWHERE;
    u64 at = base == BELLS_NOWHERE ? BELLS_NOWHERE : base + l->offset;

    if (l->at == at)
        return;
    if (l->listens)
        tell(b, l, l->at, KVM_IOEVENTFD_FLAG_DEASSIGN);
    l->at = at;
    l->listens = at != BELLS_NOWHERE && tell(b, l, at, 0);
}

void bells_move(struct bell_place *place, u64 base)
{
    struct bells *b = place->bells;

    place->base = base;
    for (unsigned i = 0; i < b->count; i++)
        if (b->bell[i].place == place)
            follow(b, &b->bell[i]);
}

/* ---- the word ---- */

static bool bind(void *owner, u64 offset, unsigned width_bytes, u64 value,
                 void (*ring)(void *ctx, u64 value), void *ctx)
{
    struct bell_place *place = owner;
    struct bells *b = place->bells;
    struct bell *l = &b->bell[b->count];

    if (b->vm < 0 || b->count == BELLS)
        return false;
    *l = (struct bell) { .place = place,
                         .offset = offset,
                         .value = value,
                         .width_bytes = width_bytes,
                         .ring = ring,
                         .ctx = ctx,
                         .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                         .bound = true,
                         .at = BELLS_NOWHERE };
    if (l->fd < 0)
        return false;
    b->count++;
    follow(b, l);
    return true;
}

/* Its descriptor stays until the end: somebody may be waiting for it. */
static void unbind(void *owner, u64 offset, u64 value)
{
    struct bell_place *place = owner;

    for (unsigned i = 0; i < place->bells->count; i++) {
        struct bell *l = &place->bells->bell[i];

        if (l->place == place && l->bound && l->offset == offset && l->value == value) {
            l->bound = false;
            follow(place->bells, l);
            return;
        }
    }
    assert(false);
}

struct doorbell bells_at(struct bells *b, struct bell_place *place, u64 base)
{
    *place = (struct bell_place) { b, base };
    return (struct doorbell) { bind, unbind, place };
}

/* ---- ringing ---- */

unsigned bells_poll(const struct bells *b, struct pollfd *out)
{
    for (unsigned i = 0; i < b->count; i++)
        out[i] = (struct pollfd) { .fd = b->bell[i].fd, .events = POLLIN };
    return b->count;
}

void bells_heard(struct bells *b, const struct pollfd *f, unsigned count)
{
    assert(count <= b->count);
    for (unsigned i = 0; i < count; i++) {
        struct bell *l = &b->bell[i];
        u64 times;

        if (!f[i].revents || read(l->fd, &times, sizeof times) != sizeof times)
            continue;
        b->rung += times;
        if (l->bound)
            l->ring(l->ctx, l->value);
    }
}

void bells_drain(struct bells *b)
{
    struct pollfd f[BELLS];
    unsigned count = bells_poll(b, f);

    if (count && poll(f, count, 0) > 0)
        bells_heard(b, f, count);
}
