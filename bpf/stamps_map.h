/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where a program that sees stamped frames counts how late they are. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "stamp.h"

const volatile __u8 stamped =
	0; /* frames say when they were due, and how late they are is counted */

/* By RX queue, which one CPU works on at a time. Not made where frames are not stamped. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PB_MAX_QUEUES);
	__type(key, __u32);
	__type(value, struct pb_stamps);
} stamps SEC(".maps");
