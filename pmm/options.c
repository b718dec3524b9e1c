/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses the command line.  What it accepts is in usage() below. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <offload/abi.h>

#include "log.h"
#include "pmm.h"
#include "priv.h"
#include "schedule.h"
#include "work.h"

#ifndef OFL_VERSION
#define OFL_VERSION "0.1"
#endif

#define WINDOW_DEFAULT (4u * 1024 * 1024)
#define WINDOW_MAX (1024ull * 1024 * 1024)
#define LOG_MAX_DEFAULT (1024u * 1024)
#define CPU_MAX 1023 /* of cpu_set_t */
#define SPIN_DEFAULT_US 50
#define SPIN_MAX_US 1000000000u

static void usage(void)
{
	fputs("Usage: offload-pmm [OPTION]...\n"
	      "Serves console and files to the image on a borrowed core.\n"
	      "\n"
	      "  --device PATH   the module's device (default /dev/offload0)\n"
	      "  --socket PATH   serve native images on this UNIX socket instead\n"
	      "  --window SIZE   with --socket: size of the shared window (default 4M)\n"
	      "  --console MODE[,name=NAME][,size=COLSxROWS][,line][,max=SIZE]\n"
	      "                  stdio (default), pty, none, file:PATH or unix:PATH; each\n"
	      "                  further one is a port of its own (up to 7)\n"
	      "  --log FILE[,max=SIZE]\n"
	      "                  also write what the console prints to FILE; at SIZE\n"
	      "                  (default 1M) it becomes FILE.1 and begins anew\n"
	      "  --share DIR[,tag=TAG][,ro][,window=SIZE][,workers=N|inline][,whole]\n"
	      "                  share the folder DIR over 9p as TAG (default \"share\",\n"
	      "                  then \"share1\"...); may be given up to 16 times\n"
	      "                  workers: threads for what may block (default 4, used\n"
	      "                  for file systems that are not known to be local);\n"
	      "                  whole: even if DIR is /\n"
	      "  --vsock [cid=N][,path=DIR][,window=SIZE][,registry=DIR] | vhost[,cid=N]\n"
	      "                  AF_VSOCK: programs connect to DIR/vsock and say CONNECT PORT,\n"
	      "                  the image reaches them on DIR/vsock_PORT (default DIR\n"
	      "                  /run/offload/offload0, or where the --socket is; CID 3 + instance);\n"
	      "                  vhost: by Linux's own AF_VSOCK (module vhost_vsock)\n"
	      "  --forward tcp:[ADDRESS:]PORT:vsock:PORT\n"
	      "                  a TCP port of this machine for one of the image; implies --vsock\n"
	      "  --forward vsock:PORT:tcp:[ADDRESS:]PORT\n"
	      "                  and the other way; loopback unless an address is given\n"
	      "  --net [vhost,]tap=NAME|passt=SOCKET[,ip=ADDRESS/BITS][,gw=ADDRESS][,dns=ADDRESS]\n"
	      "        [,mac=MAC][,mtu=N][,window=SIZE]\n"
	      "                  a network interface: a TAP that is there (vhost: served by\n"
	      "                  Linux's module vhost_net), or a running passt;\n"
	      "                  addresses by DHCP and SLAAC unless given (ip= gw= dns= twice:\n"
	      "                  IPv4 and IPv6)\n"
	      "  --serve-9p unix:PATH|fd:N[,tag=TAG]\n"
	      "                  serve a share to Linux's own 9p client as well; without\n"
	      "                  --device and --socket, to nobody else\n"
	      "  --once          exit when the image ends, with its exit status\n"
	      "                  (125: it crashed or is stuck; 1: it was stopped)\n"
	      "  --stop-on-close when this daemon ends, however it does, stop the image and\n"
	      "                  give the core to Linux\n"
	      "  --user NAME     serve as this user (name, or UID, or UID:GID; default:\n"
	      "                  $OFFLOAD_USER); who starts it as root has to say\n"
	      "  --spin USEC     look for work this long at most before sleeping (default 50);\n"
	      "                  how long is learnt; always: never sleep\n"
	      "  --cpu N         run the event loop on CPU N\n"
	      "  --sched POLICY  other, batch, idle, fifo:PRIO or rr:PRIO\n"
	      "  --mlockall      keep the daemon's memory resident\n"
	      "  --help          print this\n"
	      "  --version       print the version\n",
	      stdout);
}

