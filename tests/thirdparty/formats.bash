# shellcheck shell=bash
# What several suites have in common: how tests are run and what their results look like. Sourced by run.

# automake_run DIRECTORY... -- [TEST...]: runs the tests of these directories ("." is the top), or of all their tests those that are
# named as automake_results names them. Each test leaves a .trs file.
automake_run() {
    local directories=() directory name logs
    while [ "$1" != -- ]; do directories+=("$1") && shift; done
    shift
    for directory in "${directories[@]}"; do
        if [ $# = 0 ]; then
            make -C "$directory" -k -j2 check SUBDIRS=.
            continue
        fi
        logs=
        for name in "$@"; do
            if [ "$directory" = . ]; then
                case $name in gnulib-tests/*) ;; *) logs="$logs $name.log" ;; esac
            else
                case $name in "$directory"/*) logs="$logs ${name#"$directory/"}.log" ;; esac
            fi
        done
        [ -z "$logs" ] || make -C "$directory" -k check SUBDIRS=. TEST_LOGS="$logs"
    done
    find . -name '*.trs' -exec grep -H '^:test-result:' {} +
}

automake_results() {
    sed -nE 's,^\./(.*)\.trs::test-result: *(PASS|FAIL|SKIP|ERROR|XFAIL|XPASS).*,\2: \1,p' | dejagnu_results
}

# Lines such as "PASS: name", from many.
dejagnu_results() {
    awk '{ word = $1; sub(/^[A-Z]*: */, "") }
         word == "PASS:" || word == "XFAIL:" { print $0 "\tpass" }
         word == "FAIL:" || word == "ERROR:" || word == "XPASS:" { print $0 "\tfail" }
         word == "SKIP:" || word == "SKIPPED:" || word == "UNTESTED:" || word == "UNSUPPORTED:" { print $0 "\tskip" }'
}
