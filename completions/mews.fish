# fish completion for mews. tests/options.sh holds it against the program's own tables.
function __mews_in
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

complete -c mews -n __fish_use_subcommand -f -s h -l help -d 'list the commands'
complete -c mews -n __fish_use_subcommand -f -l version -d 'print the version'
complete -c mews -n __fish_use_subcommand -f -a run -d 'run a cartridge or a program'
complete -c mews -n __fish_use_subcommand -f -a kinds -d 'list the kinds of machine and what each can do'
complete -c mews -n __fish_use_subcommand -f -a info -d 'say what a thing is, and what --set can set'
complete -c mews -n __fish_use_subcommand -f -a help -d 'explain a command'
complete -c mews -n __fish_use_subcommand -f -a version -d 'print the version'

complete -c mews -n '__mews_in run kinds info help version' -l json -d 'print JSON'
complete -c mews -n '__mews_in run kinds info help version' -l help -d 'list the options'
complete -c mews -n '__mews_in kinds version' -f
complete -c mews -n '__mews_in help' -f -a 'run kinds info help version'

complete -c mews -n '__mews_in run' -x -l kind -a "(mews kinds 2>/dev/null | string match -r '^[a-z]+(?=:)')" -d 'the kind of machine'
complete -c mews -n '__mews_in run' -x -l set -d 'a setting of the machine'
complete -c mews -n '__mews_in run' -x -l region -a 'ntsc pal dendy' -d 'the console\'s region'
complete -c mews -n '__mews_in run' -x -l ram -a '00 ff' -d 'what RAM holds at power-on'
complete -c mews -n '__mews_in run' -x -l share -a '(__fish_complete_directories)' -d 'where a 6502v program may open files'
complete -c mews -n '__mews_in run' -x -l saves -a 'none (__fish_complete_directories)' -d 'where battery RAM is kept'
complete -c mews -n '__mews_in run' -x -l video -a 'sdl terminal' -d 'where to show it'
complete -c mews -n '__mews_in run' -l headless -d 'no picture, no sound, as fast as it goes'
complete -c mews -n '__mews_in run' -x -l frames -d 'end after so many pictures'
complete -c mews -n '__mews_in run' -x -l press -d 'hold buttons from a frame on'
complete -c mews -n '__mews_in run' -x -l reset -a auto -d 'press reset'
complete -c mews -n '__mews_in run' -r -l screenshot -d 'write the last picture'
complete -c mews -n '__mews_in run' -r -l audio -d 'write the sound'
complete -c mews -n '__mews_in run' -l hash -d 'print digests of picture, sound and RAM'
complete -c mews -n '__mews_in run' -r -l report -d 'write what was reached'
complete -c mews -n '__mews_in run' -l verdict -d 'run a test program until it reports'
complete -c mews -n '__mews_in run' -l trace -d 'a line per instruction'
