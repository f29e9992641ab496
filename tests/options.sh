#!/bin/sh
# The tables of `mews help --json` against what is written by hand: each command's manual page names exactly its
# options. And bash, zsh and fish offer them, and what there is: a shell that is not here is left out with a line.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
wrong() { echo "options: $*"; bad=1; }

mews help --json >"$tmp/help.json"
python3 - "$tmp" <<'END'
import json, pathlib, sys
tmp = pathlib.Path(sys.argv[1])
commands = json.loads((tmp / "help.json").read_text())
(tmp / "commands").write_text("".join(f"{c['command']}\n" for c in commands))
for c in commands:
    (tmp / c["command"]).write_text("".join(sorted(f"--{o['name']}\n" for o in c["options"])))
END

# ---- manual pages: the options are the tags of the list, ".It Fl -name" ----
while read -r command; do
    page=docs/man/mews-$command.1
    [ -f "$page" ] || { wrong "no $page"; continue; }
    sed -n 's/^\.It Fl \(-[a-z-]*\).*/-\1/p' "$page" | sort >"$tmp/page"
    cmp -s "$tmp/page" "$tmp/$command" || { wrong "$page and mews help $command differ:"; diff "$tmp/page" "$tmp/$command" || true; }
    grep -q "^\.It Ic $command\$" docs/man/mews.1 || wrong "docs/man/mews.1 has no $command"
    grep -q "^\.Xr mews-$command 1" docs/man/mews.1 || wrong "docs/man/mews.1 does not refer to mews-$command(1)"
done <"$tmp/commands"
for page in docs/man/mews-*.1; do
    command=${page#docs/man/mews-}
    grep -qx "${command%.1}" "$tmp/commands" || wrong "$page is of no command"
done
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning docs/man/*.[1-9] || wrong "mandoc finds fault with a page"
fi

# ---- completions: what each shell offers ----
export XDG_RUNTIME_DIR="$tmp/machines"
mkdir -m 700 "$tmp/machines" "$tmp/home"
mkdir "$tmp/files" "$tmp/files/directory"
export XDG_DATA_HOME="$tmp/data"
mkdir -p "$tmp/data/mews/images/debian" "$tmp/data/mews/images/.debian.new"
hawk=$(find "$MEWS_GUESTS/nes/hawk" -name '*.nes')
cp "$hawk" "$tmp/files/hawk.nes"
mews run -d --name machine --saves none "$hawk" >/dev/null
trap 'mews rm --force machine; rm -rf "$tmp"' EXIT
for shell in bash zsh fish; do
    mews help --completions $shell >"$tmp/mews.$shell"
    cmp "$tmp/mews.$shell" "$MEWS_BUILD/completions/mews.$shell" || wrong "what is installed for $shell is old"
done
status=0
mews help --completions csh 2>/dev/null || status=$?
[ $status = 2 ] || wrong "a shell that is none"

in_bash() { # in_bash WORD...: the last is being typed
    bash -c '. "$0/mews.bash"; cd "$0/files"; COMP_WORDS=(mews "$@"); COMP_CWORD=$#; _mews; printf "%s\n" "${COMPREPLY[@]}"' \
        "$tmp" "$@"
}
in_fish() { # in_fish LINE
    HOME=$tmp/home fish --no-config -c "source $tmp/mews.fish; cd $tmp/files; complete -C '$1'" | cut -f1
}
in_zsh() { # in_zsh LINE: what it becomes
    python3 tests/complete.py "$tmp" "$1"
}
offers() { # offers SHELL COMMAND FILE-WITH-WHAT-IT-OFFERS
    sort -u "$3" | grep '^--' >"$tmp/offered" || true
    cmp -s "$tmp/offered" "$tmp/$2" || { wrong "$1 for mews $2:"; diff "$tmp/offered" "$tmp/$2" || true; }
}
in_bash "" >"$tmp/bash-commands"
while read -r command; do
    in_bash "$command" -- >"$tmp/out"
    offers bash "$command" "$tmp/out"
    grep -qx "$command" "$tmp/bash-commands" || wrong "bash does not offer $command"
    ! command -v fish >/dev/null || { in_fish "mews $command --" >"$tmp/out" && offers fish "$command" "$tmp/out"; }
done <"$tmp/commands"

same() { # same WHAT WANTED GOT
    [ "$2" = "$3" ] || wrong "$1: '$3' instead of '$2'"
}
line() { sort | tr '\n' ' ' | sed 's/ *$//'; }
asked() { # asked WANTED WORD...: of bash and fish
    want=$1
    shift
    same "bash: mews $*" "$want" "$(in_bash "$@" | line)"
    ! command -v fish >/dev/null || same "fish: mews $*" "$want" "$(in_fish "mews $*" | sed 's,/$,,' | line)"
}
asked "sdl terminal" run --video ""
asked "terminal" restore --video t
asked "nes" run --kind n
asked "create info ls rm" image ""
asked "debian" image rm ""
asked "debian-amd64" image create ""
asked "debian directory" run d
asked "machine" pause ""
asked "machine" stop --timeout 3 ma
asked "directory hawk.nes" info ""
asked "directory" run --share ""
asked "directory none" run --saves ""
asked "hawk.nes" run --press 1:A h
asked "" run --press ""
asked "" run --name ""
asked "" fork --name ""
asked "trace" help tr
asked "patterns" show hawk.nes patt
asked "patterns" show machine patt
asked "hawk.nes" snapshot --squash out h
same "bash: a value behind a sign" "sdl terminal" "$(in_bash run --video = | line)"
same "bash: the same, begun" "terminal" "$(in_bash run --video = te | line)"
! command -v fish >/dev/null ||
    same "fish: a value behind a sign" "--video=sdl --video=terminal" "$(in_fish "mews run --video=" | line)"
same "bash: the guest's arguments" "directory hawk.nes" "$(in_bash run --frames 3 game.nes "" | line)"
same "bash: the guest's options" "" "$(in_bash run --frames 3 game.nes -- | line)"
events() { # events WORD: with the thing behind it
    bash -c '. "$0/mews.bash"; cd "$0/files"; COMP_WORDS=(mews trace -e "$1" hawk.nes); COMP_CWORD=3; _mews
        printf "%s\n" "${COMPREPLY[@]}"' "$tmp" "$1"
}
events "" | grep -qx cpu.step || wrong "bash offers no events"
events cpu.step,ppu. | grep -q '^cpu\.step,ppu\.' || wrong "bash offers no second event"
if command -v zsh >/dev/null; then
    zsh -n "$tmp/mews.zsh" || wrong "zsh cannot read its completion"
    same zsh "mews pause machine " "$(in_zsh "mews pause mac")"
    same zsh "mews run --video " "$(in_zsh "mews run --vid")"
    same zsh "mews run --video=terminal " "$(in_zsh "mews run --video=t")"
    same zsh "mews info hawk.nes " "$(in_zsh "mews info h")"
else
    echo "zsh is not here: its completion was not tried"
fi
command -v fish >/dev/null || echo "fish is not here: its completion was not tried"
[ $bad = 0 ] && echo "manual pages name what the program takes, and the shells offer it"
exit $bad