int ofl_options_size(const char *text, uint64_t *size)
{
	unsigned long long value;
	unsigned int shift = 0;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || !value)
		return -EINVAL;
	if (*end == 'k' || *end == 'K')
		shift = 10;
	else if (*end == 'm' || *end == 'M')
		shift = 20;
	if (shift)
		end++;
	if (*end || value > (1ull << 40) >> shift)
		return -EINVAL;
	value <<= shift;
	*size = (value + OFL_PAGE - 1) & ~(uint64_t)(OFL_PAGE - 1);
	return 0;
}

static int bad(const char *option, const char *value, const char *what)
{
	ofl_log("%s %s: %s (see --help)", option, value, what);
	return 1 + OFL_EXIT_USAGE;
}

static bool tag_valid(const char *tag)
{
	return *tag && strlen(tag) <= OFL_TAG_MAX && !strchr(tag, '/') &&
	       strcmp(tag, ".") && strcmp(tag, "..");
}

static int parse_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno || *end || *value > max ? -EINVAL : 0;
}

static int parse_share_key(struct ofl_share *share, const char *whole,
			   const char *key)
{
	if (!strcmp(key, "ro")) {
		share->ro = true;
		return 0;
	}
	if (!strncmp(key, "tag=", 4)) {
		if (!tag_valid(key + 4))
			return bad("--share", whole,
				   "a tag has 1 to 31 characters and no /");
		strcpy(share->tag, key + 4);
		return 0;
	}
	if (!strncmp(key, "window=", 7)) {
		if (ofl_options_size(key + 7, &share->mem_size) ||
		    share->mem_size < OFL_MEM_DEFAULT ||
		    share->mem_size > OFL_MEM_MAX)
			return bad("--share", whole,
				   "window= takes a size from 24K to 64M");
		return 0;
	}
	if (!strcmp(key, "inline")) {
		share->mode = OFL_P9FS_INLINE;
		return 0;
	}
	if (!strcmp(key, "whole")) {
		share->whole = true;
		return 0;
	}
	if (!strncmp(key, "workers=", 8)) {
		uint64_t n;

		if (parse_number(key + 8, OFL_WORKERS_MAX, &n) || !n)
			return bad("--share", whole,
				   "workers= takes a number from 1 to 64");
		share->mode = OFL_P9FS_WORKERS;
		share->workers = (unsigned int)n;
		return 0;
	}
	return bad("--share", whole,
		   "after the folder only tag=TAG, ro, window=SIZE, workers=N, inline and whole are known");
}

static bool is_root_folder(const char *dir)
{
	struct stat here, root;

	return !stat(dir, &here) && !stat("/", &root) && here.st_dev == root.st_dev &&
	       here.st_ino == root.st_ino;
}

static int parse_share(struct ofl_options *opt, const char *arg)
{
	struct ofl_share *share = &opt->share[opt->nr_shares];
	char *key, *rest;
	int err = 0;

	if (opt->nr_shares == OFL_SHARES_MAX)
		return bad("--share", arg, "that is one more than 16");
	share->dir = strdup(arg);
	if (!share->dir) {
		ofl_log("out of memory");
		return 1 + OFL_EXIT_FAILURE;
	}
	opt->nr_shares++;
	share->workers = OFL_WORKERS_DEFAULT;
	rest = share->dir;
	strsep(&rest, ",");
	while (!err && (key = strsep(&rest, ",")))
		err = parse_share_key(share, arg, key);
	if (!err && !*share->dir)
		err = bad("--share", arg, "the folder is missing");
	if (!err && !share->whole && is_root_folder(share->dir))
		err = bad("--share", arg,
			  "the image could read and write all of this machine's files; share a folder, or add ,whole");
	return err;
}

