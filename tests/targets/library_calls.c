// Calls functions of the C library, and writes the lines that they must make to the file that its
// first argument names. The second is the mode. What is expected is written by hand-made code that
// calls nothing but write: the C library's own functions call each other.
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static int out;
// Of a function that only computes a call is left out when nobody wants its result.
static volatile unsigned long used;

static void text(const char* s) {
  while (*s != 0) {
    if (write(out, s++, 1) != 1) _exit(3);
  }
}

static void hex(const void* pointer) {
  unsigned long n = (unsigned long)pointer;
  char digits[17];
  int at = 16;
  digits[at] = 0;
  if (n == 0) {
    text("NULL");
    return;
  }
  for (; n != 0; n /= 16)
    digits[--at] = "0123456789abcdef"[n % 16];
  text("0x");
  text(digits + at);
}

static void number(long n) {
  char digits[24];
  int at = 23;
  digits[at] = 0;
  unsigned long rest = n < 0 ? 0 - (unsigned long)n : (unsigned long)n;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (n < 0) text("-");
  text(digits + at);
}

#define CALL(name) text(name "@libc.so.6(")

static void streams(void) {
  char buffer[64];
  FILE* file = fopen("numbers", "w+");
  CALL("fopen"), text("path=\"numbers\", mode=\"w+\") = "), hex(file), text("\n");
  fprintf(file, "%d %s %5.2f %c\n", -5, "word", 2.5, 'x');
  CALL("fprintf"), text("stream="), hex(file);
  text(", format=\"%d %s %5.2f %c\\n\", -5, \"word\", 2.5, 120 'x') = 16\n");
  size_t items = fwrite("abcdef\n", 1, 7, file);
  CALL("fwrite"), text("ptr=\"abcdef\\n\", size=1, n=7, stream="), hex(file);
  text(") = "), number((long)items), text("\n");
  fseek(file, 0, SEEK_SET);
  CALL("fseek"), text("stream="), hex(file), text(", offset=0, whence=SEEK_SET) = 0\n");
  fgets(buffer, sizeof(buffer), file);
  CALL("fgets"), text("s="), hex(buffer), text(", size=64, stream="), hex(file);
  text(") = \"-5 word  2.50 x\\n\"\n");
  fread(buffer, 2, 3, file);
  CALL("fread"), text("ptr="), hex(buffer), text(", size=2, n=3, stream="), hex(file);
  text(") = 3 (ptr=\"abcdef\")\n");
  fclose(file);
  CALL("fclose"), text("stream="), hex(file), text(") = 0\n");
  int length = snprintf(buffer, sizeof(buffer), "%.*s|%lld|%#x|%Lg", 3, "abcdef", -1LL, 255U, 1.5L);
  CALL("snprintf"), text("s="), hex(buffer);
  text(", size=64, format=\"%.*s|%lld|%#x|%Lg\", 3, \"abc\", -1, 0xff, 1.5) = "), number(length);
  text(" (s=\"abc|-1|0xff|1.5\")\n");
  int a = 0;
  double d = 0;
  sscanf("7 2.5 none", "%d %lf %d", &a, &d, &length);
  CALL("__isoc99_sscanf"), text("s=\"7 2.5 none\", format=\"%d %lf %d\", "), hex(&a), text(", ");
  hex(&d), text(", "), hex(&length), text(") = 2 ([7], [2.5])\n");
  fopen("/nowhere/at/all", "r");
  CALL("fopen"),
      text("path=\"/nowhere/at/all\", mode=\"r\") = NULL ENOENT (No such file or directory)\n");
}

static int compare(const void* a, const void* b) {
  return *(const char*)a - *(const char*)b;
}

static void memory(void) {
  void* block = malloc(100);
  CALL("malloc"), text("size=100) = "), hex(block), text("\n");
  free(block);
  CALL("free"), text("ptr="), hex(block), text(")\n");
  used = (unsigned long)getenv("TTRACE_WORD");
  CALL("getenv"), text("name=\"TTRACE_WORD\") = \"some thing\"\n");
  used = (unsigned long)getenv("TTRACE_NO_WORD");
  CALL("getenv"), text("name=\"TTRACE_NO_WORD\") = NULL\n");
}

