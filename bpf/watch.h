/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What xdp_watch.bpf.c counts, and where. */
#pragma once

#include "workload.h"

/* The last is that of all queues from PB_MAX_QUEUES on. */
#define PB_WATCH_SLOTS (PB_MAX_QUEUES + 1)

enum pb_unlisted {
	PB_NO_ADDRESS, /* no IP, or the header is cut short */
	PB_NO_ROOM,    /* a new address, and the table is full */
	PB_UNLISTED,
};
