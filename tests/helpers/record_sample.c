/*
 * record_sample FILE [COMPILATIONS [no-hashes]]: writes the record of a build that never ran.
 */
#include "tests/unit/sample_record.h"

int main(int argc, char **argv)
{
    struct sample sample = {
        .files = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3, .hashes = argc < 4, .odd = true};
    if (argc < 2)
        return 2;
    sample_write(argv[1], &sample);
    return 0;
}