static int parse_serve(struct ofl_options *opt, const char *arg)
{
	struct ofl_serve *serve = &opt->serve[opt->nr_serve];
	char *key;

	if (opt->nr_serve == OFL_SERVE_MAX)
		return bad("--serve-9p", arg, "that is one more than 4");
	if ((strncmp(arg, "unix:", 5) || !arg[5]) &&
	    (strncmp(arg, "fd:", 3) || !arg[3]))
		return bad("--serve-9p", arg, "use unix:PATH or fd:NUMBER");
	serve->where = strdup(arg);
	if (!serve->where) {
		ofl_log("out of memory");
		return 1 + OFL_EXIT_FAILURE;
	}
	opt->nr_serve++;
	key = strrchr(serve->where, ',');
	if (!key || strncmp(key, ",tag=", 5))
		return 0;
	*key = 0;
	key += 5;
	if (!tag_valid(key))
		return bad("--serve-9p", arg,
			   "a tag has 1 to 31 characters and no /");
	strcpy(serve->tag, key);
	return 0;
}

/* Which share does each --serve-9p mean? */
static int finish_serve(struct ofl_options *opt)
{
	unsigned int i, j;

	for (i = 0; i < opt->nr_serve; i++) {
		struct ofl_serve *serve = &opt->serve[i];

		for (j = 0; j < opt->nr_shares; j++)
			if (!*serve->tag || !strcmp(serve->tag, opt->share[j].tag))
				break;
		if (j == opt->nr_shares)
			return bad("--serve-9p", serve->where,
				   "there is no such share: add --share");
		serve->share = j;
	}
	return 0;
}

/* Tags that were not given, and no tag twice. */
static int finish_tags(struct ofl_options *opt)
{
	unsigned int i, j;

	for (i = 0; i < opt->nr_shares; i++) {
		struct ofl_share *share = &opt->share[i];

		if (!*share->tag && !i)
			strcpy(share->tag, "share");
		else if (!*share->tag)
			snprintf(share->tag, sizeof(share->tag), "share%u", i);
	}
	for (i = 0; i < opt->nr_shares; i++)
		for (j = 0; j < i; j++)
			if (!strcmp(opt->share[i].tag, opt->share[j].tag))
				return bad("--share", opt->share[i].dir,
					   "another share has the same tag: add tag=");
	return 0;
}

/*
 * The last ",KEY=VALUE" of text if its key is one of ours: cut off, *value.  Paths
 * may have commas, so options are taken from the end.
 */
static const char *cut_key(char *text, const char *const keys[], char **value)
{
	char *comma = strrchr(text, ',');
	unsigned int i;

	for (i = 0; comma && keys[i]; i++) {
		size_t len = strlen(keys[i]);

		if (strncmp(comma + 1, keys[i], len))
			continue;
		if (keys[i][len - 1] != '=' && comma[1 + len])
			continue;
		*comma = 0;
		*value = comma + 1 + len;
		return keys[i];
	}
	return NULL;
}

static bool port_name_valid(const char *name)
{
	return *name && strlen(name) <= CON_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == strlen(name) &&
	       *name != '.';
}

static int parse_port_key(struct ofl_port_options *port, const char *arg,
			  const char *key, const char *value)
{
	unsigned int cols, rows;
	char end;

	if (!strcmp(key, "line")) {
		port->line = true;
	} else if (!strcmp(key, "name=")) {
		if (!port_name_valid(value))
			return bad("--console", arg,
				   "a name has 1 to 31 letters, digits, - _ or .");
		strcpy(port->name, value);
	} else if (!strcmp(key, "size=")) {
		if (sscanf(value, "%5ux%5u%c", &cols, &rows, &end) != 2 ||
		    !cols || !rows || cols > 65535 || rows > 65535)
			return bad("--console", arg,
				   "size= takes COLUMNSxROWS, as in 80x25");
		port->cols = (uint16_t)cols;
		port->rows = (uint16_t)rows;
	} else if (ofl_options_size(value, &port->max)) {
		return bad("--console", arg, "max= takes a size, as in 1M");
	}
	return 0;
}

