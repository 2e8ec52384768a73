import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Loaded into a program: it does not hear of networks of the machine that come and go. */
const DEAF = `
#include <cerrno>
#include <dlfcn.h>
#include <linux/netlink.h>
#include <sys/socket.h>

extern "C" int socket(int domain, int type, int protocol) {
  static const auto real = reinterpret_cast<int (*)(int, int, int)>(dlsym(RTLD_NEXT, "socket"));
  if (domain != AF_NETLINK || protocol != NETLINK_ROUTE) return real(domain, type, protocol);
  errno = EPERM;
  return -1;
}
`;

let made: Promise<string> | undefined;

/**
 * For a browser beside specs that make networks on this machine: it would give up what it waits for, and log that the network has changed.
 * Nothing on other systems than Linux, where no spec makes networks; compiles with g++.
 */
export async function stillNetwork(): Promise<Record<string, string>> {
  if (process.platform !== 'linux') return {};
  made ??= make();
  return { LD_PRELOAD: await made };
}

/** One file for all browsers of this machine. */
async function make(): Promise<string> {
  const path = join(tmpdir(), `dfs-still-network-${createHash('sha256').update(DEAF).digest('hex').slice(0, 16)}.so`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  const own = `${path}.${process.pid}`;
  const compiling = run('g++', ['-shared', '-fPIC', '-O1', '-D_GNU_SOURCE', '-x', 'c++', '-o', own, '-', '-ldl']);
  compiling.child.stdin?.end(DEAF);
  await compiling;
  await rename(own, path);
  return path;
}
