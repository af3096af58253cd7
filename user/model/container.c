// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>
#include <string.h>

#include "model/container.h"

#define SHORT_ID 12
#define FULL_ID 64
#define POD_HASH_LEN 32 /* static pods: a hash of their manifest, without dashes */

/* A piece of a path. */
struct part {
	const char *s;
	size_t n;
};

/* "PREFIX-ID.scope" by systemd, "PREFIX-ID" without it. */
static const struct {
	const char *prefix;
	const char *runtime;
} prefixes[] = {
	{"docker-", "docker"}, {"cri-containerd-", "containerd"}, {"crio-", "cri-o"},
	{"libpod-", "podman"}, {"nerdctl-", "containerd"},
};

/* The directory that holds bare ids, or names. */
static const struct {
	const char *name;
	const char *runtime;
} parents[] = {
	{"docker", "docker"},
	{"libpod_parent", "podman"},
	{"ecs", "ecs"},
};

static bool is(struct part p, const char *s)
{
	return p.n == strlen(s) && !memcmp(p.s, s, p.n);
}

/* Takes a prefix away. */
static bool skip(struct part *p, const char *prefix)
{
	size_t n = strlen(prefix);

	if (p->n < n || memcmp(p->s, prefix, n) != 0)
		return false;
	p->s += n;
	p->n -= n;
	return true;
}

static bool chop(struct part *p, const char *suffix)
{
	size_t n = strlen(suffix);

	if (p->n < n || memcmp(p->s + p->n - n, suffix, n) != 0)
		return false;
	p->n -= n;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool is_hex(struct part p)
{
	for (size_t i = 0; i < p.n; i++)
		if (hex_digit(p.s[i]) < 0)
			return false;
	return p.n != 0;
}

static bool set_id(struct container *c, const char *runtime, struct part id)
{
	if (id.n < SHORT_ID || id.n > FULL_ID || !is_hex(id))
		return false;
	memcpy(c->id, id.s, SHORT_ID);
	c->id[SHORT_ID] = '\0';
	c->runtime = runtime;
	return true;
}

/* systemd writes "-" and other bytes of a name as \xNN. */
static char unescape(struct part *p)
{
	const char *s = p->s;
	int high, low;

	if (p->n >= 4 && s[0] == '\\' && s[1] == 'x') {
		high = hex_digit(s[2]);
		low = hex_digit(s[3]);
		if (high >= 0 && low >= 0 && (high || low)) {
			p->s += 4;
			p->n -= 4;
			return (char)(high << 4 | low);
		}
	}
	p->s++;
	p->n--;
	return *s;
}

static bool set_name(struct container *c, const char *runtime, struct part name)
{
	char text[CONTAINER_ID_MAX];
	size_t n = 0;

	while (name.n) {
		if (n == sizeof(text))
			return false;
		text[n++] = unescape(&name);
	}
	if (!n)
		return false;
	memcpy(c->id, text, n);
	c->id[n] = '\0';
	c->runtime = runtime;
	return true;
}

/* 8-4-4-4-12 digits; systemd's names have '_' for the '-', which parts slices there. */
static bool is_uid(struct part p)
{
	if (p.n == POD_HASH_LEN)
		return is_hex(p);
	if (p.n != POD_UID_LEN)
		return false;
	for (size_t i = 0; i < p.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? p.s[i] != '-' && p.s[i] != '_' : hex_digit(p.s[i]) < 0)
			return false;
	}
	return true;
}

static bool set_pod(struct container *c, struct part uid)
{
	if (!is_uid(uid))
		return false;
	for (size_t i = 0; i < uid.n; i++)
		c->pod_uid[i] = uid.s[i] == '_' ? '-' : uid.s[i];
	c->pod_uid[uid.n] = '\0';
	c->id[0] = '\0'; /* of a container around it, as with Kubernetes in Docker */
	c->runtime = NULL;
	return true;
}

/* "podUID", or "kubepods-burstable-podUID.slice" with any prefix. */
static bool try_pod(struct container *c, struct part p)
{
	struct part whole = p;

	if (skip(&p, "pod") && set_pod(c, p))
		return true;
	p = whole;
	if (!chop(&p, ".slice"))
		return false;
	for (; p.n; p.s++, p.n--) {
		struct part uid = p;

		if (skip(&uid, "-pod") && set_pod(c, uid))
			return true;
	}
	return false;
}

