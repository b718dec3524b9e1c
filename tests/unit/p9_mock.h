/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small 9P2000.L server for tests: two directories' worth of files in memory,
 * and a hook that may spoil any reply before it is sent.  Include after
 * rt_mock.h and the .c under test.
 */
#ifndef OFL_TEST_P9_MOCK_H
#define OFL_TEST_P9_MOCK_H

#include <sys/stat.h>

#define SRV_NODES 32
#define SRV_FIDS 256 /* the runtime counts sessions above them */
#define SRV_FILE_MAX 70000
#define SRV_MSIZE 16384u

struct srv_node {
	bool used, dir;
	int parent;
	char name[64];
	uint32_t size;
	uint8_t data[SRV_FILE_MAX];
};

static struct srv_node srv_nodes[SRV_NODES];
static int srv_fids[SRV_FIDS]; /* node + 1; 0: free */
static unsigned int srv_requests;
static unsigned int srv_pieces; /* descriptors of the last request and its reply */
static bool srv_stalled;
static int srv_held = -1;
static int srv_not_made = -1; /* fid of the last walk, which failed */
static bool srv_hasty; /* answers for fids that are not made yet */
static bool srv_old; /* knows Tremove and Trename only */

/* The reply, and how many bytes of it the device says it wrote. */
struct srv_reply {
	uint8_t buf[32768];
	size_t len;
	uint32_t used_len;
	uint32_t used_id;
};
/* Called with the request's type when its reply is ready. */
static void (*srv_spoil)(unsigned int type, struct srv_reply *reply);

static inline int srv_make(int parent, const char *name, bool dir)
{
	for (int i = 1; i < SRV_NODES; i++) {
		if (srv_nodes[i].used)
			continue;
		srv_nodes[i].used = true;
		srv_nodes[i].dir = dir;
		srv_nodes[i].parent = parent;
		srv_nodes[i].size = 0;
		snprintf(srv_nodes[i].name, sizeof(srv_nodes[i].name), "%s",
			 name);
		return i;
	}
	return -1;
}

static inline int srv_find(int parent, const char *name)
{
	for (int i = 1; i < SRV_NODES; i++)
		if (srv_nodes[i].used && srv_nodes[i].parent == parent &&
		    !strcmp(srv_nodes[i].name, name))
			return i;
	return -1;
}

static inline void srv_reset(void)
{
	memset(srv_nodes, 0, sizeof(srv_nodes));
	memset(srv_fids, 0, sizeof(srv_fids));
	srv_nodes[0].used = true;
	srv_nodes[0].dir = true;
	srv_requests = 0;
	srv_stalled = false;
	srv_old = false;
	srv_hasty = false;
	srv_held = -1;
	srv_not_made = -1;
	srv_spoil = NULL;
}

static inline unsigned int srv_open_fids(void)
{
	unsigned int n = 0;

	for (int i = 0; i < SRV_FIDS; i++)
		n += srv_fids[i] != 0;
	return n;
}

static inline void srv_name(struct p9_in *in, char *to)
{
	size_t len;
	const char *s = p9_get_string(in, &len);

	assert_non_null(s);
	assert_true(len < 64);
	memcpy(to, s, len);
	to[len] = '\0';
}

static inline int srv_fid(struct p9_in *in)
{
	uint32_t fid = (uint32_t)p9_get(in, 4) % SRV_FIDS;

	assert_true(srv_fids[fid]);
	return srv_fids[fid] - 1;
}

static inline void srv_qid(struct p9_out *out, int node)
{
	p9_put(out, srv_nodes[node].dir ? 0x80 : 0, 1);
	p9_put(out, 0, 4);
	p9_put(out, (uint64_t)node + 100, 8);
}

static inline uint32_t srv_walk(struct p9_in *in, struct p9_out *out)
{
	int node = srv_fid(in);
	uint32_t newfid = (uint32_t)p9_get(in, 4) % SRV_FIDS;
	unsigned int n = (unsigned int)p9_get(in, 2), got = 0;
	size_t at = out->len;

	assert_true(newfid < SRV_FIDS && n <= 16);
	srv_not_made = (int)newfid;
	p9_put(out, 0, 2);
	for (; got < n; got++) {
		char name[64];
		int next;

		srv_name(in, name);
		next = srv_find(node, name);
		if (next < 0)
			break;
		node = next;
		srv_qid(out, node);
	}
	if (n && !got)
		return 2;
	out->buf[at] = (uint8_t)got;
	if (got == n) {
		srv_fids[newfid] = node + 1;
		srv_not_made = -1;
	}
	return 0;
}

