/*
 * Faults for the files under one directory, by LD_PRELOAD: counts the calls that reach them, kills the process at a chosen call, makes
 * a chosen call fail, or records what was written and synced in what order. Every other file is left alone.
 *
 *   FAULTFS_DIR    the directory, absolute and without links; nothing happens without it
 *   FAULTFS_FILE   when set, only calls on files of this name count
 *   FAULTFS_CALLS  which calls count: any of  write sync truncate unlink link mkdir read map open
 *   FAULTFS_AT     the number of the call that the fault strikes, from 1
 *   FAULTFS_DO     kill-before, kill-middle (half of a write is done), kill-after;
 *                  fail-once, fail-torn (once, half of a write is done), fail-thrice (this call and the two after it),
 *                  fail-on (this call and all after it)
 *   FAULTFS_ERRNO  what a failing call reports
 *   FAULTFS_HIT    a file that gets a line about the struck call
 *   FAULTFS_LOG    a file that gets a record of every create, write, truncate, sync, unlink, mkdir and link that succeeded, and of
 *                  every sync that was made to fail: what it should have written may be lost, later syncs or not
 *   FAULTFS_NOMAP  when set, the database itself cannot be mapped: SQLite reads it by calls, which can be counted
 *
 * A file named "acknowledged" is never struck: what a program writes there stands in the log between its calls. The index file (-shm) is not
 * logged: it does not outlive a power cut, SQLite builds it anew.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { NOTHING, KILL_BEFORE, KILL_MIDDLE, KILL_AFTER, FAIL_ONCE, FAIL_TORN, FAIL_THRICE, FAIL_ON };
static const char *const ACTIONS[] = {"", "kill-before", "kill-middle", "kill-after", "fail-once", "fail-torn",
                                      "fail-thrice", "fail-on"};

/* The kinds of the log's records: known to disk.ts. */
enum record { RECORD_WRITE = 1, RECORD_TRUNCATE, RECORD_SYNC, RECORD_UNLINK, RECORD_MKDIR, RECORD_CREATE, RECORD_LOSS, RECORD_LINK };

static char directory[PATH_MAX];
static size_t directory_length;
static const char *counted = "";
static const char *only;
static enum action action;
static long strike_at;
static int strike_errno = EIO;
static int log_fd = -1;
static atomic_long calls;
/* The log's order is the order in which the calls took effect. */
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static int (*real_open)(const char *, int, ...);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);
static int (*real_link)(const char *, const char *);
static int (*real_mkdir)(const char *, mode_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off64_t);

