/* Walks the delta families of a git pack and hands out only what is new in each object.
 *
 * Owns: entry headers, inflating, applying deltas, which bytes of an object are new (windows), and
 * carrying places that were found in one object to those that copy them (excerpts). Knows nothing
 * of what is looked for. The pack is hostile: every offset, length and opcode is checked before it
 * is used; whatever does not add up is flagged, never followed. It reads memory that it is given
 * and calls back with memory that it owns; it opens nothing and runs nothing.
 *
 * Formats: https://git-scm.com/docs/gitformat-pack (entries, OBJ_OFS_DELTA, delta opcodes).
 * Built against the limited API (3.11), so one binary serves every later Python.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

/* What became of an object; written to `states`, one byte an object. */
enum { UNSEEN = 0, MATCHED = 1, BINARY = 2, ODD = 3, UNREADABLE = 4, TOO_LARGE = 5 };

#ifndef SMALL_LIMITS     /* tests bring them within reach */
#define OUT_CAP (1u << 20)
#define SEGMENTS_CAP 65536u
#define MOST_DEPTH 10000
#define MOST_GRAPH (144 << 20)   /* bytes of one kind of row; whoever needs more asks git */
#define RUN 8192          /* who wants more bytes than that wants an encoded run */
#define RUN_LEAD 192
#define FIRST_SLOTS 1024  /* of a table that finds ids or names; a power of two */
#else
#define OUT_CAP 4096u
#define SEGMENTS_CAP 16u
#define MOST_DEPTH 12
#define MOST_GRAPH 2048
#define RUN 128
#define RUN_LEAD 16
#define FIRST_SLOTS 8
#endif
#define PROBE 8000       /* git's own test for binaries looks so far */
#define CLUSTER 256u     /* bytes of one token whose places are told together */
#define MOST_REACH (OUT_CAP / 4)   /* on each side of a place, so that an excerpt fits into a part */

typedef struct {
    const uint8_t *pack;
    int64_t pack_size;
    int64_t count;
    const int64_t *data;      /* where the compressed bytes begin */
    const int64_t *ends;      /* where the next entry begins */
    const int64_t *sizes;     /* inflated size of the entry: of the delta, where it is one */
    const int32_t *child;     /* first object that is a delta of this one, -1 */
    const int32_t *sibling;   /* the next delta of the same base, -1 */
    const uint8_t *wanted;    /* 1: its content is to be looked at */
    uint8_t *states;
    int64_t most_object, most_live;
    uint32_t width;           /* longest thing that is looked for, in bytes */
} Store;

typedef struct { uint32_t target, source, length; } Copy;
typedef struct { uint32_t low, high; } Span;
typedef struct { uint32_t end, before, after; int32_t excerpt; } Place;

typedef struct {
    int32_t object, next;
    uint8_t *bytes;
    int64_t size;
    int is_matched;           /* text, and wanted: its places are known */
    Place *places;
    uint32_t place_count;
} Frame;

/* What trees and commits lead to, as rows of numbers: see `graph` at the end. */
typedef struct { uint8_t *bytes; int64_t used, cap; } Buffer;

typedef struct {
    const uint8_t *ids;       /* of all objects of all packs, 20 bytes each */
    int64_t id_count, first;  /* `first`: where this pack's objects begin among them */
    const uint8_t *kinds;     /* of all objects */
    const uint8_t *sought;    /* of all objects: 1 for blobs whose places are asked for */
    uint32_t *table; uint64_t table_mask;          /* id -> object + 1 */
    uint32_t *name_table; uint64_t name_mask; int64_t name_count;
    uint64_t salt;            /* so that nobody can choose names that fall on one slot */
    uint8_t may_seek[8192];   /* bits: some sought id begins with these 16 bits */
    int seeks;
    Buffer edges, commits, parents, missing, names, name_ends;
    int no_memory;
} Graph;

typedef struct {
    Store store;
    Graph *graph;
    /* Reused between objects. */
    uint8_t *delta; int64_t delta_cap;
    Copy *copies; uint32_t copy_count, copy_cap;
    Span *spans; uint32_t span_count, span_cap;
    int64_t live;
    /* Output. */
    uint8_t *out; uint32_t out_used;
    int64_t *segments; uint32_t segment_count;
    PyObject *flush;
    PyThreadState *thread;
    int failed;               /* a Python exception is set, or memory ran out, or `rings` */
    int64_t left;             /* objects that may still be asked for: each once */
    int rings;                /* the links lead to some object twice */
    /* Excerpts. */
    const int64_t *first_place;   /* per object: its own places are first[i] .. first[i + 1] */
    const int64_t *place_table;   /* end, before, after per place */
    int32_t excerpt_count;
    int64_t *records; uint32_t record_count;
#ifdef HAVE_LIBDEFLATE
    struct libdeflate_decompressor *inflater;
#endif
} Walk;

/* ---- inflating ------------------------------------------------------------------------------- */

static int inflate_entry(Walk *walk, int32_t object, uint8_t *target, int64_t size) {
    const Store *s = &walk->store;
    int64_t start = s->data[object], end = s->ends[object];
    if (start < 0 || start >= end || end > s->pack_size) return 0;
#ifdef HAVE_LIBDEFLATE
    size_t got = 0;
    enum libdeflate_result result = libdeflate_zlib_decompress_ex(
        walk->inflater, s->pack + start, (size_t)(end - start), target, (size_t)size, NULL, &got);
    return result == LIBDEFLATE_SUCCESS && (int64_t)got == size;
#else
    z_stream z;
    memset(&z, 0, sizeof z);
    if (end - start > (int64_t)UINT32_MAX || inflateInit(&z) != Z_OK) return 0;
    uint8_t none;
    z.next_in = (Bytef *)(s->pack + start);
    z.avail_in = (uInt)(end - start);
    z.next_out = size ? target : &none;
    z.avail_out = (uInt)size;
    int result = inflate(&z, Z_FINISH);
    int64_t got = (int64_t)z.total_out;
    inflateEnd(&z);
    return result == Z_STREAM_END && got == size;
#endif
}

