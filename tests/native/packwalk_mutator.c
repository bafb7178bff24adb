/* Changes an input of packwalk_fuzz.c as what it is: a pack of objects, deltas of steps, trees of
 * entries, commits of lines; and now and then as bytes. */
#include <stdio.h>
#include <string.h>

#include "packwalk_fuzz.h"

enum { ROOM = 1 << 17 };

static uint64_t chance_state;

static uint64_t chance(uint64_t below) {
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return below ? (chance_state >> 11) % below : 0;
}

typedef struct { size_t at, size; } Record;   /* with its head */

static uint8_t work[ROOM];
static size_t used, room;
static Record records[MOST_OBJECTS + 1];
static size_t record_count;

static void find_records(void) {
    record_count = 0;
    for (size_t at = HEAD; record_count < MOST_OBJECTS && at + RECORD_HEAD <= used;) {
        size_t length = work[at + 3] | (size_t)work[at + 4] << 8;
        if (length > used - at - RECORD_HEAD) length = used - at - RECORD_HEAD;
        records[record_count].at = at;
        records[record_count++].size = RECORD_HEAD + length;
        at += RECORD_HEAD + length;
    }
}

/* Puts `length` bytes in the place of `old` at `at`. */
static void splice(size_t at, size_t old, const void *bytes, size_t length) {
    uint8_t copy[4096];
    if (length > sizeof copy || used - old + length > room) return;
    if (length) memcpy(copy, bytes, length);   /* it may lie in `work` */
    memmove(work + at + length, work + at + old, used - at - old);
    if (length) memcpy(work + at, copy, length);
    used += length - old;
}

/* The same within a record's payload; its length follows. */
static void splice_payload(const Record *record, size_t at, size_t old, const void *bytes,
                           size_t length) {
    size_t size = record->size - RECORD_HEAD - old + length;
    if (size > 0xffff || used - old + length > room) return;
    splice(record->at + RECORD_HEAD + at, old, bytes, length);
    work[record->at + 3] = (uint8_t)size;
    work[record->at + 4] = (uint8_t)(size >> 8);
}

static const uint8_t ODD_BYTES[] = {0, 1, 0x7f, 0x80, 0xff, 0x10, 0x90, 0xb0, ' ', '\n', '<', '>'};

static void change_bytes(const Record *record) {
    size_t size = record->size - RECORD_HEAD;
    uint8_t some[16];
    for (size_t i = 0; i < sizeof some; i++)
        some[i] = chance(3) ? (uint8_t)chance(256) : ODD_BYTES[chance(sizeof ODD_BYTES)];
    size_t at = chance(size + 1), more = 1 + chance(sizeof some);
    uint8_t *byte = work + record->at + RECORD_HEAD + at;
    switch (chance(5)) {
    case 0: if (at < size) *byte ^= (uint8_t)(1 << chance(8)); break;
    case 1: if (at < size) *byte = some[0]; break;
    case 2: splice_payload(record, at, 0, some, more); break;
    case 3: splice_payload(record, at, more < size - at ? more : size - at, NULL, 0); break;
    default: {
        size_t from = chance(size + 1), length = chance(size - from + 1);
        splice_payload(record, at, 0, work + record->at + RECORD_HEAD + from,
                       length > 2048 ? 2048 : length);
    }
    }
}

static size_t step_size(const uint8_t *at, size_t left) {
    size_t size = 1;
    if (*at & 0x80) for (int i = 0; i < 7; i++) size += *at >> i & 1;
    else size += *at;
    return size < left ? size : left;
}

/* A copy or an insertion, put at, put over or taken from where a step begins. */
static void change_steps(const Record *record) {
    size_t size = record->size - RECORD_HEAD, at = 0, skip = chance(24);
    const uint8_t *payload = work + record->at + RECORD_HEAD;
    if (!(work[record->at + 1] & 1))   /* the sizes stand in front */
        for (int i = 0; i < 2; i++) { while (at < size && payload[at] & 0x80) at++; at += at < size; }
    while (skip-- && at < size) at += step_size(payload + at, size - at);
    uint8_t step[140];
    size_t length = 1, old = at < size && chance(2) ? step_size(payload + at, size - at) : 0;
    if (chance(3)) {
        step[0] = (uint8_t)(0x80 | chance(128));
        if (chance(2)) step[0] &= 0x93;   /* mostly near and short, so that it fits */
        for (int i = 0; i < 7; i++)
            if (step[0] >> i & 1)
                step[length++] = (uint8_t)(chance(8) ? chance(i % 4 ? 3 : 96) : chance(256));
    } else {
        step[0] = (uint8_t)(chance(8) ? 1 + chance(40) : 1 + chance(127));
        for (; length <= step[0]; length++)
            step[length] = (uint8_t)(chance(30) ? 'a' + chance(26) : chance(256));
    }
    if (chance(6) == 0) length = 0;
    splice_payload(record, at, old, step, length);
}

