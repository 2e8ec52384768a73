// A preload (LD_PRELOAD) that has chosen calls on files fail, hang or give wrong bytes, as a failing disk would, for the
// whole process: the engine's own calls and those of SQLite. `disk-faults.ts` compiles it and writes its control file.
//
// The file that DFSTEST_FAULTS names holds one rule a line, with tabs between the fields:
//   calls    of: open read write sync rename unlink truncate mkdir stat, with commas between
//   action   an error number; `hang`: until the rule is gone; `flip`: one bit of what is read; `flip-cached`: the same, but
//            not for a file opened with O_DIRECT
//   times    so many calls and no more; 0 for all
//   path     a pattern of fnmatch(3), held against the absolute path
// The first rule that fits decides. The file is read again whenever it was replaced; the counts begin anew then. Each hit is
// a line in the file of that name with `.hits` behind it.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace {

enum Call { OPEN = 1, READ = 2, WRITE = 4, SYNC = 8, RENAME = 16, UNLINK = 32, TRUNCATE = 64, MKDIR = 128, STAT = 256 };
const struct {
  const char* name;
  int call;
} NAMES[] = {{"open", OPEN},     {"read", READ},         {"write", WRITE}, {"sync", SYNC}, {"rename", RENAME},
             {"unlink", UNLINK}, {"truncate", TRUNCATE}, {"mkdir", MKDIR}, {"stat", STAT}};

const int HANG = -1, FLIP = -2, FLIP_CACHED = -3;

struct Rule {
  int calls;
  int action;
  bool limited;
  long left;
  char path[PATH_MAX];
};

const int MAX_RULES = 64;
Rule rules[MAX_RULES];
int rule_count = 0;
timespec read_at = {0, 0};
ino_t read_inode = 0;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
thread_local bool inside = false;

template <typename F>
F real(F, const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) \
  static auto original = real(&name, #name)

const char* control() {
  static const char* path = getenv("DFSTEST_FAULTS");
  return path;
}

int calls_of(char* list) {
  int calls = 0;
  char* rest = nullptr;
  for (char* word = strtok_r(list, ",", &rest); word; word = strtok_r(nullptr, ",", &rest))
    for (auto& known : NAMES)
      if (strcmp(word, known.name) == 0) calls |= known.call;
  return calls;
}

void read_rules() {
  rule_count = 0;
  FILE* file = fopen(control(), "r");
  if (!file) return;
  char line[PATH_MAX + 256];
  while (rule_count < MAX_RULES && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char* rest = nullptr;
    char* calls = strtok_r(line, "\t", &rest);
    char* action = strtok_r(nullptr, "\t", &rest);
    char* times = strtok_r(nullptr, "\t", &rest);
    char* path = strtok_r(nullptr, "\t", &rest);
    if (!path) continue;
    Rule& rule = rules[rule_count++];
    rule.calls = calls_of(calls);
    rule.action = strcmp(action, "hang") == 0          ? HANG
                  : strcmp(action, "flip") == 0        ? FLIP
                  : strcmp(action, "flip-cached") == 0 ? FLIP_CACHED
                                                       : atoi(action);
    rule.left = atol(times);
    rule.limited = rule.left > 0;
    snprintf(rule.path, sizeof rule.path, "%s", path);
  }
  fclose(file);
}

void refresh() {
  struct stat now;
  if (stat(control(), &now) != 0) {
    rule_count = 0;
    return;
  }
  if (now.st_ino == read_inode && now.st_mtim.tv_sec == read_at.tv_sec && now.st_mtim.tv_nsec == read_at.tv_nsec) return;
  read_inode = now.st_ino;
  read_at = now.st_mtim;
  read_rules();
}

void note(int call, const char* path) {
  char file[PATH_MAX];
  snprintf(file, sizeof file, "%s.hits", control());
  int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  for (auto& known : NAMES)
    if (known.call == call) dprintf(fd, "%s\t%s\n", known.name, path);
  close(fd);
}

bool is_direct(int fd) {
  return fd >= 0 && (fcntl(fd, F_GETFL) & O_DIRECT) != 0;
}

// The fault for a call: 0 for none. Waits where the call is to hang.
int fate(int call, const char* path, int fd) {
  if (!control() || inside) return 0;
  inside = true;
  int action = 0;
  for (bool hanging = false;; ) {
    action = 0;
    pthread_mutex_lock(&lock);
    refresh();
    for (int i = 0; i < rule_count; i++) {
      Rule& rule = rules[i];
      if (!(rule.calls & call) || fnmatch(rule.path, path, 0) != 0) continue;
      if (rule.action == FLIP_CACHED && is_direct(fd)) continue;
      if (rule.action == HANG && hanging) {
        action = HANG;
        break;
      }
      if (rule.limited && rule.left-- <= 0) continue;
      action = rule.action;
      note(call, path);
      break;
    }
    pthread_mutex_unlock(&lock);
    if (action != HANG) break;
    hanging = true;
    timespec rest = {0, 20'000'000};
    nanosleep(&rest, nullptr);
  }
  inside = false;
  return action;
}

int fate_of(int call, int fd) {
  if (!control() || inside) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0 || path[0] != '/') return 0;
  path[length] = 0;
  return fate(call, path, fd);
}

