/* The parts of the programs that compute: see bench_pure.h. */
#include "bench_pure.h"

int main(int argc, char **argv)
{
    static const struct bench *const tables[] = {measure_benches, parser_benches, renderer_benches,
                                                 NULL};

    return bench_main(argc, argv, tables);
}
