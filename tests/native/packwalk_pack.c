/* The pack that an input describes, and what a plain reading of the same objects makes of them. */
#include <string.h>
#include <zlib.h>

#include "packwalk_fuzz.h"

Object objects[MOST_OBJECTS];
int64_t object_count;
uint8_t *pack;
int64_t pack_used;
int64_t *offsets;
static int64_t pack_cap;

void *fresh(int64_t size) {
    void *made = calloc(1, size ? (size_t)size : 1);
    CHECK(made);
    return made;
}

static void put(const void *bytes, int64_t length) {
    if (pack_used + length > pack_cap) {
        pack_cap = (pack_used + length) * 2 + 256;
        pack = realloc(pack, (size_t)pack_cap);
        CHECK(pack);
    }
    if (length) memcpy(pack + pack_used, bytes, (size_t)length);
    pack_used += length;
}

static int64_t varint(uint8_t *to, uint64_t value) {
    int64_t used = 0;
    for (; value > 0x7f; value >>= 7) to[used++] = (uint8_t)(value | 0x80);
    to[used++] = (uint8_t)value;
    return used;
}

/* A plain reading of delta steps: the size of what they make, or -1; with `to`, what they make. */
static int64_t steps(const uint8_t *at, const uint8_t *end, const Object *base, uint8_t *to,
                     int64_t room) {
    int64_t made = 0;
    while (at < end) {
        uint8_t op = *at++;
        const uint8_t *from;
        uint64_t offset = 0, length = 0;
        if (op & 0x80) {
            for (int i = 0; i < 7; i++) {
                if (!(op & 1 << i)) continue;
                if (at >= end) return -1;
                if (i < 4) offset |= (uint64_t)*at++ << 8 * i;
                else length |= (uint64_t)*at++ << 8 * (i - 4);
            }
            if (!length) length = 0x10000;
            if (offset + length > (uint64_t)base->size) return -1;
            from = base->bytes + offset;
        } else {
            length = op;
            if (!op || end - at < op) return -1;
            from = at;
            at += op;
        }
        if (to && made + (int64_t)length > room) return -1;
        if (to) memcpy(to + made, from, length);
        made += (int64_t)length;
        if (made > MOST_MADE) return -1;
    }
    return made;
}

static int64_t read_varint(const uint8_t **at, const uint8_t *end) {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (*at >= end) return -1;
        value |= (uint64_t)(**at & 0x7f) << shift;
        if (!(*(*at)++ & 0x80)) return (int64_t)value;
    }
    return -1;
}

static int is_delta(const Object *object) { return object->kind == 6 || object->kind == 7; }

/* Rebuilds `object` from its base, where both are whole. */
static void rebuild(Object *object) {
    const Object *base = &objects[object->base];
    if (object->bytes || object->is_unknown) return;
    if (object->flags & (FLIPPED | RAW) || (is_delta(object) && base->is_unknown)) {
        object->is_unknown = 1;
        return;
    }
    const uint8_t *at = object->entry, *end = at + object->entry_size;
    if (object->flags & (OTHER_SIZE | CUT)) return;
    if (!is_delta(object)) {
        if (object->kind < 1 || object->kind > 4) return;
        object->size = object->entry_size;
        object->bytes = fresh(object->size);
        memcpy(object->bytes, at, (size_t)object->size);
        return;
    }
    if (!base->bytes || read_varint(&at, end) != base->size) return;
    int64_t size = read_varint(&at, end);
    if (size < 0 || size > MOST_MADE || steps(at, end, base, NULL, 0) != size) return;
    object->bytes = fresh(size);
    object->size = size;
    steps(at, end, base, object->bytes, size);
}

static void put_stored(const uint8_t *bytes, int64_t length) {
    uint8_t head[5] = {0x78, 0x01};
    int64_t at = 0;
    put(head, 2);
    do {
        int64_t part = length - at < 65535 ? length - at : 65535;
        head[0] = at + part == length;
        head[1] = (uint8_t)part; head[2] = (uint8_t)(part >> 8);
        head[3] = (uint8_t)~head[1]; head[4] = (uint8_t)~head[2];
        put(head, 5);
        put(bytes + at, part);
        at += part;
    } while (at < length);
    uint32_t sum = (uint32_t)adler32(adler32(0, NULL, 0), bytes, (uInt)length);
    uint8_t tail[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum};
    put(tail, 4);
}

static void put_deflated(const uint8_t *bytes, int64_t length) {
    uLongf room = compressBound((uLong)length);
    uint8_t *made = fresh((int64_t)room);
    CHECK(compress2(made, &room, bytes, (uLong)length, 1) == Z_OK);
    put(made, (int64_t)room);
    free(made);
}

