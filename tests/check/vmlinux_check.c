// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Holds the types of one BTF, made from vmlinux/vmlinux.h, against those of a
 * kernel: each type, field and enum value has to be there, and a field has to
 * be what we think it is.  Without that a field that a kernel renames is found
 * by the users of that kernel.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define GENERATED "tcpdwell_check_"

static struct btf *ours, *theirs;
static unsigned int types, fields, values, failures, absent;

/* one try of a type against one candidate of the same name */
struct attempt {
	bool quiet;
	bool optional;
	unsigned int failures;
	unsigned int fields;
	char path[256];
};

__attribute__((format(printf, 2, 3))) static void miss(struct attempt *t, const char *fmt, ...)
{
	va_list args;

	t->failures++;
	if (t->quiet)
		return;
	printf("%s: %s ", t->optional ? "not on this kernel" : "FAIL", t->path);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

static const char *name_of(const struct btf *btf, const struct btf_type *type)
{
	return btf__name_by_offset(btf, type->name_off);
}

static const char *kind_name(const struct btf_type *type)
{
	static const char *const names[] = {
		[BTF_KIND_INT] = "an integer",	  [BTF_KIND_PTR] = "a pointer",
		[BTF_KIND_ARRAY] = "an array",	  [BTF_KIND_STRUCT] = "a struct",
		[BTF_KIND_UNION] = "a union",	  [BTF_KIND_ENUM] = "an enum",
		[BTF_KIND_FWD] = "only declared", [BTF_KIND_ENUM64] = "an enum",
	};
	unsigned int kind = btf_kind(type);

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind]
								      : "another kind";
}

/* CO-RE: what follows ___ in a name is not part of it */
static size_t essential_len(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor && flavor != name ? (size_t)(flavor - name) : strlen(name);
}

static bool same_name(const char *our_name, const char *their_name)
{
	size_t len = essential_len(our_name);

	return len == strlen(their_name) && !strncmp(our_name, their_name, len);
}

struct field {
	const struct btf_type *type;
	__u32 type_id;
	unsigned int bits; /* of a bit-field, else 0 */
};

/* as the compiler does, looks into members without a name */
static bool find_field(const struct btf *btf, const struct btf_type *type, const char *name,
		       struct field *found)
{
	const struct btf_member *m = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++, m++) {
		const struct btf_type *inner = resolve(btf, m->type);
		const char *member = btf__name_by_offset(btf, m->name_off);

		if (*member && same_name(name, member)) {
			found->type = inner;
			found->type_id = m->type;
			found->bits = btf_member_bitfield_size(type, i);
			return true;
		}
		if (!*member && btf_is_composite(inner) && find_field(btf, inner, name, found))
			return true;
	}
	return false;
}

static void check_fields(struct attempt *t, const struct btf_type *our,
			 const struct btf_type *their);

static bool same_kind(const struct btf_type *our, const struct btf_type *their)
{
	return btf_kind(our) == btf_kind(their) || (btf_is_any_enum(our) && btf_is_any_enum(their));
}

static void check_composite(struct attempt *t, const struct btf_type *our,
			    const struct btf_type *their)
{
	const char *our_name = name_of(ours, our);
	const char *their_name = name_of(theirs, their);

	/* a type with a name is checked on its own */
	if (!*our_name)
		check_fields(t, our, their);
	else if (!same_name(our_name, their_name))
		miss(t, "is %s %s, not %s", kind_name(their), their_name, our_name);
}

static void check_value(struct attempt *t, const struct btf_type *our, const struct btf_type *their)
{
	if (!same_kind(our, their)) {
		miss(t, "is %s, not %s", kind_name(their), kind_name(our));
	} else if (btf_is_array(our)) {
		const struct btf_array *a = btf_array(our), *b = btf_array(their);

		if (a->nelems && a->nelems != b->nelems)
			miss(t, "has %u elements, not %u", b->nelems, a->nelems);
		check_value(t, resolve(ours, a->type), resolve(theirs, b->type));
	} else if (btf_is_composite(our)) {
		check_composite(t, our, their);
	} else if (!btf_is_ptr(our) && our->size != their->size) {
		miss(t, "has %u bytes, not %u", their->size, our->size);
	}
}

static void check_field(struct attempt *t, const struct btf_type *our, int index,
			const struct btf_type *their)
{
	const struct btf_member *m = btf_members(our) + index;
	const char *name = btf__name_by_offset(ours, m->name_off);
	unsigned int bits = btf_member_bitfield_size(our, index);
	size_t len = strlen(t->path);
	struct field found;

	snprintf(t->path + len, sizeof(t->path) - len, ".%s", name);
	t->fields++;
	if (!find_field(theirs, their, name, &found))
		miss(t, "is missing");
	else if (bits != found.bits)
		miss(t, "has %u bits, not %u (0: is no bit-field)", found.bits, bits);
	else
		check_value(t, resolve(ours, m->type), found.type);
	t->path[len] = '\0';
}

static void check_fields(struct attempt *t, const struct btf_type *our,
			 const struct btf_type *their)
{
	const struct btf_member *m = btf_members(our);

	for (int i = 0; i < btf_vlen(our); i++, m++) {
		const struct btf_type *inner = resolve(ours, m->type);

		if (!m->name_off && btf_is_composite(inner))
			check_fields(t, inner, their);
		else
			check_field(t, our, i, their);
	}
}

static __s64 value_of(const struct btf_type *type, int index, const char **name,
		      const struct btf *btf)
{
	if (btf_is_enum64(type)) {
		*name = btf__name_by_offset(btf, btf_enum64(type)[index].name_off);
		return btf_enum64_value(&btf_enum64(type)[index]);
	}
	*name = btf__name_by_offset(btf, btf_enum(type)[index].name_off);
	return btf_enum(type)[index].val;
}

