/* What the compiled core of the pack walk is fuzzed through (native/packwalk.c): an input describes
 * a pack, object by object, *before* it is compressed, so that what is mutated is what the core
 * reads: headers, delta steps, tree entries, sizes. The pack is built, read by `headers`, walked
 * twice (windows, then excerpts at places) and once for the graph, through Python's own interface.
 *
 * Besides what the sanitizers tell, these must hold: what is handed out is what a plain reading of
 * the same deltas makes; only objects that can be rebuilt are called readable; all memory is given
 * back and every buffer released, also when memory runs out in the middle.
 *
 * An input: 8 bytes of options (see `Options`), up to 3 tampers with the arrays (4 bytes each), then
 * records: kind, flags, base, length (2 bytes, little-endian), payload.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#include "packwalk_fuzz.h"

PyMODINIT_FUNC PyInit__packwalk(void);

/* ---- memory that the core asks for ----------------------------------------------------------- */

static int64_t asked, refused_at, held;

static int is_refused(void) { return refused_at && ++asked >= refused_at; }
static void *counted(void *made) { held += made != NULL; return made; }

void *packwalk_malloc(size_t size) { return is_refused() ? NULL : counted(malloc(size)); }
void *packwalk_calloc(size_t n, size_t each) {
    return is_refused() ? NULL : counted(calloc(n, each));
}
void *packwalk_realloc(void *old, size_t size) {
    if (is_refused()) return NULL;
    void *made = realloc(old, size);
    held += made && !old;
    return made;
}
void packwalk_free(void *old) { held -= old != NULL; free(old); }

typedef struct {
    uint8_t limits, refused, spacing, reach, width, first, raises, tampers;
} Options;

static PyObject *core, *flush_windows, *flush_excerpts;
static Options options;
static int64_t *sizes, *bases, *data, *first_place;
static int32_t *child, *sibling, *roots;
static uint8_t *kinds, *whole, *wanted, *states, *ids, *all_kinds, *sought;
static int64_t *places;
static int64_t root_count, place_count, place_cap, excerpts_told, flushes;
static int is_honest;      /* nothing tampered with: what is handed out can be judged */

/* ---- what the core is given ------------------------------------------------------------------ */

static PyObject *view(void *memory, int64_t length, int flags) {
    return PyMemoryView_FromMemory(memory, (Py_ssize_t)length, flags);
}

/* Calls, and sees to it that every buffer is released. */
static PyObject *call(const char *name, PyObject **given, int64_t n, PyObject *last) {
    PyObject *arguments = PyTuple_New((Py_ssize_t)n + (last != NULL));
    PyObject *method = PyObject_GetAttrString(core, name);
    CHECK(arguments && method);
    for (int64_t i = 0; i < n; i++) {
        Py_INCREF(given[i]);
        PyTuple_SetItem(arguments, (Py_ssize_t)i, given[i]);
    }
    if (last) {
        Py_INCREF(last);
        PyTuple_SetItem(arguments, (Py_ssize_t)n, last);
    }
    asked = 0;
    refused_at = options.refused;
    PyObject *result = PyObject_CallObject(method, arguments);
    refused_at = 0;
    CHECK(!held);
    if (!result) {
        int is_known = PyErr_ExceptionMatches(PyExc_ValueError) ||
                       PyErr_ExceptionMatches(PyExc_MemoryError) ||
                       PyErr_ExceptionMatches(PyExc_KeyError);
        if (!is_known) PyErr_Print();
        CHECK(is_known);
        CHECK(!PyErr_ExceptionMatches(PyExc_ValueError) || !is_honest);
        CHECK(!PyErr_ExceptionMatches(PyExc_KeyError) || options.raises);
        PyErr_Clear();
    }
    Py_DECREF(arguments);
    Py_DECREF(method);
    for (int64_t i = 0; i < n; i++) {
        if (PyMemoryView_Check(given[i])) {
            PyObject *none = PyObject_CallMethod(given[i], "release", NULL);
            CHECK(none);
            Py_DECREF(none);
        }
        Py_DECREF(given[i]);
    }
    return result;
}

static void judge_headers(void) {
    for (int64_t i = 0; i < object_count; i++) {
        const Object *object = &objects[i];
        int is_broken = !object->kind || object->kind == 5 || (object->kind == 6 && !i);
        if (!is_honest) continue;
        CHECK(kinds[i] == (is_broken ? 0 : object->kind));
        if (is_broken) continue;
        CHECK(data[i] > offsets[i] && data[i] <= offsets[i + 1]);
        CHECK((uint64_t)sizes[i] == object->declared);
        if (kinds[i] == 6) CHECK(bases[i] == offsets[object->base]);
    }
}