/* The entry before it is compressed; for deltas, where asked for, with the sizes that are right. */
static void set_entry(Object *object) {
    object->entry = fresh(object->length + 24);
    if (is_delta(object) && object->flags & REPAIRED) {
        const Object *base = &objects[object->base];
        const uint8_t *at = object->payload;
        int64_t size = base->bytes ? steps(at, at + object->length, base, NULL, 0) : -1;
        object->entry_size = varint(object->entry, (uint64_t)(base->bytes ? base->size : 0));
        object->entry_size += varint(object->entry + object->entry_size,
                                     size < 0 ? 64 : (uint64_t)size);
    }
    memcpy(object->entry + object->entry_size, object->payload, (size_t)object->length);
    object->entry_size += object->length;
}

static void put_header(const Object *object, int64_t back) {
    uint8_t head[32];
    head[0] = (uint8_t)(object->kind << 4 | (object->declared & 15));
    int64_t used = 1;
    if (object->declared >> 4) {
        head[0] |= 0x80;
        used += varint(head + 1, object->declared >> 4);
    }
    if (object->kind == 6) {
        uint8_t digits[10];
        int at = 9;
        digits[at] = back & 0x7f;
        while (back >>= 7) digits[--at] = (uint8_t)(0x80 | (--back & 0x7f));
        memcpy(head + used, digits + at, (size_t)(10 - at));
        used += 10 - at;
    } else if (object->kind == 7) {
        memset(head + used, object->base + 1, 20);
        used += 20;
    }
    put(head, used);
}

static void put_object(int64_t number) {
    Object *object = &objects[number];
    offsets[number] = pack_used;
    object->base = (uint8_t)(object->base % (object->kind == 7 || !number ? object_count : number));
    set_entry(object);
    object->declared = (uint64_t)object->entry_size;
    if (object->flags & OTHER_SIZE)
        object->declared ^= (uint64_t)1 << (object->length * 7 + object->base) % 60;
    put_header(object, number ? offsets[number] - offsets[object->base] : 0);
    int64_t start = pack_used;
    if (object->flags & RAW) put(object->entry, object->entry_size);
    else if (object->flags & DEFLATED) put_deflated(object->entry, object->entry_size);
    else put_stored(object->entry, object->entry_size);
    if (object->flags & FLIPPED && pack_used > start)
        pack[start + object->length % (pack_used - start)] ^= (uint8_t)(1 << object->base % 8);
    if (object->flags & CUT)
        pack_used -= pack_used - start < 8 ? pack_used - start : 1 + object->base % 8;
    rebuild(object);
}

/* For those who compare what others make of it: the pack without its sum, and where each entry is. */
static void save_pack(void) {
    static int number;
    const char *folder = getenv("PACKWALK_FUZZ_PACKS");
    char name[4096];
    if (!folder) return;
    number++;
    for (int is_pack = 0; is_pack < 2; is_pack++) {
        snprintf(name, sizeof name, "%s/%05d.%s", folder, number, is_pack ? "raw" : "offsets");
        FILE *file = fopen(name, "wb");
        CHECK(file);
        if (is_pack) fwrite(pack, 1, (size_t)pack_used, file);
        else fwrite(offsets, 8, (size_t)object_count, file);
        fclose(file);
    }
}

int read_objects(const uint8_t *at, const uint8_t *end) {
    for (object_count = 0; object_count < MOST_OBJECTS && end - at >= RECORD_HEAD; object_count++) {
        int64_t length = at[3] | at[4] << 8;
        if (length > end - at - RECORD_HEAD) length = end - at - RECORD_HEAD;
        memset(&objects[object_count], 0, sizeof(Object));
        objects[object_count].kind = at[0] & 7;
        objects[object_count].flags = at[1];
        objects[object_count].base = at[2];
        objects[object_count].payload = at + RECORD_HEAD;
        objects[object_count].length = length;
        at += RECORD_HEAD + length;
    }
    return object_count > 0;
}

void build_pack(void) {
    pack_used = 0;
    offsets = fresh((object_count + 1) * 8);
    put("PACK\0\0\0\2\0\0\0\0", 12);
    for (int64_t i = 0; i < object_count; i++) put_object(i);
    for (int64_t round = 0; round < object_count; round++)
        for (int64_t i = 0; i < object_count; i++) rebuild(&objects[i]);
    offsets[object_count] = pack_used;
    pack = realloc(pack, (size_t)pack_used);   /* exactly: one byte further is a finding */
    pack_cap = pack_used;
    save_pack();
}

void drop_pack(void) {
    free(offsets);
    for (int64_t i = 0; i < object_count; i++) {
        free(objects[i].bytes);
        free(objects[i].entry);
    }
}
