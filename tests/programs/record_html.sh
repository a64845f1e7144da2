#!/bin/bash
# A record as a page: in a browser it shows what the record says, for a build of 100,000 events and for names of any bytes.
set -u
. "$(dirname "$0")/lib.sh"
page=$COFFER_HELPERS/record_page
[ -x "$page" ] || skip "no helper record_page"
need python3
export PYTHONDONTWRITEBYTECODE=1

expect "$page" schema
cp expect.out schema.sql
for record in build large shared hostile empty; do
    expect python3 "$COFFER_TESTS/record_page_data.py" $record schema.sql $record.db
    "$page" $record.db >$record.html || fail "no page of $record"
done

# A command that is recorded now.
mkdir real
"$COFFER" record -q -o real.html -- sh -c 'echo text >real/made; cat real/made missing-file real/made >real/copy; true' 2>error ||
    fail "recording a command: $(cat error)"

# More than a browser takes in is left out, and the page says so. (Only with test hooks can so little be too much.)
COFFER_PAGE_ROWS=1000 "$page" build.db >limited.html || fail "no page of a thousand rows"
grep -q COFFER_PAGE_ROWS "$page" || rm limited.html

browser=
if [ -n "${COFFER_SANITIZED-}" ] || ! command -v chromium >/dev/null 2>&1; then browser=--no-browser; fi
expect python3 "$COFFER_TESTS/record_html.py" $browser "$PWD"
[ -z "$browser" ] || [ -n "${COFFER_SANITIZED-}" ] || skip "no chromium here: the pages were looked at as files only"
exit 0
