// What happened in a tracee, as plain data: made by trace/, consumed by the sinks of output/.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/address.h"
#include "base/result.h"
#include "event/value.h"

namespace ttrace {

/// Nanoseconds since the epoch (CLOCK_REALTIME).
using Timestamp = std::int64_t;
/// Nanoseconds; negative when not measured.
using Duration = std::int64_t;

/// How a syscall ended, with what is printed after the `=`.
struct SyscallResult {
  enum class Kind : std::uint8_t {
    Value,    // `value`
    Error,    // -1 ENOENT (No such file or directory)
    Restart,  // ? ERESTARTSYS (To be restarted if SA_RESTART is set)
    Unknown,  // ?: the call never returned, or its result could not be read
  };
  Kind kind = Kind::Unknown;
  Value value;
  int error = 0;                 // positive errno (or ERESTART… number)
  std::string_view error_name;   // "ENOENT"; empty when the number has no name
  std::string_view error_text;   // "No such file or directory"
  std::span<const Value> notes;  // printed in parentheses, comma-separated, each as `name value`
};

/// One caller, or the code that runs.
struct StackFrame {
  std::string_view object;    // the file's path; empty when no file is mapped there
  std::string_view function;  // empty: not known
  std::uint64_t offset = 0;   // bytes from the function's beginning
  Address address;            // in the file (a file virtual address); of no file: in memory
  std::string_view file;      // of the source; empty: not known, or not asked for
  unsigned line = 0;
};
/// Who called, innermost first.
struct StackTrace {
  std::span<const StackFrame> frames;
  bool complete = true;  // false: nothing says who called the last one
};

/// A syscall began. `args` are the arguments known now, in order: those up to the first that the
/// kernel fills in. `complete` when these are all.
struct SyscallEntered {
  std::string_view name;
  std::span<const Value> args;
  bool complete = false;
  StackTrace stack;
};

/// A syscall ended. `args` are the arguments that SyscallEntered had not (those from index
/// `first`).
struct SyscallReturned {
  std::string_view name;
  std::size_t first = 0;
  std::span<const Value> args;
  SyscallResult result;
  Duration duration = -1;
  Duration system_time = -1;            // that the process spent in the kernel meanwhile
  std::optional<std::uint64_t> number;  // nullopt: the number has no name
  unsigned bits = 64;                   // word size of the call's ABI
};

/// How a traced call ended.
enum class CallEnd : std::uint8_t {
  Returned,
  Unwound,          // its frame was skipped by an exception or a longjmp
  UnwoundByPanic,   // Go: by a panic that a deferred function further out recovered from
  UnwoundByGoexit,  // Go: by runtime.Goexit
};

/// A place in the source.
struct SourcePlace {
  std::string_view file;  // empty: not known, or not asked for
  unsigned line = 0;
};

/// A traced function was called. Names and arguments hold for the duration of the delivery only.
struct FunctionEntered {
  std::string_view name;    // qualified, demangled, without parameters
  std::string_view object;  // soname or file name, when the pattern named one; printed name@object
  std::span<const Value> args;
  bool truncated = false;  // more arguments may exist than are here: printed f(1, ...)
  StackTrace stack;        // of its callers
  bool returns = true;     // false: its end is never reported: printed f(1) <no return>
  SourcePlace place;       // where it is defined
};

/// A traced function returned, or its frame is gone.
struct FunctionReturned {
  std::string_view name;
  std::string_view object;
  Value result;  // Kind::None: no value is printed
  CallEnd end = CallEnd::Returned;
  Duration duration = -1;
  bool entered_last = true;        // false: the thread has entered another call since
  std::span<const Value> outputs;  // what arguments point to now: printed behind the result, in
                                   // parentheses, as `name=value`
  StackTrace stack;                // of its callers
  SourcePlace place;               // Go: of the return instruction; others: where it returns to
};

/// A signal is about to be delivered to the tracee.
struct SignalDelivered {
  std::string_view name;  // "SIGCHLD"
  Value info;             // siginfo as a Struct; Kind::None when it could not be read
  StackTrace stack;
};

/// The thread's group was stopped by `name` (group-stop).
struct GroupStopped {
  std::string_view name;
};

/// The thread's calls are now those of a machine with another word size ("32 bit mode").
struct ModeChanged {
  unsigned bits = 64;
};

/// The thread ended with an exit status.
struct Exited {
  int status = 0;
};

/// The thread was killed by a signal.
struct Killed {
  std::string_view name;
  bool core_dumped = false;
};

/// The thread vanished because another thread of its process, `by`, executed a program.
struct Superseded {
  Tid by;
};

/// Tracing of this thread began or ended: "Process N attached" / "Process N detached".
struct Attached {
  unsigned threads = 1;  // attached to at once: "Process N attached with 3 threads"
};
struct Detached {};

/// Something that the user should know, on a line of its own, behind "ttrace: ".
struct Notice {
  std::string_view text;
};

struct Event {
  Timestamp time = 0;
  Pid pid;
  Tid tid;
  std::uint64_t goroutine = 0;  // Go: the goroutine that the thread executes; 0: none, not known
  bool go_runtime = false;      // Go: a syscall that its runtime makes for itself, or its signal
  unsigned depth = 0;           // traced functions open in this thread when the event happens (at a
                                // function's entry and return: not counting itself)
  unsigned tracees = 1;  // threads shown now, 2: several; decides whether lines carry [pid N]
  std::variant<SyscallEntered, SyscallReturned, FunctionEntered, FunctionReturned, SignalDelivered,
               GroupStopped, ModeChanged, Exited, Killed, Superseded, Attached, Detached, Notice>
      what;
};

/// Where events go.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// Takes one event; everything it refers to is valid until on() returns. An Error (EPIPE, ENOSPC)
  /// means that nothing more can be written: the caller ends the tracing.
  virtual Result<> on(const Event& event) = 0;

  /// Called before the tracer blocks and when its timer ticks: shows what should not wait longer.
  /// `now` is the current time.
  virtual Result<> idle(Timestamp now) = 0;

  /// When idle() should be called although nothing happens (a time), or 0 for never.
  [[nodiscard]] virtual Timestamp wants_idle_at() const = 0;

  /// Writes everything that is still open or buffered; called once, last.
  virtual Result<> finish() = 0;
};

}  // namespace ttrace
