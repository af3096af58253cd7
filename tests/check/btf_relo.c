// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 *   btf_relo NAME BTF OBJECT...
 *
 * Resolves the CO-RE relocations of built objects against a kernel's BTF, as
 * libbpf does at load time, but without that kernel. Prints one line for each that does
 * not resolve, and at the end one row: NAME, relocations, how many are not
 * there but have another shape or are asked for first, how many are missing.
 * Status 1 when any is missing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define PATH_MAX_LEN 256

/* The kernel's UAPI has these in <linux/bpf.h> from 5.17 on, but no field of .BTF.ext's header. */
struct ext_header {
	__u16 magic;
	__u8 version, flags;
	__u32 hdr_len;
	__u32 func_info_off, func_info_len;
	__u32 line_info_off, line_info_len;
	__u32 core_relo_off, core_relo_len;
};

struct ext_section {
	__u32 name_off;
	__u32 n;
};

/* What a relocation asks about. */
struct relo {
	enum bpf_core_relo_kind kind;
	const char *section;
	char path[PATH_MAX_LEN]; /* "sock.sk_cgrp_data.cgroup" */
	char owner[64];		 /* the struct that has its last field, without a flavor */
	char field[64];		 /* that field or enum value, "" for a type */
	bool flavor;		 /* some type of the path is one */
	bool found;
	bool guarded; /* the program asks first whether it is there, or has something in its place
		       */
};

struct object {
	struct btf *btf;
	struct btf_ext *ext;
	struct relo *relos;
	unsigned int n;
};

static struct btf *kernel;

static size_t essential_len(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor && flavor != name ? (size_t)(flavor - name) : strlen(name);
}

static bool same_name(const char *a, const char *b)
{
	size_t len = essential_len(a);

	return len == essential_len(b) && !strncmp(a, b, len);
}

static __u32 resolve(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t)) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	return id;
}

static const char *name_at(const struct btf *btf, __u32 off)
{
	const char *name = btf__name_by_offset(btf, off);

	return name ? name : "";
}

static const char *type_name(const struct btf *btf, __u32 id)
{
	return name_at(btf, btf__type_by_id(btf, id)->name_off);
}

/* The kernel's field of that name, in nameless members too; its type, or 0. */
static __u32 find_field(__u32 id, const char *name)
{
	const struct btf_type *t = btf__type_by_id(kernel, resolve(kernel, id));
	const struct btf_member *m;
	__u32 inner;

	if (!btf_is_composite(t))
		return 0;
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++, m++) {
		const char *its = name_at(kernel, m->name_off);

		if (!strcmp(its, name))
			return m->type;
		if (*its)
			continue;
		inner = find_field(m->type, name);
		if (inner)
			return inner;
	}
	return 0;
}

static bool is_enum(const struct btf_type *t)
{
	return btf_is_enum(t) || btf_is_enum64(t);
}

/* libbpf's bpf_core_fields_are_compat(): the sort of thing, not its size. */
static bool alike(const struct btf *btf, __u32 ours, __u32 theirs)
{
	const struct btf_type *a = btf__type_by_id(btf, resolve(btf, ours));
	const struct btf_type *b = btf__type_by_id(kernel, resolve(kernel, theirs));

	if (btf_is_composite(a) && btf_is_composite(b))
		return true;
	if (is_enum(a) && is_enum(b))
		return true;
	if (btf_is_array(a) && btf_is_array(b))
		return alike(btf, btf_array(a)->type, btf_array(b)->type);
	return btf_kind(a) == btf_kind(b);
}

static void append(struct relo *r, const char *sep, const char *text)
{
	size_t at = strlen(r->path);

	snprintf(r->path + at, sizeof(r->path) - at, "%s%s", sep, text);
}

static void set_owner(struct relo *r, const char *type)
{
	snprintf(r->owner, sizeof(r->owner), "%.*s", (int)essential_len(type), type);
	if (strstr(type, "___"))
		r->flavor = true;
}

/* One step of an access: into an array's element, or to a field. *theirs is 0 once it was not
 * found. */