const char* absolute(int folder, const char* path, char* room) {
  if (path[0] == '/') return path;
  char base[PATH_MAX / 2];
  if (folder == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) return path;
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length <= 0) return path;
    base[length] = 0;
  }
  snprintf(room, PATH_MAX, "%s/%s", base, path);
  return room;
}

bool fails(int action) {
  if (action <= 0) return false;
  errno = action;
  return true;
}

void flip(const iovec* parts, int count, ssize_t read) {
  // In the middle of what was read: of a block rather than of its head.
  ssize_t at = read / 2;
  for (int i = 0; i < count && read > 0; i++) {
    if (at < static_cast<ssize_t>(parts[i].iov_len)) {
      static_cast<unsigned char*>(parts[i].iov_base)[at] ^= 1;
      return;
    }
    at -= parts[i].iov_len;
  }
}

template <typename R>
ssize_t reading(int fd, const iovec* parts, int count, R call) {
  int action = fate_of(READ, fd);
  if (fails(action)) return -1;
  ssize_t read = call();
  if (action == FLIP || action == FLIP_CACHED) flip(parts, count, read);
  return read;
}

}  // namespace

extern "C" {

#define OPENS(name)                                               \
  int name(const char* path, int flags, ...) {                    \
    REAL(name);                                                   \
    va_list rest;                                                 \
    va_start(rest, flags);                                        \
    mode_t mode = va_arg(rest, mode_t);                           \
    va_end(rest);                                                 \
    char room[PATH_MAX];                                          \
    if (!inside && control() && fails(fate(OPEN, absolute(AT_FDCWD, path, room), -1))) return -1; \
    return original(path, flags, mode);                           \
  }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                            \
  int name(int folder, const char* path, int flags, ...) {        \
    REAL(name);                                                   \
    va_list rest;                                                 \
    va_start(rest, flags);                                        \
    mode_t mode = va_arg(rest, mode_t);                           \
    va_end(rest);                                                 \
    char room[PATH_MAX];                                          \
    if (!inside && control() && fails(fate(OPEN, absolute(folder, path, room), -1))) return -1; \
    return original(folder, path, flags, mode);                   \
  }
OPENS_AT(openat)
OPENS_AT(openat64)

ssize_t read(int fd, void* to, size_t size) {
  REAL(read);
  iovec part = {to, size};
  return reading(fd, &part, 1, [&] { return original(fd, to, size); });
}
ssize_t readv(int fd, const iovec* parts, int count) {
  REAL(readv);
  return reading(fd, parts, count, [&] { return original(fd, parts, count); });
}
#define PREADS(name, offset_type)                                                    \
  ssize_t name(int fd, void* to, size_t size, offset_type at) {                      \
    REAL(name);                                                                      \
    iovec part = {to, size};                                                         \
    return reading(fd, &part, 1, [&] { return original(fd, to, size, at); });        \
  }
PREADS(pread, off_t)
PREADS(pread64, off64_t)
#define PREADVS(name, offset_type)                                                   \
  ssize_t name(int fd, const iovec* parts, int count, offset_type at) {              \
    REAL(name);                                                                      \
    return reading(fd, parts, count, [&] { return original(fd, parts, count, at); }); \
  }
PREADVS(preadv, off_t)
PREADVS(preadv64, off64_t)

#define ON_FD(call, result, name, parameters, ...)   \
  result name parameters {                           \
    REAL(name);                                      \
    if (fails(fate_of(call, fd))) return -1;         \
    return original(__VA_ARGS__);                    \
  }
ON_FD(WRITE, ssize_t, write, (int fd, const void* from, size_t size), fd, from, size)
ON_FD(WRITE, ssize_t, writev, (int fd, const iovec* parts, int count), fd, parts, count)
ON_FD(WRITE, ssize_t, pwrite, (int fd, const void* from, size_t size, off_t at), fd, from, size, at)
ON_FD(WRITE, ssize_t, pwrite64, (int fd, const void* from, size_t size, off64_t at), fd, from, size, at)
ON_FD(WRITE, ssize_t, pwritev, (int fd, const iovec* parts, int count, off_t at), fd, parts, count, at)
ON_FD(WRITE, ssize_t, pwritev64, (int fd, const iovec* parts, int count, off64_t at), fd, parts, count, at)
ON_FD(SYNC, int, fsync, (int fd), fd)
ON_FD(SYNC, int, fdatasync, (int fd), fd)
ON_FD(TRUNCATE, int, ftruncate, (int fd, off_t length), fd, length)
ON_FD(TRUNCATE, int, ftruncate64, (int fd, off64_t length), fd, length)

#define ON_PATH(call, name, parameters, ...)                                                        \
  int name parameters {                                                                             \
    REAL(name);                                                                                     \
    char room[PATH_MAX];                                                                            \
    if (!inside && control() && fails(fate(call, absolute(AT_FDCWD, path, room), -1))) return -1;   \
    return original(__VA_ARGS__);                                                                   \
  }
ON_PATH(RENAME, rename, (const char* from, const char* path) noexcept, from, path)
ON_PATH(UNLINK, unlink, (const char* path) noexcept, path)
ON_PATH(MKDIR, mkdir, (const char* path, mode_t mode) noexcept, path, mode)
ON_PATH(STAT, statfs, (const char* path, struct statfs* to) noexcept, path, to)
ON_PATH(STAT, statfs64, (const char* path, struct statfs64* to) noexcept, path, to)
}
