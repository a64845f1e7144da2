/*
 * Rules about addresses: prefixes, ports, sockets with a path and without, and the forms that one address can take.
 */
#include "policy/internal.h"
#include "tests/unit/scratch_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>

/* "allow" or "deny" for an address in the language's own form. */
static const char *verdict(struct policy *policy, enum policy_action action, const char *text)
{
    struct sockaddr_storage address;
    socklen_t length = policy_address_read(text, &address);
    ck_assert_msg(length > 0, "%s", text);
    struct policy_decision decision = policy_decide_address(policy, action, (struct sockaddr *)&address, length);
    /* The rule that decides is the last one that says that it matches. */
    uint32_t last = policy_rule_count(policy);
    while (last > 0 && (policy_rule_get(policy, last).action != action ||
                        !policy_rule_matches_address(policy, last, (struct sockaddr *)&address, length)))
        last--;
    ck_assert_msg(decision.rule == last, "%s: rule %u decides, %u matches", text, decision.rule, last);
    return policy_verdict_name(decision.verdict);
}

#define assert_connect(policy, address, expected) ck_assert_str_eq(verdict(policy, POLICY_CONNECT, address), expected)
#define assert_bind(policy, address, expected)    ck_assert_str_eq(verdict(policy, POLICY_BIND, address), expected)

START_TEST(prefixes_and_ports)
{
    struct policy *policy = scratch_policy("connect deny *\nconnect allow 127.0.0.0/8:80-443\nconnect allow [::1]:*\n"
                                           "connect allow [fe80::/10]:53\nconnect deny 127.0.0.1:81\nbind deny *:22\n"
                                           "connect allow 10.1.2.3/12\n");
    assert_connect(policy, "127.0.0.1:80", "allow");
    assert_connect(policy, "127.0.0.1:81", "deny");
    assert_connect(policy, "127.0.0.2:81", "allow");
    assert_connect(policy, "127.255.0.1:443", "allow");
    assert_connect(policy, "127.0.0.1:444", "deny");
    assert_connect(policy, "127.0.0.1:79", "deny");
    assert_connect(policy, "128.0.0.1:80", "deny");
    assert_connect(policy, "[::1]:9", "allow");
    assert_connect(policy, "[::2]:9", "deny");
    assert_connect(policy, "[febf::1]:53", "allow");
    assert_connect(policy, "[fec0::1]:53", "deny");
    assert_connect(policy, "10.15.0.1:1", "allow");
    assert_connect(policy, "10.16.0.1:1", "deny");
    assert_bind(policy, "0.0.0.0:22", "deny");
    assert_bind(policy, "[::]:22", "deny");
    assert_bind(policy, "[::]:23", "allow");
    assert_bind(policy, "unix:/x", "allow");
    policy_free(policy);
}
END_TEST

START_TEST(port_ranges_have_exact_ends)
{
    static const unsigned ends[] = {0, 1, 2, 79, 80, 81, 1023, 1024, 32767, 32768, 65534, 65535};
    enum { ENDS = sizeof ends / sizeof ends[0] };
    for (size_t first = 0; first < ENDS; first++) {
        for (size_t last = first; last < ENDS; last++) {
            char text[128];
            (void)snprintf(text, sizeof text, "bind deny *\nbind allow 1.2.3.4:%u-%u", ends[first], ends[last]);
            struct policy *policy = scratch_policy(text);
            for (unsigned port = 0; port<65536; port += port> 70 && port < 65000 ? 113 : 1) {
                (void)snprintf(text, sizeof text, "1.2.3.4:%u", port);
                assert_bind(policy, text, port >= ends[first] && port <= ends[last] ? "allow" : "deny");
            }
            policy_free(policy);
        }
    }
}
END_TEST

START_TEST(mapped_addresses_are_ipv4)
{
    struct policy *policy = scratch_policy("connect deny 10.0.0.0/8:*\nconnect deny [::ffff:192.168.0.0/112]:*\n"
                                           "connect deny [::/0]:7\n");
    assert_connect(policy, "[::ffff:10.1.2.3]:80", "deny");
    assert_connect(policy, "192.168.1.1:80", "deny");
    assert_connect(policy, "192.169.1.1:80", "allow");
    assert_connect(policy, "[2001:db8::1]:7", "deny");
    assert_connect(policy, "[::ffff:1.1.1.1]:7", "allow");
    /* As the kernel gets it. */
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:10.0.0.1", &in6.sin6_addr), 1);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_CONNECT, (struct sockaddr *)&in6, sizeof in6).verdict,
                     POLICY_DENY);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_CONNECT, (struct sockaddr *)&in6, 24).verdict, POLICY_DENY);
    policy_free(policy);
}
END_TEST

START_TEST(any_address_is_this_machine)
{
    struct policy *policy =
        scratch_policy("connect deny 127.0.0.0/8:*\nconnect deny [::1]:*\nbind deny 127.0.0.0/8:*\n");
    assert_connect(policy, "0.0.0.0:80", "deny");
    assert_connect(policy, "[::]:80", "deny");
    assert_connect(policy, "[::ffff:0.0.0.0]:80", "deny");
    assert_bind(policy, "0.0.0.0:80", "allow");
    policy_free(policy);
}
END_TEST

