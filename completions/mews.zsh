#compdef mews
# zsh completion for mews. tests/options.sh holds it against the program's own tables.
_mews() {
    local context state state_descr line
    typeset -A opt_args
    _arguments -C \
        '(-)'{-h,--help}'[list the commands]' \
        '(-)--version[print the version]' \
        '1:command:((run\:"run a cartridge or a program" snapshot\:"save a machine that runs; or make one snapshot of a chain" restore\:"go on with a machine from a snapshot" replay\:"play what run --record has written" inspect\:"say what is in a snapshot" diff\:"say what differs between two snapshots" debug\:"debug a machine or a recording, also backwards" show\:"show what is inside a machine" trace\:"tell of events while a machine runs" ps\:"list the machines" top\:"watch the machines" pause\:"have machines stand still" resume\:"have machines go on" stop\:"switch machines off" wait\:"wait until a machine ends" rm\:"forget machines that have ended" logs\:"print what a guest has written" attach\:"be at a machine'"'"'s screen, or console" send\:"type at a machine'"'"'s console, or press its buttons" stats\:"count what a machine does" events\:"print what happens to machines, as it happens" fork\:"make a running copy of a machine" kinds\:"list the kinds of machine and what each can do" info\:"say what a thing is, and what --set can set" help\:"explain a command" version\:"print the version"))' \
        '*::argument:->argument'
    [[ $state == argument ]] || return
    case $words[1] in
    run)
        _arguments -A '-*' \
            '--detach[run it behind your back]' \
            '--name=[list it under this name]:name: ' \
            '--kind=[the kind of machine]:kind:($(mews kinds 2>/dev/null | sed -n "s/^\\([a-z]*\\):.*/\\1/p"))' \
            '*--set=[a setting of the machine]:PATH=VALUE: ' \
            '--region=[the console'"'"'s region]:region:(ntsc pal dendy)' \
            '--ram=[what RAM holds at power-on]:00, ff or a seed:(00 ff)' \
            '--share=[a directory in which a 6502v program may open files]:directory:_files -/' \
            '--saves=[where battery RAM is kept]:directory or none:_files -/' \
            '--video=[where to show it]:where:(sdl terminal)' \
            '--speed=[so many times its own speed]:number or max:(max)' \
            '--headless[no picture, no sound, as fast as it goes]' \
            '--frames=[end after so many pictures]:pictures: ' \
            '*--press=[hold buttons from a frame on]:FRAME\:BUTTONS[\:COUNT]: ' \
            '*--reset=[press reset]:frame or auto:(auto)' \
            '--screenshot=[write the last picture]:PNG file:_files' \
            '--audio=[write the sound]:WAV file:_files' \
            '--hash[print digests of picture, sound and RAM]' \
            '--report=[write what was reached]:JSON file:_files' \
            '--verdict[run a test program until it reports]' \
            '--json[print digests and verdict as JSON]' \
            '--trace[a line per instruction]' \
            '--record=[write all that happens]:recording:_files' \
            '--rewind-memory=[memory for the way back]:size: ' \
            '--sandbox=[a jail for its process]:when:(auto on off)' \
            '--snapshot=[write a snapshot when the run ends]:snapshot:_files' \
            '--help[list the options]' \
            '1:thing:_files' '*::argument:_files'
        ;;
    restore)
        _arguments \
            '--detach[run it behind your back]' \
            '--name=[list it under this name]:name: ' \
            '--verify[compare the checksums of all memory first]' \
            '--share=[a directory in which a 6502v program may open files]:directory:_files -/' \
            '--saves=[where battery RAM is kept from now on]:directory or none:_files -/' \
            '--video=[where to show it]:where:(sdl terminal)' \
            '--speed=[so many times its own speed]:number or max:(max)' \
            '--headless[no picture, no sound, as fast as it goes]' \
            '--frames=[end after so many more pictures]:pictures: ' \
            '*--press=[hold buttons from a frame on]:FRAME\:BUTTONS[\:COUNT]: ' \
            '*--reset=[press reset]:frame or auto:(auto)' \
            '--screenshot=[write the last picture]:PNG file:_files' \
            '--audio=[write the sound]:WAV file:_files' \
            '--hash[print digests of picture, sound and RAM]' \
            '--report=[write what was reached]:JSON file:_files' \
            '--verdict[run a test program until it reports]' \
            '--json[print digests and verdict as JSON]' \
            '--trace[a line per instruction]' \
            '--record=[write all that happens]:recording:_files' \
            '--rewind-memory=[memory for the way back]:size: ' \
            '--sandbox=[a jail for its process]:when:(auto on off)' \
            '--snapshot=[write a snapshot when the run ends]:snapshot:_files' \
            '--help[list the options]' \
            '1:snapshot:_files'
        ;;
    replay)
        _arguments \
            '--speed=[so many times its own speed]:number or max:(max)' \
            '--until=[end there]:pictures, seconds or ticks: ' \
            '--verify[compare its state with the recorded one]' \
            '--video=[where to show it]:where:(sdl terminal)' \
            '--headless[no picture, no sound]' \
            '--sandbox=[a jail for its process]:when:(auto on off)' \
            '--screenshot=[write the last picture]:PNG file:_files' \
            '--audio=[write the sound]:WAV file:_files' \
            '--hash[print digests of picture, sound and RAM]' \
            '--report=[write what was reached]:JSON file:_files' \
            '--json[print digests as JSON]' \
            '--trace[a line per instruction]' \
            '--snapshot=[write a snapshot when the replay ends]:snapshot:_files' \
            '--help[list the options]' \
            '1:recording:_files'
        ;;
    snapshot) _arguments '--incremental[only what changed since the last one]' '--squash=[write one snapshot of a chain]:snapshot:_files' '--compress=[compress it]:1 to 19: ' '--json[print JSON]' '--help[list the options]' '*:snapshot:_files' ;;
    ps) _arguments '--json[print JSON]' '--help[list the options]' ;;
    top) _arguments '--interval=[seconds from one look to the next]:interval: ' '--count=[end after so many looks]:count: ' '--help[list the options]' ;;
    pause) _arguments '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    resume) _arguments '--speed=[so many times its own speed]:number or max:(max)' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    stop) _arguments '--timeout=[seconds before it is killed]:timeout: ' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    wait) _arguments '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    rm) _arguments '--force[kill those that are alive]' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    logs) _arguments '--follow[then print what comes]' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    attach) _arguments '--video=[where to show it]:where:(sdl terminal)' '--console[the console, not the screen]' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    send) _arguments '*--line=[a line to the console]:line: ' '*--text=[text to the console]:text: ' '*--keys=[press buttons]:keys: ' '--reset[press the reset button]' '--end[no more will come]' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    stats) _arguments '--json[print JSON]' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    events) _arguments '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    fork) _arguments '--sandbox=[a jail for its process]:when:(auto on off)' '--name=[the name of the copy]:name: ' '--help[list the options]' '*:machine:($(mews ps 2>/dev/null | sed -n "2,\$s/ .*//p"))' ;;
    inspect) _arguments '--verify[compare the checksums of all memory]' '--json[print JSON]' '--help[list the options]' '1:snapshot:_files' ;;
    diff) _arguments '--json[print JSON]' '--help[list the options]' '1:snapshot:_files' '2:snapshot:_files' ;;
    debug)
        _arguments -A '-*' \
            '*--script=[commands from a file first]:script:_files' \
            '*--command=[one command]:command: ' \
            '--batch[end after the scripts and commands]' \
            '*--symbols=[symbols and lines]:symbol file:_files' \
            '--json[print JSON]' \
            '--rewind-memory=[for the way back]:size: ' \
            '--kind=[the kind of machine]:kind: ' \
            '*--set=[a setting of the machine]:PATH=VALUE: ' \
            '--share=[a directory in which a 6502v program may open files]:directory:_files -/' \
            '--help[list the options]' \
            '1:thing:_files' '*::argument:_files'
        ;;
    show)
        _arguments \
            '--output=[write the picture there]:PNG file:_files' \
            '--json[print JSON]' \
            '--text[print text]' \
            '--frames=[run for so many pictures first]:pictures: ' \
            '*--press=[hold buttons meanwhile]:FRAME\:BUTTONS[\:COUNT]: ' \
            '--help[list the options]' \
            '1:thing:_files' '2:view: '
        ;;
    trace)
        _arguments -A '-*' \
            '--events=[which]:events: ' \
            '--format=[how]:format:(text json)' \
            '--output=[to a file]:file:_files' \
            '--frames=[end after so many pictures]:pictures: ' \
            '--count=[end after so many events]:events: ' \
            '*--press=[hold buttons meanwhile]:FRAME\:BUTTONS[\:COUNT]: ' \
            '--kind=[the kind of machine]:kind: ' \
            '*--set=[a setting of the machine]:PATH=VALUE: ' \
            '--share=[a directory in which a 6502v program may open files]:directory:_files -/' \
            '--help[list the options]' \
            '1:thing:_files' '*::argument:_files'
        ;;
    info) _arguments '--json[print JSON]' '--help[list the options]' '1:thing:_files' ;;
    kinds | version) _arguments '--json[print JSON]' '--help[list the options]' ;;
    help) _arguments '--json[print JSON]' '--help[list the options]' '1:command:(run snapshot restore replay inspect diff debug show trace ps top pause resume stop wait rm logs attach send stats events fork kinds info help version)' ;;
    esac
}
_mews "$@"
