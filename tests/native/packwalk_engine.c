/* A small coverage-guided engine for machines that have gcc alone (clang brings libFuzzer, whose
 * interface and flags are kept): inputs that reach new edges, or edges more often, are kept and
 * changed further. The same seed, inputs and number of runs make the same tries.
 *
 *   packwalk-fuzz [-runs=N] [-seed=S] [-max_len=B] [-artifact_prefix=P] [FOLDER | FILE]...
 *
 * Inputs are read from every FOLDER and FILE, new ones are written to the first FOLDER. Without
 * -runs, inputs are only tried, once each. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packwalk_fuzz.h"

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
                                 size_t two_size, uint8_t *out, size_t most, unsigned int seed);
#ifndef MEASURES
void __sanitizer_set_death_callback(void (*callback)(void));
#endif

enum { EDGES = 1 << 16, MOST_INPUTS = 1 << 16, SECONDS = 25 };

typedef struct { uint8_t *bytes; size_t size; } Input;

static uint8_t edges[EDGES], seen[EDGES];
static uintptr_t previous;
static Input inputs[MOST_INPUTS];
static size_t input_count, most_size = 1 << 16;
static const uint8_t *tried;
static size_t tried_size;
static const char *prefix = "./", *kept_in;
static uint64_t state = 1;

const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1"; }

/* Called by compiled-in code at every edge (-fsanitize-coverage=trace-pc). */
void __sanitizer_cov_trace_pc(void) {
    uintptr_t here = (uintptr_t)__builtin_return_address(0);
    here = (here >> 1) * UINT64_C(0x9E3779B97F4A7C15) >> 40;
    uint8_t *edge = &edges[(here ^ previous) % EDGES];
    *edge += *edge < 255;
    previous = here >> 1;
}

static void save_tried(void) {
    char name[4096];
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < tried_size; i++) hash = (hash ^ tried[i]) * 1099511628211u;
    snprintf(name, sizeof name, "%scrash-%016llx", prefix, (unsigned long long)hash);
    FILE *file = tried ? fopen(name, "wb") : NULL;
    if (!file) return;
    fwrite(tried, 1, tried_size, file);
    fclose(file);
    fprintf(stderr, "the input is in %s\n", name);
}

static void stopped(int number) {
    fprintf(stderr, "stopped by signal %d%s\n", number, number == SIGALRM ? ": it takes too long" : "");
    save_tried();
    _exit(77);
}

static uint64_t chance(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

/* 1: once, 2: twice, .. as a bit each, so that "more often" is new, too. */
static uint8_t often(uint8_t times) {
    return !times ? 0 : times < 4 ? (uint8_t)(1 << (times - 1)) : times < 8 ? 8 : times < 16 ? 16
           : times < 32 ? 32 : times < 128 ? 64 : 128;
}

static int try_one(const uint8_t *bytes, size_t size) {
    int is_new = 0;
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    tried = exact;
    tried_size = size;
    memset(edges, 0, sizeof edges);
    previous = 0;
    alarm(SECONDS);
    LLVMFuzzerTestOneInput(exact, size);
    alarm(0);
    for (size_t i = 0; i < EDGES; i += 8) {
        uint64_t eight;
        memcpy(&eight, edges + i, sizeof eight);
        if (!eight) continue;
        for (size_t k = i; k < i + 8; k++) {
            uint8_t bit = often(edges[k]);
            if (bit & ~seen[k]) is_new = 1;
            seen[k] |= bit;
        }
    }
    tried = NULL;
    free(exact);
    return is_new;
}

static void keep(const uint8_t *bytes, size_t size, int is_written) {
    if (input_count >= MOST_INPUTS) return;
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    inputs[input_count].bytes = copy;
    inputs[input_count++].size = size;
    if (!is_written || !kept_in) return;
    char name[4096];
    snprintf(name, sizeof name, "%s/kept-%06zu", kept_in, input_count);
    FILE *file = fopen(name, "wb");
    if (!file) return;
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static void read_file(const char *name) {
    uint8_t *bytes = malloc(most_size);
    FILE *file = fopen(name, "rb");
    if (!file) { perror(name); exit(2); }
    size_t size = fread(bytes, 1, most_size, file);
    fclose(file);
    try_one(bytes, size);
    keep(bytes, size, 0);
    free(bytes);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(const char *folder) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') read_file(name);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static size_t edge_count(void) {
    size_t count = 0;
    for (size_t i = 0; i < EDGES; i++) count += seen[i] != 0;
    return count;
}

static void fuzz(uint64_t runs) {
    uint8_t *bytes = malloc(most_size * 2);
    for (uint64_t run = 1; run <= runs; run++) {
        /* The newest are the most promising. */
        size_t from = chance(3) ? chance(input_count) : input_count - 1 - chance(1 + input_count / 8);
        size_t size = inputs[from].size;
        memcpy(bytes, inputs[from].bytes, size);
        if (chance(16) == 0) {
            const Input *one = &inputs[from], *two = &inputs[chance(input_count)];
            size = LLVMFuzzerCustomCrossOver(one->bytes, one->size, two->bytes, two->size, bytes,
                                             most_size, (unsigned)chance(UINT32_MAX));
            if (!size) continue;
        }
        size = LLVMFuzzerCustomMutator(bytes, size, most_size, (unsigned)chance(UINT32_MAX));
        if (try_one(bytes, size)) keep(bytes, size, 1);
        if (!(run & (run - 1)) && run >= 1024)
            fprintf(stderr, "#%llu edges %zu inputs %zu\n", (unsigned long long)run, edge_count(),
                    input_count);
    }
    free(bytes);
}

int main(int argc, char **argv) {
    uint64_t runs = 0;
    struct stat about;
    LLVMFuzzerInitialize(&argc, &argv);
#ifndef MEASURES
    __sanitizer_set_death_callback(save_tried);
#endif
    signal(SIGALRM, stopped);
    signal(SIGABRT, stopped);
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "-runs=", 6)) runs = strtoull(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "-seed=", 6)) state = strtoull(argv[i] + 6, NULL, 10) * 2 + 1;
        else if (!strncmp(argv[i], "-max_len=", 9)) most_size = strtoull(argv[i] + 9, NULL, 10);
        else if (!strncmp(argv[i], "-artifact_prefix=", 17)) prefix = argv[i] + 17;
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') continue;
        if (stat(argv[i], &about)) { perror(argv[i]); return 2; }
        if (S_ISDIR(about.st_mode)) {
            if (!kept_in) kept_in = argv[i];
            read_folder(argv[i]);
        } else {
            read_file(argv[i]);
        }
    }
    if (runs && !input_count) keep((const uint8_t[HEAD]){0}, HEAD, 0);
    if (runs) fuzz(runs);
    printf("runs %llu inputs %zu edges %zu\n", (unsigned long long)runs, input_count, edge_count());
    return 0;
}