static void read_headers(void) {
    PyObject *given[] = {
        view(pack, pack_used, PyBUF_READ), view(offsets, (object_count + 1) * 8, PyBUF_READ),
        view(kinds, object_count, PyBUF_WRITE), view(sizes, object_count * 8, PyBUF_WRITE),
        view(bases, object_count * 8, PyBUF_WRITE), view(data, object_count * 8, PyBUF_WRITE),
        PyLong_FromLong(20)};
    Py_XDECREF(call("headers", given, 7, NULL));
    judge_headers();
}

static int64_t base_of(int64_t number) {
    if (kinds[number] == 6)
        for (int64_t i = 0; i < number; i++) if (offsets[i] == bases[number]) return i;
    if (kinds[number] == 7 && bases[number] >= 0 && bases[number] + 20 <= pack_used) {
        int64_t at = pack[bases[number]] - 1;   /* ids are one byte, twenty times */
        if (at >= 0 && at < object_count) return at;
    }
    return -1;
}

/* As scanner/kit/git/packs.py links them. */
static void link_families(void) {
    int64_t base[MOST_OBJECTS];
    uint8_t needed[MOST_OBJECTS];
    for (int64_t i = 0; i < object_count; i++) base[i] = base_of(i);
    root_count = 0;
    for (int64_t i = 0; i < object_count; i++) {
        int64_t root = i, steps_left = object_count;
        while (base[root] >= 0 && steps_left--) root = base[root];
        whole[i] = kinds[root] >= 6 || (base[root] >= 0) ? 0 : kinds[root];
        wanted[i] = !(objects[i].flags & UNWANTED);
        needed[i] = wanted[i] && whole[i];
        child[i] = sibling[i] = -1;
    }
    for (int64_t round = 0; round < object_count; round++)
        for (int64_t i = 0; i < object_count; i++) if (needed[i] && base[i] >= 0) needed[base[i]] = 1;
    for (int64_t i = object_count - 1; i >= 0; i--) {
        if (!needed[i]) continue;
        if (base[i] < 0) {
            roots[root_count++] = (int32_t)i;
        } else {
            sibling[i] = child[base[i]];
            child[base[i]] = (int32_t)i;
        }
    }
}

static const int64_t ODD_VALUES[] = {0, -1, 1, INT64_MAX, INT64_MIN, INT32_MAX, INT64_C(1) << 31,
                                     INT64_C(1) << 32, 12, (INT64_C(1) << 62) + 3};

static void tamper(const uint8_t *rows) {
    for (int i = 0; i < options.tampers % 4; i++, rows += 4) {
        int64_t at = rows[1] % object_count;
        int64_t value = rows[2] < 10 ? ODD_VALUES[rows[2]]
                        : rows[2] & 1 ? pack_used + (int8_t)rows[3] : rows[3];
        switch (rows[0] % 8) {
        case 0: data[at] = value; break;
        case 1: offsets[at + 1] = value; break;
        case 2: sizes[at] = value; break;
        case 3: child[at] = (int32_t)value; break;
        case 4: sibling[at] = (int32_t)value; break;
        case 5: if (root_count) roots[at % root_count] = (int32_t)value; break;
        case 6: if (place_count) places[(at % place_count) * 3 + rows[3] % 3] = value; break;
        default: first_place[at] = value;
        }
    }
}

static int64_t given_store(PyObject **to) {
    PyObject *made[] = {
        view(pack, pack_used, PyBUF_READ), view(data, object_count * 8, PyBUF_READ),
        view(offsets + 1, object_count * 8, PyBUF_READ), view(sizes, object_count * 8, PyBUF_READ),
        view(child, object_count * 4, PyBUF_READ), view(sibling, object_count * 4, PyBUF_READ),
        view(wanted, object_count, PyBUF_READ), view(states, object_count, PyBUF_WRITE),
        view(roots, root_count * 4, PyBUF_READ)};
    memcpy(to, made, sizeof made);
    return sizeof made / sizeof *made;
}

static int64_t most_object(void) { return (int64_t)64 << options.limits % 8 * 2; }
static int64_t most_live(void) { return (int64_t)64 << options.limits / 8 % 8 * 3; }

