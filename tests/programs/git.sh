#!/bin/bash
# git on a tree of 2,000 files: init, add, commit, gc, clone give the commits that they give natively.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
need git
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
git config --global user.name coffer
git config --global user.email coffer@localhost
git config --global init.defaultBranch main
git config --global gc.autoDetach false
git config --global core.fsync none

for directory in {1..40}; do
    mkdir -p "host/tree/d$((directory % 8))/e$directory"
    for file in {1..50}; do echo "$directory $file" >"host/tree/d$((directory % 8))/e$directory/f$file"; done
done

# The index holds times and inodes: what is compared is what git says, and the trees of files.
same_as_native '
    set -e
    cd tree
    git init -q .
    git add .
    git commit -qm first
    echo changed >d1/e1/f1
    git rm -q d2/e2/f2
    git mv d3/e3 d3/moved
    git status --short
    git commit -qam second
    git log --format="%H %s"
    git gc -q
    git fsck --no-progress
    git count-objects -v | grep -E "^(count|in-pack|packs)"
    cd ..
    git clone -q tree clone
    git -C clone status --short
    git -C clone rev-parse HEAD HEAD^{tree}
    git clone -q --no-hardlinks --bare tree bare
    git -C bare fsck --no-progress
    rm -rf bare
    mkdir files && cp -a tree files/ && cp -a clone files/
    rm -rf files/tree/.git files/clone/.git
' files
run_view git -C host/tree status --short >status || fail "git status in a second run"
[ ! -s status ] || fail "git status in a second run finds changes: $(head -n 3 status)"
