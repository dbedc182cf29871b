// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Errors of the C++ interface. For all its users.
//
// A call that fails throws filch::error, a std::system_error: code() is the errno of
// <filch/base.h>, comparable with std::errc, and what() the message of filch_error(), which names
// the cause and the remedy. Calls that return an int return 0 or a negative errno instead of
// throwing. Without exceptions (-fno-exceptions) filch_die ends the process with that message where
// error would be thrown. Programs that must react to a failure use the calls that return an int, or
// the C functions on the object that get() returns.
//
//   try {
//       filch::runtime rt(4);
//   } catch (const filch::error &error) {
//       std::puts(error.what());
//   }
//
// A C panic (<filch/panic.h>) leaves the frames of a task without running their destructors. In C++
// throw instead, and call C code that panics through filch_try.
// Threads: any. Suspends: no.
// Since 0.1.0.
#ifndef FILCH_CXX_ERROR_HPP
#define FILCH_CXX_ERROR_HPP
#include <filch/detail/hide_words.h>

#include <filch/base.h>

#include <exception>
#include <string>
#include <system_error>

// 1: exceptions are enabled.
#ifdef __cpp_exceptions
#define FL_CXX_THROWS 1
#else
#define FL_CXX_THROWS 0
#endif

#define FL_CXX_INLINE inline FL_FORCE_INLINE

namespace filch
{

// The failure of a call or of a task.
class error : public std::system_error
{
  public:
    // rc: a negative errno; why: a message for people.
    error(int rc, const std::string &why)
        : std::system_error(std::error_code(-rc, std::generic_category())), why_(why)
    {
    }

    // Returns the message; valid as long as the object.
    const char *what() const noexcept override
    {
        return why_.c_str();
    }

  private:
    std::string why_;
};

namespace detail
{

// Throws error(rc, why), or ends the process.
[[noreturn]] FILCH_COLD inline void fail(int rc, const char *why)
{
#if FL_CXX_THROWS
    throw error(rc, why);
#else
    filch_die("%s (error %d); use a call that returns an int to handle it", why, rc);
#endif
}

// Returns rc unless it is a negative errno; then fails with the text of filch_error().
inline int check(int rc)
{
    if (FILCH_UNLIKELY(rc < 0))
        fail(rc, filch_error());
    return rc;
}

} // namespace detail
} // namespace filch

#include <filch/detail/show_words.h>
#endif
