/** Names by which operators find what is ours in a cluster. Changing one orphans what bears it. */

export const NAMESPACE = 'kube-system'
/** Service account, role, binding, webhook configuration and inventory. */
export const NAME = 'cloud-provider-phoenixnap'
/** The user of our service account, whose own writes must not ring. */
export const SERVICE_ACCOUNT_USER = `system:serviceaccount:${NAMESPACE}:${NAME}`
export const RESYNC_LEASE = `${NAME}-resync`
/** Exclusion of changes to IP blocks, and the purchase under way. */
export const IP_BLOCKS_LEASE = `${NAME}-ip-blocks`

/** Taint that a kubelet with an external cloud provider registers with; matched by its key alone. */
export const UNINITIALIZED_TAINT = 'node.cloudprovider.kubernetes.io/uninitialized'
export const SHUTDOWN_TAINT = 'node.cloudprovider.kubernetes.io/shutdown'
/** Addresses given by `--node-ip`, separated by a comma for dual stack. */
export const PROVIDED_NODE_IP = 'alpha.kubernetes.io/provided-node-ip'

/** On a node that we initialised: its labels are ours to repair. The value says by which way. */
export const INITIALIZED = 'phoenixnap.com/initialized'
/** On a node that is not ready: since when its server has been missing from complete lists. */
export const MISSING_SINCE = 'phoenixnap.com/missing-since'

/** Keeps a Service until its addresses were released. */
export const FINALIZER = 'phoenixnap.com/load-balancer'
/** Finalizer of the Go controllers; taken off when a Service that the Go program served is deleted, never put on. */
export const CLEANUP_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup'
/** On a Service: the addresses that we chose, separated by commas; tells them apart from what the user asks for. */
export const ASSIGNED_IPS = 'phoenixnap.com/assigned-ips'
/** On a Service that has to wait for an address: since when. */
export const WAITING = 'phoenixnap.com/waiting'
/** On a Service, by its user: `true` takes over one that somebody else served before. */
export const MANAGE = 'phoenixnap.com/manage'
/** On a Service, by its user: `true` keeps its addresses for good, also after its deletion. */
export const RETAIN_IP = 'phoenixnap.com/retain-ip'
/** On a Service, by its user: `packed` or `dedicated`. */
export const IP_ALLOCATION = 'phoenixnap.com/ip-allocation'

/** Label of IPAddress objects: whose they are. Those of the API server itself bear another value. */
export const MANAGED_BY_LABEL = 'ipaddress.kubernetes.io/managed-by'
export const MANAGED_BY = 'phoenixnap.com'
/** Label of IPAddress objects: `IPv4` or `IPv6`. */
export const IP_FAMILY_LABEL = 'ipaddress.kubernetes.io/ip-family'

/** No name is longer: a DNS subdomain. */
const MAX_NAME = 253
/** More than any kind allows, and nothing that means something in a path, a key or a terminal. */
const NAME_FORM = /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/

/** Whether an object can be called so. Reviews come before the API server looks at names. */
export const isObjectName = (text: string): boolean => text.length <= MAX_NAME && NAME_FORM.test(text)