static void values(void) {
  used = (unsigned long)strtol("-42 sheep", NULL, 10);
  CALL("strtol"), text("s=\"-42 sheep\", endptr=NULL, base=10) = -42\n");
  char letters[] = "ba";
  qsort(letters, 2, 1, compare);
  CALL("qsort"), text("base="), hex(letters), text(", nmemb=2, size=1, compar=compare)\n");
  time_t when = 86400;
  gmtime(&when);
  CALL("gmtime"), text("t=[86400]) = {tm_sec=0, tm_min=0, tm_hour=0, tm_mday=2, tm_mon=0, ");
  text("tm_year=70, tm_wday=5, tm_yday=1, tm_isdst=0, tm_gmtoff=0, tm_zone=\"GMT\"}\n");
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CALL("mmap"), text("addr=NULL, length=4096, prot=PROT_READ|PROT_WRITE, ");
  text("flags=MAP_PRIVATE|MAP_ANONYMOUS, fd=-1, offset=0) = "), hex(page), text("\n");
  munmap(page, 4096);
  CALL("munmap"), text("addr="), hex(page), text(", length=4096) = 0\n");
  mkdir("folder", 0750);
  CALL("mkdir"), text("path=\"folder\", mode=0750) = 0\n");
  int fd = open("folder", O_RDONLY | O_DIRECTORY);
  CALL("open"), text("path=\"folder\", flags=O_RDONLY|O_DIRECTORY) = "), number(fd), text("\n");
  close(fd);
  CALL("close"), text("fd="), number(fd), text(") = 0\n");
  fd = open("folder/file", O_WRONLY | O_CREAT, 0600);
  CALL("open"), text("path=\"folder/file\", flags=O_WRONLY|O_CREAT, mode=0600) = ");
  number(fd), text("\n");
  setlocale(LC_ALL, "C");
  CALL("setlocale"), text("category=LC_ALL, locale=\"C\") = \"C\"\n");
  close(-1);
  CALL("close"), text("fd=-1) = -1 EBADF (Bad file descriptor)\n");
  mmap(NULL, 0, PROT_READ, MAP_PRIVATE, -1, 0);
  CALL("mmap"), text("addr=NULL, length=0, prot=PROT_READ, flags=MAP_PRIVATE, fd=-1, offset=0) = ");
  text("-1 EBADF (Bad file descriptor)\n");
  used = (unsigned long)div(17, 5).quot;
  CALL("div"), text("numerator=17, denominator=5) = {quot=3, rem=2}\n");
  used = (unsigned long)strtod("2.5x", NULL);
  CALL("strtod"), text("s=\"2.5x\", endptr=NULL) = 2.5\n");
  used = (unsigned long)(long)strtold("-0.5", NULL);
  CALL("strtold"), text("s=\"-0.5\", endptr=NULL) = -0.5\n");
  int status = 0;
  int ends[2];
  pipe(ends);
  CALL("pipe"), text("pipefd="), hex(ends), text(") = 0 (pipefd=["), number(ends[0]), text(", ");
  number(ends[1]), text("])\n");
  sigset_t blocked;  // so that no signal comes in between
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  int child = vfork();
  if (child == 0) _exit(7);
  waitpid(child, &status, 0);
  CALL("waitpid"), text("pid="), number(child), text(", status="), hex(&status);
  text(", options=0) = "), number(child);
  text(" (status=[{WIFEXITED(s) && WEXITSTATUS(s) == 7}])\n");
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int sock = socket(AF_INET, SOCK_STREAM, 0);
  CALL("socket"), text("domain=AF_INET, type=SOCK_STREAM, protocol=0) = "), number(sock),
      text("\n");
  bind(sock, (struct sockaddr*)&address, sizeof(address));
  CALL("bind"), text("fd="), number(sock), text(", addr={sa_family=AF_INET, sin_port=htons(0), ");
  text("sin_addr=inet_addr(\"127.0.0.1\")}, addrlen=16) = 0\n");
  setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  CALL("setsockopt"), text("fd="), number(sock);
  text(", level=SOL_SOCKET, option=2, value=\"\\1\\0\\0\\0\", len=4) = 0\n");
}

static void* work(void* argument) {
  return argument;
}

static void threads(void) {
  pthread_t thread;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  pthread_mutex_trylock(&mutex);
  CALL("pthread_mutex_trylock"), text("mutex="), hex(&mutex), text(") = EBUSY\n");
  pthread_create(&thread, NULL, work, &mutex);
  CALL("pthread_create"), text("thread="), hex(&thread),
      text(", attr=NULL, start_routine=work, arg=");
  hex(&mutex), text(") = 0 (thread=["), hex((void*)thread), text("])\n");
  void* result = NULL;
  pthread_join(thread, &result);
  CALL("pthread_join"), text("thread="), hex((void*)thread), text(", retval="), hex(&result);
  text(") = 0 (retval=["), hex(&mutex), text("])\n");
  sem_t sem;
  sem_init(&sem, 0, 3);
  CALL("sem_init"), text("sem="), hex(&sem), text(", pshared=0, value=3) = 0\n");
}

// Implementations of these are chosen when the program is started. Volatile: so that they are
// called.
static const char* volatile word = "a word";
static size_t (*volatile length_of)(const char*) = strlen;

static void ifuncs(void) {
  char to[32];
  memcpy(to, word, 7);
  CALL("memcpy"), text("dest="), hex(to), text(", src=\"a word\\0\", n=7) = "), hex(to), text("\n");
  used = strlen(word);
  CALL("strlen"), text("s=\"a word\") = 6\n");
  used = length_of(to);
  CALL("strlen"), text("s=\"a word\") = 6\n");
  used = (unsigned long)strchr(word, 'w');
  CALL("strchr"), text("s=\"a word\", c=119 'w') = \"word\"\n");
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const char* mode = argv[2];
  // Not creat(): where there is no such call, it calls open(), which is traced.
  out = (int)syscall(SYS_openat, AT_FDCWD, argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out < 0) return 1;
  switch (mode[0]) {
    case 's':
      streams();
      break;
    case 'm':
      memory();
      break;
    case 'v':
      values();
      break;
    case 't':
      threads();
      break;
    case 'i':
      ifuncs();
      break;
    case 'w': {  // waits for a line before it calls them, so that somebody can attach
      char line[16];
      write(1, "ready\n", 6);
      if (read(0, line, sizeof(line)) <= 0) return 1;
      ifuncs();
      break;
    }
    default:
      return 2;
  }
  // What the end of a program calls is not expected.
  _exit(0);
}