static __u32 step(struct relo *r, const struct btf *btf, __u32 ours, __u32 index, __u32 *theirs)
{
	const struct btf_type *t = btf__type_by_id(btf, resolve(btf, ours));
	const struct btf_member *m;
	const char *name;
	__u32 next;

	if (btf_is_array(t)) {
		if (*theirs)
			*theirs =
				btf_array(btf__type_by_id(kernel, resolve(kernel, *theirs)))->type;
		return btf_array(t)->type;
	}
	m = btf_members(t) + index;
	name = name_at(btf, m->name_off);
	if (!*name)
		return m->type; /* nameless: the kernel may have it elsewhere */
	if (*name_at(btf, t->name_off))
		set_owner(r, name_at(btf, t->name_off));
	snprintf(r->field, sizeof(r->field), "%s", name);
	append(r, ".", name);
	next = *theirs ? find_field(*theirs, name) : 0;
	*theirs = next && alike(btf, m->type, next) ? next : 0;
	return m->type;
}

/* "0:1:2" from a type on, against one type of the kernel's. */
static bool walk(struct relo *r, const struct btf *btf, __u32 ours, const char *spec, __u32 theirs)
{
	char *end;

	/* the first is an index into an array of that type */
	strtoul(spec, &end, 10);
	while (*end == ':') {
		__u32 index = strtoul(end + 1, &end, 10);

		ours = step(r, btf, ours, index, &theirs);
	}
	return theirs != 0;
}

static void start_path(struct relo *r, const char *type)
{
	r->path[0] = r->field[0] = '\0';
	append(r, "", type);
	set_owner(r, type);
}

static bool candidate(const struct btf_type *ours, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(kernel, id);

	if (is_enum(ours))
		return is_enum(t);
	return btf_kind(t) == btf_kind(ours);
}

/* An enum's value by its name. */
static bool find_value(struct relo *r, const struct btf *btf, __u32 ours, const char *spec,
		       __u32 theirs)
{
	const struct btf_type *t = btf__type_by_id(btf, ours);
	const struct btf_type *k = btf__type_by_id(kernel, theirs);
	__u32 index = strtoul(spec, NULL, 10);
	bool wide = btf_is_enum64(t);

	snprintf(r->field, sizeof(r->field), "%s",
		 name_at(btf, wide ? btf_enum64(t)[index].name_off : btf_enum(t)[index].name_off));
	append(r, ".", r->field);
	wide = btf_is_enum64(k);
	for (int i = 0; i < btf_vlen(k); i++)
		if (same_name(r->field, name_at(kernel, wide ? btf_enum64(k)[i].name_off
							     : btf_enum(k)[i].name_off)))
			return true;
	return false;
}

static bool about_field(enum bpf_core_relo_kind kind)
{
	return kind <= BPF_CORE_FIELD_RSHIFT_U64;
}

static bool about_value(enum bpf_core_relo_kind kind)
{
	return kind == BPF_CORE_ENUMVAL_EXISTS || kind == BPF_CORE_ENUMVAL_VALUE;
}

static bool asks(enum bpf_core_relo_kind kind)
{
	return kind == BPF_CORE_FIELD_EXISTS || kind == BPF_CORE_TYPE_EXISTS ||
	       kind == BPF_CORE_ENUMVAL_EXISTS || kind == BPF_CORE_TYPE_MATCHES;
}

static bool try_type(struct relo *r, const struct btf *btf, __u32 ours, const char *spec,
		     __u32 theirs)
{
	start_path(r, type_name(btf, ours));
	if (about_field(r->kind))
		return walk(r, btf, ours, spec, theirs);
	if (about_value(r->kind))
		return find_value(r, btf, ours, spec, theirs);
	return true;
}

/* Against each type of the kernel that has the name: there can be several. */
static void find(struct relo *r, const struct btf *btf, __u32 ours, const char *spec)
{
	const struct btf_type *t = btf__type_by_id(btf, ours);
	const char *name = type_name(btf, ours);

	start_path(r, name);
	r->found = r->kind == BPF_CORE_TYPE_ID_LOCAL;
	for (__u32 id = 1; id < btf__type_cnt(kernel) && !r->found; id++)
		if (candidate(t, id) && same_name(name, type_name(kernel, id)))
			r->found = try_type(r, btf, ours, spec, id);
	if (!r->found && about_field(r->kind)) {
		start_path(r, name);
		walk(r, btf, ours, spec, 0); /* for the path alone */
	}
}