static void walk(int with_places) {
    PyObject *given[14];
    int64_t *table = fresh(place_count * 24);
    memcpy(table, places, (size_t)place_count * 24);
    memset(states, 0, (size_t)object_count);
    excerpts_told = flushes = 0;
    int64_t n = given_store(given);
    given[n++] = view(first_place, with_places ? (object_count + 1) * 8 : 0, PyBUF_READ);
    given[n++] = view(table, place_count * 24, PyBUF_READ);
    given[n++] = PyLong_FromLongLong(most_object());
    given[n++] = PyLong_FromLongLong(most_live());
    given[n++] = PyLong_FromLong(1 + options.width % 64);
    PyObject *told = call("walk", given, n, with_places ? flush_excerpts : flush_windows);
    if (told && with_places) CHECK(PyLong_AsLongLong(told) == excerpts_told);
    Py_XDECREF(told);
    free(table);
    for (int64_t i = 0; i < object_count; i++) {
        CHECK(states[i] <= 5);
        if (is_honest && states[i] >= 1 && states[i] <= 3)
            CHECK(objects[i].bytes || objects[i].is_unknown);
    }
}

static void read_graph(void) {
    PyObject *given[15];
    int64_t first = options.first % 4, all = first + object_count;
    memset(states, 0, (size_t)object_count);
    for (int64_t i = 0; i < all; i++) {
        memset(ids + i * 20, (int)(i < first ? 0xF0 + i : i - first + 1), 20);
        all_kinds[i] = i < first ? 3 : whole[i - first];
        sought[i] = i >= first && objects[i - first].flags & SOUGHT ? 1 : 0;
    }
    int64_t n = given_store(given);
    given[n++] = view(ids, all * 20, PyBUF_READ);
    given[n++] = view(all_kinds, all, PyBUF_READ);
    given[n++] = view(sought, all, PyBUF_READ);
    int64_t told = !is_honest && options.first > 250 ? INT64_MAX - options.first % 2 : first;
    given[n++] = PyLong_FromLongLong(told);
    given[n++] = PyLong_FromLongLong(most_object());
    given[n++] = PyLong_FromLongLong(most_live());
    PyObject *found = call("graph", given, n, NULL);
    if (!found) return;
    char *rows = NULL;
    Py_ssize_t length = 0;
    CHECK(!PyBytes_AsStringAndSize(PyTuple_GetItem(found, 5), &rows, &length));
    int64_t names = length / 8;
    CHECK(!PyBytes_AsStringAndSize(PyTuple_GetItem(found, 0), &rows, &length));
    for (Py_ssize_t at = 0; at < length; at += 12) {
        int32_t row[3];
        memcpy(row, rows + at, sizeof row);
        CHECK(row[0] >= 0 && row[0] < all && row[1] >= first && row[1] < all);
        CHECK(row[2] >= 0 && row[2] < names);
    }
    CHECK(!PyBytes_AsStringAndSize(PyTuple_GetItem(found, 1), &rows, &length));
    int64_t parents = 0;
    for (Py_ssize_t at = 0; at < length; at += 40) {
        int64_t row[5];
        memcpy(row, rows + at, sizeof row);
        CHECK(row[0] >= first && row[0] < all && row[1] >= -1 && row[1] < all);
        CHECK(row[3] >= -1 && row[3] < names && row[4] >= 0);
        parents += row[4];
    }
    CHECK(!PyBytes_AsStringAndSize(PyTuple_GetItem(found, 2), &rows, &length));
    CHECK(length == parents * 8);
    Py_DECREF(found);
}

/* ---- what the core calls --------------------------------------------------------------------- */

