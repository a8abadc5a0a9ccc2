/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* CPU time by class, kept per CPU by cpu_account.bpf.c and read by user space. */
#pragma once

#include <linux/types.h>

#define PB_MAX_CPUS 1024
#define PB_MAX_ROLES 65536

/* Same order as CpuClass in harness/core/cpu.hpp. */
enum pb_cpu_class {
	PB_CPU_IDLE,
	PB_CPU_APPLICATION,
	PB_CPU_NAPI,
	PB_CPU_SOFTIRQ,
	PB_CPU_SOFTIRQ_OTHER,
	PB_CPU_INTERRUPT,
	PB_CPU_GENERATOR,
	PB_CPU_CONTROL,
	PB_CPU_FOREIGN,
	PB_CPU_CLASSES,
};

/* A thread that works for somebody. Writers: user space makes it, the programs keep the rest. */
struct pb_cpu_role {
	__u32 cpu_class; /* enum pb_cpu_class */
	__u32 cpu;       /* 1 + the CPU it was seen on last; 0: not seen yet */
	__u64 ran_ns;    /* CPU time it had had when it was switched out last; 0: not seen yet */
	__u32 moves;     /* from one CPU to another */
	__u32 stops;     /* by a signal, or by a debugger */
};

/* What a performance counter had counted when it was read last. */
struct pb_cpu_counter {
	__u64 counted;
	__u64 enabled_ns; /* it was to count */
	__u64 running_ns; /* it did: less where others use the PMU as well */
	__u64 failed;     /* readings that failed, in all */
};

/* Writer: the programs, on that CPU. Reader: user space, after cpu_flush has run on that CPU. */
struct pb_cpu_slot {
	__u64 ns[PB_CPU_CLASSES];
	__u64 cycles[PB_CPU_CLASSES]; /* of the counter, where there is one */
	struct pb_cpu_counter counter;
	__u64 since_ns;  /* when the open slice began; 0: not watched yet */
	__u32 task;      /* class of the running task */
	__u32 softirq;   /* class of the softirq being run, or 0 */
	__u32 interrupt; /* 1: a device's hard interrupt is being handled */
	__u32 pid;       /* thread id of the running task */
} __attribute__((aligned(64)));