static int parse_console(struct ofl_options *opt, const char *arg)
{
	static const char *const keys[] = { "name=", "size=", "max=", "line",
					    NULL };
	struct ofl_port_options *port = &opt->port[opt->nr_ports];
	const char *key;
	char *value, *mode;
	unsigned int i;
	int err = 0;

	if (opt->nr_ports == OFL_PORTS_MAX)
		return bad("--console", arg, "that is one more than 7");
	mode = strdup(arg);
	if (!mode) {
		ofl_log("out of memory");
		return 1 + OFL_EXIT_FAILURE;
	}
	opt->port_text[opt->nr_ports++] = mode;
	port->mode = mode;
	while (!err && (key = cut_key(mode, keys, &value)))
		err = parse_port_key(port, arg, key, value);
	if (err)
		return err;
	if (strcmp(mode, "stdio") && strcmp(mode, "pty") && strcmp(mode, "none") &&
	    (strncmp(mode, "file:", 5) || !mode[5]) &&
	    (strncmp(mode, "unix:", 5) || !mode[5]))
		return bad("--console", arg,
			   "unknown mode: use stdio, pty, none, file:PATH or unix:PATH");
	if (port->max && strncmp(mode, "file:", 5))
		return bad("--console", arg, "max= is for file:PATH");
	for (i = 0; i + 1 < opt->nr_ports; i++) {
		if (!strcmp(mode, "stdio") && !strcmp(opt->port[i].mode, mode))
			return bad("--console", arg, "there is only one stdio");
		if (*port->name && !strcmp(opt->port[i].name, port->name))
			return bad("--console", arg,
				   "another port has the same name");
	}
	return 0;
}

static int parse_log(struct ofl_options *opt, const char *arg)
{
	static const char *const keys[] = { "max=", NULL };
	char *value;

	free(opt->log);
	opt->log = strdup(arg);
	if (!opt->log) {
		ofl_log("out of memory");
		return 1 + OFL_EXIT_FAILURE;
	}
	if (cut_key(opt->log, keys, &value) &&
	    ofl_options_size(value, &opt->log_max))
		return bad("--log", arg, "max= takes a size, as in 1M");
	return 0;
}

static int parse_one(struct ofl_options *opt, int c, const char *arg)
{
	uint64_t value;

	switch (c) {
	case 'd':
		opt->device = arg;
		return 0;
	case 's':
		opt->socket = arg;
		return 0;
	case 'w':
		if (ofl_options_size(arg, &opt->window_size) ||
		    opt->window_size > WINDOW_MAX)
			return bad("--window", arg, "not a size up to 1024M");
		return 0;
	case 'c':
		return parse_console(opt, arg);
	case 'l':
		return parse_log(opt, arg);
	case 'S':
		return parse_share(opt, arg);
	case 'V':
		return ofl_vsock_option(&opt->vsock, arg ? arg : "");
	case 'F':
		return ofl_vsock_forward_option(&opt->vsock, arg);
	case 'N':
		return ofl_net_option(&opt->net, arg);
	case '9':
		return parse_serve(opt, arg);
	case 'C':
		if (parse_number(arg, CPU_MAX, &value))
			return bad("--cpu", arg, "not the number of a CPU");
		opt->cpu = (int)value;
		return 0;
	case 'P':
		if (ofl_sched_parse(arg, &opt->sched_policy,
				    &opt->sched_priority))
			return bad("--sched", arg,
				   "use other, batch, idle, fifo:PRIO or rr:PRIO with 1 to 99");
		opt->sched_given = true;
		return 0;
	case 'm':
		opt->mlockall = true;
		return 0;
	case 'o':
		opt->once = true;
		return 0;
	case 'O':
		opt->stop_on_close = true;
		return 0;
	case 'u':
		return ofl_user_option(opt, arg);
	case 'p':
		if (!strcmp(arg, "always"))
			value = OFL_SPIN_ALWAYS;
		else if (parse_number(arg, SPIN_MAX_US, &value))
			return bad("--spin", arg, "not a number of microseconds, nor \"always\"");
		opt->spin_us = (uint32_t)value;
		return 0;
	case 'a':
		if (parse_number(arg, UINT32_MAX, &value))
			return bad("--abi", arg, "not a version number");
		opt->abi = (uint32_t)value;
		return 0;
	case 'h':
		usage();
		return 1;
	case 'v':
		printf("offload-pmm %s, ABI %u\n", OFL_VERSION, OFL_ABI_VERSION);
		return 1;
	default:
		return 1 + OFL_EXIT_USAGE;
	}
}

