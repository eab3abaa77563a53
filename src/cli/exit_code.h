#pragma once

namespace onda::cli {

/// What the program ends with.
enum class ExitCode : int {
  done = 0,
  failed = 1,         ///< the work failed
  usage = 2,          ///< the command line is wrong
  interrupted = 130,  ///< Ctrl-C, as shells report it
};

}  // namespace onda::cli
