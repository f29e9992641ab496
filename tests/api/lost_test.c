/* A machine whose memory is mapped from a snapshot that somebody cuts short: it stops and says why,
 * and nothing is written of what it had become. The kind of machine is the tests' own: memory. */
#include "api/kinds.h"
#include "api/mews.h"
#include "svc/ctl/rundir_rig.h"
#include "tests/svc/ram.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

/* In the place of the library's own list. */
const struct kind *const kinds[] = { &ram_kind };
const unsigned kind_count = 1;

enum { MEMORY_BYTES = 4 << 20 };

static struct mews *machine; /* what the handler knows */

static void on_bus_error(int n, siginfo_t *info, void *context)
{
    (void)context;
    if (!machine || !mews_memory_lost(machine, info->si_addr))
        signal(n, SIG_DFL);
}

static void handle(void)
{
    const struct sigaction a = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

    assert_int_equal(sigaction(SIGBUS, &a, NULL), 0);
}

/* A machine restored from `fd`, where the snapshot of one that has run is then. */
static struct mews *restored(int fd)
{
    u8 image[12] = "RAM ";
    u64 bytes = MEMORY_BYTES;
    struct mews *m;
    struct mews_error e;
    char path[40];

    memcpy(image + 4, &bytes, sizeof bytes);
    if (mews_open_memory("ram", image, sizeof image, NULL, &m, &e))
        fail_msg("%s", e.text);
    mews_run(m, 10000, NULL);
    if (mews_snapshot_to(m, fd, false, NULL, &e))
        fail_msg("%s", e.text);
    mews_close(m);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (mews_restore(path, NULL, &m, &e))
        fail_msg("%s", e.text);
    return m;
}

static void a_machine_whose_image_is_cut_short_stops(void **state)
{
    int fd = memfd_create("image", MFD_CLOEXEC), to = memfd_create("to", MFD_CLOEXEC);
    struct mews_stop_info info;
    struct mews_error e;
    struct ram *r;

    (void)state;
    machine = restored(fd);
    r = ram_of(machine->machine);
    handle();
    assert_int_equal(mews_run(machine, 1000, &info), MEWS_STOP_TIME);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(mews_run(machine, 1000, &info), MEWS_STOP_HOST);
    assert_non_null(strstr(info.text, "the host cannot supply memory at 0x"));
    assert_non_null(strstr(info.text, "cut short"));
    assert_int_equal(r->memory.bytes[MEMORY_BYTES - 1], 0); /* it can be touched */
    /* It stays so, and nobody takes what is there for its state. */
    assert_int_equal(mews_run(machine, 1000, &info), MEWS_STOP_HOST);
    assert_int_not_equal(mews_snapshot_to(machine, to, false, NULL, &e), 0);
    assert_non_null(strstr(e.text, "its memory is lost"));
    assert_int_not_equal(mews_snapshot(machine, "/tmp/mews-lost-test", NULL, &e), 0);
    assert_int_not_equal(access("/tmp/mews-lost-test", F_OK), 0);
    mews_close(machine);
    machine = NULL;
    close(fd);
    close(to);
}

static void see(void *ctx, const char *name, const char *about, const char *ended)
{
    (void)about;
    assert_string_equal(name, "lost");
    snprintf(ctx, 400, "%s", ended ? ended : "it lives");
}

static void others_are_told_why_it_has_ended(void **state)
{
    const struct mews_control_options o = { .size = sizeof o, .name = "lost", .keep = true };
    char ended[400] = "";
    int fd = memfd_create("image", MFD_CLOEXEC);
    struct mews_stop_info info;
    struct mews_error e;

    (void)state;
    machine = restored(fd);
    handle();
    assert_int_equal(mews_control(machine, &o, &e), 0);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(mews_serve(machine, &info), MEWS_STOP_HOST);
    assert_non_null(strstr(info.text, "its memory is lost"));
    mews_close(machine);
    machine = NULL;
    close(fd);
    assert_int_equal(mews_machines(see, ended, &e), 0);
    assert_non_null(strstr(ended, "\"why\":\"host\""));
    assert_non_null(strstr(ended, "its memory is lost"));
    assert_int_equal(mews_forget("lost", &e), 0);
}

/* What is no machine's memory is none of the library's business. */
static void another_bus_error_still_kills(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (!child) {
        int image = memfd_create("image", 0), fd = memfd_create("other", 0);
        volatile char *page;

        machine = restored(image);
        handle();
        page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0); /* of an empty file */
        _exit(page == MAP_FAILED ? 1 : page[0]);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_whose_image_is_cut_short_stops),
        cmocka_unit_test(others_are_told_why_it_has_ended),
        cmocka_unit_test(another_bus_error_still_kills),
    };

    return cmocka_run_group_tests(tests, rundir_rig_make, rundir_rig_remove);
}
