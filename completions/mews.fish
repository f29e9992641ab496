# fish completion for mews. tests/options.sh holds it against the program's own tables.
function __mews_in
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

complete -c mews -n __fish_use_subcommand -f -s h -l help -d 'list the commands'
complete -c mews -n __fish_use_subcommand -f -l version -d 'print the version'
complete -c mews -n __fish_use_subcommand -f -a run -d 'run a cartridge or a program'
complete -c mews -n __fish_use_subcommand -f -a snapshot -d 'make one snapshot of a chain, or compress one'
complete -c mews -n __fish_use_subcommand -f -a restore -d 'go on with a machine from a snapshot'
complete -c mews -n __fish_use_subcommand -f -a inspect -d 'say what is in a snapshot'
complete -c mews -n __fish_use_subcommand -f -a diff -d 'say what differs between two snapshots'
complete -c mews -n __fish_use_subcommand -f -a kinds -d 'list the kinds of machine and what each can do'
complete -c mews -n __fish_use_subcommand -f -a info -d 'say what a thing is, and what --set can set'
complete -c mews -n __fish_use_subcommand -f -a help -d 'explain a command'
complete -c mews -n __fish_use_subcommand -f -a version -d 'print the version'

complete -c mews -n '__mews_in run snapshot restore inspect diff kinds info help version' -l json -d 'print JSON'
complete -c mews -n '__mews_in run snapshot restore inspect diff kinds info help version' -l help -d 'list the options'
complete -c mews -n '__mews_in kinds version' -f
complete -c mews -n '__mews_in help' -f -a 'run snapshot restore inspect diff kinds info help version'

complete -c mews -n '__mews_in run' -x -l kind -a "(mews kinds 2>/dev/null | string match -r '^[a-z]+(?=:)')" -d 'the kind of machine'
complete -c mews -n '__mews_in run' -x -l set -d 'a setting of the machine'
complete -c mews -n '__mews_in run' -x -l region -a 'ntsc pal dendy' -d 'the console\'s region'
complete -c mews -n '__mews_in run' -x -l ram -a '00 ff' -d 'what RAM holds at power-on'
complete -c mews -n '__mews_in run restore' -x -l share -a '(__fish_complete_directories)' -d 'where a 6502v program may open files'
complete -c mews -n '__mews_in run restore' -x -l saves -a 'none (__fish_complete_directories)' -d 'where battery RAM is kept'
complete -c mews -n '__mews_in run restore' -x -l video -a 'sdl terminal' -d 'where to show it'
complete -c mews -n '__mews_in run restore' -l headless -d 'no picture, no sound, as fast as it goes'
complete -c mews -n '__mews_in run restore' -x -l frames -d 'end after so many pictures'
complete -c mews -n '__mews_in run restore' -x -l press -d 'hold buttons from a frame on'
complete -c mews -n '__mews_in run restore' -x -l reset -a auto -d 'press reset'
complete -c mews -n '__mews_in run restore' -r -l screenshot -d 'write the last picture'
complete -c mews -n '__mews_in run restore' -r -l audio -d 'write the sound'
complete -c mews -n '__mews_in run restore' -l hash -d 'print digests of picture, sound and RAM'
complete -c mews -n '__mews_in run restore' -r -l report -d 'write what was reached'
complete -c mews -n '__mews_in run restore' -l verdict -d 'run a test program until it reports'
complete -c mews -n '__mews_in run restore' -l trace -d 'a line per instruction'
complete -c mews -n '__mews_in run restore' -r -l snapshot -d 'write a snapshot when the run ends'

complete -c mews -n '__mews_in restore inspect' -l verify -d 'compare the checksums of all memory'
complete -c mews -n '__mews_in snapshot' -r -l squash -d 'write one snapshot of a chain'
complete -c mews -n '__mews_in snapshot' -x -l compress -d 'compress it, 1 to 19'
