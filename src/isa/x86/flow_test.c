#include "isa/x86/flow.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FLOW(long_mode, ...) \
    x86_flow((const u8[]) { __VA_ARGS__ }, sizeof((const u8[]) { __VA_ARGS__ }), long_mode)
#define BEFORE(...) \
    x86_call_before((const u8[]) { __VA_ARGS__ }, sizeof((const u8[]) { __VA_ARGS__ }))

static void calls_returns_and_jumps_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(FLOW(true, 0xe8, 0, 0, 0, 0), FLOW_CALL);
    assert_int_equal(FLOW(true, 0x41, 0xff, 0xd0), FLOW_CALL); /* call *%r8 */
    assert_int_equal(FLOW(true, 0xff, 0xe0), FLOW_JUMP);
    assert_int_equal(FLOW(true, 0xff, 0xc0), FLOW_NEXT); /* inc %eax */
    assert_int_equal(FLOW(true, 0xff, 0x1d, 0, 0, 0, 0), FLOW_CALL);
    assert_int_equal(FLOW(true, 0xf3, 0xc3), FLOW_RETURN);
    assert_int_equal(FLOW(true, 0x48, 0xcf), FLOW_RETURN);
    assert_int_equal(FLOW(false, 0xc2, 8, 0), FLOW_RETURN);
    assert_int_equal(FLOW(false, 0xcd, 0x10), FLOW_CALL);
    assert_int_equal(FLOW(false, 0xeb, 0xfe), FLOW_JUMP);
    assert_int_equal(FLOW(false, 0x75, 0), FLOW_JUMP);
    assert_int_equal(FLOW(false, 0x0f, 0x84, 0, 0, 0, 0), FLOW_JUMP);
    assert_int_equal(FLOW(false, 0x0f, 0x0b), FLOW_NEXT);
    assert_int_equal(FLOW(false, 0x40), FLOW_NEXT); /* inc %eax, no prefix */
    assert_int_equal(FLOW(false, 0x40, 0xc3), FLOW_NEXT);
    assert_int_equal(FLOW(true, 0x40, 0xc3), FLOW_RETURN);
    assert_int_equal(FLOW(false, 0x90), FLOW_NEXT);
    assert_int_equal(x86_flow((const u8 *)"\x66", 1, true), FLOW_NEXT);
    assert_int_equal(x86_flow((const u8 *)"", 0, true), FLOW_NEXT);
}

static void a_call_is_found_before_its_return_address(void **state)
{
    (void)state;
    assert_int_equal(BEFORE(0x90, 0x90, 0xe8, 1, 2, 3, 4), 5);
    assert_int_equal(BEFORE(0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0), 2);
    assert_int_equal(BEFORE(0x90, 0x90, 0x90, 0x90, 0xff, 0x50, 8), 3); /* *8(%rax) */
    assert_int_equal(BEFORE(0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 8), 4); /* *8(%rsp) */
    assert_int_equal(BEFORE(0x90, 0xff, 0x15, 1, 2, 3, 4), 6);          /* *x(%rip) */
    assert_int_equal(BEFORE(0xff, 0x94, 0x24, 1, 2, 3, 4), 7);          /* *x(%rsp) */
    assert_int_equal(BEFORE(0x90, 0x90, 0x90, 0x90, 0xe8, 1, 2), 3);    /* 16 bits */
    assert_int_equal(BEFORE(0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90), 0);
    assert_int_equal(x86_call_before((const u8 *)"", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_returns_and_jumps_are_told_apart),
        cmocka_unit_test(a_call_is_found_before_its_return_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
