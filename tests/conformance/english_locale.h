#pragma once

#include "support/temp_directory.h"

namespace onda::test {

/// Lets this process find the locale "en_US.UTF-8", by which ONNX Runtime's StringNormalizer changes case,
/// whether or not the machine has it: $LOCPATH names a directory in which it is the C library's own
/// "C.UTF-8". Upper and lower case are the same in both. Make one before other threads start.
class EnglishLocale {
 public:
  EnglishLocale();

 private:
  TempDirectory directory_;
};

}  // namespace onda::test