int ofl_options_parse(struct ofl_options *opt, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "socket", required_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ "console", required_argument, NULL, 'c' },
		{ "log", required_argument, NULL, 'l' },
		{ "share", required_argument, NULL, 'S' },
		{ "vsock", optional_argument, NULL, 'V' },
		{ "forward", required_argument, NULL, 'F' },
		{ "net", required_argument, NULL, 'N' },
		{ "serve-9p", required_argument, NULL, '9' },
		{ "cpu", required_argument, NULL, 'C' },
		{ "sched", required_argument, NULL, 'P' },
		{ "mlockall", no_argument, NULL, 'm' },
		{ "once", no_argument, NULL, 'o' },
		{ "stop-on-close", no_argument, NULL, 'O' },
		{ "user", required_argument, NULL, 'u' },
		{ "spin", required_argument, NULL, 'p' },
		/* For tests: claim to be built for another ABI. */
		{ "abi", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err = 0;

	memset(opt, 0, sizeof(*opt));
	opt->log_max = LOG_MAX_DEFAULT;
	opt->spin_us = SPIN_DEFAULT_US;
	opt->abi = OFL_ABI_VERSION;
	opt->cpu = -1;

	opterr = 0;
	optind = 1;
	while (!err && (c = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		if (c == '?' || c == ':') {
			ofl_log("%s: %s (see --help)", argv[optind - 1],
				c == ':' ? "needs a value" : "unknown option");
			err = 1 + OFL_EXIT_USAGE;
		} else {
			/* "--vsock cid=5" as well as "--vsock=cid=5" */
			if (c == 'V' && !optarg && optind < argc &&
			    argv[optind][0] != '-')
				optarg = argv[optind++];
			err = parse_one(opt, c, optarg);
		}
	}
	if (!err && optind < argc)
		err = bad("argument", argv[optind], "only options are known");
	if (!err && opt->device && opt->socket)
		err = bad("--device and --socket", opt->socket,
			  "only one of them can be served");
	if (!err && opt->window_size && !opt->socket)
		err = bad("--window", "SIZE",
			  "only with --socket; else the module decides (window=)");
	if (!err && opt->stop_on_close && (opt->socket || (opt->nr_serve && !opt->device)))
		err = bad("--stop-on-close", "", "only with --device: there is no core to return");
	if (!err)
		err = ofl_user_check(opt);
	if (!err)
		err = ofl_vsock_options_check(&opt->vsock);
	if (!err)
		err = finish_tags(opt);
	if (!err)
		err = finish_serve(opt);
	if (err) {
		ofl_options_free(opt);
		return err;
	}
	if (!opt->nr_ports)
		opt->port[opt->nr_ports++].mode =
			opt->nr_serve && !opt->device && !opt->socket ? "none" :
									"stdio";
	if (!opt->device && !opt->socket && !opt->nr_serve)
		opt->device = "/dev/offload0";
	if (!opt->window_size)
		opt->window_size = WINDOW_DEFAULT;
	return 0;
}

void ofl_options_free(struct ofl_options *opt)
{
	unsigned int i;

	for (i = 0; i < opt->nr_shares; i++)
		free(opt->share[i].dir);
	for (i = 0; i < opt->nr_ports; i++)
		free(opt->port_text[i]);
	free(opt->log);
	opt->log = NULL;
	opt->nr_ports = 0;
	for (i = 0; i < opt->nr_serve; i++)
		free(opt->serve[i].where);
	opt->nr_shares = 0;
	ofl_vsock_options_free(&opt->vsock);
	ofl_net_options_free(&opt->net);
	opt->nr_serve = 0;
}