static void add_entry(const Record *record) {
    static const char *const MODES[] = {"100644", "40000", "160000", "120000", "100755", "040000"};
    char entry[64];
    size_t size = record->size - RECORD_HEAD, at = 0;
    const uint8_t *payload = work + record->at + RECORD_HEAD;
    int length = snprintf(entry, sizeof entry, "%s %c%c", MODES[chance(6)], (int)('a' + chance(4)),
                          (int)('a' + chance(26)));
    memset(entry + length + 1, (int)(chance(6) ? 1 + chance(record_count) : chance(256)), 20);
    for (size_t skip = chance(6); skip; skip--) {   /* behind some entries */
        const uint8_t *nul = at < size ? memchr(payload + at, 0, size - at) : NULL;
        if (!nul || (size_t)(nul - payload) + 21 > size) break;
        at = (size_t)(nul - payload) + 21;
    }
    splice_payload(record, at, 0, entry, (size_t)length + 21);
}

static void add_line(const Record *record) {
    static const char *const LINES[] = {"tree ", "parent ", "object ", "author A <a@b.example> 7 +0\n",
        "committer B <b> -99999999999999999999 +0\n", "author <> \n", "committer > 1\n", "\n"};
    char line[128];
    uint64_t pick = chance(8);
    size_t size = record->size - RECORD_HEAD, at = 0;
    const uint8_t *payload = work + record->at + RECORD_HEAD;
    int length = snprintf(line, sizeof line, "%s", LINES[pick]);
    if (pick < 3) {
        int digit = (int)(chance(6) ? 1 + chance(record_count) : chance(256));
        for (int i = 0; i < 20; i++, length += 2) snprintf(line + length, 3, "%02x", digit);
        line[length++] = '\n';
    }
    for (size_t skip = chance(6); skip; skip--) {
        const uint8_t *stop = at < size ? memchr(payload + at, '\n', size - at) : NULL;
        if (!stop) break;
        at = (size_t)(stop - payload) + 1;
    }
    splice_payload(record, at, 0, line, (size_t)length);
}

static void change_order(const Record *record) {
    const Record *other = &records[chance(record_count)];
    switch (chance(3)) {
    case 0: splice(record->at, record->size, NULL, 0); break;
    case 1: splice(other->at, 0, work + record->at, record->size); break;
    default: splice(used, 0, work + record->at, record->size);
    }
}

static void add_delta(void) {
    uint8_t record[RECORD_HEAD + 8] = {6, 1, (uint8_t)chance(record_count), 0, 0};
    size_t length = 0;
    if (chance(4)) {
        record[RECORD_HEAD] = 0x91;
        record[RECORD_HEAD + 1] = (uint8_t)chance(20);
        record[RECORD_HEAD + 2] = (uint8_t)(1 + chance(90));
        length = 3;
    }
    record[0] = chance(4) ? 6 : 7;
    record[3] = (uint8_t)length;
    splice(used, 0, record, RECORD_HEAD + length);
}

static void change_once(void) {
    find_records();
    if (!record_count || chance(24) == 0) {
        size_t at = chance(HEAD);
        if (at < used) work[at] = (uint8_t)(chance(2) ? chance(12) : chance(256));
        if (!record_count) add_delta();
        return;
    }
    const Record *record = &records[chance(record_count)];
    uint8_t *head = work + record->at, kind = head[0] & 7;
    switch (chance(10)) {
    case 0: head[0] = (uint8_t)chance(8); break;
    case 1: head[1] ^= (uint8_t)(1 << chance(8)); break;
    case 2: head[2] = (uint8_t)(chance(4) ? chance(record_count) : chance(256)); break;
    case 3: change_order(record); break;
    case 4: add_delta(); break;
    case 5: case 6: change_bytes(record); break;
    default:
        if (kind >= 6) change_steps(record);
        else if (kind == 2) add_entry(record);
        else if (kind == 1 || kind == 4) add_line(record);
        else change_bytes(record);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t size, size_t most, unsigned int seed) {
    chance_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    room = most < ROOM ? most : ROOM;
    used = size < room ? size : room;
    memcpy(work, input, used);
    while (used < HEAD && used < room) work[used++] = 0;
    for (uint64_t times = 1 + chance(5); times; times--) change_once();
    memcpy(input, work, used);
    return used;
}

/* Objects of both, one behind the other: what libFuzzer and our own engine cross inputs with. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
                                 size_t two_size, uint8_t *out, size_t most, unsigned int seed) {
    chance_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    if (one_size < HEAD || two_size < HEAD || one_size + two_size > most) return 0;
    memcpy(out, one, one_size);
    memcpy(out + one_size, two + HEAD, two_size - HEAD);
    return one_size + two_size - HEAD;
}
