/* What the target, the pack that it is built of, the mutator and the engine agree on. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAD = 8 + 3 * 4, RECORD_HEAD = 5, MOST_OBJECTS = 96, MOST_MADE = 1 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t size, size_t most, unsigned int seed);

#define CHECK(said) do { if (!(said)) { fprintf(stderr, "does not hold: %s (line %d)\n", #said, \
    __LINE__); abort(); } } while (0)

enum { REPAIRED = 1, OTHER_SIZE = 2, FLIPPED = 4, CUT = 8, RAW = 16, UNWANTED = 32, SOUGHT = 64,
       DEFLATED = 128 };

typedef struct {
    uint8_t kind, flags, base;
    const uint8_t *payload;
    int64_t length;
    uint64_t declared;     /* by its header */
    uint8_t *entry;        /* before it is compressed */
    int64_t entry_size;
    uint8_t *bytes;        /* what it is once rebuilt, NULL where that cannot be */
    int64_t size;
    int is_unknown;        /* its damage may do no harm */
} Object;

/* packwalk_pack.c: the pack of an input, and what a plain reading makes of it. */
extern Object objects[MOST_OBJECTS];
extern int64_t object_count;
extern uint8_t *pack;
extern int64_t pack_used;
extern int64_t *offsets;   /* one more than there are objects */

void *fresh(int64_t size);                                  /* zeroed, exactly so large */
int read_objects(const uint8_t *at, const uint8_t *end);    /* 0: there is none */
void build_pack(void);
void drop_pack(void);
