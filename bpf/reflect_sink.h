/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What reflect_sink.bpf.c counts and user space reads. */
#ifndef PKTBENCH_REFLECT_SINK_H
#define PKTBENCH_REFLECT_SINK_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* One instance per CPU. Writer: the program on that CPU. */
struct pb_sink_counters {
	__u64 packets; /* of this trial, addressed to this device */
	__u64 strays;  /* test frames of another trial, or addressed to another device */
};

#endif
