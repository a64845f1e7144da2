#!/bin/bash
# As root: a root file system inside the view. Programs with their libraries, all of the layer, run below chroot, as
# other users too; the ways in and out of it are the kernel's.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
[ "$(id -u)" = 0 ] || skip "chroot needs root, in a view too"
need chroot setpriv perl
mkdir host
chmod 755 .
same_as_native '
    mkdir -p root/bin root/etc root/home root/proc root/root/deep; chmod 755 . root
    for program in sh ls cat id touch stat mkdir chroot setpriv ln; do cp -L "$(command -v $program)" root/bin/; done
    ldd root/bin/* | grep -o "/[^ :]*\.so[^ ]*" | sort -u | while read -r file; do
        mkdir -p "root${file%/*}" && cp -L "$file" "root$file"
    done
    echo "user:x:1234:1234::/home:/bin/sh" >root/etc/passwd
    echo "user:x:1234:" >root/etc/group
    printf "#!/bin/sh\necho script \$0 \$*; read name </proc/self/comm || echo no proc\n" >root/bin/script; chmod 755 root/bin/script
    chroot root /bin/sh -c "id; pwd; ls /; cd /root/deep; cd ../../../..; pwd; ls -a /..; script one; /bin/script; echo made >/home/made"
    chroot --userspec=1234:1234 root /bin/sh -c "id; cd /home; touch mine 2>&1; ls -ln --time-style=+ /home; script two; /bin/stat -c %a /bin/sh"
    chroot root /bin/setpriv --reuid 1234 --regid 1234 --clear-groups /bin/id
    chroot root /bin/sh -c "mkdir -p /inner/bin && ln /bin/id /inner/bin/id && chroot /inner /bin/id; echo \$?; chroot /none; echo \$?; chroot /bin/sh; echo \$?"
    chroot --userspec=1234 root /bin/sh -c "chroot /; echo \$?"
    # The old way out: root that kept a descriptor, or its working directory, comes back.
    perl -e "
        opendir(my \$here, q(.)) or die; open(my \$fd, q(<), q(.)) or die;
        chroot(q(root)) or die; print -e q(/bin/sh) ? 1 : 0, -e q(/etc/shadow) ? 1 : 0, -e q(root/bin/sh) ? 1 : 0, qq(\n);
        chdir(q(/)) or die; print -e q(bin/sh) ? 1 : 0, qq(\n);
        chdir(\$here) or die; print -e q(root/bin/sh) ? 1 : 0, qq(\n);
        chdir(q(../..)) or die; chroot(q(.)) or die; print -d q(/proc) ? 1 : 0, qq(\n)"
    cat root/home/made'
grep -q 'uid=1234(user)' native.out || fail "nothing ran: $(cat native.out)"