static inline uint32_t srv_readdir(struct p9_in *in, struct p9_out *out)
{
	int node = srv_fid(in);
	uint64_t offset = p9_get(in, 8);
	uint32_t count = (uint32_t)p9_get(in, 4);
	size_t at = out->len;

	p9_put(out, 0, 4);
	for (int i = (int)offset + 1; i < SRV_NODES; i++) {
		if (!srv_nodes[i].used || srv_nodes[i].parent != node)
			continue;
		if (out->len - at - 4 + 24 + strlen(srv_nodes[i].name) > count)
			break;
		srv_qid(out, i);
		p9_put(out, (uint64_t)i, 8);
		p9_put(out, srv_nodes[i].dir ? 4 : 8, 1);
		p9_put_string(out, srv_nodes[i].name);
	}
	count = (uint32_t)(out->len - at - 4);
	memcpy(out->buf + at, &count, 4);
	return 0;
}

static inline uint32_t srv_data(unsigned int type, struct p9_in *in,
				struct p9_out *out)
{
	struct srv_node *node = &srv_nodes[srv_fid(in)];
	uint64_t offset = p9_get(in, 8);
	uint32_t count = (uint32_t)p9_get(in, 4);

	if (type == P9_TREAD) {
		if (offset > node->size)
			count = 0;
		else if (count > node->size - offset)
			count = (uint32_t)(node->size - offset);
		p9_put(out, count, 4);
		p9_put_bytes(out, node->data + offset, count);
		return 0;
	}
	if (offset + count > SRV_FILE_MAX)
		return 28;
	assert_true(count <= in->size - in->at);
	memcpy(node->data + offset, in->buf + in->at, count);
	if (offset + count > node->size)
		node->size = (uint32_t)(offset + count);
	p9_put(out, count, 4);
	return 0;
}

static inline uint32_t srv_attr(unsigned int type, struct p9_in *in,
				struct p9_out *out)
{
	int index = srv_fid(in);
	struct srv_node *node = &srv_nodes[index];

	if (type == P9_TSETATTR) {
		uint32_t valid = (uint32_t)p9_get(in, 4);

		p9_get(in, 8);
		p9_get(in, 4);
		if (valid & 8)
			node->size = (uint32_t)p9_get(in, 8);
		return 0;
	}
	p9_put(out, 0x7ff, 8);
	srv_qid(out, index);
	p9_put(out, node->dir ? S_IFDIR | 0755 : S_IFREG | 0644, 4);
	p9_put(out, 1000, 4);
	p9_put(out, 1000, 4);
	p9_put(out, 1, 8);
	p9_put(out, 0, 8);
	p9_put(out, node->size, 8);
	p9_put(out, 4096, 8);
	for (int i = 0; i < 11; i++)
		p9_put(out, 0, 8);
	return 0;
}

static inline uint32_t srv_names(unsigned int type, struct p9_in *in,
				 struct p9_out *out)
{
	uint32_t fid = (uint32_t)p9_get(in, 4) % SRV_FIDS, flags;
	int dir = srv_fids[fid] - 1, node, to;
	char name[64];

	assert_true(dir >= 0);
	srv_name(in, name);
	node = srv_find(dir, name);
	switch (type) {
	case P9_TLCREATE:
	case P9_TMKDIR:
		if (node >= 0)
			return 17;
		node = srv_make(dir, name, type == P9_TMKDIR);
		srv_qid(out, node);
		if (type == P9_TLCREATE) {
			srv_fids[fid] = node + 1;
			p9_put(out, 0, 4);
		}
		return 0;
	case P9_TUNLINKAT:
		flags = (uint32_t)p9_get(in, 4);
		if (node < 0)
			return 2;
		if (!!flags != srv_nodes[node].dir)
			return flags ? 20 : 21;
		srv_nodes[node].used = false;
		return 0;
	default: /* P9_TRENAMEAT */
		to = srv_fid(in);
		if (node < 0)
			return 2;
		srv_name(in, name);
		if (srv_find(to, name) >= 0)
			srv_nodes[srv_find(to, name)].used = false;
		srv_nodes[node].parent = to;
		strcpy(srv_nodes[node].name, name);
		return 0;
	}
}

static inline uint32_t srv_remove(struct p9_in *in)
{
	uint32_t fid = (uint32_t)p9_get(in, 4) % SRV_FIDS;
	int node = srv_fids[fid] - 1;

	assert_true(node > 0);
	srv_fids[fid] = 0;
	for (int i = 0; i < SRV_NODES; i++)
		if (srv_nodes[i].used && srv_nodes[i].parent == node)
			return 39;
	srv_nodes[node].used = false;
	return 0;
}

static inline uint32_t srv_rename(struct p9_in *in)
{
	int node = srv_fid(in), dir = srv_fid(in);
	char name[64];

	srv_name(in, name);
	srv_nodes[node].parent = dir;
	strcpy(srv_nodes[node].name, name);
	return 0;
}

static inline uint32_t srv_request(unsigned int type, struct p9_in *in,
				   struct p9_out *out)
{
	uint32_t fid, size;
	int node;

