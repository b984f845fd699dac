# SPDX-License-Identifier: Apache-2.0
# Http.cmake: the component redstart::http: probes, metrics and a status page over HTTP.

file(GLOB redstart_http_sources CONFIGURE_DEPENDS src/http/*.cpp)
file(GLOB redstart_http_headers CONFIGURE_DEPENDS include/redstart/http/*.hpp)
redstart_component(http SOURCES ${redstart_http_sources} HEADERS ${redstart_http_headers})
