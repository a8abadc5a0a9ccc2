/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What xsk_redirect.bpf.c counts and user space reads. */
#ifndef PKTBENCH_XSK_REDIRECT_H
#define PKTBENCH_XSK_REDIRECT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* One instance per queue and CPU. Writer: the program on that CPU. */
struct pb_xsk_counters {
	__u64 redirected; /* handed to the queue's socket, which may still drop them */
	__u64 no_socket;  /* dropped: no socket takes this queue */
};

#endif
