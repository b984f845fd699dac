// SPDX-License-Identifier: Apache-2.0
// scanner_fuzz.cpp: scans the same bytes in different pieces.
// However they are cut, and whatever is discarded between, the scanner must find the same frames.
#include "input.hpp"
#include "resp/scanner.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using redstart::fuzz::Input;
using redstart::fuzz::require;
using redstart::resp::Fault;
using redstart::resp::Limits;
using redstart::resp::Scanner;
using redstart::resp::Type;

struct Found {
  std::vector<std::size_t> ends;
  std::vector<Type> types;
  Fault fault = Fault::none;
  std::size_t fault_offset = 0;

  friend bool operator==(const Found&, const Found&) = default;
};

Found whole(const Limits& limits, std::string_view bytes) {
  Found found;
  Scanner scanner(limits);
  for (;;) {
    switch (scanner.scan(bytes)) {
      case Scanner::Status::incomplete: return found;
      case Scanner::Status::fault:
        found.fault = scanner.fault();
        found.fault_offset = scanner.fault_offset();
        return found;
      case Scanner::Status::complete:
        found.ends.push_back(scanner.position());
        found.types.push_back(scanner.type());
    }
  }
}

// Works like a connection: bytes arrive in pieces, unneeded bytes leave the buffer, large bulks are stored
// elsewhere.
Found in_pieces(const Limits& limits, std::string_view bytes, Input& cuts) {
  Found found;
  Scanner scanner(limits);
  std::size_t gone = 0;  // bytes that have left the buffer
  std::size_t arrived = 0;
  for (;;) {
    // a copy of exactly the arrived bytes, so that reads beyond them are detected
    const std::size_t size = arrived - gone;
    const std::unique_ptr<char[]> buffer(new char[size + 1]);
    if (size != 0) std::memcpy(buffer.get(), bytes.data() + gone, size);
    const auto status = scanner.scan({buffer.get(), size});
    if (status == Scanner::Status::fault) {
      found.fault = scanner.fault();
      found.fault_offset = gone + scanner.fault_offset();
      return found;
    }
    if (status == Scanner::Status::complete) {
      found.ends.push_back(gone + scanner.position());
      found.types.push_back(scanner.type());
      require(scanner.discardable() == scanner.position());
    } else {
      require(scanner.position() == size);
      if (arrived == bytes.size()) return found;
    }
    const std::size_t droppable = scanner.discardable();
    require(droppable <= scanner.position());
    if (const auto sequence = scanner.sequence()) {
      require(sequence->begin <= sequence->end && sequence->end == droppable);
    }
    const std::size_t choice = cuts.below(4);
    const auto bulk = scanner.bulk();
    if (status == Scanner::Status::incomplete && bulk && choice == 1) {
      const std::size_t left = bytes.size() - arrived;
      const std::size_t n = left < bulk->missing ? left : bulk->missing;
      scanner.discard(droppable);
      scanner.bulk_received(n);
      arrived += n;
      gone = arrived;
      continue;
    }
    if (choice != 0) {
      const std::size_t drop = choice == 2 ? droppable / 2 : droppable;
      scanner.discard(drop);
      gone += drop;
    }
    if (status == Scanner::Status::incomplete) {
      const std::size_t step = 1 + cuts.below(cuts.below(2) == 0 ? 3 : 40);
      arrived = arrived + step < bytes.size() ? arrived + step : bytes.size();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Limits limits;
  if (input.below(2) != 0) {
    limits.depth = 1 + input.below(6);
    limits.line = 1 + input.below(20);
    limits.bulk = input.below(30);
    limits.elements = 1 + input.below(10);
  }
  const std::string_view bytes = input.rest();
  require(whole(limits, bytes) == in_pieces(limits, bytes, input));
  return 0;
}