__attribute__((constructor)) static void start(void) {
  real_pwrite = REAL(pwrite64);
  real_write = REAL(write);
  real_pread = REAL(pread64);
  real_open = REAL(open64);
  real_fsync = REAL(fsync);
  real_fdatasync = REAL(fdatasync);
  real_ftruncate = REAL(ftruncate64);
  real_unlink = REAL(unlink);
  real_link = REAL(link);
  real_mkdir = REAL(mkdir);
  real_mmap = REAL(mmap64);
  const char *value = getenv("FAULTFS_DIR");
  if (value == NULL) return;
  directory_length = strlen(strncpy(directory, value, sizeof directory - 1));
  only = getenv("FAULTFS_FILE");
  if ((value = getenv("FAULTFS_CALLS")) != NULL) counted = value;
  if ((value = getenv("FAULTFS_AT")) != NULL) strike_at = atol(value);
  if ((value = getenv("FAULTFS_ERRNO")) != NULL) strike_errno = atoi(value);
  if ((value = getenv("FAULTFS_LOG")) != NULL) log_fd = real_open(value, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if ((value = getenv("FAULTFS_DO")) != NULL)
    for (int i = KILL_BEFORE; i <= FAIL_ON; i++)
      if (strcmp(value, ACTIONS[i]) == 0) action = i;
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The path below the directory ("" is the directory itself), or NULL for a file that is not ours. */
static const char *ours(const char *path) {
  if (directory_length == 0 || strncmp(path, directory, directory_length) != 0) return NULL;
  path += directory_length;
  return *path == '\0' ? path : *path == '/' ? path + 1 : NULL;
}

/* The same for a descriptor. One that has been unlinked is called "… (deleted)": nothing done to it can be seen any more. */
static const char *ours_fd(int fd, char buffer[PATH_MAX]) {
  char link[32];
  if (directory_length == 0) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length < 0) return NULL;
  buffer[length] = '\0';
  return ends_with(buffer, " (deleted)") ? NULL : ours(buffer);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void hit(long number, const char *call, const char *path) {
  const char *file = getenv("FAULTFS_HIT");
  char line[PATH_MAX + 64];
  if (file == NULL) return;
  int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
  int fd = real_open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (real_write(fd, line, (size_t)length) != length) abort();
  close(fd);
}

/* Whole words: unlink is not link. */
static int counts(const char *call) {
  size_t length = strlen(call);
  for (const char *at = strstr(counted, call); at != NULL; at = strstr(at + 1, call))
    if ((at == counted || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return 1;
  return 0;
}

/* Counts a call and says what is to happen to it. KILL_BEFORE has happened when this returns. */
static enum action strike(const char *call, const char *path) {
  if (action == NOTHING || !counts(call) || ends_with(path, "acknowledged")) return NOTHING;
  if (only != NULL && !ends_with(path, only)) return NOTHING;
  long number = atomic_fetch_add(&calls, 1) + 1;
  long last = action == FAIL_ON ? LONG_MAX : action == FAIL_THRICE ? strike_at + 2 : strike_at;
  if (number < strike_at || number > last) return NOTHING;
  if (number == strike_at) hit(number, call, path);
  if (action == KILL_BEFORE) die();
  return action;
}

static void append(enum record kind, const char *path, off64_t offset, const void *data, size_t length) {
  struct { uint32_t kind, path_length; uint64_t offset, length; } header = {kind, strlen(path), (uint64_t)offset, length};
  struct iovec parts[] = {{&header, sizeof header}, {(void *)path, header.path_length}, {(void *)data, length}};
  ssize_t size = (ssize_t)(sizeof header + header.path_length + length);
  if (writev(log_fd, parts, 3) != size) abort();
}

static int logged(const char *path) { return log_fd >= 0 && !ends_with(path, "-shm"); }

static int is_failure(enum action what) { return what >= FAIL_ONCE; }

/* The body of every call that returns -1 when it fails: strike, do, record. */
#define STRUCK(call, path, perform, perform_half, kind, offset, data)                   \
  do {                                                                                  \
    enum action what = strike(call, path);                                              \
    if (what == KILL_MIDDLE || what == FAIL_TORN) perform_half;                         \
    if (what == KILL_MIDDLE) die();                                                     \
    int records = logged(path);                                                         \
    if (records) pthread_mutex_lock(&order);                                            \
    if (is_failure(what)) {                                                             \
      if (records && kind == RECORD_SYNC) append(RECORD_LOSS, path, 0, NULL, 0);        \
      if (records) pthread_mutex_unlock(&order);                                        \
      errno = strike_errno;                                                             \
      return -1;                                                                        \
    }                                                                                   \
    __typeof__(perform) result = (perform);                                             \
    if (records) {                                                                      \
      int saved = errno;                                                                \
      if (result >= 0) append(kind, path, offset, data, (data) == NULL ? 0 : (size_t)result); \
      pthread_mutex_unlock(&order);                                                     \
      errno = saved;                                                                    \
    }                                                                                   \
    if (what == KILL_AFTER) die();                                                      \
    return result;                                                                      \
  } while (0)

#define NO_HALF ((void)0)
#define HALF_WRITE(...) do { if (__VA_ARGS__ < 0) abort(); } while (0)

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  char buffer[PATH_MAX];
  const char *path = ours_fd(fd, buffer);
  if (path == NULL) return real_pwrite(fd, data, length, offset);
  STRUCK("write", path, real_pwrite(fd, data, length, offset), HALF_WRITE(real_pwrite(fd, data, length / 2, offset)),
         RECORD_WRITE, offset, data);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t write(int fd, const void *data, size_t length) {
  char buffer[PATH_MAX];
  const char *path = ours_fd(fd, buffer);
  if (path == NULL) return real_write(fd, data, length);
  off64_t offset = lseek64(fd, 0, SEEK_CUR);
  STRUCK("write", path, real_write(fd, data, length), HALF_WRITE(real_write(fd, data, length / 2)), RECORD_WRITE, offset,
         data);
}

int fsync(int fd) {
  char buffer[PATH_MAX];
  const char *path = ours_fd(fd, buffer);
  if (path == NULL) return real_fsync(fd);
  STRUCK("sync", path, real_fsync(fd), NO_HALF, RECORD_SYNC, 0, NULL);
}

int fdatasync(int fd) {
  char buffer[PATH_MAX];
  const char *path = ours_fd(fd, buffer);
  if (path == NULL) return real_fdatasync(fd);
  STRUCK("sync", path, real_fdatasync(fd), NO_HALF, RECORD_SYNC, 0, NULL);
}

int ftruncate64(int fd, off64_t length) {
  char buffer[PATH_MAX];
  const char *path = ours_fd(fd, buffer);
  if (path == NULL) return real_ftruncate(fd, length);
  STRUCK("truncate", path, real_ftruncate(fd, length), NO_HALF, RECORD_TRUNCATE, length, NULL);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *name) {
  const char *path = ours(name);
  if (path == NULL) return real_unlink(name);
  STRUCK("unlink", path, real_unlink(name), NO_HALF, RECORD_UNLINK, 0, NULL);
}

/* The record of a link has the older name. Gives its length, or -1. */
static int link_ours(const char *from, const char *to, const char *older, const char *path) {
  STRUCK("link", path, real_link(from, to) < 0 ? -1 : (int)strlen(older), NO_HALF, RECORD_LINK, 0, older);
}
int link(const char *from, const char *to) {
  const char *older = ours(from), *path = ours(to);
  if (older == NULL || path == NULL) return real_link(from, to);
  return link_ours(from, to, older, path) < 0 ? -1 : 0;
}

int mkdir(const char *name, mode_t mode) {
  const char *path = ours(name);
  if (path == NULL) return real_mkdir(name, mode);
  STRUCK("mkdir", path, real_mkdir(name, mode), NO_HALF, RECORD_MKDIR, 0, NULL);
}

/* From here on: calls that change no file's content. They can fail, but are no place to die in. */
static int fails(const char *call, const char *path) {
  if (!is_failure(strike(call, path))) return 0;
  errno = strike_errno;
  return 1;
}

ssize_t pread64(int fd, void *data, size_t length, off64_t offset) {
  char buffer[PATH_MAX];
  const char *path = ours_fd(fd, buffer);
  return path != NULL && fails("read", path) ? -1 : real_pread(fd, data, length, offset);
}
ssize_t pread(int fd, void *data, size_t length, off_t offset) { return pread64(fd, data, length, offset); }

int open64(const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  const char *path = ours(name);
  if (path != NULL && fails("open", path)) return -1;
  if (path == NULL || !(flags & O_CREAT) || !logged(path)) return real_open(name, flags, mode);
  pthread_mutex_lock(&order);
  int existed = access(name, F_OK) == 0;
  int fd = real_open(name, flags, mode), saved = errno;
  if (fd >= 0 && !existed) append(RECORD_CREATE, path, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = saved;
  return fd;
}
int open(const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open64(name, flags, mode);
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  char buffer[PATH_MAX];
  const char *path = flags & MAP_ANONYMOUS ? NULL : ours_fd(fd, buffer);
  if (path != NULL && getenv("FAULTFS_NOMAP") != NULL && !ends_with(path, "-shm")) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  if (path != NULL && fails("map", path)) return MAP_FAILED;
  return real_mmap(address, length, protection, flags, fd, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap64(address, length, protection, flags, fd, offset);
}
