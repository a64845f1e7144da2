/*
 * What the files of the rule language share.
 *
 * Patterns are kept in one form: absolute, no empty components, `*`, `?`, `[...]` and `**` as written, and a backslash
 * before any of `*?[\` that stands for itself. All other escapes are gone.
 */
#ifndef COFFER_POLICY_INTERNAL_H
#define COFFER_POLICY_INTERNAL_H

#include "policy/policy.h"

/* Bounds of what is read. */
enum {
    RULES_MAX = 1000000,
    FILE_MAX = 128 << 20,
    FILES_MAX = 1000,
    LINE_MAX_LENGTH = 32768,
    INCLUDE_DEPTH_MAX = 16,
    PROBLEMS_MAX = 100,
};

/* Bytes that grow. A failed allocation sets `failed`, and nothing is added from then on. */
struct bytes {
    char *data;
    size_t length, capacity;
    bool failed;
};

void bytes_add(struct bytes *bytes, const void *data, size_t length);
void bytes_add_byte(struct bytes *bytes, char byte);
/* Ends it with a NUL that `length` does not count; NULL if anything failed. */
const char *bytes_end(struct bytes *bytes);

/* Makes room for one more element of `size` bytes behind `count` of them. Returns the array, or NULL. */
void *array_grow(void *array, size_t count, size_t *capacity, size_t size);

/* Memory that lives as long as the policy. */
struct store {
    struct store_block *blocks;
    size_t used, size; /* of the first block */
};

void *store_take(struct store *store, size_t size);
const char *store_copy(struct store *store, const char *data, size_t length); /* with a NUL behind it */
void store_free(struct store *store);

/*
 * What a rule is about, besides its action. A prefix of addresses is also one of ports: 80-443 is taken apart into
 * blocks of a power of two, as a range of addresses would be.
 */
enum pattern_kind { PATTERN_PATH, PATTERN_ABSTRACT, PATTERN_ADDRESS };

struct address_pattern {
    uint8_t family;       /* AF_UNSPEC: anything; AF_UNIX: any socket of that family; AF_INET, AF_INET6 */
    uint8_t bits;         /* of the address that count */
    bool both;            /* `*:PORT`: AF_INET and AF_INET6 */
    uint8_t address[16];  /* the other bits are 0 */
    uint16_t first, last; /* ports */
};

struct rule {
    const char *text;     /* in its file */
    const char *pattern;  /* the one form; of an address: as written */
    const char *resolved; /* NULL: no other */
    struct address_pattern address;
    uint32_t text_length, pattern_length, resolved_length;
    uint32_t file, line;
    uint8_t action, verdict, kind; /* enum policy_action, policy_verdict, policy_rule_kind */
    uint8_t pattern_kind;
    bool quiet;
};

struct policy_file {
    const char *name;
    char *text; /* owned; NULL when it is a profile that is built in */
};

/* A verdict of an action: what a subtree is asked for. See verdict_slot(). */
enum { SLOTS = 13 };

/* The newest rule of one action and kind at a node. */
struct node_rule {
    uint32_t rule, next;
    uint8_t action, kind;
};

enum node_kind { NODE_LITERAL, NODE_GLOB, NODE_STAR };

/* A component of patterns, below the components before it. Number 0 is no node, 1 is the root. */
struct node {
    const char *name;  /* the name; of a glob: its pattern */
    const char *fixed; /* of a glob: what a name must begin with, and what it must end with */
    uint32_t length;
    uint32_t parent;
    uint32_t star;          /* its `**` */
    uint32_t shapes;        /* of the globs below it */
    uint32_t next;          /* another glob with the same `fixed` */
    uint32_t rules;         /* the first node_rule */
    uint32_t mark;          /* which set it was last put into */
    uint8_t kind;           /* enum node_kind */
    uint8_t begin, end;     /* the lengths of the two parts of `fixed` */
    uint32_t newest[SLOTS]; /* of the rules at it and below it, but ceilings */
};

/* Globs are found by what they begin and end with: the lengths of the two that occur below a node. */
struct shape {
    uint32_t next;
    uint8_t begin, end;
};

struct slot {
    uint32_t hash, index;
};

/* Open addressing; slots with index 0 are free. */
struct table {
    struct slot *slots;
    size_t size, count; /* size is 0 or a power of two */
};

/* What is known of symbolic links while files are read. */
struct resolver {
    struct store store;
    struct resolved *known;
    size_t count, capacity;
    struct table table;
};

/* What addresses are found by. */
struct address_key {
    uint8_t family, bits, port_bits, unused;
    uint16_t port, unused_too;
    uint8_t address[16];
};

struct address_node {
    struct address_key key;
    uint32_t rules[2][POLICY_RULE_KINDS]; /* connect, bind */
};

/* The lengths of prefixes that occur. */
struct address_shape {
    uint8_t family, bits, port_bits;
};

struct policy {
    struct policy_options options;
    struct store store;

    struct rule *rules; /* number 1 is rules[0] */
    size_t rule_count, rule_capacity;
    struct policy_file *files;
    size_t file_count, file_capacity;
    struct policy_violation violation;
    enum policy_control control;
    size_t added; /* rules of run time */

    struct node *nodes;
    size_t node_count, node_capacity;
    struct node_rule *node_rules;
    size_t node_rule_count, node_rule_capacity;
    struct shape *shapes;
    size_t shape_count, shape_capacity;
    struct table edges; /* of nodes, by parent and name */
    uint32_t abstract;  /* the node that abstract socket names lie below */
    uint32_t mark;

    struct address_node *addresses;
    size_t address_count, address_capacity;
    struct address_shape *address_shapes;
    size_t address_shape_count, address_shape_capacity;
    struct table address_edges;