START_TEST(odd_addresses)
{
    struct policy *policy = scratch_policy("bind deny 1.2.3.4:5\n");
    struct sockaddr_in in = {.sin_family = AF_UNSPEC, .sin_port = htons(5)};
    ck_assert_int_eq(inet_pton(AF_INET, "1.2.3.4", &in.sin_addr), 1);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, sizeof in).verdict,
                     POLICY_DENY);
    in.sin_family = AF_INET;
    in.sin_port = 0;
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, sizeof in).verdict,
                     POLICY_ALLOW);
    /* Too short to be one: the kernel would refuse it. */
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, 8).verdict, POLICY_DENY);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, 1).verdict, POLICY_DENY);
    /* Other families: only rules about everything speak of them. */
    in.sin_family = AF_NETLINK;
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, 12).verdict, POLICY_ALLOW);
    ck_assert_int_eq(policy_append(policy, "text", "bind deny *:*\nbind deny unix:*", 30, POLICY_TRUSTED), 0);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, 12).verdict, POLICY_ALLOW);
    ck_assert_int_eq(policy_append(policy, "text", "bind deny *", 11, POLICY_TRUSTED), 0);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, (struct sockaddr *)&in, 12).verdict, POLICY_DENY);
    policy_free(policy);
}
END_TEST

START_TEST(sockets_of_the_unix_family)
{
    struct policy *policy =
        scratch_policy("connect deny unix:*\nconnect allow unix:/run/x/*\nconnect allow unix:@abs*\n"
                       "connect allow unix:@one\\000two\nconnect deny unix:@abs/no\nbind deny unix:@*\n"
                       "bind allow unix:~/**\n");
    assert_connect(policy, "unix:/run/x/socket", "allow");
    assert_connect(policy, "unix:/run/x", "deny");
    assert_connect(policy, "unix:/run/y/socket", "deny");
    assert_connect(policy, "unix:@abstract/name", "allow");
    assert_connect(policy, "unix:@abs/no", "deny");
    assert_connect(policy, "unix:@other", "deny");
    assert_connect(policy, "127.0.0.1:1", "allow");
    assert_bind(policy, "unix:@x", "deny");
    assert_bind(policy, "unix:/tmp/x", "allow");
    ck_assert_int_eq(policy_decide(policy, POLICY_CONNECT, "/run/x/socket").verdict, POLICY_ALLOW);
    ck_assert_int_eq(policy_decide(policy, POLICY_CONNECT, "/run/socket").verdict, POLICY_DENY);

    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "\0one\0two"};
    socklen_t before = offsetof(struct sockaddr_un, sun_path);
    const struct sockaddr *address = (struct sockaddr *)&un;
    ck_assert_int_eq(policy_decide_address(policy, POLICY_CONNECT, address, before + 8).verdict, POLICY_ALLOW);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_CONNECT, address, before + 9).verdict, POLICY_DENY);
    /* Unnamed; bind() then chooses an abstract name. */
    ck_assert_int_eq(policy_decide_address(policy, POLICY_CONNECT, address, before).verdict, POLICY_DENY);
    /* 108 bytes without a NUL; a relative path, which the caller has to make whole. */
    memset(un.sun_path, 'x', sizeof un.sun_path);
    memcpy(un.sun_path, "/run/x/", 7);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_CONNECT, address, sizeof un).verdict, POLICY_ALLOW);
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, address, sizeof un + 1).verdict, POLICY_DENY);
    un.sun_path[0] = 'x';
    ck_assert_int_eq(policy_decide_address(policy, POLICY_BIND, address, sizeof un).verdict, POLICY_DENY);
    policy_free(policy);
}
END_TEST

/* What a decision about an address looks at. */
static uint64_t looked_at(int count)
{
    struct policy *policy = scratch_empty();
    struct bytes text = {0};
    for (int i = 0; i < count; i++) {
        char line[128];
        int length = snprintf(line, sizeof line, "connect deny 10.%d.%d.0/24:%d\nconnect deny unix:@name%d\n",
                              i / 250 % 250, i % 250, 1 + i % 60000, i);
        bytes_add(&text, line, (size_t)length);
    }
    ck_assert_int_eq(policy_append(policy, "text", text.data, text.length, POLICY_TRUSTED), 0);
    free(text.data);
    uint64_t before = policy->looked;
    (void)verdict(policy, POLICY_CONNECT, "10.0.5.1:6");
    (void)verdict(policy, POLICY_CONNECT, "unix:@name5");
    uint64_t looked = policy->looked - before;
    policy_free(policy);
    return looked;
}

START_TEST(a_decision_costs_the_same_with_any_number_of_rules)
{
    ck_assert_uint_eq(looked_at(10), looked_at(50000));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_address");
    TCase *tcase = tcase_create("address");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, prefixes_and_ports);
    tcase_add_test(tcase, port_ranges_have_exact_ends);
    tcase_add_test(tcase, mapped_addresses_are_ipv4);
    tcase_add_test(tcase, any_address_is_this_machine);
    tcase_add_test(tcase, odd_addresses);
    tcase_add_test(tcase, sockets_of_the_unix_family);
    tcase_add_test(tcase, a_decision_costs_the_same_with_any_number_of_rules);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
