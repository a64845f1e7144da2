/* The list of what is tried: a class a file, more or less. */
#include "attempt.h"

extern const struct attempt metadata_attempts[], names_attempts[], foreign_attempts[], doors_attempts[],
    processes_attempts[], memory_attempts[], terminal_attempts[], programs_attempts[], inherited_attempts[],
    planted_attempts[], hidden_attempts[], borders_attempts[], network_attempts[], addresses_attempts[],
    locked_attempts[], ceilings_attempts[], executed_attempts[], races_attempts[];

const struct class classes[] = {
    {"metadata", PLAIN, metadata_attempts},
    {"names", PLAIN, names_attempts},
    {"foreign", PLAIN, foreign_attempts},
    {"doors", PLAIN, doors_attempts},
    {"processes", PLAIN, processes_attempts},
    {"memory", PLAIN, memory_attempts},
    {"terminal", PLAIN, terminal_attempts},
    {"programs", PLAIN, programs_attempts},
    {"inherited", PLAIN, inherited_attempts},
    {"planted", PLAIN, planted_attempts},
    {"hidden", RULES, hidden_attempts},
    {"borders", RULES, borders_attempts},
    {"network", NETWORK, network_attempts},
    {"addresses", ADDRESS, addresses_attempts},
    {"locked", SHUT, locked_attempts},
    {"ceilings", CEILING, ceilings_attempts},
    {"executed", EXECUTE, executed_attempts},
    {"races", RACES, races_attempts},
    {0},
};
