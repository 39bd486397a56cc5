#include "base/result.h"

#include <cstring>

namespace ttrace {

std::string Error::message() const {
  if (code == 0) return what;
  return what + ": " + strerror(code);
}

Error os_error(std::string what) {
  int code = errno;
  return {code, std::move(what)};
}

}  // namespace ttrace
