// SPDX-License-Identifier: Apache-2.0
// yaml_absent.cpp: refuses configuration files in builds without yaml-cpp.
#include "document.hpp"

namespace redstart::inline v0::detail {

std::shared_ptr<const DocumentNode> parse_document(const std::string&, const std::string& path,
                                                   Settings& settings) {
  settings.fault(path, "can't be read: this library was built without YAML (REDSTART_WITH_YAML=OFF)",
                 "build it with -DREDSTART_WITH_YAML=ON, or remove the file");
  return nullptr;
}

}  // namespace redstart::inline v0::detail
