// A race on purpose, in a process that has ONNX Runtime loaded, as the tests have: the thread sanitizer must
// report it although it is told to leave alone what the library, which is not built with it, does inside.
#include <dlfcn.h>

#include <cstdio>
#include <thread>

int main(int count, char** arguments) {
  if (count != 2 || dlopen(arguments[1], RTLD_NOW) == nullptr) {
    std::fputs("usage: onda_planted_race LIBONNXRUNTIME; it cannot be opened\n", stderr);
    return 2;
  }
  int shared = 0;
  std::thread other([&shared] { ++shared; });
  ++shared;
  other.join();
  return shared == 2 ? 0 : 1;
}