static bool find_value(const struct btf_type *their, const char *name, __s64 *value)
{
	for (int i = 0; i < btf_vlen(their); i++) {
		const char *have;

		*value = value_of(their, i, &have, theirs);
		if (same_name(name, have))
			return true;
	}
	return false;
}

static void check_enum(struct attempt *t, const struct btf_type *our, const struct btf_type *their)
{
	size_t len = strlen(t->path);

	for (int i = 0; i < btf_vlen(our); i++) {
		const char *name;
		__s64 have, want = value_of(our, i, &name, ours);

		snprintf(t->path + len, sizeof(t->path) - len, " %s", name);
		t->fields++;
		if (!find_value(their, name, &have))
			miss(t, "is missing");
		else if ((__u32)have != (__u32)want)
			miss(t, "is %lld, not %lld", (long long)have, (long long)want);
	}
	t->path[len] = '\0';
}

/* an enum without a name: its values are anywhere among the kernel's like it */
static void check_anonymous_enum(struct attempt *t, const struct btf_type *our)
{
	for (int i = 0; i < btf_vlen(our); i++) {
		const char *name;
		__s64 have = 0, want = value_of(our, i, &name, ours);
		bool found = false;

		for (__u32 id = 1; id < btf__type_cnt(theirs) && !found; id++) {
			const struct btf_type *their = btf__type_by_id(theirs, id);

			found = btf_is_any_enum(their) && find_value(their, name, &have);
		}
		snprintf(t->path, sizeof(t->path), "enum value %s", name);
		t->fields++;
		if (!found)
			miss(t, "is missing");
		else if ((__u32)have != (__u32)want)
			miss(t, "is %lld, not %lld", (long long)have, (long long)want);
	}
}

static void check_against(struct attempt *t, const struct btf_type *our,
			  const struct btf_type *their)
{
	snprintf(t->path, sizeof(t->path), "%s", name_of(ours, our));
	t->failures = t->fields = 0;
	if (btf_is_typedef(our))
		check_value(t, resolve(ours, our->type), resolve(theirs, their->type));
	else if (btf_is_composite(our))
		check_fields(t, our, their);
	else
		check_enum(t, our, their);
}

static bool is_candidate(const struct btf_type *our, const struct btf_type *their)
{
	return same_kind(our, their) && same_name(name_of(ours, our), name_of(theirs, their));
}

/*
 * A kernel can have several types of one name, and libbpf takes the one that
 * fits; so the failures that count are those of the candidate with the fewest.
 */
static const struct btf_type *best_candidate(struct attempt *t, const struct btf_type *our)
{
	const struct btf_type *best = NULL;
	unsigned int fewest = ~0U;

	t->quiet = true;
	for (__u32 id = 1; id < btf__type_cnt(theirs); id++) {
		const struct btf_type *their = btf__type_by_id(theirs, id);

		if (!is_candidate(our, their))
			continue;
		check_against(t, our, their);
		if (t->failures < fewest) {
			fewest = t->failures;
			best = their;
		}
	}
	t->quiet = false;
	return best;
}

static bool is_flavor(const struct btf_type *type)
{
	const char *name = name_of(ours, type);

	return name[essential_len(name)] != '\0';
}

/* What the newest kernels have may be missing from one that has a flavor instead. */
static bool has_fitting_flavor(const struct btf_type *our)
{
	for (__u32 id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *flavor = btf__type_by_id(ours, id);
		const struct btf_type *their;
		struct attempt t = {.quiet = true};

		if (!is_flavor(flavor) || !same_kind(flavor, our) ||
		    !same_name(name_of(ours, flavor), name_of(ours, our)))
			continue;
		their = best_candidate(&t, flavor);
		t.quiet = true;
		if (their)
			check_against(&t, flavor, their);
		if (their && !t.failures)
			return true;
	}
	return false;
}

static void check_type(const struct btf_type *our)
{
	const char *name = name_of(ours, our);
	const struct btf_type *their;
	struct attempt t = {.optional = is_flavor(our) || has_fitting_flavor(our)};

	if (btf_is_any_enum(our) && !strncmp(name, GENERATED, strlen(GENERATED))) {
		check_anonymous_enum(&t, our);
	} else {
		their = best_candidate(&t, our);
		types++;
		if (their) {
			check_against(&t, our, their);
		} else {
			snprintf(t.path, sizeof(t.path), "%s", name);
			t.failures = 0;
			miss(&t, "is missing");
		}
	}
	*(btf_is_any_enum(our) ? &values : &fields) += t.fields;
	*(t.optional ? &absent : &failures) += t.failures;
}

static bool is_checked(const struct btf_type *type)
{
	return type->name_off &&
	       (btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type));
}

static struct btf *load(const char *path)
{
	struct btf *btf = btf__parse(path, NULL);

	if (!btf)
		fprintf(stderr, "vmlinux_check: %s: %s\n", path, strerror(errno));
	return btf;
}

int main(int argc, char **argv)
{
	const char *kernel = "/sys/kernel/btf/vmlinux";

	if (argc == 4 && !strcmp(argv[1], "--btf")) {
		kernel = argv[2];
	} else if (argc != 2) {
		fprintf(stderr, "usage: vmlinux_check [--btf FILE] OBJECT\n");
		return 2;
	}
	ours = load(argv[argc - 1]);
	theirs = ours ? load(kernel) : NULL;
	if (!theirs)
		return 2;
	for (__u32 id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *our = btf__type_by_id(ours, id);

		if (is_checked(our))
			check_type(our);
	}
	printf("%u types, %u fields, %u enum values; %u are not on this kernel, %u are wrong\n",
	       types, fields, values, absent, failures);
	btf__free(theirs);
	btf__free(ours);
	return failures || !types;
}
