#include "supervisor/network.h"

#include <string.h>

/*
 * Sockets that are files: what the policy says of them stays, but with `none`, which leaves those that the program
 * makes itself. With `loopback`, a server of names on this machine would take what it is asked to the whole world.
 */
static const struct {
    const char *file; /* what a refusal names */
    const char *rules;
} modes[] = {
    [NET_DEFAULT] = {"--net", ""},
    [NET_NONE] =
        {
            "--net none",
            "connect deny *\n"
            "bind deny *\n"
            "bind allow unix:*\n"
            /* Asked by every program that looks up a user. */
            "quiet connect unix:/run/nscd/**\n"
            "quiet connect unix:/var/run/nscd/**\n",
        },
    [NET_LOOPBACK] =
        {
            "--net loopback",
            "connect deny *:*\n"
            "bind deny *:*\n"
            "connect allow 127.0.0.0/8:*\n"
            "connect allow [::1]:*\n"
            "bind allow 127.0.0.0/8:*\n"
            "bind allow [::1]:*\n"
            "connect deny 127.0.0.0/8:53\n"
            "connect deny [::1]:53\n"
            "connect deny 127.0.0.0/8:853\n"
            "connect deny [::1]:853\n"
            "quiet connect unix:/run/nscd/**\n"
            "quiet connect unix:/var/run/nscd/**\n"
            "connect deny unix:/run/systemd/resolve/**\n"
            "connect deny unix:/run/avahi-daemon/**\n"
            "connect deny unix:/run/dbus/system_bus_socket\n",
        },
    [NET_ALLOW] =
        {
            "--net allow",
            "connect allow *:*\n"
            "bind allow *:*\n",
        },
};

int network_add_rules(struct policy *policy, enum net_mode mode)
{
    const char *rules = modes[mode].rules;
    return *rules == '\0' ? 0 : policy_append(policy, modes[mode].file, rules, strlen(rules), POLICY_TRUSTED);
}