/* ---- deltas ---------------------------------------------------------------------------------- */

static int read_size(const uint8_t **at, const uint8_t *end, int64_t *size) {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (*at >= end) return 0;
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (value > INT64_MAX) return 0;
            *size = (int64_t)value;
            return 1;
        }
    }
    return 0;
}

static int grow(void **items, uint32_t *cap, uint32_t needed, size_t each) {
    if (needed <= *cap) return 1;
    uint32_t wider = *cap ? *cap : 64;
    while (wider < needed) {
        if (wider > UINT32_MAX / 2) return 0;
        wider *= 2;
    }
    void *moved = realloc(*items, (size_t)wider * each);
    if (!moved) return 0;
    *items = moved;
    *cap = wider;
    return 1;
}

static int add_span(Walk *walk, int64_t low, int64_t high, int64_t size) {
    if (low < 0) low = 0;
    if (high > size) high = size;
    if (low >= high) return 1;
    Span *last = walk->span_count ? &walk->spans[walk->span_count - 1] : NULL;
    /* A few bytes between two windows cost less than a window of their own. */
    if (last && low <= (int64_t)last->high + 16) {
        if (high > last->high) last->high = (uint32_t)high;
        return 1;
    }
    if (!grow((void **)&walk->spans, &walk->span_cap, walk->span_count + 1, sizeof(Span))) return 0;
    walk->spans[walk->span_count].low = (uint32_t)low;
    walk->spans[walk->span_count++].high = (uint32_t)high;
    return 1;
}

/* The size that a delta's result has, or -1; `at` moves behind the header. */
static int64_t result_size(const uint8_t **at, const uint8_t *end, int64_t base_size) {
    int64_t base = 0, result = 0;
    if (!read_size(at, end, &base) || base != base_size || !read_size(at, end, &result)) return -1;
    return result;
}

/* Rebuilds the object in `target`, and notes what was copied and which spans are new: what was
 * inserted and where copied parts meet, with `width` bytes on both sides. */
static int apply(Walk *walk, const uint8_t *at, const uint8_t *end, const Frame *base,
                 uint8_t *target, int64_t size) {
    int64_t filled = 0, follows = 0, width = walk->store.width;
    walk->copy_count = walk->span_count = 0;
    while (at < end) {
        uint8_t op = *at++;
        if (op & 0x80) {
            uint64_t offset = 0, length = 0;
            for (int i = 0; i < 4; i++)
                if (op & (1 << i)) {
                    if (at >= end) return 0;
                    offset |= (uint64_t)*at++ << (8 * i);
                }
            for (int i = 0; i < 3; i++)
                if (op & (0x10 << i)) {
                    if (at >= end) return 0;
                    length |= (uint64_t)*at++ << (8 * i);
                }
            if (!length) length = 0x10000;
            if (offset > (uint64_t)base->size || length > (uint64_t)base->size - offset ||
                length > (uint64_t)(size - filled))
                return 0;
            memcpy(target + filled, base->bytes + offset, length);
            if ((int64_t)offset != follows &&
                !add_span(walk, filled - width, filled + width, size)) return 0;
            if (!grow((void **)&walk->copies, &walk->copy_cap, walk->copy_count + 1, sizeof(Copy)))
                return 0;
            Copy *last = walk->copy_count ? &walk->copies[walk->copy_count - 1] : NULL;
            if (last && last->source + last->length == offset &&
                last->target + last->length == filled) {
                last->length += (uint32_t)length;   /* long copies come in pieces */
            } else {
                Copy *copy = &walk->copies[walk->copy_count++];
                copy->target = (uint32_t)filled;
                copy->source = (uint32_t)offset;
                copy->length = (uint32_t)length;
            }
            filled += (int64_t)length;
            follows = (int64_t)(offset + length);
        } else if (op) {
            if (op > end - at || op > size - filled) return 0;
            memcpy(target + filled, at, op);
            if (!add_span(walk, filled - width, filled + op + width, size)) return 0;
            at += op;
            filled += op;
            follows = -1;
        } else {
            return 0;   /* reserved */
        }
    }
    if (filled != size) return 0;
    if (follows != base->size && follows >= 0 && !add_span(walk, size - width, size, size)) return 0;
    return 1;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void give(Walk *walk) {
    if (!walk->out_used && !walk->record_count) return;
    walk->out[walk->out_used] = 0;   /* the end of the last part is an end, too */
    PyEval_RestoreThread(walk->thread);
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)walk->out, walk->out_used + 1);
    PyObject *segments = PyBytes_FromStringAndSize(
        (const char *)walk->segments, (Py_ssize_t)walk->segment_count * 4 * sizeof(int64_t));
    PyObject *records = PyBytes_FromStringAndSize(
        (const char *)walk->records, (Py_ssize_t)walk->record_count * 2 * sizeof(int64_t));
    PyObject *done = NULL;
    if (bytes && segments && records)
        done = PyObject_CallFunctionObjArgs(walk->flush, bytes, segments, records, NULL);
    if (!done) walk->failed = 1;
    Py_XDECREF(done);
    Py_XDECREF(bytes);
    Py_XDECREF(segments);
    Py_XDECREF(records);
    walk->out_used = walk->segment_count = walk->record_count = 0;
    walk->thread = PyEval_SaveThread();
}

/* A part of an object for the matcher; a NUL before each keeps strangers apart. `extra`: what the
 * receiver is told of it besides its place. */
static void put_part(Walk *walk, int64_t object, int64_t low, const uint8_t *bytes, uint32_t length,
                     int64_t extra) {
    if (walk->out_used + length + 1 > OUT_CAP || walk->segment_count >= SEGMENTS_CAP) give(walk);
    walk->out[walk->out_used++] = 0;
    int64_t *row = walk->segments + (size_t)walk->segment_count++ * 4;
    row[0] = object;
    row[1] = low;
    row[2] = walk->out_used;
    row[3] = extra;
    memcpy(walk->out + walk->out_used, bytes, length);
    walk->out_used += length;
}

