// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include <stdio.h>
#include "model/container.h"

#define ID "3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899"
#define ID2 "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define SHORT "3f4e5d6c7b8a"
#define UID "2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6"
#define UID_ "2d3f9a10_0b1c_4d5e_8f60_718293a4b5c6"
#define HASH "0123456789abcdef0123456789abcdef"
#define USER "/user.slice/user-1000.slice/user@1000.service"

/* The container's runtime may be NULL; an empty id and uid mean that there is nothing. */
static const struct shape {
	const char *path, *runtime, *id, *pod;
} shapes[] = {
	{"/", NULL, "", ""},
	{"", NULL, "", ""},
	{"/system.slice/nginx.service", NULL, "", ""},
	{"/system.slice/docker.service", NULL, "", ""},
	{"/system.slice/containerd.service", NULL, "", ""},
	{USER "/app.slice/dbus.service", NULL, "", ""},

	/* Docker: both drivers, rootless, a systemd in the container */
	{"/system.slice/docker-" ID ".scope", "docker", SHORT, ""},
	{"/docker/" ID, "docker", SHORT, ""},
	{USER "/user.slice/docker-" ID ".scope", "docker", SHORT, ""},
	{"/system.slice/docker-" ID ".scope/system.slice/sshd.service", "docker", SHORT, ""},
	{"/docker/" ID "/init", "docker", SHORT, ""},
	{"/docker/buildx/" ID, NULL, SHORT, ""},
	{"/ecs/" HASH "/" ID, NULL, SHORT, ""},
	{"/ecs/" ID, "ecs", SHORT, ""},

	/* Podman: root, rootless, cgroupfs; its monitor is no container */
	{"/machine.slice/libpod-" ID ".scope", "podman", SHORT, ""},
	{"/machine.slice/libpod-" ID ".scope/container", "podman", SHORT, ""},
	{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "podman", SHORT,
	 ""},
	{USER "/user.slice/libpod-" ID ".scope/container", "podman", SHORT, ""},
	{"/libpod_parent/libpod-" ID, "podman", SHORT, ""},
	{"/libpod_parent/" ID, "podman", SHORT, ""},
	{"/machine.slice/libpod-conmon-" ID ".scope", NULL, "", ""},

	/* Kubernetes, systemd driver: each quality of service, each runtime */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 "containerd", SHORT, UID},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" ID
	 ".scope",
	 "cri-o", SHORT, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", "docker", SHORT, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/container", "cri-o", SHORT,
	 UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", NULL, "", UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" HASH
	 ".slice/cri-containerd-" ID ".scope",
	 "containerd", SHORT, HASH},
	{"/kubepods.slice/kubepods-burstable.slice", NULL, "", ""},

	/* Kubernetes, cgroupfs driver: the runtime is not told */
	{"/kubepods/burstable/pod" UID "/" ID, NULL, SHORT, UID},
	{"/kubepods/besteffort/pod" UID "/" ID, NULL, SHORT, UID},
	{"/kubepods/pod" UID "/" ID, NULL, SHORT, UID},
	{"/kubepods/pod" UID, NULL, "", UID},
	{"/kubepods/pod" UID "/crio-" ID, "cri-o", SHORT, UID},
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
	 "containerd", SHORT, UID},

	/* Kubernetes in Docker: the inner one counts */
	{"/system.slice/docker-" ID2 ".scope/kubelet.slice/kubelet-kubepods.slice/"
	 "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 "containerd", SHORT, UID},
	{"/docker/" ID2 "/kubelet/kubepods/burstable/pod" UID "/" ID, NULL, SHORT, UID},
	{"/docker/" ID2 "/kubelet/kubepods/pod" UID, NULL, "", UID},
	{"/lxc.payload.web/docker/" ID, "docker", SHORT, ""},

	/* nerdctl, LXC, LXD, systemd-nspawn, and virtual machines */
	{"/system.slice/nerdctl-" ID ".scope", "containerd", SHORT, ""},
	{"/lxc.payload.web", "lxc", "web", ""},
	{"/lxc.payload.web/system.slice/nginx.service", "lxc", "web", ""},
	{"/lxc/web/init.scope", "lxc", "web", ""},
	{"/lxc.payload/web", "lxc", "web", ""},
	{"/lxc.monitor.web", NULL, "", ""},
	{"/machine.slice/systemd-nspawn@deb.service/payload", "nspawn", "deb", ""},
	{"/machine.slice/machine-deb\\x2d12.scope/system.slice/ssh.service", "nspawn", "deb-12",
	 ""},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", NULL, "", ""},

	/* what is nearly one */
	{"/docker/3f4e5d6c7b8", NULL, "", ""},
	{"/system.slice/docker-3f4e5d6c7b8.scope", NULL, "", ""},
	{"/system.slice/docker-.scope", NULL, "", ""},
	{"/system.slice/docker-" ID "0.scope", NULL, "", ""},
	{"/system.slice/docker-3F4E5D6C7B8A9988.scope", NULL, "", ""},
	{"/kubepods/pod2d3f9a10/" HASH, NULL, "", ""},
	{"/kubepods/pod" UID_ "x", NULL, "", ""},
	{"/kubepods-pod.slice", NULL, "", ""},
	{"/kubepods-pod" UID_ ".slice:other:" ID, NULL, "", ""},
	{"/lxc.payload.", NULL, "", ""},
	{"/machine.slice/machine-.scope", NULL, "", ""},
	{"/machine.slice/machine-a\\x00b.scope", "nspawn", "a\\x00b", ""},
	{"/machine.slice/machine-a\\x2.scope", "nspawn", "a\\x2", ""},
	{"/machine.slice/machine-a\\x1b[31m.scope", "nspawn", "a\x1b[31m", ""},
	{"//docker//" ID "//", NULL, SHORT, ""},
	{"docker/" ID, "docker", SHORT, ""},
};