static int read_relos(struct object *o, const struct ext_section *s, const char *records,
		      __u32 record_size)
{
	struct relo *more = realloc(o->relos, (o->n + s->n) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	o->relos = more;
	for (__u32 i = 0; i < s->n; i++) {
		const struct bpf_core_relo *in = (const void *)(records + (size_t)i * record_size);
		struct relo *r = &o->relos[o->n++];

		*r = (struct relo){.kind = in->kind, .section = name_at(o->btf, s->name_off)};
		find(r, o->btf, in->type_id, name_at(o->btf, in->access_str_off));
	}
	return 0;
}

static int read_object(struct object *o, const char *path)
{
	const char *data, *at, *end;
	const struct ext_header *h;
	__u32 size, record_size;
	int err = 0;

	o->btf = btf__parse(path, &o->ext);
	if (!o->btf || !o->ext)
		return -ENOENT;
	data = btf_ext__get_raw_data(o->ext, &size);
	h = (const void *)data;
	if (h->hdr_len < sizeof(*h) || !h->core_relo_len)
		return -ENODATA;
	at = data + h->hdr_len + h->core_relo_off;
	end = at + h->core_relo_len;
	memcpy(&record_size, at, sizeof(record_size));
	at += sizeof(record_size);
	while (at < end && !err) {
		const struct ext_section *s = (const void *)at;

		err = read_relos(o, s, at + sizeof(*s), record_size);
		at += sizeof(*s) + (size_t)s->n * record_size;
	}
	return err;
}

/*
 * A program that asks whether a field is there may go on without it; and one
 * that has found what it asked for does not touch what is in its place
 * elsewhere, a field of a flavor of the same struct.
 */
static bool is_guarded(const struct object *o, const struct relo *r)
{
	for (unsigned int i = 0; i < o->n; i++) {
		const struct relo *q = &o->relos[i];

		if (!asks(q->kind) || strcmp(q->owner, r->owner) != 0)
			continue;
		if (!strcmp(q->field, r->field) || (r->flavor && q->found))
			return true;
	}
	return false;
}

/*
 * The functions and tracepoints that its programs hang on. Each kernel lacks
 * some, and the plan of user/kern/plan.c does without: told, not judged.
 */
static bool has_hook(const char *section)
{
	const char *name = strchr(section, '/');
	char typedef_name[128];

	if (!name)
		return true;
	if (!strncmp(section, "tp_btf/", 7)) {
		snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name + 1);
		return btf__find_by_name_kind(kernel, typedef_name, BTF_KIND_TYPEDEF) > 0;
	}
	if (!strncmp(section, "fentry/", 7) || !strncmp(section, "fexit/", 6))
		return btf__find_by_name_kind(kernel, name + 1, BTF_KIND_FUNC) > 0;
	return true;
}

static void tell_hooks(const char *name, const char *path)
{
	struct bpf_object *obj = bpf_object__open(path);
	struct bpf_program *prog;

	if (!obj)
		return;
	bpf_object__for_each_program(prog, obj)
	{
		const char *section = bpf_program__section_name(prog);

		if (!has_hook(section))
			printf("note: %s: no %s\n", name, section);
	}
	bpf_object__close(obj);
}

static bool told_before(const struct object *o, unsigned int no)
{
	for (unsigned int i = 0; i < no; i++)
		if (!o->relos[i].found && !strcmp(o->relos[i].path, o->relos[no].path))
			return true;
	return false;
}

static unsigned int judge(struct object *o, const char *name, const char *path,
			  unsigned int *guarded)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < o->n; i++) {
		struct relo *r = &o->relos[i];

		if (r->found)
			continue;
		r->guarded = is_guarded(o, r);
		*guarded += r->guarded;
		missing += !r->guarded;
		if (!told_before(o, i))
			printf("%s: %s: %s is %s (%s)\n", r->guarded ? "note" : "FAIL", name,
			       r->path, r->guarded ? "not there, which is provided for" : "missing",
			       strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	}
	return missing;
}

int main(int argc, char **argv)
{
	unsigned int relos = 0, guarded = 0, missing = 0;

	if (argc < 4) {
		fputs("usage: btf_relo NAME BTF OBJECT...\n", stderr);
		return 2;
	}
	libbpf_set_print(NULL);
	kernel = btf__parse(argv[2], NULL);
	if (!kernel) {
		fprintf(stderr, "btf_relo: %s: no BTF: %s\n", argv[2], strerror(errno));
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		struct object o = {0};
		int err = read_object(&o, argv[i]);

		if (err && err != -ENODATA) {
			fprintf(stderr, "btf_relo: %s: no BTF, or none to resolve: %s\n", argv[i],
				strerror(-err));
			return 2;
		}
		relos += o.n;
		missing += judge(&o, argv[1], argv[i], &guarded);
		tell_hooks(argv[1], argv[i]);
		free(o.relos);
		btf_ext__free(o.ext);
		btf__free(o.btf);
	}
	printf("row %s %u %u %u\n", argv[1], relos, guarded, missing);
	btf__free(kernel);
	return missing ? 1 : 0;
}
