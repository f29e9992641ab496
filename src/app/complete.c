/* What a shell offers when Tab is pressed: asked of the program itself, from the tables that are
 * parsed by, so that nothing has to be written down twice. The scripts for the shells only ask.
 *
 * `mews help --complete N WORD...` gets the words behind "mews", of which the Nth is being typed,
 * and prints a line for each that could stand there: the word, a tab, what it is. ":files" and
 * ":directories" mean all of those, which the shell knows better. Of "--name=VALUE" the lines are
 * values. Only candidates: to leave out what does not begin so is the shell's. */
#include "app/complete.h"

#include "app/image.h"
#include "app/remote.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the scripts ---- */

static const char bash_script[] =
    "# bash completion for mews, as `mews help --completions bash` prints it.\n"
    "_mews() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} word _\n"
    "    [ \"$current\" != = ] || current=\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word _; do\n"
    "        case $word in\n"
    "        :files) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
    "        :directories) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "
    "\"$current\") ;;\n"
    "        \"$current\"*) COMPREPLY+=(\"$word\") ;;\n"
    "        esac\n"
    "    done < <(mews help --complete \"$COMP_CWORD\" \"${COMP_WORDS[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -o filenames -F _mews mews\n";

static const char zsh_script[] =
    "#compdef mews\n"
    "# zsh completion for mews, as `mews help --completions zsh` prints it.\n"
    "_mews() {\n"
    "    local word what files directories\n"
    "    local -a found\n"
    "    while IFS=$'\\t' read -r word what; do\n"
    "        case $word in\n"
    "        :files) files=1 ;;\n"
    "        :directories) directories=1 ;;\n"
    "        *) found+=(\"${word//:/\\\\:}:$what\") ;;\n"
    "        esac\n"
    "    done < <(mews help --complete $((CURRENT - 1)) \"${(@)words[2,-1]}\" 2>/dev/null)\n"
    "    [[ $PREFIX != --*=* ]] || compset -P '*='\n"
    "    (( ! $#found )) || _describe mews found\n"
    "    [[ -z $files ]] || _files\n"
    "    [[ -z $directories ]] || _files -/\n"
    "}\n"
    "_mews \"$@\"\n";

static const char fish_script[] =
    "# fish completion for mews, as `mews help --completions fish` prints it.\n"
    "function __mews_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    set -l n (count $words)\n"
    "    set -l rest (commandline -op)\n"
    "    set -l next (math $n + 1)\n"
    "    test -n \"$current\"; and set next (math $n + 2)\n"
    "    set -l before ''\n"
    "    string match -qr -- '^--[^=]*=' \"$current\"\n"
    "    and set before (string match -r -- '^--[^=]*=' \"$current\")\n"
    "    set -l value (string replace -r -- '^--[^=]*=' '' \"$current\")\n"
    "    for line in (mews help --complete $n $words[2..] \"$current\" $rest[$next..] "
    "2>/dev/null)\n"
    "        switch $line\n"
    "            case ':files*'\n"
    "                string join \\n -- $before(__fish_complete_path \"$value\")\n"
    "            case ':directories*'\n"
    "                string join \\n -- $before(__fish_complete_directories \"$value\" '')\n"
    "            case '*'\n"
    "                echo -- \"$before$line\"\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c mews -f -a '(__mews_complete)'\n";

int complete_script(const struct command *c, const char *shell)
{
    if (!strcmp(shell, "bash"))
        fputs(bash_script, stdout);
    else if (!strcmp(shell, "zsh"))
        fputs(zsh_script, stdout);
    else if (!strcmp(shell, "fish"))
        fputs(fish_script, stdout);
    else
        return usage(c, "--completions %s: want bash, zsh or fish", shell);
    return 0;
}

/* ---- what stands on the line ---- */

enum { WORDS_MAX = 512 };

struct line {
    const struct command *command;
    const char *words[WORDS_MAX]; /* behind the command, up to the one that is typed */
    int count;
    const char *current;
    char **rest; /* behind it */
    int rest_count;
    const struct option_row *option; /* whose value is being typed; NULL: none */
    const char *thing;               /* the first argument, or NULL */
    int arguments;                   /* before the current one */
    bool guest;                      /* the guest's words: none of ours */
};

static void offer(const char *word, const char *what)
{
    printf("%s\t%s\n", word, what);
}

/* bash takes "--name=value" apart at the sign. */
static int skip_sign(const struct line *l, int i)
{
    return i + 1 < l->count && !strcmp(l->words[i + 1], "=") ? i + 1 : i;
}