static PyObject *flushed(PyObject *given, int is_excerpt) {
    const char *text, *segments, *records;
    Py_ssize_t text_size, segments_size, records_size;
    CHECK(PyArg_ParseTuple(given, "y#y#y#", &text, &text_size, &segments, &segments_size, &records,
                           &records_size));
    CHECK(text_size && !text[0] && !text[text_size - 1]);
    for (Py_ssize_t at = 0; at < segments_size; at += 32) {
        int64_t row[4];
        memcpy(row, segments + at, sizeof row);
        int64_t length = row[3] & (((int64_t)1 << 40) - 1);
        CHECK(row[2] > 0 && row[2] + length < text_size && !text[row[2] - 1]);
        if (is_excerpt) {
            CHECK(row[0] == excerpts_told++);
            CHECK(row[1] >> 32 >= 0 && row[1] >> 32 <= (row[1] & 0xffffffff));
            CHECK((row[1] & 0xffffffff) <= length);
            continue;
        }
        CHECK(row[0] >= 0 && row[0] < object_count);
        const Object *object = &objects[row[0]];
        if (!is_honest || object->is_unknown) continue;
        CHECK(object->bytes && row[1] >= 0 && row[1] + length <= object->size);
        CHECK(!memcmp(object->bytes + row[1], text + row[2], (size_t)length));
        CHECK(row[3] >> 40 == (row[1] + length == object->size));
        for (int64_t end = row[1] + 1; end <= row[1] + length; end += 1 + options.spacing) {
            if (place_count >= place_cap) break;
            int64_t *place = places + place_count++ * 4;
            place[0] = row[0];
            place[1] = end;
            place[2] = options.reach & 15 ? options.reach * 3 % 1000 : 0;
            place[3] = options.reach * 7 % 1000;
            if (options.spacing % 4 || place_count >= place_cap) continue;
            memcpy(places + place_count * 4, place, 32);   /* another one looks farther there */
            places[place_count++ * 4 + 2 + end % 2] += 24;
        }
    }
    for (Py_ssize_t at = 0; at < records_size; at += 16) {
        int64_t row[2];
        memcpy(row, records + at, sizeof row);
        CHECK(is_excerpt && row[0] >= 0 && row[0] < object_count);
        CHECK(row[1] >= 0 && row[1] < excerpts_told);
    }
    if (options.raises && ++flushes >= options.raises) {
        PyErr_SetString(PyExc_KeyError, "asked for");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *take_windows(PyObject *self, PyObject *given) { return flushed(given, 0); }
static PyObject *take_excerpts(PyObject *self, PyObject *given) { return flushed(given, 1); }
static PyMethodDef TAKE_WINDOWS = {"windows", take_windows, METH_VARARGS, NULL};
static PyMethodDef TAKE_EXCERPTS = {"excerpts", take_excerpts, METH_VARARGS, NULL};

static int by_place(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] > y[1]) - (x[1] < y[1]);
}

/* Rows of object, end, before, after -> places by object, as scanner/kit/git/sift.py sorts them. */
static void sort_places(void) {
    qsort(places, (size_t)place_count, 32, by_place);
    for (int64_t i = 0, at = 0; i <= object_count; i++) {
        while (at < place_count && places[at * 4] < i) at++;
        first_place[i] = at;
    }
    for (int64_t i = 0; i < place_count; i++) memmove(places + i * 3, places + i * 4 + 1, 24);
}

/* ---- one input ------------------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    Py_InitializeEx(0);
    core = PyInit__packwalk();
    flush_windows = PyCFunction_New(&TAKE_WINDOWS, NULL);
    flush_excerpts = PyCFunction_New(&TAKE_EXCERPTS, NULL);
    CHECK(core && flush_windows && flush_excerpts);
    place_cap = 4096;
    places = fresh(place_cap * 32);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (size < HEAD) return 0;
    memcpy(&options, input, sizeof options);
    const uint8_t *tampers = input + sizeof options, *end = input + size;
    is_honest = options.tampers % 4 == 0;
    if (!read_objects(input + HEAD, end)) return 0;
    struct { void *array; int64_t width, more; } arrays[] = {
        {&sizes, 8, 0}, {&bases, 8, 0}, {&data, 8, 0}, {&first_place, 8, 1},
        {&child, 4, 0}, {&sibling, 4, 0}, {&roots, 4, 0}, {&kinds, 1, 0}, {&whole, 1, 0},
        {&wanted, 1, 0}, {&states, 1, 0}, {&ids, 20, options.first % 4},
        {&all_kinds, 1, options.first % 4}, {&sought, 1, options.first % 4}};
    const size_t array_count = sizeof arrays / sizeof *arrays;
    for (size_t i = 0; i < array_count; i++) {   /* exactly: one byte further is a finding */
        void *made = fresh((object_count + arrays[i].more) * arrays[i].width);
        memcpy(arrays[i].array, &made, sizeof made);
    }
    build_pack();
    root_count = place_count = 0;
    if (!is_honest) tamper(tampers);
    read_headers();
    link_families();
    if (!is_honest) tamper(tampers);
    walk(0);
    sort_places();
    if (!is_honest) tamper(tampers);
    walk(1);
    read_graph();
    for (size_t i = 0; i < array_count; i++) {
        void *made;
        memcpy(&made, arrays[i].array, sizeof made);
        free(made);
    }
    drop_pack();
    return 0;
}
