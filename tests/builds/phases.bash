# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # variables of rules, and of the hooks
# Sourced by `deb`, `makepkg` and `ebuild`: a package is built in phases, in one run of coffer whose rules change from
# phase to phase through /dev/coffer. The hook's function `inside` is the program of that run, and it alone may change
# them (`control exec`): a phase is a program that it executes, and may not. Before the last one it locks them for good.
#
#   $coffer    the program
#   $options   further options for it (an array)
#   $place     a fresh directory of the hook's; what is in it the rules say
#   $recipe    the file with the phases as functions; it is the package's, and is only ever read under coffer
#   $prelude   a file that is read before the recipe, with what the recipe may use
#   $sources   what is fetched, to $DISTDIR; $sums: of these (arrays)

coffer=${COFFER:-coffer}
recipe='' prelude=/dev/null own_rules=''
options=() sources=() sums=() addresses=() known_hosts=() as=()

# What a ceiling must let be allowed for `loopback`.
loopback_ceilings=('ceiling connect allow 127.0.0.0/8:*' 'ceiling connect allow [::1]:*'
    'ceiling bind allow 127.0.0.0/8:*' 'ceiling bind allow [::1]:*')

# take_options OPTION...: those of coffer that a hook was given.
take_options() {
    while [ $# != 0 ]; do
        case $1 in
        -p | --policy)
            own_rules=$(readlink -f "${2:?$1 needs a file}")
            shift
            ;;
        *) options+=("$1") ;;
        esac
        shift
    done
}

# run_inside DIRECTORY RULE...: `inside` in DIRECTORY, to which it may write, under the profile `build` with these rules
# and the user's behind. 2 when something was refused. Bash gets the functions as its argument: there is no file that a
# phase could change while it is read.
run_inside() {
    local directory=$1
    shift
    printf '%s\n' 'include build' 'control exec' 'quiet connect unix:/run/nscd/**' "$@" >"$place/rules"
    [ -z "$own_rules" ] || sed 's/[][ *?#$~\\]/\\&/g; s/^/include /' <<<"$own_rules" >>"$place/rules"
    (cd "$directory" && exec "$coffer" run -p "$place/rules" --fail-on-violation --discard "${options[@]}" -- \
        bash -c "set -u; $(declare -p recipe prelude sources sums addresses known_hosts as; declare -f); inside")
}

# say EXPRESSION: what the shell makes of it after it has read the recipe; the recipe may write nowhere meanwhile.
say() {
    local rules=()
    [ -z "$own_rules" ] || rules=(-p "$own_rules")
    mkdir -p "$place/empty" || return 1
    (cd "$place/empty" && TMPDIR=$place/empty exec "$coffer" run -q --profile build --net none --discard "${options[@]}" "${rules[@]}" -- \
        bash -c '. "$1"; . "$2"; eval "$3"' phase "$prelude" "$recipe" "$1")
}

# resolve URL...: the addresses of their hosts, to $addresses as rules have them, and to $known_hosts as curl does. Names
# are looked up before the build, so that nothing in it need ask a server of names.
resolve() {
    local url host port address found
    for url; do
        [[ $url =~ ^(http|https)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:([0-9]+))?(/|$) ]] || { echo "cannot be fetched: $url" >&2 && return 1; }
        host=${BASH_REMATCH[2]} port=${BASH_REMATCH[4]:-443}
        [ -n "${BASH_REMATCH[4]}" ] || [ "${BASH_REMATCH[1]}" = https ] || port=80
        found=''
        for address in $(getent ahosts "${host//[][]/}" | sed -n 's/ *STREAM .*//p'); do
            [[ $address != *:* ]] || address="[$address]"
            addresses+=("$address:$port")
            found+=,$address
        done
        [ -n "$found" ] || { echo "no such host: $host" >&2 && return 1; }
        [[ $host == \[* ]] || known_hosts+=(--resolve "$host:$port:${found#,}")
    done
}

# as_root_of_files: an ordinary user installs what shall belong to root by way of fakeroot, where it is installed.
as_root_of_files() {
    as=()
    [ "$(id -u)" = 0 ] || ! command -v fakeroot >/dev/null || as=(fakeroot --)
}

# pack DIRECTORY FILE: the result, by name, all of it root's, with the time of the recipe.
pack() {
    tar c --sort=name --numeric-owner --owner=0 --group=0 --mtime="@$(stat -c %Y "$recipe")" -C "$1" . >"$2"
}

# What follows is for `inside`.

# add_rules RULE...: or the build ends.
add_rules() {
    local rule
    for rule; do
        true >"/dev/coffer/add/$rule" || exit 1
    done
}

# lock_rules: nobody adds any more, this program neither.
lock_rules() { true >/dev/coffer/lock || exit 1; }

# loopback VERDICT: allow or deny; but no server of names on this machine, which would ask others.
loopback() {
    add_rules "connect $1 127.0.0.0/8:*" "connect $1 [::1]:*" "bind $1 127.0.0.0/8:*" "bind $1 [::1]:*" \
        'connect deny 127.0.0.0/8:53' 'connect deny [::1]:53' 'connect deny 127.0.0.0/8:853' 'connect deny [::1]:853'
}

# fetch: the one phase that reaches other hosts, and those alone that were resolved; the one that writes to $DISTDIR.
# None of the package's own code runs in it.
fetch() {
    local url
    [ ${#sources[@]} != 0 ] || return 0
    echo '== fetch'
    add_rules 'write direct $DISTDIR/**' "${addresses[@]/#/connect allow }"
    for url in "${sources[@]}"; do
        curl -q --silent --show-error --fail --location --proto =http,https --noproxy '*' "${known_hosts[@]}" \
            -o "$DISTDIR/${url##*/}" -- "$url" || exit 1
    done
    add_rules 'write deny $DISTDIR/**' "${addresses[@]/#/connect deny }"
}

# phase NAME DIRECTORY [COMMAND...]: the function NAME of the recipe, if it has one, in DIRECTORY, by way of the command.
phase() {
    echo "== $1"
    (cd "$2" && exec "${@:3}" bash -c 'set -e; . "$1"; . "$2"; ! declare -F "$3" >/dev/null || "$3"' phase "$prelude" "$recipe" "$1") || exit
}
