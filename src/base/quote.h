// Text from a tracee, made safe to print: no byte of it can end a line or reach a terminal as a
// control sequence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ttrace {

/// Appends `bytes` between double quotes: printable ASCII as it is, \t \n \v \f \r, \" and \\,
/// every other byte in octal, of as few digits as the following byte allows.
void append_quoted(std::string_view bytes, std::string& out);

/// Appends the same without the quotes, and with < and > in octal, too: for names in <>.
void append_escaped(std::string_view bytes, std::string& out);

/// Appends ` 'A'` as gdb shows the character of code `code` (` '\n'`, ` '\000'`). A code above 255
/// is written in UTF-8; nothing is appended for what is not a character.
void append_character(std::int64_t code, std::string& out);

/// Whether a byte could end a line or act upon a terminal.
constexpr bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

/// Appends text that is meant to be readable (names, paths): only control characters are replaced,
/// by octal escapes. UTF-8 passes.
void append_printable(std::string_view text, std::string& out);

}  // namespace ttrace
