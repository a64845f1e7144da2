#!/bin/bash
# What rules hide is not there: not by name, in listings, in counts of links, behind symbolic links, for "..", nor is it
# lost when a program removes or renames what it lies in. What they deny is there and is not opened; what is to be
# ignored is said to have worked.
# shellcheck disable=SC2016 # texts for inner shells
set -u
. "$(dirname "$0")/lib.sh"
mkdir -p host/home/.ssh/deep host/home/work host/denied host/ignored host/mail/new
echo key >host/home/.ssh/id
echo key >host/home/.ssh/deep/id
echo public >host/home/public
echo secret >host/denied/secret
echo kept >host/ignored/kept
echo letter >host/mail/letter.key
echo letter >host/mail/letter.txt
ln -s home/.ssh host/link
ln -s ../home/.ssh/id host/mail/link
cp "$(type -P true)" host/program
cat >rules <<END
read hide $PWD/host/home/.ssh/**
read hide $PWD/host/**/*.key
read deny $PWD/host/denied/**
write ignore $PWD/host/ignored/**
write deny $PWD/host/home/public
exec deny $PWD/host/program
END
snapshot host >before
view() { (cd host && "$COFFER" run -q --lock=$lock -p ../rules -l "$LAYER.$lock" -- sh -c "$@") >out 2>&1; }
# absent COMMAND: its last line of output says that there is no such file.
absent() {
    view "$1" && fail "--lock=$lock: $1 worked: $(cat out)"
    tail -n 1 out | grep -q 'No such file or directory$' || fail "--lock=$lock: $1 says: $(cat out)"
}
# refused COMMAND
refused() {
    view "$1" && fail "--lock=$lock: $1 worked: $(cat out)"
    tail -n 1 out | grep -q 'Permission denied$' || fail "--lock=$lock: $1 says: $(cat out)"
}
# says TEXT COMMAND
says() {
    view "$2" || fail "--lock=$lock: $2: $(cat out)"
    [ "$(tr '\n' ' ' <out)" = "$1" ] || fail "--lock=$lock: $2 says: $(cat out)"
}

for lock in try off; do
    for path in home/.ssh home/.ssh/id home/.ssh/deep home/.ssh/../public link/id mail/link "$PWD/host/home/.ssh/id" \
        home/work/../.ssh/id mail/letter.key /proc/self/cwd/home/.ssh/id; do
        absent "cat $path"
        absent "stat -L $path"
        absent "env -C $path true"
    done
    absent 'readlink -e link || ls link/'
    absent 'ln home/.ssh/id new'
    absent 'mv home/.ssh new'
    absent 'chmod 755 home/.ssh'
    absent 'rmdir home/.ssh'
    absent 'touch home/.ssh/deep/id/x'
    says '. .. public work ' 'ls -a home'
    says 'letter.txt link new ' 'ls mail'
    says '1 1 ' 'stat -c %h home; exec 3<home; stat -L -c %h /proc/self/fd/3'
    # The same whether there is something hidden or not.
    view 'cat home/.ssh/id home/.ssh/none 2>&1 | sed "s/[a-z]*: No/: No/" | uniq | wc -l'
    [ "$(cat out)" = 1 ] || fail "--lock=$lock: what is hidden says something else than what is not there: $(cat out)"
    # What a program makes in its place is its own.
    says 'mine mine ' 'mkdir home/.ssh && echo mine >home/.ssh/mine && ls home/.ssh && cat link/mine'
    absent 'cat home/.ssh/id'

    refused 'cat denied/secret'
    refused 'ls denied'
    refused 'ln denied/secret new'
    refused 'mv denied/secret new'
    says 'regular file ' 'stat -c %F denied/secret'
    says 'kept ' 'echo lost >ignored/kept; rm ignored/kept; mkdir ignored/new; chmod 0 ignored/kept; cat ignored/*'
    refused 'exec 3>home/public'
    refused 'rm -f home/public'
    refused 'ln home/public new'
    refused 'mv home/public new'
    refused './program'
    refused 'cp program copy && ./copy && exec /proc/self/cwd/program'
done
snapshot host >after
same before after

# What was hidden goes with no directory; the rest is committed when that is wanted.
lock=try
rm -rf "$LAYER.try"
sed -i '/write deny/d' rules
view 'rm -r home mail && mkdir mail' || fail "rm -r: $(cat out)"
"$COFFER" commit "$LAYER.try" >commit.out 2>&1 && fail "a commit removed what was hidden"
for path in home/.ssh mail/letter.key; do
    grep -q "conflict: $PWD/host/$path: .*hidden from the programs" commit.out || fail "$path: $(cat commit.out)"
done
snapshot host >after
same before after

# A policy under which nothing but writing is asked about.
cat >rules <<END
read allow /**
write deny /**
write direct $PWD/host/home/work/**
END
(cd host && "$COFFER" run -v --lock=off -p ../rules -l "$LAYER.build" -- sh -c '
    cd home/work && mkdir sub && cd sub && echo one >file && rm file && cd .. && rmdir sub && cat ../public
    mkdir here && cd here && mv ../here ../there && echo moved >file && cat ../there/file
    rmdir ../there; rm ../there/file && rmdir ../there; echo gone >file; for i in 0 1 2 3 4 5 6 7 8 9; do ls -R /etc; done >/dev/null 2>&1') >out 2>err
[ "$(tr '\n' ' ' <out)" = "public moved " ] || fail "in the host's own directory: $(cat out err)"
stops=$(sed -n 's/^coffer: \([0-9]*\) stops.*/\1/p' err)
[ -n "$stops" ] && [ "$stops" -lt 150 ] || fail "calls that only look were stopped: $(cat err)"
[ -z "$(ls host/home/work)" ] || fail "left: $(ls host/home/work)"
