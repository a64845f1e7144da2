# shellcheck shell=sh disable=SC2034 # build_packages is for those who source this
# Sourced by scripts/coffer and scripts/test: Debian packages, installed only where they are missing.

# What building coffer needs. libc6-dev is only recommended by gcc, and recommendations are not installed.
build_packages="gcc libc6-dev cmake ninja-build pkg-config libseccomp-dev libjansson-dev libsqlite3-dev libssl-dev libunwind-dev uthash-dev"

# What rows and columns of bench/ use; a missing one leaves them empty.
bench_packages="debhelper fakechroot git make npm proot python3 sqlite3 strace texinfo util-linux valgrind"

# packages_missing NAME...: prints those that dpkg does not have installed. Prints nothing where there is no dpkg:
# then the build itself says what it misses.
packages_missing() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    # shellcheck disable=SC2016 # ${} is dpkg-query's own format
    packages_installed=" $(dpkg-query -W -f '${db:Status-Status}/${Package} ' "$@" 2>/dev/null)"
    for package in "$@"; do
        case $packages_installed in
        *" installed/$package "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# packages_apt COMMAND...: apt-get without questions, as root or through sudo. sudo may ask for a password on a
# terminal, and fails at once elsewhere.
packages_apt() {
    if [ "$(id -u)" = 0 ]; then
        packages_sudo=
    elif [ -t 0 ]; then
        packages_sudo=sudo
    else
        packages_sudo="sudo -n"
    fi
    $packages_sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=300 -o APT::Install-Recommends=false "$@"
}

# packages_install NAME...: installs what is missing. Says one line and returns 1 when it cannot.
packages_install() {
    packages_wanted=$(packages_missing "$@")
    [ -n "$packages_wanted" ] || return 0
    packages_hint="apt-get install --no-install-recommends ${packages_wanted% }"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
        echo "coffer: packages are missing, and this is neither root nor is there sudo; as root: $packages_hint" >&2
        return 1
    fi
    packages_log=$(mktemp)
    # The package lists may be empty (a fresh machine) or old: fetched only when the first try fails.
    # shellcheck disable=SC2086 # a list of words
    if packages_apt install -y $packages_wanted >"$packages_log" 2>&1 </dev/null ||
        { packages_apt update && packages_apt install -y $packages_wanted; } >"$packages_log" 2>&1 </dev/null; then
        rm -f "$packages_log"
        return 0
    fi
    cat "$packages_log" >&2
    rm -f "$packages_log"
    echo "coffer: packages could not be installed; as root: $packages_hint" >&2
    return 1
}
