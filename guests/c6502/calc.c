/* A desk calculator: reads a line, prints what it comes to, until there is no more input.
 *
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "/" | "%") factor }
 *     factor  = NUMBER | "-" factor | "(" sum ")"
 *
 * Numbers are 32 bits with a sign. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char *at;    /* the next character of the line */
static const char *wrong; /* what the line has done wrong, or NULL */

static long sum(void);

static char look(void)
{
    while (isspace(*at))
        ++at;
    return *at;
}

static long factor(void)
{
    char *end;
    long value;

    if (look() == '-') {
        ++at;
        return -factor();
    }
    if (*at == '(') {
        ++at;
        value = sum();
        if (look() != ')')
            wrong = "a ) is missing";
        else
            ++at;
        return value;
    }
    if (!isdigit(*at)) {
        wrong = *at ? "a number is missing" : "the line ends too early";
        return 0;
    }
    value = strtol(at, &end, 0);
    if (end == at) /* cc65's finds no digit in a 0 without others behind it */
        ++end;
    at = end;
    return value;
}

static long product(void)
{
    long value = factor(), by;
    char what;

    while (!wrong && ((what = look()) == '*' || what == '/' || what == '%')) {
        ++at;
        by = factor();
        if (what == '*')
            value *= by;
        else if (wrong)
            break;
        else if (!by)
            wrong = "division by zero";
        else if (what == '/')
            value /= by;
        else
            value %= by;
    }
    return value;
}

static long sum(void)
{
    long value = product();
    char what;

    while (!wrong && ((what = look()) == '+' || what == '-')) {
        ++at;
        if (what == '+')
            value += product();
        else
            value -= product();
    }
    return value;
}

int main(void)
{
    static char line[256];
    unsigned lines = 0;
    long value;

    for (;;) {
        printf("> ");
        at = fgets(line, sizeof line, stdin);
        if (!at)
            break;
        if (!look())
            continue;
        wrong = NULL;
        value = sum();
        if (!wrong && look())
            wrong = "what is that behind the end?";
        if (wrong)
            printf("%s\n", wrong);
        else
            printf("%ld\n", value);
        ++lines;
    }
    printf("\n%u lines\n", lines);
    return 0;
}
