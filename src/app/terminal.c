#include "app/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* What signal handlers need. */
static struct {
    volatile sig_atomic_t raw, ended;
    struct termios before, now;
    void (*told)(void *ctx, unsigned columns, unsigned rows);
    void *ctx;
} terminal;

void terminal_restore(void)
{
    if (terminal.raw)
        tcsetattr(0, TCSANOW, &terminal.before);
    terminal.raw = 0;
}

static void on_polite(int n)
{
    terminal.ended = n;
}

/* The instruction comes again, and this handler does not: a jail has no call to raise a signal. */
static void on_fault(int n)
{
    (void)n;
    terminal_restore();
}

static void on_fatal(int n)
{
    terminal_restore();
    _exit(128 + n);
}

static void tell_size(void)
{
    struct winsize w;

    if (!ioctl(0, TIOCGWINSZ, &w))
        terminal.told(terminal.ctx, w.ws_col, w.ws_row);
}

static void on_resize(int n)
{
    int saved = errno;

    (void)n;
    tell_size();
    errno = saved;
}

static void on_stop(int n)
{
    int saved = errno;

    (void)n;
    terminal_restore();
    raise(SIGSTOP);
    if (!tcsetattr(0, TCSANOW, &terminal.now)) /* continued */
        terminal.raw = 1;
    errno = saved;
}

static void catch (int n, void (*f)(int))
{
    int flags = f == on_fault ? (int)(SA_RESETHAND | SA_NODEFER) : 0;

    sigaction(n, &(struct sigaction) { .sa_handler = f, .sa_flags = flags }, NULL);
}

void terminal_take(bool signals)
{
    static const int faults[] = { SIGSEGV, SIGFPE, SIGBUS };
    unsigned count = sizeof faults / sizeof faults[0] - !signals; /* SIGBUS may have its handler */

    if (signals) {
        catch (SIGTERM, on_polite);
        catch (SIGHUP, on_polite);
        catch (SIGINT, on_polite);
    }
    if (tcgetattr(0, &terminal.before))
        return; /* no terminal: what comes is sent as it is */
    for (unsigned i = 0; i < count; i++)
        catch (faults[i], on_fault);
    catch (SIGQUIT, on_fatal);
    catch (SIGABRT, on_fatal);
    catch (SIGTSTP, signals ? on_stop : SIG_IGN);
    terminal.now = terminal.before;
    cfmakeraw(&terminal.now);
    terminal.now.c_oflag |= OPOST; /* the guest's lines end as its programs end them */
    terminal.now.c_iflag |= ICRNL;
    if (!tcsetattr(0, TCSANOW, &terminal.now))
        terminal.raw = 1;
    atexit(terminal_restore);
}

void terminal_follow(void (*told)(void *ctx, unsigned columns, unsigned rows), void *ctx)
{
    terminal.told = told;
    terminal.ctx = ctx;
    catch (SIGWINCH, on_resize);
    tell_size();
}

bool terminal_raw(void)
{
    return terminal.raw;
}

int terminal_ended(void)
{
    return terminal.ended;
}
