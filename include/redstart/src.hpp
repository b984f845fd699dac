// SPDX-License-Identifier: Apache-2.0
// src.hpp: the sources of the library, for use from headers alone.
#pragma once

// Include this in exactly one translation unit of a program, and build and link no library of Redstart: only
// OpenSSL (-lssl -lcrypto), yaml-cpp (-lyaml-cpp) and threads (-pthread). Compile that unit and all others
// that include <redstart/…> with the same values of two macros. REDSTART_WITH_TLS: 1 (the default) speaks
// TLS; 0 needs no OpenSSL and refuses configurations that turn TLS on. REDSTART_WITH_YAML: 1 (the default)
// reads configuration files; 0 needs no yaml-cpp and refuses them.
#ifndef REDSTART_WITH_TLS
#define REDSTART_WITH_TLS 1
#endif
#ifndef REDSTART_WITH_YAML
#define REDSTART_WITH_YAML 1
#endif

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // types of unnamed namespaces: only this unit has them
#endif

#include "../../src/client/async_pipeline.cpp"
#include "../../src/client/async_receivers.cpp"
#include "../../src/client/async_retry.cpp"
#include "../../src/client/reply_to.cpp"
#include "../../src/client/traced_async_channel.cpp"
#include "../../src/client/traced_channel.cpp"
#include "../../src/commands/lookup.cpp"
#include "../../src/config/document.cpp"
#include "../../src/config/environment.cpp"
#include "../../src/config/explanation.cpp"
#include "../../src/config/file.cpp"
#include "../../src/config/host.cpp"
#include "../../src/config/key_texts.cpp"
#include "../../src/config/keys.cpp"
#include "../../src/config/loader.cpp"
#include "../../src/config/names_without_setting.cpp"
#include "../../src/config/nearest.cpp"
#include "../../src/config/production.cpp"
#include "../../src/config/redis_config.cpp"
#include "../../src/config/reload.cpp"
#include "../../src/config/resolve.cpp"
#include "../../src/config/service_registry.cpp"
#include "../../src/config/settings.cpp"
#include "../../src/config/url.cpp"
#include "../../src/config/value.cpp"
#include "../../src/core/error.cpp"
#include "../../src/core/explain.cpp"
#include "../../src/core/failures.cpp"
#include "../../src/core/peer_text.cpp"
#include "../../src/core/redaction.cpp"
#include "../../src/engine/batch.cpp"
#include "../../src/engine/channel.cpp"
#include "../../src/engine/operation_node.cpp"
#include "../../src/engine/refusal.cpp"
#include "../../src/engine/secret_arguments.cpp"
#include "../../src/engine/session_check.cpp"
#include "../../src/health/checker.cpp"
#include "../../src/health/health_json.cpp"
#include "../../src/health/health_json_draft.cpp"
#include "../../src/health/health_monitor.cpp"
#include "../../src/health/health_policy.cpp"
#include "../../src/health/judge.cpp"
#include "../../src/health/operational.cpp"
#include "../../src/health/probe.cpp"
#include "../../src/health/readiness.cpp"
#include "../../src/health/round.cpp"
#include "../../src/health/server_info.cpp"
#include "../../src/health/warnings.cpp"
#include "../../src/manager/chore.cpp"
#include "../../src/manager/circuit_control.cpp"
#include "../../src/manager/client_provider.cpp"
#include "../../src/manager/metrics_timer.cpp"
#include "../../src/manager/redis_connection_manager.cpp"
#include "../../src/manager/registry.cpp"
#include "../../src/manager/running.cpp"
#include "../../src/net/async_opening.cpp"
#include "../../src/net/credentials_source.cpp"
#include "../../src/net/descriptors.cpp"
#include "../../src/net/direct_connection.cpp"
#include "../../src/net/direct_open.cpp"
#include "../../src/net/handshake_gate.cpp"
#include "../../src/net/io_threads.cpp"
#include "../../src/net/link_driver.cpp"
#include "../../src/net/link_io.cpp"
#include "../../src/net/link_reader.cpp"
#include "../../src/net/loop.cpp"
#include "../../src/net/parking.cpp"
#include "../../src/net/preparation.cpp"
#include "../../src/net/resolver.cpp"
#include "../../src/net/service_loops.cpp"
#include "../../src/net/socket.cpp"
#include "../../src/net/standard_error.cpp"
#include "../../src/net/tls_name.cpp"
#include "../../src/net/tls_source.cpp"
#include "../../src/observe/circuit_status.cpp"
#include "../../src/observe/command_times.cpp"
#include "../../src/observe/connection_report.cpp"
#include "../../src/observe/deliver.cpp"
#include "../../src/observe/diagnosis.cpp"
#include "../../src/observe/event_json.cpp"
#include "../../src/observe/event_level.cpp"
#include "../../src/observe/exposition.cpp"
#include "../../src/observe/metrics.cpp"
#include "../../src/observe/metrics_format.cpp"
#include "../../src/observe/node_totals.cpp"
#include "../../src/observe/state_lines.cpp"
#include "../../src/observe/stats_json.cpp"
#include "../../src/pool/async_lease.cpp"
#include "../../src/pool/async_pool.cpp"
#include "../../src/pool/breaker.cpp"
#include "../../src/pool/call_retries.cpp"
#include "../../src/pool/capacity.cpp"
#include "../../src/pool/database.cpp"
#include "../../src/pool/direct_pool.cpp"
#include "../../src/pool/direct_pool_queue.cpp"
#include "../../src/pool/direct_pool_upkeep.cpp"
#include "../../src/pool/direct_renewal.cpp"
#include "../../src/pool/event_reports.cpp"
#include "../../src/pool/exchange_report.cpp"
#include "../../src/pool/exclusive_connection.cpp"
#include "../../src/pool/exclusive_pool.cpp"
#include "../../src/pool/exclusive_pool_ends.cpp"
#include "../../src/pool/exclusive_queue.cpp"
#include "../../src/pool/inspection.cpp"
#include "../../src/pool/inspection_connection.cpp"
#include "../../src/pool/inspections.cpp"
#include "../../src/pool/large_replies.cpp"
#include "../../src/pool/lease_channel.cpp"
#include "../../src/pool/lease_ledger.cpp"
#include "../../src/pool/operation_of.cpp"
#include "../../src/pool/pool_channel.cpp"
#include "../../src/pool/pool_context.cpp"
#include "../../src/pool/pooled_connection.cpp"
#include "../../src/pool/pooled_connection_retries.cpp"
#include "../../src/pool/reachability.cpp"
#include "../../src/pool/retries.cpp"
#include "../../src/pool/server.cpp"
#include "../../src/pool/server_events.cpp"
#include "../../src/pool/server_pools.cpp"
#include "../../src/pool/session_tracker.cpp"
#include "../../src/pool/shared_call.cpp"
#include "../../src/pool/shared_connection.cpp"
#include "../../src/pool/shared_exchange.cpp"
#include "../../src/protocol/link_authentication.cpp"
#include "../../src/protocol/link_core.cpp"
#include "../../src/protocol/link_operations.cpp"
#include "../../src/protocol/link_receiver.cpp"
#include "../../src/protocol/link_sender.cpp"
#include "../../src/protocol/opening_fsm.cpp"
#include "../../src/protocol/outcome.cpp"
#include "../../src/resilience/attempt_series.cpp"
#include "../../src/resilience/random.cpp"
#include "../../src/resilience/retry.cpp"
#include "../../src/resp/huge_pages.cpp"
#include "../../src/testing/scoped_override.cpp"
#if REDSTART_WITH_YAML
#include "../../src/config/yaml_document.cpp"
#else
#include "../../src/config/yaml_absent.cpp"
#endif

#if REDSTART_WITH_TLS
#include "../../src/net/tls_context.cpp"
#include "../../src/net/tls_session.cpp"
#include "../../src/net/tls_text.cpp"
#else
#include "../../src/net/tls_absent.cpp"
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
