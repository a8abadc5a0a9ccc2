// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Charges every nanosecond of every CPU to a class: at each context switch, and at entry to and exit
 * from each softirq and each hard interrupt of a device, the time since the last such event goes to
 * whoever had the CPU. Thread clocks
 * cannot do this: softirq time hides in the task it interrupted.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cpu_account.h"

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

/* The kernel's softirq numbers; fixed since 2.6. */
enum { NET_TX_SOFTIRQ = 2, NET_RX_SOFTIRQ = 3 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PB_MAX_ROLES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);   /* thread id */
	__type(value, __u32); /* enum pb_cpu_class */
} roles SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PB_MAX_CPUS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pb_cpu_slot);
} slots SEC(".maps");

static __always_inline struct pb_cpu_slot *this_slot(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&slots, &cpu);
}

static __always_inline __u32 class_of(int pid)
{
	__u32 key = pid, *role;

	if (!pid)
		return PB_CPU_IDLE;
	role = bpf_map_lookup_elem(&roles, &key);
	return role ? *role : PB_CPU_FOREIGN;
}

/* Ends the open slice. What was running before the first event is unknown and charged to nobody. */
static __always_inline void charge(struct pb_cpu_slot *s)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 class = s->interrupt ? PB_CPU_INTERRUPT : s->softirq ? s->softirq : s->task;

	if (s->since_ns && class < PB_CPU_CLASSES)
		s->ns[class] += now - s->since_ns;
	s->since_ns = now;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->task = class_of(next->pid);
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int vector)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->softirq = vector == NET_RX_SOFTIRQ || vector == NET_TX_SOFTIRQ ? PB_CPU_SOFTIRQ :
									    PB_CPU_SOFTIRQ_OTHER;
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit, unsigned int vector)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->softirq = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq_entry, int irq)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->interrupt = 1;
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_exit, int irq)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->interrupt = 0;
	return 0;
}

/* Run by user space on each CPU in turn: closes the open slice so that the slot is current, and takes
 * over a role that the running task was given after it was switched in. */
SEC("raw_tp")
int cpu_flush(void *ctx)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	s->interrupt = 0; /* no handler runs now; one whose exit was missed in a pause would stay */
	charge(s);
	s->task = class_of((__u32)bpf_get_current_pid_tgid());
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