/* "kubepods-podUID.slice:cri-containerd:ID": containerd without its systemd driver. */
static bool try_colons(struct container *c, struct part p)
{
	const char *colon = memchr(p.s, ':', p.n);
	struct part slice = {p.s, colon ? (size_t)(colon - p.s) : 0};

	if (!colon || !chop(&(struct part){slice.s, slice.n}, ".slice"))
		return false;
	p.n -= slice.n + 1;
	p.s = colon + 1;
	if (!skip(&p, "cri-containerd:"))
		return false;
	try_pod(c, slice);
	return set_id(c, "containerd", p);
}

static bool try_prefix(struct container *c, struct part p)
{
	chop(&p, ".scope");
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		struct part id = p;

		if (skip(&id, prefixes[i].prefix))
			return set_id(c, prefixes[i].runtime, id);
	}
	return false;
}

/* 64 digits and nothing else. Whose they are, the directory above may tell. */
static bool try_bare(struct container *c, struct part parent, struct part p)
{
	if (p.n != FULL_ID || !is_hex(p))
		return false;
	for (size_t i = 0; i < sizeof(parents) / sizeof(*parents); i++)
		if (is(parent, parents[i].name))
			return set_id(c, parents[i].runtime, p);
	return set_id(c, NULL, p);
}

/* "lxc.payload.NAME" (LXC 4.0), "lxc.payload/NAME", "lxc/NAME". */
static bool try_lxc(struct container *c, struct part parent, struct part p)
{
	if (is(parent, "lxc") || is(parent, "lxc.payload"))
		return set_name(c, "lxc", p);
	return skip(&p, "lxc.payload.") && set_name(c, "lxc", p);
}

/* What systemd-machined knows; it has virtual machines too, which are not containers. */
static bool try_machine(struct container *c, struct part parent, struct part p)
{
	if (!is(parent, "machine.slice"))
		return false;
	if (skip(&p, "systemd-nspawn@"))
		return chop(&p, ".service") && set_name(c, "nspawn", p);
	if (!skip(&p, "machine-") || !chop(&p, ".scope") || skip(&p, "qemu\\x2d"))
		return false;
	return set_name(c, "nspawn", p);
}

static void try_part(struct container *c, struct part parent, struct part p)
{
	if (!try_colons(c, p) && !try_pod(c, p) && !try_prefix(c, p) && !try_bare(c, parent, p) &&
	    !try_lxc(c, parent, p))
		try_machine(c, parent, p);
}

bool container_parse(const char *path, struct container *c)
{
	struct part parent = {"", 0};

	c->runtime = NULL;
	c->id[0] = c->pod_uid[0] = '\0';
	while (*path) {
		struct part p = {path, strcspn(path, "/")};

		if (p.n)
			try_part(c, parent, p);
		path += p.n + (path[p.n] == '/');
		parent = p;
	}
	return *c->id || *c->pod_uid;
}

/* Of a DNS name: Kubernetes takes no other names. */
static bool is_name(struct part p, size_t most)
{
	for (size_t i = 0; i < p.n; i++) {
		char c = p.s[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return p.n && p.n <= most;
}

static bool is_pod(struct part ns, struct part name)
{
	return is_name(ns, 63) && is_name(name, 253);
}

bool pod_of_log_dir(const char *dir, struct pod *pod)
{
	struct part ns = {dir, strcspn(dir, "_")};
	const char *second = dir + ns.n + (dir[ns.n] == '_');
	struct part name = {second, strcspn(second, "_")};
	const char *third = second + name.n + (second[name.n] == '_');
	struct part uid = {third, strlen(third)};

	if (!is_pod(ns, name) || !is_uid(uid) || memchr(uid.s, '_', uid.n))
		return false;
	memcpy(pod->uid, uid.s, uid.n + 1);
	memcpy(pod->name, ns.s, ns.n);
	pod->name[ns.n] = '/';
	memcpy(pod->name + ns.n + 1, name.s, name.n);
	pod->name[ns.n + 1 + name.n] = '\0';
	return true;
}

bool pod_name_ok(const char *name)
{
	struct part ns = {name, strcspn(name, "/")};

	return name[ns.n] && is_pod(ns, (struct part){name + ns.n + 1, strlen(name + ns.n + 1)});
}
