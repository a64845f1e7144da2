# shellcheck shell=bash
# Completion of coffer for bash. tests/check_docs.sh compares the options with those that --help prints.

declare -gA _coffer_options=(
    [run]="-l --layer --over --profile -p --policy -w --write --hide --net --on-violation --control --fail-on-violation --report --record --hash --on-record-error --backtrace --lock --cpu --keep --commit --discard --ask -q --quiet -v --verbose --help"
    [shell]="-l --layer --over --profile -p --policy -w --write --hide --net --on-violation --control --fail-on-violation --report --record --hash --on-record-error --backtrace --lock --cpu --keep --commit --discard --ask -q --quiet -v --verbose --help"
    [list]="--json --help"
    [diff]="--text --stat --json --help"
    [commit]="--root --dry-run --force -q --quiet --help"
    [discard]="--help"
    [record]="-o --output --format --environment --streams --hash --on-record-error --cpu -q --quiet -v --verbose --help"
    [report]="-o --output --format --target --who-wrote --who-read --inputs --outputs --absent --exec --net --process --help"
    [policy]="-o --output --help"
    [doctor]="--json --calls --help"
)

_coffer_layers() {
    local store=${XDG_STATE_HOME:-$HOME/.local/state}/coffer/layers name
    for name in "$store"/*/; do
        [[ -d $name ]] && name=${name%/} && printf '%s\n' "${name##*/}"
    done
}

# _coffer_reply WORDS: those that begin with the current word.
_coffer_reply() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# Formats that a command has beside those of report.
declare -gA _coffer_formats=([record]=record)

# _coffer_value OPTION WORD COMMAND: the value of an option. Returns 1 when the word before is no option that takes one.
_coffer_value() {
    case $1 in
    -l | --layer | --over)
        if [[ $2 == */* ]]; then
            mapfile -t COMPREPLY < <(compgen -d -- "$2")
        else
            _coffer_reply "$(_coffer_layers)" "$2"
        fi
        ;;
    --net) _coffer_reply "none loopback allow" "$2" ;;
    --profile) _coffer_reply "$(coffer policy list 2>/dev/null)" "$2" ;;
    --control) _coffer_reply "open exec closed" "$2" ;;
    --hash) _coffer_reply "sha256 blake2b git" "$2" ;;
    --on-record-error) _coffer_reply "continue stop" "$2" ;;
    --on-violation) _coffer_reply "errno kill ask" "$2" ;;
    --format) _coffer_reply "${_coffer_formats[$3]-} $(coffer report --format help 2>/dev/null | cut -d' ' -f1)" "$2" ;;
    -p | --policy | --hide | --report | --record | -o | --output | --who-wrote | --who-read) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    --lock) _coffer_reply "require try off" "$2" ;;
    --cpu) _coffer_reply "auto free" "$2" ;;
    -w | --write | --root) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    *) return 1 ;;
    esac
}

# The place in COMP_WORDS where the program of run begins, or nothing.
_coffer_program() {
    local i word
    for ((i = 2; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --) echo $((i + 1)) && return ;;
        -l | --layer | --over | --profile | -p | --policy | -w | --write | --hide | --net | --on-violation | --control | --report | --record | --hash | \
            -o | --output | --format | --on-record-error | --lock | --cpu) ((i++)) ;;
        -*) ;;
        *) echo "$i" && return ;;
        esac
    done
}

_coffer() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} offset
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _coffer_reply "${!_coffer_options[*]} --help --version" "$current"
        return
    fi
    [[ -n ${_coffer_options[$command]:-} ]] || return
    if [[ $command == run || $command == record ]]; then
        offset=$(_coffer_program)
        if [[ -n $offset ]]; then
            if declare -F _command_offset >/dev/null; then
                _command_offset "$offset"
            elif ((COMP_CWORD == offset)); then
                mapfile -t COMPREPLY < <(compgen -c -- "$current")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
            fi
            return
        fi
    fi
    _coffer_value "$previous" "$current" "$command" && return
    if [[ $current == -* ]]; then
        _coffer_reply "${_coffer_options[$command]}" "$current"
        return
    fi
    case $command in
    run | record) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
    policy)
        case $COMP_CWORD in
        2) _coffer_reply "check explain learn list show" "$current" ;;
        3) mapfile -t COMPREPLY < <(compgen -f -- "$current" && compgen -W "$(coffer policy list 2>/dev/null)" -- "$current") ;;
        4) _coffer_reply "read write exec connect bind" "$current" ;;
        *) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        esac
        ;;
    report) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    diff | commit | discard) _coffer_reply "$(_coffer_layers)" "$current" ;;
    esac
}

complete -o filenames -o bashdefault -F _coffer coffer