static void put_window(Walk *walk, const Frame *frame, int64_t low, int64_t high) {
    const int64_t most = OUT_CAP - 2;
    while (low < high && !walk->failed) {
        int64_t length = high - low < most ? high - low : most;
        int64_t is_end = low + length == frame->size;
        put_part(walk, frame->object, low, frame->bytes + low, (uint32_t)length,
                 length | is_end << 40);
        if (low + length >= high) return;
        low += length - walk->store.width;   /* what straddles the cut is seen whole again */
    }
}

static void put_record(Walk *walk, int64_t object, int64_t excerpt) {
    if (walk->record_count >= SEGMENTS_CAP) give(walk);
    walk->records[(size_t)walk->record_count * 2] = object;
    walk->records[(size_t)walk->record_count++ * 2 + 1] = excerpt;
}

/* ---- what an object is ----------------------------------------------------------------------- */

static int starts(const uint8_t *bytes, int64_t size, const char *magic, int64_t length) {
    return size >= length && !memcmp(bytes, magic, (size_t)length);
}

/* A tar of before 1988 has no magic, but a sum in octal. */
static int is_old_tar(const uint8_t *bytes, int64_t size) {
    int digits = 0;
    if (size < 512) return 0;
    for (int i = 148; i < 155; i++) {
        if (bytes[i] >= '0' && bytes[i] <= '7') digits++;
        else if (bytes[i] != ' ' && bytes[i]) return 0;
    }
    return digits > 0;
}

/* Text that is looked at here, a binary, or something that needs more thought than a NUL test:
 * UTF-16 and UTF-32, archives and compressed files. */
static uint8_t state_of(const uint8_t *bytes, int64_t size) {
    if (starts(bytes, size, "\xff\xfe", 2) || starts(bytes, size, "\xfe\xff", 2) ||
        starts(bytes, size, "\0\0\xfe\xff", 4) || starts(bytes, size, "PK\3\4", 4) ||
        starts(bytes, size, "PK\5\6", 4) || starts(bytes, size, "\x1f\x8b", 2) ||
        starts(bytes, size, "BZh", 3) || starts(bytes, size, "\xfd" "7zXZ", 5) ||
        starts(bytes, size, "\x28\xb5\x2f\xfd", 4) ||
        (size >= 262 && !memcmp(bytes + 257, "ustar", 5)))
        return ODD;
    int64_t probe = size < PROBE ? size : PROBE;
    if (!probe || !memchr(bytes, 0, (size_t)probe)) return MATCHED;
    if (starts(bytes, size, "PK", 2) || is_old_tar(bytes, size)) return ODD;
    int64_t nuls = 0;
    for (int64_t i = 0; i < probe; i++) nuls += !bytes[i];
    return nuls * 4 >= probe ? ODD : BINARY;
}

/* ---- places ---------------------------------------------------------------------------------- */

static int by_end(const void *a, const void *b) {
    const Place *x = a, *y = b;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return x->excerpt < y->excerpt ? 1 : x->excerpt > y->excerpt ? -1 : 0;
}

static int is_token(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-' || byte == '+' ||
           byte == '/' || byte == '=' || byte == '.';
}

/* Encoded text and what it is wrapped with. */
static int is_run(uint8_t byte) {
    return is_token(byte) || byte == '%' || byte == '\\' || byte == '~' || byte == '|' ||
           byte == ':' || byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* A place that reaches far wants the encoded run that it stands in, and what leads to it: no more
 * of the bytes around it is handed out. */
static int64_t run_low(const Frame *frame, int64_t end, int64_t low) {
    int64_t at = end;
    if (low < 0) low = 0;
    if (end - low <= RUN) return low;
    while (at > low && is_run(frame->bytes[at - 1])) at--;
    at -= RUN_LEAD;
    return at > low ? at : low;
}

static int64_t run_high(const Frame *frame, int64_t end, int64_t high) {
    int64_t at = end;
    if (high > frame->size) high = frame->size;
    if (high - end <= RUN) return high;
    while (at < high && is_run(frame->bytes[at])) at++;
    at += RUN_LEAD;
    return at < high ? at : high;
}

/* Whether [low, high) of an object of `size`, clipped to it, lies in the copied part; clipped
 * ends must be ends on both sides. */
static int inside(int64_t low, int64_t high, int64_t base_size, const Copy *copy, int64_t size,
                  int strict) {
    int64_t first = copy->source, last = first + copy->length;
    if (low < 0) {
        if (strict && copy->target != 0) return 0;
        low = 0;
    }
    if (high > base_size) {
        if (strict && (int64_t)copy->target + copy->length != size) return 0;
        high = base_size;
    }
    return low >= first && high <= last;
}

/* The places of the base that this object copies: where they are now, and whether all that decides
 * about them came with them. Leaves room for `own` more. 0: memory ran out. */
static int inherited(Walk *walk, const Frame *base, int64_t size, uint32_t own, Place **made,
                     uint32_t *count) {
    uint32_t cap = 0;
    Place *places = NULL;
    *made = NULL;
    *count = 0;
    if (own && !grow((void **)&places, &cap, own, sizeof(Place))) return 0;
    for (uint32_t i = 0; base && i < walk->copy_count; i++) {
        const Copy *copy = &walk->copies[i];
        uint32_t low = 0, high = base->place_count;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (base->places[middle].end <= copy->source) low = middle + 1; else high = middle;
        }
        for (; low < base->place_count; low++) {
            const Place *place = &base->places[low];
            int64_t end = place->end;
            if (end > (int64_t)copy->source + copy->length) break;
            if (!inside(end - walk->store.width, end + 1, base->size, copy, size, 0)) continue;
            if (!grow((void **)&places, &cap, *count + own + 1, sizeof(Place))) {
                free(places);
                return 0;
            }
            Place *here = &places[(*count)++];
            *here = *place;
            here->end = place->end - copy->source + copy->target;
            if (here->excerpt < 0 || !inside(end - place->before, end + (int64_t)place->after,
                                             base->size, copy, size, 1))
                here->excerpt = -1;
        }
    }
    *made = places;
    return 1;
}

