import type { Definition } from './contract.ts'
import {
  BMC_REQUESTS,
  BMC_RESULTS,
  HELD_REASONS,
  KINDS,
  METHODS,
  OPERATIONS,
  PROBLEM_CODES,
  STATUSES,
} from './label-values.ts'

/** Of the node controller of k8s.io/cloud-provider: 1 s to 17 min. */
const DELAYS = [1, 4, 16, 64, 256, 1024]
/** Of k8s.io/component-base (rest_client_request_duration_seconds). */
const REQUESTS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
/** Up to the webhook's 10 s. */
const REVIEWS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** From a queue that is empty to a key that waits for its fifth attempt. */
const QUEUE = [0.001, 0.01, 0.1, 1, 10, 30, 60]
/** Up to the longest pass (5 min). */
const PASSES = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]

/**
 * Every metric, once, in the order of the reference. Names that others have established are kept, with their meaning; ours
 * begin with `phoenixnap_ccm_`. None is renamed: dashboards and alerts of operators hang on them.
 */
export const METRICS = {
  node_controller_cloud_provider_taint_removal_delay_seconds: {
    type: 'histogram',
    help: 'Seconds from the creation of a node to the removal of its uninitialized taint. A node that its review initialises was never stored with it and is not in here.',
    labels: {},
    buckets: DELAYS,
  },
  node_controller_initial_node_sync_delay_seconds: {
    type: 'histogram',
    help: 'Seconds from the creation of a node to the end of its initialisation, of nodes that their review did not initialise.',
    labels: {},
    buckets: DELAYS,
  },
  service_controller_loadbalancer_sync_total: {
    type: 'counter',
    help: 'Times that a load balancer was configured.',
    labels: {},
  },
  cloud_controller_manager_operations_total: {
    type: 'counter',
    help: 'Changes that were made, by kind of object and action.',
    labels: { op: OPERATIONS },
  },
  cloudprovider_phoenixnap_api_requests_total: {
    type: 'counter',
    help: 'Requests sent to the BMC API, each attempt counted, by operation and result.',
    labels: { request: BMC_REQUESTS, result: BMC_RESULTS },
  },
  cloudprovider_phoenixnap_api_request_duration_seconds: {
    type: 'histogram',
    help: 'Seconds until the BMC API answered a request, or until it was given up.',
    labels: { request: BMC_REQUESTS },
    buckets: REQUESTS,
  },
  phoenixnap_ccm_bmc_up: {
    type: 'gauge',
    help: '0 while no call gets through to the BMC API; refusals are answers too.',
    labels: {},
  },
  phoenixnap_ccm_bmc_limited: {
    type: 'gauge',
    help: '1 while the BMC API has asked to be left alone, and nothing is sent.',
    labels: {},
  },
  rest_client_requests_total: {
    type: 'counter',
    help: 'Requests sent to the API server, each attempt counted, by method and status.',
    labels: { method: METHODS, code: STATUSES },
    start: { code: ['200', '201', '403', '404', '409', '500', '<error>'] },
  },
  rest_client_request_duration_seconds: {
    type: 'histogram',
    help: 'Seconds until the API server answered a request, by method.',
    labels: { verb: METHODS },
    buckets: REQUESTS,
  },
  workqueue_depth: { type: 'gauge', help: 'Keys that wait or are worked on.', labels: { name: KINDS } },
  workqueue_adds_total: { type: 'counter', help: 'Keys that were rung.', labels: { name: KINDS } },
  workqueue_retries_total: {
    type: 'counter',
    help: 'Runs that are tried again because of a failure.',
    labels: { name: KINDS },
  },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    help: 'Seconds that a key waits until it is worked on.',
    labels: { name: KINDS },
    buckets: QUEUE,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    help: 'Seconds for which a key is worked on.',
    labels: { name: KINDS },
    buckets: REQUESTS,
  },
  phoenixnap_ccm_webhook_requests_total: {
    type: 'counter',
    help: 'Requests to the webhooks by the status of the answer, those refused for their credentials included.',
    labels: { webhook: ['admission', 'audit'], code: STATUSES },
    start: { code: ['200', '400', '401', '500', '503'] },
  },
  phoenixnap_ccm_reviews_total: {
    type: 'counter',
    help: 'Reviews by result. patched: stored with what we add; unchanged: nothing to add; failed and shed: let through untouched, resync does the work.',
    labels: { kind: KINDS, result: ['patched', 'unchanged', 'failed', 'shed'] },
  },
  phoenixnap_ccm_review_duration_seconds: {
    type: 'histogram',
    help: 'Seconds that a review was worked on, without the time that it waited for its turn.',
    labels: { kind: KINDS },
    buckets: REVIEWS,
  },
  phoenixnap_ccm_load_shed_total: {
    type: 'counter',
    help: 'What serve did not take on because it was busy.',
    labels: { what: ['node-review', 'service-review', 'audit-batch'] },
  },
  phoenixnap_ccm_service_address_delay_seconds: {
    type: 'histogram',
    help: 'Seconds for which a Service waited for its address; 0 for one that was stored with it.',
    labels: {},
    buckets: DELAYS,
  },
  phoenixnap_ccm_resync_passes_total: {
    type: 'counter',
    help: 'Passes over everything. incomplete: a side could not be read, or an object failed; busy: another replica was at work; failed: it could not begin, or ran out of time.',
    labels: { state: ['complete', 'incomplete', 'busy', 'failed'] },
  },
  phoenixnap_ccm_resync_duration_seconds: {
    type: 'histogram',
    help: 'Seconds that a pass took that was not busy.',
    labels: {},
    buckets: PASSES,
  },
  phoenixnap_ccm_resync_last_complete_timestamp_seconds: {
    type: 'gauge',
    help: 'When the last complete pass of this process ended, in seconds since 1970; its start until then. Its age is time() less this.',
    labels: {},
    unit: 'seconds',
  },
  phoenixnap_ccm_problems_total: {
    type: 'counter',
    help: 'Times that an object or a side could not be worked on, by code (errors.md says what to do).',
    labels: { code: PROBLEM_CODES },
  },
  phoenixnap_ccm_held_decisions: {
    type: 'gauge',
    help: 'What safeguards held back in the last pass, by reason.',
    labels: { reason: HELD_REASONS },
    ofPass: true,
  },
  phoenixnap_ccm_nodes: {
    type: 'gauge',
    help: 'Nodes as the last pass left them. waiting: with the uninitialized taint; missing: their server is not in the list; foreign: of another provider.',
    labels: { state: ['initialized', 'waiting', 'missing', 'foreign'] },
    ofPass: true,
  },
  phoenixnap_ccm_servers: {
    type: 'gauge',
    help: 'Servers of the account in the last list.',
    labels: {},
    ofPass: true,
  },
  phoenixnap_ccm_services: {
    type: 'gauge',
    help: 'Services of type LoadBalancer that bear our mark, as the last pass found them.',
    labels: { state: ['served', 'waiting'] },
    ofPass: true,
  },
  phoenixnap_ccm_claims: {
    type: 'gauge',
    help: 'Addresses in use by the state of their claim (released: they rest), as the last pass found them.',
    labels: { state: ['unconfirmed', 'active', 'released', 'retained'] },
    ofPass: true,
  },
  phoenixnap_ccm_blocks: {
    type: 'gauge',
    help: 'IP blocks of this cluster by state, as the last pass found them.',
    labels: { state: ['coming', 'assigned', 'failed', 'going', 'elsewhere'] },
    ofPass: true,
  },
  phoenixnap_ccm_addresses_free: {
    type: 'gauge',
    help: 'Addresses in open blocks that a Service can have at once, as the last pass found them.',
    labels: { family: ['IPv4'] },
    ofPass: true,
  },
  phoenixnap_ccm_build_info: {
    type: 'gauge',
    help: '1, with the version of the program.',
    labels: { version: null },
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since 1970.',
    labels: {},
    unit: 'seconds',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time of the process, user and system.',
    labels: {},
    unit: 'seconds',
  },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory of the process.', labels: {}, unit: 'bytes' },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'Memory of objects.', labels: {}, unit: 'bytes' },
  nodejs_heap_size_total_bytes: { type: 'gauge', help: 'Memory for objects.', labels: {}, unit: 'bytes' },
  nodejs_eventloop_lag_seconds: {
    type: 'gauge',
    help: 'How late the event loop is.',
    labels: {},
    unit: 'seconds',
  },
} as const satisfies Record<string, Definition>