/* An option among the words before the current one; returns the index of its last word. */
static int read_option(struct line *l, int i)
{
    const struct option_row *o = option_of(l->command, l->words[i]);

    if (!o || !o->value || strchr(l->words[i], '='))
        return i;
    i = skip_sign(l, i) + 1;
    if (i >= l->count)
        l->option = o;
    return i;
}

static void read_words(struct line *l)
{
    const char *equals = strchr(l->current, '=');
    bool ended = false;

    if (!strcmp(l->current, "=")) {
        l->words[l->count++] = l->current;
        l->current = "";
    }
    for (int i = 0; i < l->count; i++) {
        if (!ended && !strcmp(l->words[i], "--")) {
            ended = true;
        } else if (!ended && !l->guest && l->words[i][0] == '-' && l->words[i][1]) {
            i = read_option(l, i);
        } else {
            if (!l->arguments++)
                l->thing = l->words[i];
            l->guest = l->guest || has_guest_arguments(l->command);
        }
    }
    if (!l->option && !l->guest && !ended && equals && !strncmp(l->current, "--", 2)) {
        l->option = option_of(l->command, l->current);
        l->current = equals + 1;
    }
    l->guest = l->guest || ended;
    for (int i = 0; !l->thing && i < l->rest_count; i++) /* "trace -e EVENTS THING" */
        if (*l->rest[i] != '-')
            l->thing = l->rest[i];
}

/* ---- what the program knows when it is asked ---- */

static void offer_machine(void *ctx, const char *name, const char *about, const char *end)
{
    json_t *j = json_loads(about, 0, NULL);

    (void)ctx;
    offer(name, end ? "has ended" : remote_text(j, "thing"));
    json_decref(j);
}

static void offer_image(void *ctx, const char *name)
{
    (void)ctx;
    offer(name, "image");
}

/* Those that there are; or, for the command that makes them, what it can make. */
static void offer_images(const struct line *l)
{
    struct err e;

    if (l->thing && !strcmp(l->command->name, "image") && !strcmp(l->thing, "create"))
        offer(IMAGE_RECIPE, "Debian for x86-64");
    else
        image_each(offer_image, NULL, &e);
}

static void offer_things(const struct line *l)
{
    offer(":files", "");
    if (!strcmp(l->command->name, "run")) /* the others look at files */
        offer_images(l);
}

static void offer_kind(void *ctx, const char *kind, const char *summary, const char *verb,
                       const char *why)
{
    const char **last = ctx;

    (void)verb;
    (void)why;
    if (!*last || strcmp(*last, kind) != 0) /* it comes for each verb */
        offer(kind, summary);
    *last = kind;
}

static void offer_view(void *ctx, const char *name, const char *doc, bool picture, bool text)
{
    (void)ctx;
    (void)picture;
    (void)text;
    offer(name, doc);
}

/* Behind the last comma. */
static void offer_event(void *ctx, const char *name, const char *doc, const char *first,
                        const char *second)
{
    const char *current = ctx, *comma = strrchr(current, ',');

    (void)first;
    (void)second;
    printf("%.*s%s\t%s\n", comma ? (int)(comma + 1 - current) : 0, current, name, doc);
}

/* Of a machine that runs: a list of {name, doc}. */
static void offer_remote(const struct line *l, const char *method, const char *key,
                         void (*f)(const struct line *l, const char *name, const char *doc))
{
    struct mews_error e;
    json_t *r = remote_ask(l->thing, method, NULL, &e), *j;
    size_t i;

    json_array_foreach(json_object_get(r, key), i, j)
        f(l, remote_text(j, "name"), remote_text(j, "doc"));
    json_decref(r);
}

static void remote_view(const struct line *l, const char *name, const char *doc)
{
    (void)l;
    offer(name, doc);
}

static void remote_event(const struct line *l, const char *name, const char *doc)
{
    offer_event((void *)l->current, name, doc, NULL, NULL); /* read only */
}

/* Events, or views, of the thing on the line. */
static void offer_inside(const struct line *l, bool events)
{
    struct mews_error e;
    struct mews *m;

    if (!l->thing)
        return;
    if (remote_is_machine(l->thing)) {
        offer_remote(l, events ? "trace.events" : "view.list", events ? "events" : "views",
                     events ? remote_event : remote_view);
    } else if (!mews_open(l->thing, NULL, &m, &e)) {
        if (events)
            mews_events(m, offer_event, (void *)l->current); /* read only */
        else
            mews_views(m, offer_view, NULL);
        mews_close(m);
    }
}

