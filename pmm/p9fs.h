/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the 9P2000.L protocol layer needs of a file system, and the one that
 * serves a folder of Linux.  Another tree (one in memory, on a machine without
 * Linux) is another struct ofl_p9_fs_ops.
 *
 * A node is a file, folder or symbolic link, held whether or not its name
 * still exists; a file is a node opened for reading, writing or listing.  Names
 * are single components: the protocol layer has refused "", ".", ".." and
 * anything with a '/'.  Functions return 0 or -errno (as Linux numbers them,
 * which is what travels in Rlerror) unless they say otherwise.
 */
#ifndef OFL_PMM_P9FS_H
#define OFL_PMM_P9FS_H

#include <stdbool.h>
#include <stdint.h>

#define OFL_P9_NAME_MAX 255
#define OFL_P9_PATH_MAX 4095

/* Bits of a qid's type. */
#define OFL_P9_QTDIR 0x80u
#define OFL_P9_QTSYMLINK 0x02u
#define OFL_P9_QTFILE 0x00u

/* Open flags of 9P2000.L: numbers of their own, not the host's O_*. */
#define OFL_P9_ACCMODE 03u
#define OFL_P9_RDONLY 00u
#define OFL_P9_WRONLY 01u
#define OFL_P9_RDWR 02u
#define OFL_P9_CREATE 0100u
#define OFL_P9_EXCL 0200u
#define OFL_P9_NOCTTY 0400u
#define OFL_P9_TRUNC 01000u
#define OFL_P9_APPEND 02000u
#define OFL_P9_NONBLOCK 04000u
#define OFL_P9_DSYNC 010000u
#define OFL_P9_FASYNC 020000u
#define OFL_P9_DIRECT 040000u
#define OFL_P9_LARGEFILE 0100000u
#define OFL_P9_DIRECTORY 0200000u
#define OFL_P9_NOFOLLOW 0400000u
#define OFL_P9_NOATIME 01000000u
#define OFL_P9_CLOEXEC 02000000u
#define OFL_P9_SYNC 04000000u
#define OFL_P9_FLAGS_KNOWN 07777703u

struct ofl_p9_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

struct ofl_p9_time {
	uint64_t sec;
	uint64_t nsec;
};

struct ofl_p9_attr {
	struct ofl_p9_qid qid;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t nlink;
	uint64_t rdev;
	uint64_t size;
	uint64_t blksize;
	uint64_t blocks;
	struct ofl_p9_time atime, mtime, ctime;
};

/* Bits of Tsetattr's valid. */
#define OFL_P9_SET_MODE 0x001u
#define OFL_P9_SET_UID 0x002u
#define OFL_P9_SET_GID 0x004u
#define OFL_P9_SET_SIZE 0x008u
#define OFL_P9_SET_ATIME 0x010u
#define OFL_P9_SET_MTIME 0x020u
#define OFL_P9_SET_CTIME 0x040u
#define OFL_P9_SET_ATIME_TO 0x080u /* to the given value, else to now */
#define OFL_P9_SET_MTIME_TO 0x100u

struct ofl_p9_setattr {
	uint32_t valid;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint64_t size;
	struct ofl_p9_time atime, mtime;
};

struct ofl_p9_statfs {
	uint32_t type;
	uint32_t bsize;
	uint64_t blocks, bfree, bavail, files, ffree, fsid;
	uint32_t namelen;
};

#define OFL_P9_LOCK_RD 0u
#define OFL_P9_LOCK_WR 1u
#define OFL_P9_LOCK_UN 2u

struct ofl_p9_lock {
	uint8_t type;
	uint64_t start;
	uint64_t length; /* 0: to the end */
	uint32_t proc;
};

/* A piece of memory; OFL_P9_SPANS_MAX at a time. */
#define OFL_P9_SPANS_MAX 16u
struct ofl_p9_span {
	void *base;
	uint32_t len;
};

struct ofl_p9_node;
struct ofl_p9_file;

/* One entry of a listing; `next` is the offset behind it.  False: no room. */
typedef bool (*ofl_p9_emit_fn)(void *arg, const struct ofl_p9_qid *qid,
			       uint64_t next, uint8_t type, const char *name);

/*
 * With workers, any of them may be called from several threads at a time.  Not
 * every file system has local (then all of it is), locks, mknod, link and extended
 * attributes.
 */
struct ofl_p9_fs_ops {
	struct ofl_p9_node *(*root)(void *fs);
	struct ofl_p9_node *(*get)(struct ofl_p9_node *node);
	void (*put)(struct ofl_p9_node *node);
	void (*qid)(const struct ofl_p9_node *node, struct ofl_p9_qid *qid);

