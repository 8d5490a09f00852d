import {
  addressRanges,
  annotationKey,
  duration,
  integer,
  list,
  loadBalancer,
  namespaceName,
  namespaces,
  oneOf,
  share,
  text,
  token,
  url,
} from './setting-parsers.ts'

/**
 * Every setting, once. A setting is given by its flag, else by its environment variable, else by its field of the
 * secret file (`--cloud-config`), else it has its default. Upstream's names are kept: renaming one breaks a deployment.
 */

/** One row: where the setting stands, how its text is read, and what it is when nobody gives it. */
export interface Setting<T> {
  readonly env: string
  /** Field of the secret file; absent where a file is no place for it. */
  readonly field?: string
  /** Secrets may be given as files (`<env>_FILE`, `--<flag>-file`) and are no flags: a flag shows in `ps`. */
  readonly secret?: boolean
  /** Text of the value, or a throw whose message says what was expected and never repeats the value. */
  readonly parse: (text: string) => T
  /** As an operator would write it; undefined means unset. */
  readonly fallback: string | undefined
  readonly doc: string
}

/** What the provider and the controllers are told; the order is the order of the reference. */
export const PROVIDER_SETTINGS = {
  clientID: {
    env: 'PNAP_CLIENT_ID',
    field: 'clientID',
    secret: true,
    parse: text,
    fallback: undefined,
    doc: 'Client ID of the BMC API credentials (scopes bmc.read, and bmc and tags for load balancers).',
  },
  clientSecret: {
    env: 'PNAP_CLIENT_SECRET',
    field: 'clientSecret',
    secret: true,
    parse: text,
    fallback: undefined,
    doc: 'Client secret of the BMC API credentials.',
  },
  location: {
    env: 'PNAP_LOCATION',
    field: 'location',
    parse: text,
    fallback: undefined,
    doc: 'Location of IP blocks, such as PHX; by default the location of the public network.',
  },
  loadBalancer: {
    env: 'PNAP_LOAD_BALANCER',
    field: 'loadbalancer',
    parse: loadBalancer,
    fallback: '',
    doc: 'Announcer and public network of load balancers, such as kube-vip://<public-network-id>; empty disables them.',
  },
  annotationIPLocation: {
    env: 'PNAP_ANNOTATION_IP_LOCATION',
    field: 'annotationIPLocation',
    parse: annotationKey,
    fallback: 'phoenixnap.com/ip-location',
    doc: 'Service annotation that names the location of its IP block.',
  },
  apiServerPort: {
    env: 'PNAP_API_SERVER_PORT',
    field: 'apiServerPort',
    parse: integer(0, 65_535),
    fallback: undefined,
    doc: 'Accepted for compatibility, without effect.',
  },
  serviceNodeSelector: {
    env: 'PNAP_SERVICE_NODE_SELECTOR',
    field: 'serviceNodeSelector',
    parse: text,
    fallback: undefined,
    doc: 'Label selector of the nodes that count as backends of load balancers.',
  },
  baseUrl: {
    env: 'PNAP_BASE_URL',
    field: 'base-url',
    parse: url,
    fallback: 'https://api.phoenixnap.com',
    doc: 'Base URL of the BMC API: https, or http to this machine.',
  },
  tokenUrl: {
    env: 'PNAP_TOKEN_URL',
    field: 'tokenUrl',
    parse: url,
    fallback: undefined,
    doc: 'Token endpoint; by default the official one or, with a base URL of your own, the same path on it.',
  },
  webhookToken: {
    env: 'PNAP_WEBHOOK_TOKEN',
    field: 'webhookToken',
    secret: true,
    parse: token,
    fallback: undefined,
    doc: 'Bearer token that the API server sends to the webhooks (at least 16 characters).',
  },
  webhookTokenPrevious: {
    env: 'PNAP_WEBHOOK_TOKEN_PREVIOUS',
    field: 'webhookTokenPrevious',
    secret: true,
    parse: token,
    fallback: undefined,
    doc: 'The token before, still accepted while the API server changes over.',
  },
  resyncInterval: {
    env: 'PNAP_RESYNC_INTERVAL',
    field: 'resyncInterval',
    parse: duration('5s', '24h'),
    fallback: '60s',
    doc: 'Time between two passes over everything; functions run by the schedule of serverless.yml, which must say the same.',
  },
  nodeDeleteGrace: {
    env: 'PNAP_NODE_DELETE_GRACE',
    field: 'nodeDeleteGrace',
    parse: duration('0s', '8760h'),
    fallback: '60s',
    doc: 'Time for which the server of a node that is not ready must have been missing before the node is deleted.',
  },
  nodeDeleteMaxShare: {
    env: 'PNAP_NODE_DELETE_MAX_SHARE',
    field: 'nodeDeleteMaxShare',
    parse: share,
    fallback: '0.2',
    doc: 'Share of the nodes that may be deleted within ten minutes (at least one node).',
  },
  providerIDFormat: {
    env: 'PNAP_PROVIDER_ID_FORMAT',
    field: 'providerIDFormat',
    parse: oneOf('phoenixnap', 'cluster-api'),
    fallback: 'phoenixnap',
    doc: 'Form of the provider ID that a node is given: phoenixnap://ID, or bmc://servers/ID as Cluster API looks for it (cluster-api). One that a node has is never changed.',
  },
  ipAllocation: {
    env: 'PNAP_IP_ALLOCATION',
    field: 'ipAllocation',
    parse: oneOf('packed', 'dedicated'),
    fallback: 'packed',
    doc: 'Whether Services share IP blocks (packed) or have one each (dedicated).',
  },
  ipBlockSize: {
    env: 'PNAP_IP_BLOCK_SIZE',
    field: 'ipBlockSize',
    parse: oneOf('auto', '/30', '/29', '/28'),
    fallback: 'auto',
    doc: 'Size of the IPv4 blocks that are bought.',
  },
  minFreeAddresses: {
    env: 'PNAP_MIN_FREE_ADDRESSES',
    field: 'minFreeAddresses',
    parse: integer(0, 130),
    fallback: '0',
    doc: 'Free addresses that are kept ready for Services to come.',
  },
  maxBlocks: {
    env: 'PNAP_MAX_BLOCKS',
    field: 'maxBlocks',
    parse: integer(0, 10),
    fallback: '10',
    doc: 'Most IPv4 blocks that are bought for the public network.',
  },
  reservedAddresses: {
    env: 'PNAP_RESERVED_ADDRESSES',
    field: 'reservedAddresses',
    parse: addressRanges,
    fallback: '',
    doc: 'Addresses and ranges that are never given to a Service, separated by commas.',
  },
  releaseQuarantine: {
    env: 'PNAP_RELEASE_QUARANTINE',
    field: 'releaseQuarantine',
    parse: duration('0s', '8760h'),
    fallback: '10m',
    doc: 'Rest of an address after its Service was deleted; the same Service gets it back meanwhile.',
  },
  typeChangeQuarantine: {
    env: 'PNAP_TYPE_CHANGE_QUARANTINE',
    field: 'typeChangeQuarantine',
    parse: duration('0s', '8760h'),
    fallback: '24h',
    doc: 'Rest of an address whose Service changed its type under kube-vip.',
  },
  blockGrace: {
    env: 'PNAP_BLOCK_GRACE',
    field: 'blockGrace',
    parse: duration('0s', '8760h'),
    fallback: '10m',
    doc: 'Time for which a block must have been unused before it is given back.',
  },
  loadBalancerClasses: {
    env: 'PNAP_LOAD_BALANCER_CLASSES',
    field: 'loadBalancerClasses',
    parse: list,
    fallback: '',
    doc: 'Values of spec.loadBalancerClass that are served besides unset, separated by commas.',
  },
  addressRequestNamespaces: {
    env: 'PNAP_ADDRESS_REQUEST_NAMESPACES',
    field: 'addressRequestNamespaces',
    parse: namespaces,
    fallback: '*',
    doc: 'Namespaces whose Services may ask for a certain address (annotation of the announcer, spec.loadBalancerIP, a restored assigned-ips), separated by commas; team-* for all that begin so, * for all, none for nobody.',
  },
  retainNamespaces: {
    env: 'PNAP_RETAIN_NAMESPACES',
    field: 'retainNamespaces',
    parse: namespaces,
    fallback: '*',
    doc: 'Namespaces, written in the same way, whose Services may keep their address after their deletion (phoenixnap.com/retain-ip).',
  },
  dedicatedNamespaces: {
    env: 'PNAP_DEDICATED_NAMESPACES',
    field: 'dedicatedNamespaces',
    parse: namespaces,
    fallback: '*',
    doc: 'Namespaces, written in the same way, whose Services may ask for a block of their own (phoenixnap.com/ip-allocation: dedicated).',
  },
  namespaceMaxAddresses: {
    env: 'PNAP_NAMESPACE_MAX_ADDRESSES',
    field: 'namespaceMaxAddresses',
    parse: integer(0, 65_535),
    fallback: undefined,
    doc: 'Most addresses that the Services of one namespace have, those that rest or are retained included; without it there is no limit.',
  },
  namespaceMaxRetained: {
    env: 'PNAP_NAMESPACE_MAX_RETAINED',
    field: 'namespaceMaxRetained',
    parse: integer(0, 65_535),
    fallback: '5',
    doc: 'Most addresses that are retained for one namespace; one more is released like any other.',
  },
  namespaceMaxDedicated: {
    env: 'PNAP_NAMESPACE_MAX_DEDICATED',
    field: 'namespaceMaxDedicated',
    parse: integer(0, 10),
    fallback: '2',
    doc: 'Most blocks that one namespace is given because its Services ask for blocks of their own, those counted that the Go program left; with PNAP_IP_ALLOCATION=dedicated there is no limit.',
  },
  metallbNamespace: {
    env: 'PNAP_METALLB_NAMESPACE',
    field: 'metallbNamespace',
    parse: namespaceName,
    fallback: 'metallb-system',
    doc: 'Namespace in which MetalLB reads its configuration.',
  },
} as const satisfies Record<string, Setting<unknown>>