static int set_places(Walk *walk, Frame *frame, const Frame *base) {
    int64_t own = walk->first_place[frame->object + 1] - walk->first_place[frame->object];
    if (own < 0 || own > INT32_MAX) return 0;
    uint32_t count = 0;
    Place *places = NULL;
    if (!inherited(walk, base, frame->size, (uint32_t)own, &places, &count)) return 0;
    for (int64_t i = 0; i < own; i++) {
        const int64_t *row = walk->place_table + (walk->first_place[frame->object] + i) * 3;
        if (row[0] < 0 || row[0] > frame->size) continue;
        Place place = {(uint32_t)row[0], (uint32_t)row[1], (uint32_t)row[2], -1};
        places[count++] = place;
    }
    if (!count) {
        free(places);
        return 1;
    }
    qsort(places, count, sizeof(Place), by_end);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept && places[kept - 1].end == places[i].end) {
            Place *same = &places[kept - 1];
            if (places[i].before > same->before || places[i].after > same->after) {
                if (places[i].before > same->before) same->before = places[i].before;
                if (places[i].after > same->after) same->after = places[i].after;
                same->excerpt = -1;
            }
        } else {
            places[kept++] = places[i];
        }
    }
    frame->places = places;
    frame->place_count = kept;
    return 1;
}

/* Hands out what decides about each place that is new here, and tells which excerpts the object
 * has. Places within one token are told as one. */
