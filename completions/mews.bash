# bash completion for mews. tests/options.sh holds it against the program's own tables.
_mews() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "run snapshot restore replay inspect diff debug show trace ps top pause resume stop wait rm logs attach send stats events fork kinds info help version --help --version" -- "$cur")
        return
    fi
    case $command:$prev in
    run:--kind | debug:--kind | trace:--kind) mapfile -t COMPREPLY < <(compgen -W "$(mews kinds 2>/dev/null | sed -n 's/^\([a-z]*\):.*/\1/p')" -- "$cur") && return ;;
    run:--region) mapfile -t COMPREPLY < <(compgen -W "ntsc pal dendy" -- "$cur") && return ;;
    run:--ram) mapfile -t COMPREPLY < <(compgen -W "00 ff" -- "$cur") && return ;;
    run:--video | restore:--video | replay:--video | attach:--video) mapfile -t COMPREPLY < <(compgen -W "sdl terminal" -- "$cur") && return ;;
    *:--sandbox) mapfile -t COMPREPLY < <(compgen -W "auto on off" -- "$cur") && return ;;
    run:--reset | restore:--reset) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$cur") && return ;;
    *:--share) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
    run:--saves | restore:--saves) mapfile -t COMPREPLY < <(compgen -W "none" -- "$cur"; compgen -d -- "$cur") && return ;;
    debug:--script | debug:--symbols | show:--output | trace:--output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
    trace:--format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur") && return ;;
    trace:--events | debug:--command | *:--count) return ;;
    run:--speed | restore:--speed | replay:--speed | resume:--speed) mapfile -t COMPREPLY < <(compgen -W "max" -- "$cur") && return ;;
    *:--set | *:--frames | *:--press | snapshot:--compress | *:--rewind-memory | replay:--until) return ;;
    *:--screenshot | *:--audio | *:--report | *:--snapshot | *:--squash | *:--record) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
    esac
    case $cur in
    -*)
        local words="--json --help"
        local show="--share --saves --video --speed --headless --frames --press --reset --screenshot --audio --hash --report \
--verdict --json --trace --snapshot --record --rewind-memory --help"
        case $command in
        run) words="--detach --name --sandbox --kind --set --region --ram $show" ;;
        restore) words="--detach --name --sandbox --verify $show" ;;
        snapshot) words="--incremental --squash --compress --json --help" ;;
        debug) words="--script --command --batch --symbols --json --rewind-memory --kind --set --share --help" ;;
        show) words="--output --json --text --frames --press --help" ;;
        trace) words="--events --format --output --frames --count --press --kind --set --share --help" ;;
        replay) words="--speed --until --verify --video --headless --sandbox --screenshot --audio --hash --report --json --trace --snapshot --help" ;;
        top) words="--interval --count --help" ;;
        stop) words="--timeout --help" ;;
        rm) words="--force --help" ;;
        logs) words="--follow --help" ;;
        attach) words="--video --console --help" ;;
        send) words="--line --text --keys --reset --end --help" ;;
        fork) words="--name --sandbox --help" ;;
        resume) words="--speed --help" ;;
        pause | wait | events) words="--help" ;;
        inspect) words="--verify --json --help" ;;
        esac
        # What stands behind the thing is the guest's.
        if [ "$command" = run ] || [ "$command" = debug ] || [ "$command" = trace ]; then
            for ((i = 2; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -d | --detach | --headless | --hash | --verdict | --json | --trace | -b | --batch) ;;
                --*) ((i++)) ;;
                *) return ;;
                esac
            done
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
        ;;
    *)
        case $command in
        help) mapfile -t COMPREPLY < <(compgen -W "run snapshot restore replay inspect diff debug show trace ps top pause resume stop wait rm logs attach send stats events fork kinds info help version" -- "$cur") ;;
        pause | resume | stop | wait | rm | logs | attach | send | stats | events | fork)
            mapfile -t COMPREPLY < <(compgen -W "$(mews ps 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$cur")
            ;;
        run | info | snapshot | restore | replay | inspect | diff | debug | show | trace) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        esac
        ;;
    esac
}
complete -o filenames -F _mews mews
