// SPDX-License-Identifier: BSD-2-Clause
/*
 * remote PORT ANAME: mount what a 9p server at an AF_VSOCK port of the host has at ANAME as
 * /remote, copy its file "in" to "out", list its directory on stdout, umount.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST };
	static char text[65536], stream[65536];
	unsigned long long total = 0;
	struct dirent *entry;
	FILE *in, *out;
	size_t n;
	DIR *dir;
	int fd;

	if (argc != 3)
		return 2;
	addr.svm_port = (unsigned int)atoi(argv[1]);
	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fail("connect");
	snprintf(text, sizeof(text), "trans=fd,rfdno=%d,wfdno=%d,aname=%s", fd, fd, argv[2]);
	if (mount("remote", "/remote", "9p", 0, text))
		return fail("mount");
	in = fopen("/remote/in", "r");
	out = fopen("/remote/out", "w");
	if (!in || !out)
		return fail("fopen");
	/* Read in small messages, written in the largest ones. */
	setvbuf(out, stream, _IOFBF, sizeof(stream));
	while ((n = fread(text, 1, sizeof(text), in)) > 0) {
		if (fwrite(text, 1, n, out) != n)
			return fail("fwrite");
		total += n;
	}
	if (ferror(in) || fclose(out) || fclose(in))
		return fail("copy");
	printf("copied %llu\n", total);
	if (mkdir("/remote/made", 0755) || rename("/remote/made", "/remote/renamed"))
		return fail("mkdir");
	dir = opendir("/remote");
	if (!dir)
		return fail("opendir");
	while ((entry = readdir(dir)))
		printf("entry %s\n", entry->d_name);
	closedir(dir);
	if (umount("/remote"))
		return fail("umount");
	close(fd);
	printf("done\n");
	return 0;
}
