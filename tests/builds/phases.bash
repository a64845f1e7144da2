# shellcheck shell=bash disable=SC2154
# Sourced by `makepkg` and `ebuild`: a package is built in phases, each a run of coffer of its own that may do just what
# the phase is for.
#
#   $coffer    the program
#   $options   further options for each run (an array)
#   $recipe    the file with the phases as functions; it is the package's, and is only ever read under coffer
#   $place     a fresh directory; $place/tmp is $TMPDIR
#   $prelude   a file that is read before the recipe, with what the recipe may use
#   $exports   names of variables that the recipe sees (an array)

coffer=${COFFER:-coffer}

# phase NAME NETWORK DIRECTORY [COFFER-OPTION]...: the function NAME of the recipe, if it has one, in DIRECTORY, to which
# it may write as it likes. 2 when it was refused something.
phase() {
    local name=$1 network=$2 directory=$3
    shift 3
    mkdir -p "$place/tmp" || return 1
    echo "== $name"
    # shellcheck disable=SC2016 # for the inner shell
    (cd "$directory" && TMPDIR=$place/tmp exec "$coffer" run --profile build --net "$network" --fail-on-violation --discard \
        "${options[@]}" "$@" -- "${as[@]}" bash -c 'set -e; . "$1"; . "$2"; ! declare -F "$3" >/dev/null || "$3"' phase "$prelude" "$recipe" "$name")
}

# say EXPRESSION: what the shell makes of it after it has read the recipe; the recipe may write nowhere meanwhile.
say() {
    mkdir -p "$place/empty" || return 1
    # shellcheck disable=SC2016 # for the inner shell
    (cd "$place/empty" && TMPDIR=$place/empty exec "$coffer" run -q --profile build --net none --discard "${options[@]}" -- \
        bash -c '. "$1"; . "$2"; eval "$3"' phase "$prelude" "$recipe" "$1")
}

# fetch DIRECTORY URL...: the one phase with the whole network. None of the package's own code runs in it.
fetch() {
    local directory=$1
    shift
    [ $# != 0 ] || return 0
    echo "== fetch"
    (cd "$directory" && exec "$coffer" run --profile build --net allow --fail-on-violation --discard "${options[@]}" -- \
        wget --quiet --no-hsts --no-clobber -- "$@")
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

as=()