static void test_shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(shapes); i++) {
		const struct shape *s = &shapes[i];
		struct container c;
		bool found = container_parse(s->path, &c);

		if (found != (*s->id || *s->pod) || strcmp(c.id, s->id) != 0 ||
		    strcmp(c.pod_uid, s->pod) != 0)
			fail_msg("%s: %d '%s' '%s'", s->path, found, c.id, c.pod_uid);
		if (!c.runtime != !s->runtime || (s->runtime && strcmp(c.runtime, s->runtime) != 0))
			fail_msg("%s: runtime %s", s->path, c.runtime ? c.runtime : "none");
	}
}

/* 64 bytes of a name fit; one more is none that a manager gives. */
static void test_long_names(void **state)
{
	char path[256] = "/lxc/";
	struct container c;

	(void)state;
	memset(path + 5, 'n', CONTAINER_ID_MAX);
	assert_true(container_parse(path, &c));
	assert_int_equal(strlen(c.id), CONTAINER_ID_MAX);
	path[5 + CONTAINER_ID_MAX] = 'n';
	assert_false(container_parse(path, &c));
}

/* Pieces of real paths put together at random: never out of bounds, for the sanitizers to watch. */
static void test_random(void **state)
{
	static const char *const pieces[] = {
		"/",
		"docker",
		"-",
		ID,
		UID,
		UID_,
		".scope",
		".slice",
		"pod",
		"crio-",
		"lxc.",
		"payload",
		"machine-",
		"\\x",
		"\\x2",
		"\\x2d",
		":",
		"\xff\n",
		"libpod-",
		"systemd-nspawn@",
		".service",
		"lxc",
		"machine.slice",
		"cri-containerd:",
	};
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = next_random(&seed) % 12, len = 0;
		char text[1024], *path;
		struct container c;

		for (text[0] = '\0'; n; n--)
			len += snprintf(text + len, sizeof(text) - len, "%s",
					pieces[next_random(&seed) % N(pieces)]);
		path = strdup(text); /* exactly as long as it is */
		assert_non_null(path);
		container_parse(path, &c);
		assert_true(strlen(c.id) <= CONTAINER_ID_MAX);
		assert_true(!*c.pod_uid || strlen(c.pod_uid) == POD_UID_LEN ||
			    strlen(c.pod_uid) == 32);
		free(path);
	}
}

static void test_pods(void **state)
{
	static const struct {
		const char *dir, *name, *uid; /* NULL: it is none */
	} cases[] = {
		{"shop_web-0_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", "shop/web-0",
		 "2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6"},
		{"kube-system_etcd-a.b_00112233445566778899aabbccddeeff", "kube-system/etcd-a.b",
		 "00112233445566778899aabbccddeeff"},
		{".", NULL, NULL},
		{"", NULL, NULL},
		{"_", NULL, NULL},
		{"shop_web-0_", NULL, NULL},
		{"shop_web-0", NULL, NULL},
		{"_web-0_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", NULL, NULL},
		{"shop__2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", NULL, NULL},
		{"shop_web_0_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", NULL, NULL},
		{"shop_web-0_2d3f9a10_0b1c_4d5e_8f60_718293a4b5c6", NULL, NULL},
		{"shop_web-0_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6x", NULL, NULL},
		{"shop_we\033[31m_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", NULL, NULL},
		{"sh/op_web_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", NULL, NULL},
		{"Shop_web_2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6", NULL, NULL},
	};
	struct pod pod;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(pod_of_log_dir(cases[i].dir, &pod), cases[i].name != NULL);
		if (!cases[i].name)
			continue;
		assert_string_equal(pod.name, cases[i].name);
		assert_string_equal(pod.uid, cases[i].uid);
		assert_true(pod_name_ok(pod.name));
	}
}

static void test_long_pods(void **state)
{
	const char *uid = "2d3f9a10-0b1c-4d5e-8f60-718293a4b5c6";
	char ns[65], name[255], dir[512];
	struct pod pod;

	(void)state;
	memset(ns, 'n', 64);
	memset(name, 'p', 254);
	ns[63] = name[253] = '\0';
	snprintf(dir, sizeof(dir), "%s_%s_%s", ns, name, uid);
	assert_true(pod_of_log_dir(dir, &pod));
	assert_int_equal(strlen(pod.name), POD_NAME_MAX);
	name[253] = 'p';
	name[254] = '\0';
	snprintf(dir, sizeof(dir), "n_%s_%s", name, uid);
	assert_false(pod_of_log_dir(dir, &pod));
	ns[63] = 'n';
	ns[64] = '\0';
	snprintf(dir, sizeof(dir), "%s_p_%s", ns, uid);
	assert_false(pod_of_log_dir(dir, &pod));
}

static void test_pod_names(void **state)
{
	(void)state;
	assert_true(pod_name_ok("a/b"));
	assert_false(pod_name_ok(""));
	assert_false(pod_name_ok("a"));
	assert_false(pod_name_ok("a/"));
	assert_false(pod_name_ok("/b"));
	assert_false(pod_name_ok("a/b/c"));
	assert_false(pod_name_ok("a/<b>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),	  cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_random),	  cmocka_unit_test(test_pods),
		cmocka_unit_test(test_long_pods), cmocka_unit_test(test_pod_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
