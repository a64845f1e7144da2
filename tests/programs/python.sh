#!/bin/bash
# A virtual environment of Python made in a view works there in a later run, and leaves nothing outside.
set -u
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3
[ -x $python ] || skip "no $python here"
pip=--without-pip
if $python -c 'import ensurepip' 2>/dev/null; then pip=; fi
unset PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

snapshot home >before
expect run_view $python -m venv $pip home/environment
[ ! -e home/environment ] || fail "the environment came to be on the host"
site=$(run_view home/environment/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') ||
    fail "the environment's python does not run"
[ "$site" = "$(readlink -f .)/home/environment/${site#*/home/environment/}" ] || fail "site-packages is $site"
expect run_view sh -c "echo 'def say(): print(__file__)' >$site/ours.py"
for run in first second; do
    [ "$(run_view home/environment/bin/python -c 'import ours; ours.say()')" = "$site/ours.py" ] ||
        fail "the import failed in the $run run"
done
expect run_view test -e "$site/__pycache__"
if [ -z "$pip" ]; then
    run_view home/environment/bin/python -m pip --version >pip.out 2>&1 || fail "pip does not run: $(tail -n 1 pip.out)"
fi
snapshot home >after
same before after