	if (srv_old && (type == P9_TUNLINKAT || type == P9_TRENAMEAT)) {
		in->at = in->size;
		return 95;
	}
	/* Sent with the walk that was to make it. */
	if (type == P9_TGETATTR || type == P9_TLOPEN || type == P9_TCLUNK) {
		struct p9_in peek = *in;

		fid = (uint32_t)p9_get(&peek, 4) % SRV_FIDS;
		if ((srv_hasty || (int)fid == srv_not_made) && !srv_fids[fid])
			return 9;
	}
	switch (type) {
	case P9_TREMOVE:
		return srv_remove(in);
	case P9_TRENAME:
		return srv_rename(in);
	case P9_TVERSION:
		size = (uint32_t)p9_get(in, 4);
		p9_put(out, size < SRV_MSIZE ? size : SRV_MSIZE, 4);
		p9_put_string(out, "9P2000.L");
		return 0;
	case P9_TATTACH:
		srv_fids[p9_get(in, 4)] = 1;
		srv_qid(out, 0);
		return 0;
	case P9_TWALK:
		return srv_walk(in, out);
	case P9_TLOPEN:
		node = srv_fid(in);
		if ((uint32_t)p9_get(in, 4) & OFL_P9_TRUNC)
			srv_nodes[node].size = 0;
		srv_qid(out, node);
		p9_put(out, 0, 4);
		return 0;
	case P9_TREAD:
	case P9_TWRITE:
		return srv_data(type, in, out);
	case P9_TGETATTR:
	case P9_TSETATTR:
		return srv_attr(type, in, out);
	case P9_TREADDIR:
		return srv_readdir(in, out);
	case P9_TFLUSH:
		p9_get(in, 2);
		return 0;
	case P9_TFSYNC:
		srv_fid(in);
		return 0;
	case P9_TCLUNK:
		fid = (uint32_t)p9_get(in, 4) % SRV_FIDS;
		assert_true(fid < SRV_FIDS && srv_fids[fid]);
		srv_fids[fid] = 0;
		return 0;
	default:
		return srv_names(type, in, out);
	}
}

/* The reply to one request, spoiled if that is wanted. */
static inline void srv_serve(const uint8_t *request, size_t len,
			     struct srv_reply *reply)
{
	struct p9_in in = { .buf = request, .size = len };
	struct p9_out out = { .buf = reply->buf, .size = sizeof(reply->buf) };
	unsigned int type;
	uint32_t error, size;
	uint16_t tag;

	srv_requests++;
	assert_int_equal(p9_get(&in, 4), len);
	type = (unsigned int)p9_get(&in, 1);
	tag = (uint16_t)p9_get(&in, 2);
	out.len = 7;
	error = srv_request(type, &in, &out);
	assert_false(in.bad);
	assert_false(out.bad);
	if (error) {
		out.len = 7;
		p9_put(&out, error, 4);
	}
	size = (uint32_t)out.len;
	memcpy(out.buf, &size, 4);
	out.buf[4] = (uint8_t)(error ? P9_RLERROR : type + 1);
	memcpy(out.buf + 5, &tag, 2);
	reply->len = out.len;
	reply->used_len = size;
	if (srv_spoil)
		srv_spoil(type, reply);
}

/* Serve queue 0: one request out, one reply in. */
static inline void srv_step(void)
{
	static struct srv_reply reply;
	static uint8_t request[32768];
	struct sim_desc *desc;
	size_t len = 0, at = 0, n;
	int head;

	sim_ack();
	if (srv_stalled)
		return;
	head = sim_pop(0);
	if (head < 0)
		return;
	srv_pieces = 1;
	desc = sim_desc(0, (unsigned int)head);
	for (; desc->flags == 1; desc = sim_desc(0, desc->next), srv_pieces++) {
		assert_true(desc->len <= sizeof(request) - len);
		memcpy(request + len, sim_at(desc->addr), desc->len);
		len += desc->len;
	}
	reply.used_id = (uint32_t)head;
	srv_serve(request, len, &reply);
	if (!reply.len) { /* a hook's wish: not before it is flushed */
		srv_held = head;
		return;
	}
	if (request[4] == P9_TFLUSH && srv_held >= 0) {
		sim_push(0, (uint32_t)srv_held, 0);
		srv_held = -1;
	}
	for (;; desc = sim_desc(0, desc->next), srv_pieces++) {
		assert_true(desc->flags & 2);
		n = reply.len - at < desc->len ? reply.len - at : desc->len;
		memcpy(sim_at(desc->addr), reply.buf + at, n);
		at += n;
		if (!(desc->flags & 1))
			break;
	}
	assert_true(at == reply.len);
	sim_push(0, reply.used_id, reply.used_len);
}

/* A device header and memory of `memory` bytes with this server behind. */
static inline void srv_prepare(struct ofl_virtio *dev, size_t memory)
{
	sim_reset(OFL_VIRTIO_ID_9P, 1);
	sim_refuse = 0;
	srv_reset();
	memcpy(sim_hdr()->config, "\5\0share", 7);
	memset(dev, 0, sizeof(*dev));
	dev->hdr = sim_hdr();
	dev->mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
					memory, 0 };
	dev->epoch = 1;
	strcpy(dev->name, "virtio@9p");
	pmm_step = srv_step;
	assert_int_equal(ofl_virtio_open(dev), 0);
}

#endif