    struct policy_place *root;
    struct policy_place **places; /* by hash, in chains */
    size_t place_count, place_size;
    uint32_t generation;

    uint64_t looked; /* tables and globs that decisions looked at: for tests, which count instead of taking times */
    bool broken;     /* out of memory in the middle: everything is refused */
};

/* hash.c */
uint32_t hash_bytes(uint32_t seed, const void *data, size_t length);
/* Calls `same` for entries with this hash until it says yes; returns that index, or 0. */
uint32_t table_find(const struct table *table, uint32_t hash, bool (*same)(const void *data, uint32_t index),
                    const void *data);
int table_add(struct table *table, uint32_t hash, uint32_t index);

/* Patterns: pattern.c, glob.c */

/* What is wrong, and how many bytes behind the beginning of the word. */
struct pattern_error {
    char text[256];
    size_t offset;
};

/* Reads a word that is a pattern of paths. Returns 0, -EINVAL or -ENOMEM. */
int pattern_read_path(const struct policy *policy, const char *word, size_t length, struct bytes *pattern,
                      struct pattern_error *error);
/* ... a name of the abstract kind, behind its '@': no components, any bytes. */
int pattern_read_abstract(const char *word, size_t length, struct bytes *pattern, struct pattern_error *error);
/* ... the name of a file: ~, . and $VAR and escapes, no globs. */
int pattern_read_name(const struct policy *policy, const char *word, size_t length, struct bytes *name,
                      struct pattern_error *error);
/* The pattern behind symbolic links; empty if that is no other. The resolver remembers where directories lead. */
int pattern_resolve(struct resolver *resolver, const char *pattern, size_t length, struct bytes *resolved);
void resolver_free(struct resolver *resolver);
/* The next component from *at on, which is set behind it; false at the end. */
bool pattern_component(const char *pattern, size_t length, size_t *at, const char **component,
                       size_t *component_length);

/* What a word is made of, one after the other. */
struct escape {
    unsigned char byte;
    bool meta;     /* one of `*?[` that was not escaped */
    size_t length; /* in the word */
};
bool escape_read(const char *word, size_t length, struct escape *escape, struct pattern_error *error);

bool glob_match(const char *pattern, size_t pattern_length, const char *name, size_t name_length);
bool glob_is(const char *component, size_t length);      /* whether it holds a glob */
bool glob_is_star(const char *component, size_t length); /* whether it is `**` */
/* The length of the bracket expression at `pattern`, 0 if it does not end. */
size_t glob_bracket(const char *pattern, size_t length);
/* The component without its backslashes: of something that is no glob, its name. */
size_t glob_plain(const char *component, size_t length, char *plain);

/* The tree of names: tree.c */
int tree_new(struct policy *policy);
int tree_add(struct policy *policy, uint32_t number);
unsigned verdict_slot(enum policy_action action, enum policy_verdict verdict);

/* Nodes that a path has come to; see decide.c. */
enum { SET_INLINE = 64 };
struct node_set {
    uint32_t *nodes;
    size_t count, capacity;
    uint32_t first[SET_INLINE];
    bool failed;
};
void set_start(struct node_set *set);
void set_free(struct node_set *set);
void set_root(struct policy *policy, struct node_set *set, uint32_t root);
void set_step(struct policy *policy, const uint32_t *from, size_t count, const char *name, size_t length,
              struct node_set *to);

/* The newest rule of each kind that matches; 0: none. */
struct newest {
    uint32_t rule[POLICY_RULE_KINDS];
};
void newest_add(struct newest *newest, enum policy_rule_kind kind, uint32_t rule);
struct policy_decision newest_decide(const struct policy *policy, enum policy_action action,
                                     const struct newest *newest);
/* What this rule says; 0: what holds without one. */
struct policy_decision decide_by_rule(const struct policy *policy, enum policy_action action, uint32_t number);
struct policy_decision decide_refuse(enum policy_action action);
int verdict_strictness(enum policy_verdict verdict);

struct policy_decision set_decide(struct policy *policy, const uint32_t *nodes, size_t count,
                                  enum policy_action action);
bool set_varies(struct policy *policy, const uint32_t *nodes, size_t count, enum policy_action action);

/* place.c */
void place_free_all(struct policy *policy);

/* Addresses: address.c, address_table.c */
int address_pattern_read(const char *word, size_t length, struct address_pattern *address, struct pattern_error *error);
int address_add(struct policy *policy, uint32_t number);
/* What rules about any address, or any of a family, say; port 0 and no address match them alone. */
void address_newest(struct policy *policy, enum policy_action action, uint8_t family, const uint8_t *address,
                    uint16_t port, struct newest *newest);

/* An address as rules see it. */
struct plain_address {
    uint8_t family; /* AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC: of another kind */
    uint8_t address[16];
    uint16_t port;
    const char *name; /* AF_UNIX: a path, or an abstract name; NULL: unnamed */
    size_t name_length;
    bool abstract;
};
bool address_plain(const struct sockaddr *address, socklen_t length, bool connect, struct plain_address *plain);

/* Reading of files: parse.c, load.c */
struct reader {
    struct policy *policy;
    const char *name; /* of the file */
    uint32_t file;
    unsigned line;
    enum policy_trust trust;
    unsigned problems;
    int status; /* -ENOMEM */
    struct open_file *files;
    struct resolver resolver;
};

/* Reports, and counts; text as printf() makes it. */
__attribute__((format(printf, 3, 4))) void reader_problem(struct reader *reader, size_t column, const char *format,
                                                          ...);
/* The rules of a text that stays where it is. */
void parse_text(struct reader *reader, const char *text, size_t length);
/* What `include` names. */
void load_include(struct reader *reader, const char *name, size_t column);

#endif
