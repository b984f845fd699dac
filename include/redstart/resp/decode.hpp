// SPDX-License-Identifier: Apache-2.0
// decode.hpp: includes the decoders of all types except Value.
#pragma once

#include <redstart/resp/decode_codec.hpp>
#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/decode_optional.hpp>
#include <redstart/resp/decode_scalar.hpp>
#include <redstart/resp/decode_text.hpp>
#include <redstart/resp/decode_tuple.hpp>
#include <redstart/resp/decode_variant.hpp>
#include <redstart/resp/decoder.hpp>
#include <redstart/resp/string_list.hpp>
