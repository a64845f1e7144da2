/*
 * record_sample FILE [COMPILATIONS [no-hashes]]: writes the record of a build that never ran.
 */
#include "tests/unit/build_record.h"

int main(int argc, char **argv)
{
    struct build build = {
        .files = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3, .hashes = argc < 4, .odd = true};
    if (argc < 2)
        return 2;
    build_write(argv[1], &build);
    return 0;
}
