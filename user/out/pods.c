// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stddef.h>

#include "model/container.h"
#include "out/pods.h"

static const char *(*named_by)(const char *uid);

void pods_named_by(const char *(*name)(const char *uid))
{
	named_by = name;
}

const char *pod_name(const char *uid)
{
	return named_by && *uid ? named_by(uid) : NULL;
}

const char *pod_of_path(const char *path)
{
	struct container c;

	return container_parse(path, &c) ? pod_name(c.pod_uid) : NULL;
}
