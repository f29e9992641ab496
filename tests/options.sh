#!/bin/sh
# The tables of `mews help --json` against what is written by hand: each command's manual page names exactly its
# options, and the completions of bash, zsh and fish offer them. A shell that is not here is left out with a line.
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

# ---- completions: what each shell offers for "mews COMMAND --" ----
commands=$(tr '\n' ' ' <"$tmp/commands")
offers() { # offers SHELL COMMAND FILE-WITH-WHAT-IT-OFFERS
    sort -u "$3" | grep '^--' >"$tmp/offered" || true
    cmp -s "$tmp/offered" "$tmp/$2" || { wrong "$1 for mews $2:"; diff "$tmp/offered" "$tmp/$2" || true; }
}
for command in $commands; do
    bash -c '. completions/mews.bash; COMP_WORDS=(mews "$1" --); COMP_CWORD=2; _mews; printf "%s\n" "${COMPREPLY[@]}"' \
        _ "$command" >"$tmp/out"
    offers bash "$command" "$tmp/out"
    bash -c '. completions/mews.bash; COMP_WORDS=(mews ""); COMP_CWORD=1; _mews; printf "%s\n" "${COMPREPLY[@]}"' >"$tmp/out"
    grep -qx "$command" "$tmp/out" || wrong "bash does not offer $command"
    # zsh's specifications are read as they stand: it offers from no script.
    case $command in
    run | restore | replay) sed -n '/^    '"$command"')/,/;;/s/^ *'"'"'\**\(--[a-z-]*\)[=[].*/\1/p' completions/mews.zsh >"$tmp/out" ;;
    *) grep -E "^    ([a-z| ]*\| )?$command( \|[a-z| ]*)?\) _arguments" completions/mews.zsh |
        grep -o "'\**--[a-z-]*" | tr -d "'*" >"$tmp/out" || true ;;
    esac
    offers zsh "$command" "$tmp/out"
    grep -q "[( ]$command"'\\:' completions/mews.zsh || wrong "zsh does not offer $command"
    if command -v fish >/dev/null; then
        HOME=$tmp fish --no-config -c "source completions/mews.fish; complete -C 'mews $command --'" | cut -f1 >"$tmp/out"
        offers fish "$command" "$tmp/out"
    fi
done
bash -c '. completions/mews.bash; COMP_WORDS=(mews run --frames 3 game.nes --); COMP_CWORD=5; _mews; [ ${#COMPREPLY[@]} -eq 0 ]' ||
    wrong "bash offers our options for the guest's arguments"
! command -v zsh >/dev/null || zsh -n completions/mews.zsh || wrong "zsh cannot read completions/mews.zsh"
command -v fish >/dev/null || echo "fish is not here: its completion was not tried"
[ $bad = 0 ] && echo "manual pages and completions name what the program takes"
exit $bad