/* ---- what a word of the tables stands for ---- */

static bool is(const char *name, size_t len, const char *prefix)
{
    return len >= strlen(prefix) && !strncmp(name, prefix, strlen(prefix));
}

/* One of "THING|NAME", "DIR|none": a name in capitals, or a word as it is typed. */
static void offer_meant(const struct line *l, const char *name, size_t len)
{
    const char *kind = NULL;

    if (islower((unsigned char)*name) || isdigit((unsigned char)*name))
        printf("%.*s\t\n", (int)len, name);
    else if (is(name, len, "DIR"))
        offer(":directories", "");
    else if (is(name, len, "IMAGE"))
        offer_images(l);
    else if (is(name, len, "THING"))
        offer_things(l);
    else if (is(name, len, "FILE") || is(name, len, "OUT") || is(name, len, "RECORDING") ||
             is(name, len, "ARGUMENT"))
        offer(":files", "");
    else if (is(name, len, "KIND"))
        mews_kinds(offer_kind, &kind);
    else if (is(name, len, "EVENT") || is(name, len, "VIEW"))
        offer_inside(l, *name == 'E');
    else if (is(name, len, "COMMAND"))
        for (const struct command *c = commands; c->name; c++)
            offer(c->name, c->summary);
    else if (is(name, len, "NAME") && !l->option) { /* an option's is a new one */
        struct mews_error e;

        mews_machines(offer_machine, NULL, &e);
    }
}

static void offer_alternatives(const struct line *l, const char *names, size_t len)
{
    const char *end = names + len;

    while (names < end) {
        size_t n = strcspn(names, "|");

        n = n < (size_t)(end - names) ? n : (size_t)(end - names);
        offer_meant(l, names, n);
        names += n + 1;
    }
}

/* The other form of a command, behind " | --option VALUE", when that option is there. */
static const char *form_of(const struct line *l)
{
    const char *other = strstr(l->command->synopsis, " | --");

    for (int i = 0; other && i < l->count; i++) {
        size_t n = strcspn(other + 3, " ");

        if (strlen(l->words[i]) == n && !strncmp(l->words[i], other + 3, n)) {
            other += 3 + n + 1;
            return other + strcspn(other, " ");
        }
    }
    return l->command->synopsis;
}

/* The synopsis names the arguments in order: "[OPTION...] THING|NAME [VIEW]". */
static void offer_argument(const struct line *l)
{
    const char *at = form_of(l);

    for (int n = 0;;) {
        size_t len;

        at += strspn(at, " ");
        len = strcspn(at, " ");
        if (!len || !strncmp(at, "| ", 2))
            return;
        if (!strncmp(at, "[-", 2) || !strncmp(at, "[OPTION", 7)) {
            at += strcspn(at, "]") + 1;
            continue;
        }
        if (n++ == l->arguments || memmem(at, len, "...", 3)) {
            at += *at == '[';
            offer_alternatives(l, at, strcspn(at, " ]."));
            return;
        }
        at += len;
    }
}

static void offer_options(const struct command *c)
{
    char word[64];

    for (const struct option_row *o = c->options; o && o->name; o++) {
        snprintf(word, sizeof word, "--%s", o->name);
        offer(word, o->doc);
    }
    offer("--help", "print the list of options");
}

int complete_words(int argc, char **argv)
{
    int count = argc ? (int)strtol(argv[0], NULL, 10) : 0;
    char **words = argv + 1;
    struct line l = { .current = "" };

    if (count < 1 || count > argc - 1 || count > WORDS_MAX)
        return 0;
    l.current = words[count - 1];
    l.rest = words + count;
    l.rest_count = argc - 1 - count;
    if (count == 1) {
        for (const struct command *c = commands; c->name; c++)
            offer(c->name, c->summary);
        if (*l.current == '-') {
            offer("--help", "list the commands");
            offer("--version", "print the version");
        }
        return 0;
    }
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, words[0]))
            l.command = c;
    if (!l.command)
        return 0;
    for (int i = 1; i < count - 1; i++)
        l.words[l.count++] = words[i];
    read_words(&l);
    if (l.option && l.option->value)
        offer_alternatives(&l, l.option->value, strlen(l.option->value));
    else if (*l.current == '-' && !l.guest)
        offer_options(l.command);
    else
        offer_argument(&l);
    return 0;
}
