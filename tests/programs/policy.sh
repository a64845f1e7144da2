#!/bin/bash
# coffer policy: what is wrong with a file and where, what is decided and by which rule, the built-in profiles.
set -u
. "$(dirname "$0")/lib.sh"
here=$(pwd -P)
export HOME=$here/home XDG_CONFIG_HOME=$here/config
mkdir -p home real config/coffer/profiles && ln -s real link

# says STATUS COMMAND...: runs it; what it prints must be what stands on standard input.
says() {
    local status=$1 got
    shift
    cat >wanted
    "$@" >said 2>&1
    got=$?
    [ $got = "$status" ] || fail "status $got, not $status: $* ($(cat said))"
    same wanted said
}

cat >good <<'END'
read allow /**
read hide ~/.ssh/**   # keys
write direct ./out/**
exec deny link/x
exec deny ./link/x*
connect deny *
connect allow 127.0.0.0/8:80-443
quiet write ${NOT_SET:-/opt}/**
END
says 1 "$COFFER" policy check good <<'END'
coffer: good:4:11: a pattern begins with '/', '~/', './', '$NAME', '${NAME}' or '**/'
END
sed -i '/deny link/d' good
says 0 "$COFFER" policy check good <<'END'
good: 7 rules, no errors
END

# Why: the rule, what it came to, and what it won against.
says 0 "$COFFER" policy explain good read home/.ssh/id <<END
path:    $here/home/.ssh/id
verdict: hide
rule:    good:2: read hide ~/.ssh/**
         = $here/home/.ssh/**
lost:    good:1: read allow /**
END
says 0 "$COFFER" policy explain good exec link/xyz <<END
path:    $here/real/xyz
verdict: deny
rule:    good:4: exec deny ./link/x*
         = $here/link/x*
         = $here/real/x*
END
says 0 "$COFFER" policy explain good write /opt/x <<'END'
path:    /opt/x
verdict: deny, not reported
rule:    good:7: quiet write ${NOT_SET:-/opt}/**
         = /opt/**
END
says 0 "$COFFER" policy explain good write /nowhere/x <<'END'
path:    /nowhere/x
verdict: layer
rule:    none; this is what holds without one
END
says 0 "$COFFER" policy explain good connect 127.1.2.3:80 <<'END'
verdict: allow
rule:    good:6: connect allow 127.0.0.0/8:80-443
lost:    good:5: connect deny *
END
says 0 "$COFFER" policy explain good connect unix:/run/x <<'END'
verdict: deny
rule:    good:5: connect deny *
END

# No name and no rule steers the terminal, by control characters of one byte or of two.
odd=$(printf 'odd\033\302\233')
printf 'read hide /a\\040b\302\233\033*\n' >"$odd"
says 0 "$COFFER" policy explain "$odd" read "/a b$(printf '\302\233\033')" <<'END'
path:    /a\ b\302\233\033
verdict: hide
rule:    odd\033\302\233:1: read hide /a\040b\302\233\033*
         = /a b\302\233\033*
END
says 0 "$COFFER" policy check "$odd" <<'END'
odd\033\302\233: 1 rule, no errors
END

# Every error of a file and of what it includes; a file that is wrong explains nothing.
printf 'include sub/wrong\nread alow /x\nread hide /a b\ninclude bad\n' >bad
mkdir sub && printf '# fine\nwrite deny\n' >sub/wrong
cat >errors <<'END'
coffer: sub/wrong:2:11: end of line found, a pattern expected
coffer: bad:2:6: 'alow' found, allow, hide or deny expected
coffer: bad:3:14: 'b' found, the end of the line ('\ ' is a blank in a name) expected
coffer: bad:4:9: 'bad' includes itself: a file that is not being read already expected
END
says 1 "$COFFER" policy check bad <errors
says 2 "$COFFER" policy explain bad read / <errors
says 2 "$COFFER" policy check absent <<'END'
coffer: absent: No such file or directory
END
echo 'bind allow x:1' >host
says 1 "$COFFER" policy check host <<'END'
coffer: host:1:12: no address here: 127.0.0.0/8:80-443, [::1]:*, unix:/PATH, unix:@NAME or '*' expected (names of hosts are not looked up)
END

# Profiles: those that are built in, and the user's own, which come first.
says 0 "$COFFER" policy list <<'END'
build
secrets
strict
trace
untrusted
END
for profile in $("$COFFER" policy list); do
    expect "$COFFER" policy check "$profile"
    "$COFFER" policy show "$profile" >shown || fail "show $profile"
    expect "$COFFER" policy check ./shown
done
says 0 "$COFFER" policy explain untrusted read ~/.aws/credentials <<END
path:    $here/home/.aws/credentials
verdict: hide
rule:    secrets:$("$COFFER" policy show secrets | grep -n 'aws' | cut -d: -f1): read hide ~/.aws/**
         = $here/home/.aws/**
lost:    untrusted:5: read allow /**
END
printf 'include untrusted\nread allow ~/.aws/config\n' >config/coffer/profiles/mine
"$COFFER" policy explain mine read ~/.aws/config | grep -q '^verdict: allow' || fail "the user's own profile"
printf 'read deny /**\n' >config/coffer/profiles/secrets
"$COFFER" policy explain mine read / | grep -q '^verdict: deny' || fail "the user's own secrets"

# What makes no sense.
says 2 "$COFFER" policy <<'END'
coffer: policy: check, explain, learn, list or show expected; see 'coffer policy --help'
END
says 2 "$COFFER" policy check <<'END'
coffer: policy: check FILE, explain FILE ACTION PATH, list, or show PROFILE expected; see 'coffer policy --help'
END
says 2 "$COFFER" policy explain good look / <<'END'
coffer: look: no action: read, write, exec, connect or bind expected
END
says 2 "$COFFER" policy explain good bind localhost:80 <<'END'
coffer: localhost:80: no address: 127.0.0.1:80, [::1]:80, unix:/PATH or unix:@NAME expected
END
says 2 "$COFFER" policy show absent <<'END'
coffer: absent: no profile of this name is built in
END
exit 0