static void put_places(Walk *walk, Frame *frame) {
    uint32_t i = 0;
    int64_t last = -1;
    while (i < frame->place_count && !walk->failed) {
        Place *place = &frame->places[i];
        if (place->excerpt >= 0) {
            if (place->excerpt != last) put_record(walk, frame->object, place->excerpt);
            last = place->excerpt;
            i++;
            continue;
        }
        uint32_t j = i + 1;
        int64_t low = run_low(frame, place->end, (int64_t)place->end - place->before);
        int64_t high = run_high(frame, place->end, (int64_t)place->end + place->after);
        for (; j < frame->place_count; j++) {
            Place *next = &frame->places[j];
            if (next->excerpt >= 0 || next->end - place->end > CLUSTER) break;
            uint32_t at = place->end;
            while (at + 1 < next->end && is_token(frame->bytes[at])) at++;
            if (at + 1 < next->end) break;
            int64_t lower = run_low(frame, next->end, (int64_t)next->end - next->before);
            int64_t higher = run_high(frame, next->end, (int64_t)next->end + next->after);
            if (lower < low) low = lower;
            if (higher > high) high = higher;
        }
        int32_t number = walk->excerpt_count++;
        int64_t first = (int64_t)place->end, final = frame->places[j - 1].end;
        for (uint32_t k = i; k < j; k++) frame->places[k].excerpt = number;
        /* extra: where in the excerpt the places lie, and its length */
        put_part(walk, number, (first - low) << 32 | (final - low), frame->bytes + low,
                 (uint32_t)(high - low), high - low);
        put_record(walk, frame->object, number);
        last = number;
        i = j;
    }
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void drop(Walk *walk, Frame *frame) {
    walk->live -= frame->size;
    free(frame->bytes);
    free(frame->places);
    frame->bytes = NULL;
    frame->places = NULL;
    frame->place_count = 0;
}

static void visit_graph(Walk *walk, Frame *frame, const Frame *base);

static void visit(Walk *walk, Frame *frame, const Frame *base) {
    Store *s = &walk->store;
    frame->next = s->child[frame->object];
    frame->is_matched = 0;
    if (walk->graph) {
        visit_graph(walk, frame, base);
        return;
    }
    uint8_t state = state_of(frame->bytes, frame->size);
    if (s->wanted[frame->object]) s->states[frame->object] = state;
    if (state != MATCHED || !s->wanted[frame->object]) return;
    frame->is_matched = 1;
    int knows_base = base && base->is_matched;
    if (walk->first_place) {
        if (!set_places(walk, frame, knows_base ? base : NULL)) {
            s->states[frame->object] = UNREADABLE;
            frame->is_matched = 0;
            return;
        }
        put_places(walk, frame);
    } else if (knows_base) {
        for (uint32_t i = 0; i < walk->span_count && !walk->failed; i++)
            put_window(walk, frame, walk->spans[i].low, walk->spans[i].high);
    } else {
        put_window(walk, frame, 0, frame->size);
    }
}

/* All below are out of reach: whoever reads them otherwise is told which. */
static void refuse(Walk *walk, int32_t object, uint8_t state) {
    walk->store.states[object] = state;
}

static int take(Walk *walk, Frame *frame, int32_t object, int64_t size) {
    if (size < 0 || size > walk->store.most_object || size > UINT32_MAX ||
        walk->live + size > walk->store.most_live) {
        refuse(walk, object, TOO_LARGE);
        return 0;
    }
    memset(frame, 0, sizeof *frame);
    frame->object = object;
    frame->size = size;
    frame->bytes = malloc(size ? (size_t)size : 1);
    if (!frame->bytes) {
        refuse(walk, object, TOO_LARGE);
        return 0;
    }
    walk->live += size;
    return 1;
}

static int take_delta(Walk *walk, Frame *frame, int32_t object, const Frame *base) {
    Store *s = &walk->store;
    int64_t size = s->sizes[object];
    if (size < 0 || size > s->most_object) {
        refuse(walk, object, TOO_LARGE);
        return 0;
    }
    if (!walk->delta || size > walk->delta_cap) {
        uint8_t *wider = realloc(walk->delta, size ? (size_t)size : 1);
        if (!wider) {
            refuse(walk, object, TOO_LARGE);
            return 0;
        }
        walk->delta = wider;
        walk->delta_cap = size;
    }
    if (!inflate_entry(walk, object, walk->delta, size)) {
        refuse(walk, object, UNREADABLE);
        return 0;
    }
    const uint8_t *at = walk->delta, *end = walk->delta + size;
    int64_t result = result_size(&at, end, base->size);
    if (result < 0) {
        refuse(walk, object, UNREADABLE);
        return 0;
    }
    if (!take(walk, frame, object, result)) return 0;
    if (!apply(walk, at, end, base, frame->bytes, result)) {
        refuse(walk, object, UNREADABLE);
        drop(walk, frame);
        return 0;
    }
    return 1;
}

/* Whether another object may be asked for; links that lead in rings would do it without end. */
static int may_ask(Walk *walk) {
    if (walk->left-- > 0) return 1;
    walk->failed = walk->rings = 1;
    return 0;
}

static void walk_family(Walk *walk, int32_t root, Frame **stack, uint32_t *stack_cap) {
    Store *s = &walk->store;
    uint32_t depth = 0;
    if (!may_ask(walk)) return;
    if (!grow((void **)stack, stack_cap, 1, sizeof(Frame))) return;
    if (!take(walk, &(*stack)[0], root, s->sizes[root])) return;
    if (!inflate_entry(walk, root, (*stack)[0].bytes, s->sizes[root])) {
        refuse(walk, root, UNREADABLE);
        drop(walk, &(*stack)[0]);
        return;
    }
    visit(walk, &(*stack)[0], NULL);
    depth = 1;
    while (depth && !walk->failed) {
        Frame *top = &(*stack)[depth - 1];
        int32_t object = top->next;
        if (object < 0 || object >= s->count || depth >= MOST_DEPTH) {
            drop(walk, top);
            depth--;
            continue;
        }
        top->next = s->sibling[object];
        if (!may_ask(walk) || !grow((void **)stack, stack_cap, depth + 1, sizeof(Frame))) break;
        top = &(*stack)[depth - 1];
        Frame frame;
        if (!take_delta(walk, &frame, object, top)) continue;
        visit(walk, &frame, top);
        if (frame.next < 0) {
            drop(walk, &frame);
        } else if (top->next < 0) {   /* nobody needs the base any more */
            drop(walk, top);
            *top = frame;
        } else {
            (*stack)[depth++] = frame;
        }
    }
    while (depth) drop(walk, &(*stack)[--depth]);
}

/* ---- what leads to what ---------------------------------------------------------------------- */

#define ID 20

static int push(Graph *g, Buffer *buffer, const void *bytes, int64_t length) {
    if (buffer->used + length > MOST_GRAPH) {
        g->no_memory = 1;
        return 0;
    }
    if (buffer->used + length > buffer->cap) {
        int64_t wider = buffer->cap ? buffer->cap * 2 : 1 << 16;
        while (wider < buffer->used + length) wider *= 2;
        uint8_t *moved = realloc(buffer->bytes, (size_t)wider);
        if (!moved) {
            g->no_memory = 1;
            return 0;
        }
        buffer->bytes = moved;
        buffer->cap = wider;
    }
    if (length) memcpy(buffer->bytes + buffer->used, bytes, (size_t)length);
    buffer->used += length;
    return 1;
}

static uint64_t id_hash(const uint8_t *id) {
    uint64_t value;
    memcpy(&value, id, 8);
    return value * 0x9E3779B97F4A7C15u >> 20;
}

static int64_t find_id(const Graph *g, const uint8_t *id) {
    for (uint64_t at = id_hash(id) & g->table_mask;; at = (at + 1) & g->table_mask) {
        uint32_t found = g->table[at];
        if (!found) return -1;
        if (!memcmp(g->ids + (int64_t)(found - 1) * ID, id, ID)) return found - 1;
    }
}

/* FNV-1a (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv), folded. */
static uint64_t name_hash(const Graph *g, const uint8_t *name, int64_t length) {
    uint64_t hash = 1469598103934665603u ^ g->salt;
    for (int64_t i = 0; i < length; i++) hash = (hash ^ name[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

static void grow_names(Graph *g) {
    uint64_t mask = g->name_mask ? g->name_mask * 2 + 1 : FIRST_SLOTS - 1;
    uint32_t *table = calloc(mask + 1, sizeof(uint32_t));
    if (!table) {
        g->no_memory = 1;
        return;
    }
    const int64_t *ends = (const int64_t *)g->name_ends.bytes;
    for (int64_t i = 0; i < g->name_count; i++) {
        int64_t low = i ? ends[i - 1] : 0;
        uint64_t at = name_hash(g, g->names.bytes + low, ends[i] - low) & mask;
        while (table[at]) at = (at + 1) & mask;
        table[at] = (uint32_t)(i + 1);
    }
    free(g->name_table);
    g->name_table = table;
    g->name_mask = mask;
}

/* A number for a name, the same for the same name; -1 when memory ran out. */
static int64_t name_of(Graph *g, const uint8_t *name, int64_t length) {
    if ((uint64_t)g->name_count * 2 >= g->name_mask) grow_names(g);
    if (g->no_memory || g->name_count >= INT32_MAX) return -1;
    uint64_t at = name_hash(g, name, length) & g->name_mask;
    for (; g->name_table[at]; at = (at + 1) & g->name_mask) {
        const int64_t *ends = (const int64_t *)g->name_ends.bytes;
        int64_t number = g->name_table[at] - 1, low = number ? ends[number - 1] : 0;
        if (ends[number] - low != length) continue;
        if (!length || !memcmp(g->names.bytes + low, name, (size_t)length)) return number;
    }
    if (!push(g, &g->names, name, length)) return -1;
    int64_t end = g->names.used;
    if (!push(g, &g->name_ends, &end, sizeof end)) return -1;
    g->name_table[at] = (uint32_t)++g->name_count;
    return g->name_count - 1;
}

static void put_missing(Graph *g, const uint8_t *id, int64_t holder) {
    uint8_t row[ID + 8];
    memcpy(row, id, ID);
    memcpy(row + ID, &holder, 8);
    push(g, &g->missing, row, sizeof row);
}

static void visit_tree(Walk *walk, const Frame *frame, int knows_base) {
    Graph *g = walk->graph;
    const uint8_t *at = frame->bytes, *end = at + frame->size;
    int64_t self = g->first + frame->object;
    uint32_t span = 0;
    while (at < end && !g->no_memory) {
        const uint8_t *start = at, *space = memchr(at, ' ', (size_t)(end - at));
        const uint8_t *nul = space ? memchr(space, 0, (size_t)(end - space)) : NULL;
        if (!nul || end - nul <= ID || space - start < 5 || nul == space + 1) {
            walk->store.states[frame->object] = UNREADABLE;   /* git has to say what is wrong */
            return;
        }
        const uint8_t *id = nul + 1;
        at = id + ID;
        int is_tree = space - start >= 5 && !memcmp(space - 5, "40000", 5);
        if (space - start == 6 && !memcmp(start, "160000", 6)) continue;   /* a submodule's commit */
        int is_new = !knows_base;
        if (knows_base) {
            while (span < walk->span_count &&
                   walk->spans[span].high <= (uint64_t)(start - frame->bytes)) span++;
            is_new = span < walk->span_count &&
                     walk->spans[span].low < (uint64_t)(at - frame->bytes);
        }
        uint32_t bits = (uint32_t)id[0] << 8 | id[1];
        int may_seek = g->seeks && (g->may_seek[bits >> 3] >> (bits & 7) & 1);
        if (!is_new && !is_tree && !may_seek) continue;
        int64_t found = find_id(g, id);
        if (found < 0) {
            if (is_new) put_missing(g, id, self);
            continue;
        }
        if (!is_tree && !g->sought[found]) continue;
        int64_t name = name_of(g, space + 1, nul - space - 1);
        int32_t row[3] = {(int32_t)found, (int32_t)self, (int32_t)name};
        if (name >= 0) push(g, &g->edges, row, sizeof row);
    }
}

static int hex_id(const uint8_t *text, uint8_t *id) {
    for (int i = 0; i < ID * 2; i++) {
        uint8_t c = text[i], value;
        if (c >= '0' && c <= '9') value = (uint8_t)(c - '0');
        else if (c >= 'a' && c <= 'f') value = (uint8_t)(c - 'a' + 10);
        else return 0;
        if (i & 1) id[i / 2] |= value; else id[i / 2] = (uint8_t)(value << 4);
    }
    return 1;
}

/* The address and the seconds of an `author` or `committer` line. */
static void signature(const uint8_t *line, const uint8_t *end, const uint8_t **low,
                      const uint8_t **high, int64_t *seconds) {
    const uint8_t *open = memchr(line, '<', (size_t)(end - line)), *close = end;
    *low = *high = line;
    *seconds = 0;
    if (!open) return;
    const uint8_t *shut = memchr(open, '>', (size_t)(end - open));
    if (!shut) return;
    *low = open + 1;
    *high = shut;
    while (close > open && close[-1] != '>') close--;
    while (close < end && *close == ' ') close++;
    int negative = close < end && *close == '-';
    if (negative) close++;
    int64_t value = 0;
    for (; close < end && *close >= '0' && *close <= '9' && value < (int64_t)1 << 50; close++)
        value = value * 10 + (*close - '0');
    *seconds = negative ? -value : value;
}

static void visit_commit(Walk *walk, const Frame *frame) {
    Graph *g = walk->graph;
    const uint8_t *at = frame->bytes, *end = at + frame->size;
    int64_t self = g->first + frame->object, seconds = 0, author = -1, tree = -1;
    int64_t head[5], parent, count = 0;
    int64_t where = g->commits.used;
    memset(head, 0, sizeof head);
    if (!push(g, &g->commits, head, sizeof head)) return;
    while (at < end && *at != '\n') {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        uint8_t id[ID];
        if (stop - at == 45 && !memcmp(at, "tree ", 5) && hex_id(at + 5, id)) {
            tree = find_id(g, id);
            if (tree < 0) put_missing(g, id, self);
        } else if (stop - at == 47 && !memcmp(at, "parent ", 7) && hex_id(at + 7, id)) {
            parent = find_id(g, id);
            if (parent < 0) put_missing(g, id, self);
            if (!push(g, &g->parents, &parent, sizeof parent)) return;
            count++;
        } else if (stop - at > 7 && !memcmp(at, "author ", 7) && author < 0) {
            const uint8_t *low, *high;
            int64_t unused;
            signature(at + 7, stop, &low, &high, &unused);
            author = name_of(g, low, high - low);
        } else if (stop - at > 10 && !memcmp(at, "committer ", 10)) {
            const uint8_t *low, *high;
            signature(at + 10, stop, &low, &high, &seconds);
        }
        at = stop + 1;
    }
    head[0] = self; head[1] = tree; head[2] = seconds; head[3] = author; head[4] = count;
    memcpy(g->commits.bytes + where, head, sizeof head);
}

static void visit_tag(Walk *walk, const Frame *frame) {
    Graph *g = walk->graph;
    uint8_t id[ID];
    if (frame->size > 47 && !memcmp(frame->bytes, "object ", 7) && frame->bytes[47] == '\n' &&
        hex_id(frame->bytes + 7, id) && find_id(g, id) < 0)
        put_missing(g, id, g->first + frame->object);
}

static void visit_graph(Walk *walk, Frame *frame, const Frame *base) {
    Store *s = &walk->store;
    uint8_t kind = walk->graph->kinds[walk->graph->first + frame->object];
    frame->is_matched = 1;
    if (!s->wanted[frame->object]) return;
    s->states[frame->object] = MATCHED;
    int knows_base = base && s->wanted[base->object];
    if (kind == 2) visit_tree(walk, frame, knows_base);
    else if (kind == 1) visit_commit(walk, frame);
    else if (kind == 4) visit_tag(walk, frame);
    if (walk->graph->no_memory) walk->failed = 1;
}

static PyObject *as_bytes(const Buffer *buffer) {
    return PyBytes_FromStringAndSize((const char *)buffer->bytes, (Py_ssize_t)buffer->used);
}

static int make_tables(Graph *g) {
    uint64_t size = FIRST_SLOTS;
    while (size < (uint64_t)g->id_count * 2) size *= 2;
    g->table = calloc(size, sizeof(uint32_t));
    g->table_mask = size - 1;
    grow_names(g);
    if (!g->table || g->no_memory) return 0;
    for (int64_t i = 0; i < g->id_count; i++) {
        const uint8_t *id = g->ids + i * ID;
        uint64_t at = id_hash(id) & g->table_mask;
        while (g->table[at] && memcmp(g->ids + (int64_t)(g->table[at] - 1) * ID, id, ID))
            at = (at + 1) & g->table_mask;
        if (!g->table[at]) g->table[at] = (uint32_t)(i + 1);   /* stored twice: the first counts */
        if (g->sought[i]) {
            uint32_t bits = (uint32_t)id[0] << 8 | id[1];
            g->may_seek[bits >> 3] |= (uint8_t)(1 << (bits & 7));
            g->seeks = 1;
        }
    }
    return 1;
}

/* ---- Python ---------------------------------------------------------------------------------- */

static PyObject *headers(PyObject *self, PyObject *args) {
    Py_buffer pack, offsets, kinds, sizes, bases, data;
    int id_size;
    if (!PyArg_ParseTuple(args, "y*y*w*w*w*w*i", &pack, &offsets, &kinds, &sizes, &bases, &data,
                          &id_size))
        return NULL;
    int64_t count = offsets.len / 8 - 1;
    int fits = count >= 0 && kinds.len >= count && sizes.len >= count * 8 &&
               bases.len >= count * 8 && data.len >= count * 8 && id_size > 0 && id_size <= 64;
    const int64_t *at = offsets.buf;
    const uint8_t *bytes = pack.buf;
    uint8_t *kind = kinds.buf;
    int64_t *size = sizes.buf, *base = bases.buf, *start = data.buf;
    Py_BEGIN_ALLOW_THREADS
    for (int64_t i = 0; fits && i < count; i++) {
        kind[i] = 0; size[i] = 0; base[i] = -1; start[i] = -1;
        if (at[i] < 12 || at[i + 1] <= at[i] || at[i + 1] > pack.len) continue;
        const uint8_t *p = bytes + at[i], *end = bytes + at[i + 1];
        uint8_t byte = *p++;
        uint8_t found = (byte >> 4) & 7;
        uint64_t value = byte & 15;
        int shift = 4, broken = 0;
        while (byte & 0x80) {
            if (p >= end || shift > 56) { broken = 1; break; }
            byte = *p++;
            value |= (uint64_t)(byte & 0x7f) << shift;
            shift += 7;
        }
        if (broken || value > INT64_MAX) continue;
        if (found == 6) {
            uint64_t back = 0;
            for (int n = 0;; n++) {
                if (p >= end || n > 8) { broken = 1; break; }
                byte = *p++;
                back = (n ? (back + 1) << 7 : 0) | (byte & 0x7f);
                if (!(byte & 0x80)) break;
            }
            if (broken || back == 0 || back > (uint64_t)at[i]) continue;
            base[i] = at[i] - (int64_t)back;
        } else if (found == 7) {
            if (end - p < id_size) continue;
            base[i] = p - bytes;     /* where the base's id stands */
            p += id_size;
        } else if (found < 1 || found > 4) {
            continue;
        }
        kind[i] = found;
        size[i] = (int64_t)value;
        start[i] = p - bytes;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&pack); PyBuffer_Release(&offsets); PyBuffer_Release(&kinds);
    PyBuffer_Release(&sizes); PyBuffer_Release(&bases); PyBuffer_Release(&data);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "headers: the arrays are too short");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* What `walk` and `graph` are both given. */
typedef struct {
    Py_buffer pack, data, ends, sizes, child, sibling, wanted, states, roots;
} Given;

#define GIVEN(g) &(g).pack, &(g).data, &(g).ends, &(g).sizes, &(g).child, &(g).sibling, \
                 &(g).wanted, &(g).states, &(g).roots

/* Whether the arrays fit together and point nowhere else. */
static int set_store(Store *s, const Given *g) {
    s->pack = g->pack.buf; s->pack_size = g->pack.len;
    s->count = g->data.len / 8;
    s->data = g->data.buf; s->ends = g->ends.buf; s->sizes = g->sizes.buf;
    s->child = g->child.buf; s->sibling = g->sibling.buf;
    s->wanted = g->wanted.buf; s->states = g->states.buf;
    if (s->count > INT32_MAX || g->ends.len / 8 < s->count || g->sizes.len / 8 < s->count ||
        g->child.len / 4 < s->count || g->sibling.len / 4 < s->count ||
        g->wanted.len < s->count || g->states.len < s->count)
        return 0;
    for (int64_t i = 0; i < s->count; i++)
        if (s->child[i] >= s->count || s->sibling[i] >= s->count) return 0;
    const int32_t *root = g->roots.buf;
    for (int64_t i = 0; i < g->roots.len / 4; i++)
        if (root[i] < 0 || root[i] >= s->count) return 0;
    return 1;
}

static void release(Given *g) {
    Py_buffer *all[] = {GIVEN(*g)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) PyBuffer_Release(all[i]);
}

static int open_walk(Walk *walk) {
#ifdef HAVE_LIBDEFLATE
    walk->inflater = libdeflate_alloc_decompressor();
    return walk->inflater != NULL;
#else
    return 1;
#endif
}

static void walk_families(Walk *walk, const Given *g) {
    const int32_t *root = g->roots.buf;
    Frame *stack = NULL;
    uint32_t stack_cap = 0;
    walk->left = walk->store.count;
    for (int64_t i = 0; i < g->roots.len / 4 && !walk->failed; i++)
        walk_family(walk, root[i], &stack, &stack_cap);
    free(stack);
}

static void close_walk(Walk *walk) {
#ifdef HAVE_LIBDEFLATE
    if (walk->inflater) libdeflate_free_decompressor(walk->inflater);
#endif
    free(walk->delta); free(walk->copies); free(walk->spans);
}

/* Whether each object's places are in order and none reaches farther than a part may. */
static int set_table(Walk *walk, const Py_buffer *first, const Py_buffer *table) {
    int64_t count = walk->store.count, places = table->len / 24;
    walk->first_place = first->buf;
    walk->place_table = table->buf;
    if (first->len / 8 < count + 1) return 0;
    for (int64_t i = 0; i <= count; i++)
        if (walk->first_place[i] < 0 || walk->first_place[i] > places ||
            (i && walk->first_place[i] < walk->first_place[i - 1]))
            return 0;
    for (int64_t i = 0; i < places; i++) {
        const int64_t *row = walk->place_table + i * 3;
        if (row[1] < 0 || row[1] > MOST_REACH || row[2] < 0 || row[2] > MOST_REACH) return 0;
    }
    return 1;
}

static PyObject *walk_pack(PyObject *self, PyObject *args) {
    Given given;
    Py_buffer first, table;
    long long most_object, most_live;
    unsigned int width;
    PyObject *flush;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*w*y*y*y*LLIO", GIVEN(given), &first, &table,
                          &most_object, &most_live, &width, &flush))
        return NULL;
    Walk walk;
    memset(&walk, 0, sizeof walk);
    int fits = set_store(&walk.store, &given) && width < MOST_REACH &&
               (!first.len || set_table(&walk, &first, &table));
    walk.store.most_object = most_object;
    walk.store.most_live = most_live;
    walk.store.width = width;
    walk.flush = flush;
    walk.out = malloc(OUT_CAP + 1);
    walk.segments = malloc((size_t)SEGMENTS_CAP * 4 * sizeof(int64_t));
    walk.records = malloc((size_t)SEGMENTS_CAP * 2 * sizeof(int64_t));
    int has_memory = open_walk(&walk) && walk.out && walk.segments && walk.records;
    if (fits && has_memory) {
        walk.thread = PyEval_SaveThread();
        walk_families(&walk, &given);
        if (!walk.failed) give(&walk);
        PyEval_RestoreThread(walk.thread);
    }
    close_walk(&walk);
    free(walk.out); free(walk.segments); free(walk.records);
    release(&given);
    PyBuffer_Release(&first); PyBuffer_Release(&table);
    if (walk.failed && !walk.rings) return NULL;
    if (!has_memory) return PyErr_NoMemory();
    if (!fits || walk.rings) {
        PyErr_SetString(PyExc_ValueError, "walk: the arrays do not fit together");
        return NULL;
    }
    return PyLong_FromLongLong(walk.excerpt_count);
}

static PyObject *graph(PyObject *self, PyObject *args) {
    Given given;
    Py_buffer ids, kinds, sought;
    long long first, most_object, most_live;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*y*w*y*y*y*y*LLL", GIVEN(given), &ids, &kinds, &sought,
                          &first, &most_object, &most_live))
        return NULL;
    Walk walk;
    Graph g;
    memset(&walk, 0, sizeof walk);
    memset(&g, 0, sizeof g);
    walk.store.most_object = most_object;
    walk.store.most_live = most_live;
    walk.store.width = 32;   /* a name's end and an id may come from different parts */
    walk.graph = &g;
    g.ids = ids.buf; g.id_count = ids.len / ID;
    g.kinds = kinds.buf; g.sought = sought.buf; g.first = first;
    int fits = set_store(&walk.store, &given) && g.id_count < INT32_MAX &&
               kinds.len >= g.id_count && sought.len >= g.id_count && first >= 0 &&
               first <= g.id_count - walk.store.count;
    PyObject *word = PyBytes_FromString("names");   /* hashed by a key that Python draws at start */
    if (word) g.salt = (uint64_t)PyObject_Hash(word);
    Py_XDECREF(word);
    int has_memory = open_walk(&walk) && word;
    if (fits && has_memory) {
        Py_BEGIN_ALLOW_THREADS
        has_memory = make_tables(&g);
        if (has_memory) walk_families(&walk, &given);
        Py_END_ALLOW_THREADS
    }
    PyObject *result = NULL;
    if (!fits || walk.rings)
        PyErr_SetString(PyExc_ValueError, "graph: the arrays do not fit together");
    else if (!has_memory || g.no_memory)
        PyErr_NoMemory();
    else
        result = Py_BuildValue("(NNNNNN)", as_bytes(&g.edges), as_bytes(&g.commits),
                               as_bytes(&g.parents), as_bytes(&g.missing), as_bytes(&g.names),
                               as_bytes(&g.name_ends));
    close_walk(&walk);
    free(g.table); free(g.name_table); free(g.edges.bytes); free(g.commits.bytes);
    free(g.parents.bytes); free(g.missing.bytes); free(g.names.bytes); free(g.name_ends.bytes);
    release(&given);
    PyBuffer_Release(&ids); PyBuffer_Release(&kinds); PyBuffer_Release(&sought);
    return result;
}

static PyMethodDef methods[] = {
    {"headers", headers, METH_VARARGS,
     "headers(pack, offsets, kinds, sizes, bases, data, id_size): kind, inflated size, base and "
     "start of the compressed bytes of every entry; kind 0 where the header is broken."},
    {"walk", walk_pack, METH_VARARGS,
     "walk(pack, data, ends, sizes, child, sibling, wanted, states, roots, first, table, "
     "most_object, most_live, width, flush): windows, or excerpts where places are given."},
    {"graph", graph, METH_VARARGS,
     "graph(pack, data, ends, sizes, child, sibling, wanted, states, roots, ids, kinds, sought, "
     "first, most_object, most_live): edges (int32 child, tree, name), commits (int64 self, tree, "
     "seconds, author, number of parents), their parents, missing (20-byte id, int64 holder), "
     "names, and where each ends. MemoryError where there are too many."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_packwalk",
    "The compiled core of the pack walk.", -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__packwalk(void) { return PyModule_Create(&module); }
