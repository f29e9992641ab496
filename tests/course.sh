#!/bin/sh
# Runs every command of docs/course.md and looks for every file that it names; rows marked "not yet" are counted.
# The document says build/release; what is run is the build under test.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# "| topic | `room` | `file` | `command` |" becomes file, tab, command; back-quotes may not stand in a command.
awk -F' *[|] *' '/^\| / && $2 !~ /^(project|topic)$/ { gsub(/`/, ""); print $4 "\t" $5 }' docs/course.md >"$tmp/rows"
[ "$(wc -l <"$tmp/rows")" -ge 17 ] || { echo "course: docs/course.md has lost rows"; exit 1; }
ran=0 later=0 bad=0 without=0
kvm=$([ -r /dev/kvm ] && [ -w /dev/kvm ] && echo yes || true)
tab=$(printf '\t')
while IFS=$tab read -r file command; do
    [ "$command" = "not yet" ] && { later=$((later + 1)); continue; }
    [ -f "$file" ] || { echo "course: no $file"; bad=1; }
    case $kvm$command in
    mews*guests/x86/*) without=$((without + 1)); continue ;;
    esac
    command=$(printf '%s\n' "$command" | sed "s|build/release|$MEWS_BUILD|g")
    if sh -c "$command" >"$tmp/out" 2>&1 </dev/null && ! grep -q 'No tests were found' "$tmp/out"; then
        ran=$((ran + 1))
    else
        echo "course: fails: $command"
        tail -n 5 "$tmp/out"
        bad=1
    fi
done <"$tmp/rows"
[ "$without" -eq 0 ] || echo "skipped: $without commands that want /dev/kvm"
echo "$ran commands ran, $later rows are for later"
exit $bad
