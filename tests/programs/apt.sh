#!/bin/bash
# As root: a Debian package installed in a view is there, and known to dpkg, in the view alone; and removed again.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
need apt-get dpkg
[ "$(id -u)" = 0 ] || skip "apt-get install needs root, in a view too"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
run_view() { "$COFFER" run -q --net allow -l "$LAYER" -- "$@"; }
unset TMPDIR # dpkg and apt as on the machine, and _apt could not enter the test's directory

package=
for candidate in hello sl figlet; do
    if ! dpkg-query -W "$candidate" >/dev/null 2>&1 && apt-cache show "$candidate" >/dev/null 2>&1; then
        package=$candidate
        break
    fi
done
if [ -z "$package" ]; then
    skip "no small package that apt knows is left to install (apt-get update?)"
fi
mkdir -p cache/archives/partial
apt-get install -qq --download-only -y -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User= "$package" >download.out 2>&1 ||
    skip "$package cannot be downloaded: $(tail -n 1 download.out)"

host() {
    snapshot /var/lib/dpkg /var/lib/apt/extended_states /var/log/apt /var/cache/apt/archives 2>/dev/null
    ls -lA --time-style=full-iso /usr/bin /usr/games /usr/share/doc /etc
}

program() {
    dpkg-query -L "$package" | grep -E '^/usr/(bin|games)/[^/]+$' | head -n 1
}
export package
export -f program

# Sanitized, coffer is slow: dpkg alone unpacks and configures then, which is what changes files.
install_package() {
    if [ -n "${COFFER_SANITIZED-}" ]; then expect run_view dpkg -i cache/archives/*.deb; else
        expect run_view apt-get install -qq -y "$package"; fi
}
[ -z "${COFFER_SANITIZED-}" ] || echo "not tried: apt-get install and remove in a view, where coffer is sanitized: dpkg alone"
remove_package() {
    if [ -n "${COFFER_SANITIZED-}" ]; then expect run_view dpkg --remove "$package"; else
        expect run_view apt-get remove -qq -y "$package"; fi
}

host >before
install_package
path=$(run_view bash -c program)
[ -n "$path" ] || fail "dpkg in the view knows no program of $package"
case $package in
hello) [ "$(run_view hello)" = "Hello, world!" ] || fail "hello does not run in the view" ;;
figlet) expect run_view figlet coffer ;;
*) expect run_view test -x "$path" ;;
esac
[ ! -e "$path" ] || fail "$path is on the host"
expect run_view dpkg --verify "$package"
[ "$(run_view dpkg-query -W -f '${db:Status-Status}' "$package")" = installed ] || fail "dpkg in the view does not know it"
! dpkg-query -W "$package" >/dev/null 2>&1 || fail "dpkg on the host knows it"
host >after
same before after

remove_package
! run_view test -e "$path" || fail "$path is still there after apt-get remove"
! run_view dpkg-query -L "$package" >/dev/null 2>&1 || fail "dpkg still lists files of $package"
host >after
same before after
