#!/bin/bash
# sqlite3 with a write-ahead log (locks, shared memory, mmap) and with a rollback journal.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
need sqlite3
mkdir host
sqlite3 host/old.db 'create table t (n integer); insert into t values (1), (2);'

# The log is kept by a reader that is still there when the writers come; both see each other's rows.
# shellcheck disable=SC2016 # for the inner shell
same_as_native '
    set -e
    sqlite3 wal.db "pragma journal_mode=wal; create table t (n integer primary key, s text);"
    mkfifo ask answer
    sqlite3 wal.db <ask >answer & reader=$!
    exec 3>ask 4<answer
    echo "select count(*) from t;" >&3 && read -r rows <&4 && echo "before: $rows"
    for i in 1 2 3; do
        sqlite3 -cmd ".timeout 60000" wal.db "with recursive c(i) as (values(1) union all select i+1 from c where i<300)
            insert into t (s) select \"row\" || i from c;" &
        writers="$writers $!"
    done
    wait $writers
    ls wal.db-wal wal.db-shm
    echo "select count(*), sum(length(s)) from t;" >&3 && read -r rows <&4 && echo "after: $rows"
    exec 3>&-
    wait $reader
    sqlite3 wal.db "pragma wal_checkpoint(truncate); pragma integrity_check; vacuum;"
    sqlite3 old.db "begin; insert into t values (3); rollback; insert into t values (4); select * from t; vacuum;"
    rm -f ask answer
    ls
    mkdir compared
    sqlite3 wal.db .dump >compared/wal.sql
    sqlite3 old.db .dump >compared/old.sql
' compared
[ "$(run_view sqlite3 host/old.db 'select group_concat(n) from t')" = 1,2,4 ] || fail "the rows are not there in a second run"
[ "$(sqlite3 host/old.db 'select group_concat(n) from t')" = 1,2 ] || fail "the host's rows changed"
