#!/bin/bash
# tests/check_docs.sh COFFER: the commands and options that --help prints, those of the manual pages and those of the
# shell completion are the same; docs/syscalls.md is the page that the program prints; links between pages lead
# somewhere. Prints every difference; exit status 1 when there is one.
set -u
export LC_ALL=C

[ $# = 1 ] || { echo "usage: check_docs.sh COFFER" >&2; exit 2; }
coffer=$(readlink -f "$1")
root=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$root" || exit 2
status=0

complain() {
    echo "$*"
    status=1
}

# Option words, one a line, of the option list of a --help: lines that begin with blanks and a dash.
options_of_help() {
    "$coffer" "$1" --help | sed -nE 's/^ +(-.*)/\1/p' | sed -E 's/  .*//' |
        grep -oE -- '(^|[ ,])(--[a-z][a-z-]*|-[A-Za-z])' | tr -d ' ,' | sort -u
}

# ... of the lines of a manual page that begin an entry of the option list.
options_of_manual() {
    grep -E '^\.It Fl' "docs/man/coffer-$1.1" | grep -oE 'Fl -?[A-Za-z][a-z-]*' | sed 's/^Fl /-/' | sort -u
}

options_of_completion() {
    bash -c '. scripts/completion/coffer.bash && printf "%s\n" ${_coffer_options[$0]}' "$1" | sort -u
}

# compare WHAT LIST LIST
compare() {
    local difference
    difference=$(diff <(echo "$2") <(echo "$3") | grep '^[<>]')
    [ -z "$difference" ] || complain "$1:" $'\n'"$difference"
}

commands=$("$coffer" --help | sed -nE 's/^ +(coffer )?([a-z]+)( .*)?$/\2/p' | sort -u)
[ -n "$commands" ] || complain "coffer --help lists no commands"
compare "commands: < --help, > coffer.1" "$commands" \
    "$(sed -nE 's/^\.It Cm ([a-z]+)$/\1/p' docs/man/coffer.1 | sort -u)"
compare "commands: < --help, > completion" "$commands" \
    "$(bash -c '. scripts/completion/coffer.bash && printf "%s\n" "${!_coffer_options[@]}"' | sort -u)"

for command in $commands; do
    page=docs/man/coffer-$command.1
    if [ ! -e "$page" ]; then
        complain "$page is missing"
        continue
    fi
    options=$(options_of_help "$command")
    [ -n "$options" ] || complain "coffer $command --help lists no options"
    other=$(sed -nE 's|^\.so man1/coffer-([a-z]+)\.1$|\1|p' "$page")
    compare "options of $command: < --help, > ${page##*/}" "$options" "$(options_of_manual "${other:-$command}")"
    compare "options of $command: < --help, > completion" "$options" "$(options_of_completion "$command")"
done

# The pages themselves: groff must have nothing to say.
for page in docs/man/*.[15]; do
    warnings=$(cd docs && MANROFFOPT=-Tutf8 man --warnings -l "$root/$page" 2>&1 >/dev/null)
    grep -q '^\.so ' "$page" || [ -z "$warnings" ] || complain "$page: $warnings"
done

if ! difference=$("$coffer" doctor --calls | diff docs/syscalls.md - | head -n 20) || [ -n "$difference" ]; then
    complain "docs/syscalls.md is not what the table says; coffer doctor --calls > docs/syscalls.md:" $'\n'"$difference"
fi

for page in *.md docs/*.md bench/*.md; do
    while read -r target; do
        [[ $target == http* ]] || [ -e "$(dirname "$page")/$target" ] || complain "$page: no $target"
    done < <(grep -oE '\]\([^)#:]+' "$page" | sed 's/^](//')
done
exit $status