	/* Is it sure that operations on this node end soon? */
	bool (*local)(const struct ofl_p9_node *node);
	/*
	 * A symbolic link is found, never followed.  quick: -EINPROGRESS if the
	 * way leads to where things may block; the same call without it goes
	 * there.
	 */
	int (*walk)(struct ofl_p9_node *dir, const char *name, bool quick,
		    struct ofl_p9_node **node);
	/* flags: access mode, TRUNC, APPEND, SYNC, DSYNC, DIRECTORY. */
	int (*open)(struct ofl_p9_node *node, uint32_t flags,
		    struct ofl_p9_file **file);
	/* flags as for open, and EXCL; quick as for walk. */
	int (*create)(struct ofl_p9_node *dir, const char *name, uint32_t flags,
		      uint32_t mode, bool quick, struct ofl_p9_node **node,
		      struct ofl_p9_file **file);
	/* It is closed in any case; the error may be of a write before (NFS, FUSE, quotas). */
	int (*close)(struct ofl_p9_file *file);
	/* Bytes or -errno; EISDIR for a folder. */
	int64_t (*read)(struct ofl_p9_file *file, void *buf, uint32_t len,
			uint64_t off);
	int64_t (*write)(struct ofl_p9_file *file, const void *buf,
			 uint32_t len, uint64_t off);
	/* Not NULL: the same from memory that others may change meanwhile. */
	int64_t (*writev)(struct ofl_p9_file *file, const struct ofl_p9_span *span,
			  unsigned int nr, uint64_t off);
	int (*fsync)(struct ofl_p9_file *file, bool data_only);
	/* -EAGAIN: somebody else has it.  getlock: who, or type UN. */
	int (*lock)(struct ofl_p9_file *file, const struct ofl_p9_lock *lock);
	int (*getlock)(struct ofl_p9_file *file, struct ofl_p9_lock *lock);
	/* From offset off (0, or a `next`) until emit has no room, or the end. */
	int (*readdir)(struct ofl_p9_file *file, uint64_t off,
		       ofl_p9_emit_fn emit, void *arg);

	int (*getattr)(struct ofl_p9_node *node, struct ofl_p9_attr *attr);
	int (*setattr)(struct ofl_p9_node *node,
		       const struct ofl_p9_setattr *set);
	int (*statfs)(struct ofl_p9_node *node, struct ofl_p9_statfs *st);
	/* Length or -errno; buf has OFL_P9_PATH_MAX + 1 bytes. */
	int (*readlink)(struct ofl_p9_node *node, char *buf);

	int (*mkdir)(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		     struct ofl_p9_qid *qid);
	int (*symlink)(struct ofl_p9_node *dir, const char *name,
		       const char *target, struct ofl_p9_qid *qid);
	/* Regular files, FIFOs, sockets; -EPERM for devices. */
	int (*mknod)(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		     struct ofl_p9_qid *qid);
	int (*link)(struct ofl_p9_node *node, struct ofl_p9_node *dir,
		    const char *name);
	int (*unlink)(struct ofl_p9_node *dir, const char *name, bool folder);
	int (*rename)(struct ofl_p9_node *from_dir, const char *from,
		      struct ofl_p9_node *to_dir, const char *to);
	/* By node instead of name; ESTALE: the name it was found by is another's. */
	int (*remove)(struct ofl_p9_node *node);
	int (*move)(struct ofl_p9_node *node, struct ofl_p9_node *to_dir,
		    const char *to);

	/*
	 * Extended attributes.  get: the length, with size 0 nothing is copied;
	 * name "": all names, each with its NUL.  set: size 0 removes it.
	 */
	int64_t (*getxattr)(struct ofl_p9_node *node, const char *name,
			    void *buf, uint32_t size);
	int (*setxattr)(struct ofl_p9_node *node, const char *name,
			const void *data, uint32_t size, uint32_t flags);
};

/*
 * A folder of Linux.  ofl_p9fs_open() logs what is wrong and returns NULL; close
 * only when all nodes and files are gone.
 */
struct ofl_p9fs;
extern const struct ofl_p9_fs_ops ofl_p9fs_ops;
enum ofl_p9fs_mode {
	OFL_P9FS_AUTO,	  /* known local file systems do not block */
	OFL_P9FS_INLINE,  /* nothing does */
	OFL_P9FS_WORKERS, /* everything may */
};
struct ofl_p9fs *ofl_p9fs_open(const char *dir, enum ofl_p9fs_mode mode);
void ofl_p9fs_close(struct ofl_p9fs *fs);

#endif
