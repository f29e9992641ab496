/* The bus of the board `micro`: which port is which device's. */
#include "kinds/kvm/micro.h"

#include "base/le.h"

#include <stdio.h>

enum port {
    PORT_PIC = 0x20,
    PORT_PIC_DATA,
    PORT_CONSOLE = 0x42,
    PORT_KEY = 0x44,
    PORT_KEY_STATUS,
    PORT_PERIOD,
    PORT_TIMER,
    PORT_EXIT = 0xf4,
};

static bool stray(struct micro *n, const char *what, u64 at, unsigned bytes, bool write)
{
    if (n->strays)
        return true;
    micro_fault(n, "there is nothing at %s %#llx (%s of %u byte%s; --set strays=ignore lets it be)",
                what, (unsigned long long)at, write ? "a write" : "a read", bytes,
                bytes == 1 ? "" : "s");
    return false;
}

/* All devices are a byte wide but the timer's period; of a wider access the rest is lost. */
static bool port_write(struct micro *n, u16 port, u32 v, unsigned bytes)
{
    switch (port) {
    case PORT_PIC:
    case PORT_PIC_DATA: i8259_write(&n->pic, port - PORT_PIC, (u8)v); break;
    case PORT_CONSOLE: line_console_write(&n->console, (u8)v); return true;
    case PORT_KEY: return true; /* nothing that could be written */
    case PORT_KEY_STATUS: keyboard_write_status(&n->keyboard, (u8)v); break;
    case PORT_PERIOD: interval_timer_set_period(&n->timer, v, micro_time(n)); break;
    case PORT_TIMER: interval_timer_write(&n->timer, (u8)v, micro_time(n)); break;
    case PORT_EXIT:
        n->end = MICRO_EXIT;
        n->status = (u8)v;
        return false;
    default: return stray(n, "port", port, bytes, true);
    }
    micro_schedule(n);
    return true;
}

static bool port_read(struct micro *n, u16 port, u32 *v, unsigned bytes)
{
    *v = 0xffffffff; /* what a bus gives on which nobody answers */
    switch (port) {
    case PORT_PIC:
    case PORT_PIC_DATA: *v = i8259_read(&n->pic, port - PORT_PIC); return true;
    case PORT_CONSOLE: return true;
    case PORT_KEY: *v = keyboard_key(&n->keyboard); return true;
    case PORT_KEY_STATUS: *v = keyboard_status(&n->keyboard); return true;
    case PORT_PERIOD: *v = n->timer.period_ms; return true;
    case PORT_TIMER: *v = interval_timer_read(&n->timer, micro_time(n)); return true;
    case PORT_EXIT: return true;
    default: return stray(n, "port", port, bytes, false);
    }
}

static void tell(struct micro *n, bool write, u16 port, u32 v)
{
    struct trace *t = n->machine.trace;
    unsigned id = write ? MICRO_PORT_OUT : MICRO_PORT_IN;

    if (trace_on(t, id))
        trace_put(t, micro_time(n), id, 0, port, v);
}

/* A string instruction (rep outsb) comes as many accesses at once. */
bool micro_port(struct micro *n)
{
    struct kvm_run *r = n->vcpu.run;
    u8 *at = (u8 *)r + r->io.data_offset;
    bool write = r->io.direction == KVM_EXIT_IO_OUT;

    for (u32 i = 0; i < r->io.count; i++, at += r->io.size) {
        u32 v;

        if (write) {
            v = (u32)le_get(at, r->io.size);
            tell(n, true, r->io.port, v);
            if (!port_write(n, r->io.port, v, r->io.size))
                return false;
        } else {
            if (!port_read(n, r->io.port, &v, r->io.size))
                return false;
            le_put(at, v, r->io.size);
            tell(n, false, r->io.port, v);
        }
    }
    return true;
}

bool micro_mmio(struct micro *n)
{
    struct kvm_run *r = n->vcpu.run;

    if (!r->mmio.is_write)
        le_put(r->mmio.data, UINT64_MAX, 8);
    return stray(n, "address", r->mmio.phys_addr, r->mmio.len, r->mmio.is_write);
}
